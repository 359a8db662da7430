//! A retry of the stage: a new job of the same execution of the pipeline.

use serde_json::{Value, json};
use shared::ports::CallErrorKind::{Denied, Throttled};
use shared::ports::code_pipeline::FailureType::{JobFailed, PermissionError};
use shared::ports::step_functions::{ExecutionStatus, Failure, HistoryEvent};

use pipeline_action::token::{Retry, Token};

use crate::histories::{CAUGHT, UNCAUGHT, failed, history};
use crate::support::{Answer, Bench, Job, POLL, always, assert_continues, assert_fails, parameters, run};

fn succeeded() -> ExecutionStatus {
    ExecutionStatus::Succeeded {
        output: "{}".to_owned(),
    }
}

/// A world in which the stage ran once, and its execution came to this; where it failed, nothing caught that.
async fn after(wanted: &Value, end: Option<ExecutionStatus>) -> (Bench, String) {
    let bench = Bench::new();
    let _started = bench.started(wanted.clone()).await;
    let arn = bench.runs()[0].execution_arn.clone();
    if let Some(end) = end {
        bench.world().clock.advance(POLL);
        bench.world().states.inner().end(&arn, end);
        bench.world().states.inner().write_history(&arn, history(&UNCAUGHT));
    }
    bench.world().clock.advance(POLL);
    (bench, arn)
}

/// The same, where the failure led into a Fail state.
async fn after_fail_state(wanted: &Value) -> (Bench, String) {
    let (bench, arn) = after(wanted, Some(failed())).await;
    bench.world().states.inner().write_history(&arn, history(&CAUGHT));
    (bench, arn)
}

fn retry(wanted: &Value) -> Job {
    Job {
        id: "retry-of-the-stage".to_owned(),
        ..Job::first(wanted.clone())
    }
}

/// The job that follows the retry's first one.
fn carrying_out(wanted: &Value, token: &Token) -> Job {
    Job {
        id: "retry-carried-out".to_owned(),
        ..Job::following(wanted.clone(), token)
    }
}

/// Retries the stage: the decision is answered first, and carried out by the next job.
async fn retried(bench: &Bench, wanted: &Value) -> Token {
    let decided = assert_continues(bench.job(retry(wanted)).await);
    assert!(decided.retry.is_some() && decided.execution.is_none(), "{decided:?}");
    bench.world().clock.advance(POLL);
    assert_continues(bench.job(carrying_out(wanted, &decided)).await)
}

#[test]
fn a_retry_restarts_unless_the_user_parameters_say_otherwise() {
    run(async {
        for more in [json!({}), json!({"onRetry": "restart"})] {
            let wanted = parameters(more);
            let (bench, arn) = after(&wanted, Some(failed())).await;
            let token = assert_continues(bench.job(retry(&wanted)).await);
            assert_eq!(bench.runs().len(), 2);
            assert_ne!(token.execution, Some(arn));
            assert_eq!(bench.world().states.count("ListExecutions"), 0);
        }
    });
}

#[test]
fn a_failed_execution_is_redriven_and_followed_from_then_on() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, arn) = after(&wanted, Some(failed())).await;
        let token = retried(&bench, &wanted).await;
        assert_eq!(
            (token.execution.as_deref(), bench.runs().len()),
            (Some(arn.as_str()), 1)
        );
        assert_eq!(bench.runs()[0].redrives, 1);
        assert!(bench.world().metrics.text().contains("\"ExecutionsRedriven\":1.0"));
        // It fails again, which is news; the failure says that another retry redrives again.
        let job = Job {
            id: "poll".to_owned(),
            ..Job::following(wanted, &token)
        };
        bench.world().clock.advance(POLL);
        bench.world().states.inner().end(&arn, failed());
        assert_fails(
            &bench.job(job).await,
            JobFailed,
            &["with `E`", "Retrying the stage redrives this execution"],
        );
    });
}

#[test]
fn the_end_before_the_redrive_is_old_news() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, arn) = after(&wanted, Some(failed())).await;
        let ended = bench.runs()[0].stopped_at;
        let token = retried(&bench, &wanted).await;
        // DescribeExecution lags: it still tells the end of the first run.
        assert!(ended < token.redriven);
        let lagging = Bench::new();
        let _ = lagging.started(wanted.clone()).await;
        lagging.world().clock.advance(POLL);
        lagging.world().states.inner().end(&arn, failed());
        lagging.world().clock.advance(POLL);
        let job = Job {
            id: "poll".to_owned(),
            ..Job::following(wanted, &token)
        };
        assert_eq!(assert_continues(lagging.job(job).await), token);
    });
}

#[test]
fn a_retry_after_a_fail_state_starts_anew_and_its_failure_says_so() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, arn) = after_fail_state(&wanted).await;
        // What people read before they retry.
        let following = Token {
            execution: Some(arn.clone()),
            ..Token::first(&Job::first(json!({})).id, bench.runs()[0].started_at)
        };
        let poll = Job {
            id: "poll".to_owned(),
            ..Job::following(wanted.clone(), &following)
        };
        let promise = "Retrying the stage starts a new execution: this one ended in the Fail state `FailState`, which a \
                       redrive would only enter again.";
        assert_fails(&bench.job(poll).await, JobFailed, &[promise]);
        let token = retried(&bench, &wanted).await;
        let runs = bench.runs();
        assert_eq!((runs.len(), runs[0].redrives), (2, 0));
        assert_eq!(token.execution.as_ref(), Some(&runs[1].execution_arn));
        assert_eq!(bench.world().states.count("RedriveExecution"), 0);
        // The stage is retried again: the one that was started last counts.
        bench.world().states.inner().end(&runs[1].execution_arn, failed());
        bench
            .world()
            .states
            .inner()
            .write_history(&runs[1].execution_arn, history(&UNCAUGHT));
        let again = Job {
            id: "another-retry".to_owned(),
            ..Job::first(wanted.clone())
        };
        let decided = assert_continues(bench.job(again).await);
        assert_eq!(decided.retry, Some(Retry::Redrive(runs[1].execution_arn.clone())));
        assert_ne!(runs[1].execution_arn, arn);
    });
}

#[test]
fn what_was_stopped_or_took_too_long_is_redriven() {
    run(async {
        for (end, last) in [
            (ExecutionStatus::TimedOut(Failure::default()), "ExecutionTimedOut"),
            (ExecutionStatus::Aborted(Failure::default()), "ExecutionAborted"),
        ] {
            let wanted = parameters(json!({"onRetry": "redrive"}));
            let (bench, arn) = after(&wanted, Some(end)).await;
            let events = history(&[UNCAUGHT[0], UNCAUGHT[1], (last, None)]);
            bench.world().states.inner().write_history(&arn, events);
            retried(&bench, &wanted).await;
            assert_eq!((bench.runs().len(), bench.runs()[0].redrives), (1, 1));
        }
    });
}

#[test]
fn the_same_retry_delivered_again_redrives_once() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, _) = after(&wanted, Some(failed())).await;
        let decided = assert_continues(bench.job(retry(&wanted)).await);
        let first = bench.job(carrying_out(&wanted, &decided)).await;
        for _ in 0..3 {
            bench.world().clock.advance(POLL);
            assert_eq!(bench.job(retry(&wanted)).await, Answer::Continue(decided.clone()));
            assert_eq!(bench.job(carrying_out(&wanted, &decided)).await, first);
        }
        assert_eq!((bench.runs().len(), bench.runs()[0].redrives), (1, 1));
    });
}

#[test]
fn a_redrive_that_failed_meanwhile_is_not_repeated_for_the_same_job() {
    run(async {
        // Failed where a redrive leads to work, or in a Fail state; sooner or later than a client token lasts.
        for (end, polls) in [
            (&UNCAUGHT[..], 1),
            (&CAUGHT[..], 1),
            (&UNCAUGHT[..], 40),
            (&CAUGHT[..], 40),
        ] {
            let wanted = parameters(json!({"onRetry": "redrive"}));
            let (bench, arn) = after(&wanted, Some(failed())).await;
            let decided = assert_continues(bench.job(retry(&wanted)).await);
            bench.world().clock.advance(POLL);
            let followed = assert_continues(bench.job(carrying_out(&wanted, &decided)).await);
            bench.world().clock.advance(POLL);
            bench.world().states.inner().end(&arn, failed());
            bench.world().states.inner().write_history(&arn, history(end));
            for _ in 0..polls {
                bench.world().clock.advance(POLL);
            }
            // Both events once more: what they would have done is done.
            assert_eq!(bench.job(retry(&wanted)).await, Answer::Continue(decided.clone()));
            assert_eq!(
                bench.job(carrying_out(&wanted, &decided)).await,
                Answer::Continue(followed)
            );
            assert_eq!(
                (bench.runs().len(), bench.runs()[0].redrives),
                (1, 1),
                "{end:?}, {polls}"
            );
        }
    });
}

#[test]
fn the_same_retry_delivered_again_starts_anew_once() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, _) = after_fail_state(&wanted).await;
        let token = retried(&bench, &wanted).await;
        let started = token.execution.clone().expect("an execution is followed");
        bench.world().states.inner().end(&started, failed());
        let decided = assert_continues(bench.job(retry(&wanted)).await);
        for _ in 0..3 {
            bench.world().clock.advance(POLL);
            assert_continues(bench.job(carrying_out(&wanted, &decided)).await);
        }
        let runs = bench.runs();
        assert_eq!((runs.len(), runs[0].redrives, runs[1].redrives), (2, 0, 0));
    });
}

#[test]
fn a_history_that_does_not_show_the_end_yet_is_looked_at_again() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, arn) = after(&wanted, Some(failed())).await;
        for events in [&[][..], &UNCAUGHT[..3]] {
            bench.world().states.inner().write_history(&arn, history(events));
            let id = format!("with-{}", events.len());
            let token = assert_continues(bench.job(Job { id, ..retry(&wanted) }).await);
            assert_eq!((token.retry, token.execution, token.misses), (None, None, 1));
        }
        assert_eq!((bench.runs().len(), bench.runs()[0].redrives), (1, 0));
    });
}

#[test]
fn a_fail_state_is_found_on_an_earlier_page() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, arn) = after(&wanted, Some(failed())).await;
        // The branch failed in a Fail state; much of its siblings' was written after that.
        let mut events = history(&CAUGHT[..5]);
        let mut aside = |id, previous_id, kind: &str| {
            events.push(HistoryEvent {
                id,
                previous_id,
                at: shared::time::Timestamp::default(),
                kind: kind.to_owned(),
                state: None,
                failure: None,
            });
        };
        for id in 6..40 {
            aside(id, 3, "WaitStateAborted");
        }
        aside(40, 5, "ParallelStateFailed");
        aside(41, 40, "ExecutionFailed");
        bench.world().states.inner().write_history(&arn, events);
        let decided = assert_continues(bench.job(retry(&wanted)).await);
        assert_eq!(decided.retry, Some(Retry::StartAnew));
    });
}

#[test]
fn what_runs_or_has_ended_well_since_is_adopted() {
    run(async {
        for end in [None, Some(succeeded())] {
            let wanted = parameters(json!({"onRetry": "redrive"}));
            let (bench, arn) = after(&wanted, end.clone()).await;
            let token = assert_continues(bench.job(retry(&wanted)).await);
            assert_eq!((token.execution.as_ref(), bench.runs().len()), (Some(&arn), 1));
            if end.is_some() {
                let job = Job {
                    id: "poll".to_owned(),
                    ..Job::following(wanted, &token)
                };
                assert!(matches!(bench.job(job).await, Answer::Succeed(_)));
            }
        }
    });
}

#[test]
fn what_a_list_that_lags_shows_as_running_is_looked_at() {
    run(async {
        for (events, expected) in [(&UNCAUGHT[..], (1, 1)), (&CAUGHT[..], (2, 0))] {
            let wanted = parameters(json!({"onRetry": "redrive"}));
            let bench = Bench::new();
            let _started = bench.started(wanted.clone()).await;
            let arn = bench.runs()[0].execution_arn.clone();
            bench.world().states.inner().lag_lists();
            bench.world().clock.advance(POLL);
            bench.world().states.inner().end(&arn, failed());
            bench.world().states.inner().write_history(&arn, history(events));
            let token = retried(&bench, &wanted).await;
            assert_eq!((bench.runs().len(), bench.runs()[0].redrives), expected);
            // The same event again, with a list that knows of nothing that was done since.
            assert_continues(bench.job(retry(&wanted)).await);
            assert!(token.execution.is_some());
            assert_eq!((bench.runs().len(), bench.runs()[0].redrives), expected);
        }
    });
}

#[test]
fn where_aws_does_not_redrive_a_new_execution_starts() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, arn) = after(&wanted, Some(failed())).await;
        bench.world().states.inner().refuse_redrives();
        let mut refused = retried(&bench, &wanted).await;
        // AWS refuses what runs, too, and may not show yet that it runs: one refusal is none.
        for number in 1..4 {
            assert_eq!(refused.retry, Some(Retry::Redrive(arn.clone())));
            let again = Job {
                id: format!("redrive-again-{number}"),
                ..Job::following(wanted.clone(), &refused)
            };
            refused = assert_continues(bench.job(again).await);
        }
        assert_eq!((&refused.retry, &refused.execution), (&Some(Retry::StartAnew), &None));
        assert_eq!(
            bench.runs().len(),
            1,
            "the decision is answered before it is carried out"
        );
        let anew = Job {
            id: "start-anew".to_owned(),
            ..Job::following(wanted.clone(), &refused)
        };
        let token = assert_continues(bench.job(anew.clone()).await);
        assert_ne!(token.execution, Some(arn));
        assert_eq!(bench.job(anew).await, Answer::Continue(token));
        assert_eq!((bench.runs().len(), bench.runs()[0].redrives), (2, 0));
    });
}

#[test]
fn another_action_and_another_pipeline_execution_are_left_alone() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let others = [
            parameters(json!({"onRetry": "redrive", "input": {"other": "action"}})),
            parameters(json!({"onRetry": "redrive", "pipelineExecutionId": "00000000-8f0b-4d3e-9a57-3b1f0c9e7d42"})),
        ];
        for other in others {
            let (bench, _) = after(&other, Some(failed())).await;
            assert_continues(bench.job(retry(&wanted)).await);
            assert_eq!(
                (bench.runs().len(), bench.world().states.count("RedriveExecution")),
                (2, 0)
            );
        }
    });
}

#[test]
fn an_execution_is_found_behind_others() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, arn) = after(&wanted, Some(failed())).await;
        for number in 0..3 {
            let job = Job {
                id: format!("other-{number}"),
                ..Job::first(json!({"stateMachine": "ml"}))
            };
            assert_continues(bench.job(job).await);
        }
        let token = retried(&bench, &wanted).await;
        assert_eq!(token.execution, Some(arn));
    });
}

#[test]
fn calls_that_fail_on_the_way_are_told_by_their_kind() {
    run(async {
        for operation in [
            "ListExecutions",
            "GetExecutionHistory",
            "DescribeExecution",
            "RedriveExecution",
        ] {
            let wanted = parameters(json!({"onRetry": "redrive"}));
            let (bench, _) = after(&wanted, Some(failed())).await;
            bench
                .world()
                .states
                .script(always(operation, Throttled, "ThrottlingException"));
            let mut token = assert_continues(bench.job(retry(&wanted)).await);
            if token.retry.is_some() {
                token = assert_continues(bench.job(carrying_out(&wanted, &token)).await);
            }
            assert_eq!((token.execution.as_ref(), token.misses), (None, 1));
            bench
                .world()
                .states
                .script(always(operation, Denied, "AccessDeniedException"));
            let job = Job {
                id: "again".to_owned(),
                ..Job::following(wanted, &token)
            };
            assert_fails(&bench.job(job).await, PermissionError, &["AccessDeniedException"]);
            assert_eq!(bench.runs().len(), 1);
        }
    });
}

#[test]
fn what_the_retry_itself_redrove_is_stopped_when_it_takes_too_long() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive", "timeoutMinutes": 1}));
        let (bench, _) = after(&wanted, Some(failed())).await;
        let token = retried(&bench, &wanted).await;
        bench.world().clock.advance(POLL * 2);
        let job = Job {
            id: "poll".to_owned(),
            ..Job::following(wanted, &token)
        };
        assert_continues(bench.job(job).await);
        assert!(matches!(bench.runs()[0].status, ExecutionStatus::Aborted(_)));
    });
}

#[test]
fn a_failure_in_the_very_moment_of_the_redrive_is_news() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, arn) = after(&wanted, Some(failed())).await;
        let token = retried(&bench, &wanted).await;
        bench.world().states.inner().end(&arn, failed());
        assert_eq!(bench.runs()[0].stopped_at, token.redriven);
        let job = Job {
            id: "poll".to_owned(),
            ..Job::following(wanted, &token)
        };
        assert_fails(&bench.job(job).await, JobFailed, &["with `E`"]);
    });
}
