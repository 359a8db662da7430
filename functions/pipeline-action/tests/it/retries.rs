//! A retry of the stage: a new job of the same execution of the pipeline.

use serde_json::{Value, json};
use shared::ports::CallErrorKind::{Denied, Throttled};
use shared::ports::code_pipeline::FailureType::{JobFailed, PermissionError};
use shared::ports::step_functions::{ExecutionStatus, Failure};

use crate::support::{Answer, Bench, Job, POLL, always, assert_continues, assert_fails, parameters, run};

fn failed() -> ExecutionStatus {
    ExecutionStatus::Failed(Failure {
        error: Some("E".to_owned()),
        cause: None,
    })
}

fn succeeded() -> ExecutionStatus {
    ExecutionStatus::Succeeded {
        output: "{}".to_owned(),
    }
}

/// A world in which the stage ran once, and its execution came to this.
async fn after(wanted: &Value, end: Option<ExecutionStatus>) -> (Bench, String) {
    let bench = Bench::new();
    let _started = bench.started(wanted.clone()).await;
    let arn = bench.runs()[0].execution_arn.clone();
    if let Some(end) = end {
        bench.world().clock.advance(POLL);
        bench.world().states.inner().end(&arn, end);
    }
    bench.world().clock.advance(POLL);
    (bench, arn)
}

fn retry(wanted: &Value) -> Job {
    Job {
        id: "retry-of-the-stage".to_owned(),
        ..Job::first(wanted.clone())
    }
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
        let token = assert_continues(bench.job(retry(&wanted)).await);
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
        let token = assert_continues(bench.job(retry(&wanted)).await);
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
fn the_same_retry_delivered_again_redrives_once() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, _) = after(&wanted, Some(failed())).await;
        let first = bench.job(retry(&wanted)).await;
        for _ in 0..3 {
            assert!(matches!(bench.job(retry(&wanted)).await, Answer::Continue(_)));
        }
        assert!(matches!(first, Answer::Continue(_)));
        assert_eq!((bench.runs().len(), bench.runs()[0].redrives), (1, 1));
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
fn where_aws_does_not_redrive_a_new_execution_starts() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let (bench, arn) = after(&wanted, Some(failed())).await;
        bench.world().states.inner().refuse_redrives();
        let token = assert_continues(bench.job(retry(&wanted)).await);
        assert_ne!(token.execution, Some(arn));
        // The event again: the new execution is this job's own by now.
        assert_eq!(bench.job(retry(&wanted)).await, Answer::Continue(token));
        assert_eq!(bench.runs().len(), 2);
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
        let token = assert_continues(bench.job(retry(&wanted)).await);
        assert_eq!(token.execution, Some(arn));
    });
}

#[test]
fn calls_that_fail_on_the_way_are_told_by_their_kind() {
    run(async {
        for operation in ["ListExecutions", "RedriveExecution"] {
            let wanted = parameters(json!({"onRetry": "redrive"}));
            let (bench, _) = after(&wanted, Some(failed())).await;
            bench
                .world()
                .states
                .script(always(operation, Throttled, "ThrottlingException"));
            let token = assert_continues(bench.job(retry(&wanted)).await);
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
