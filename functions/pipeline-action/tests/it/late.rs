//! Deliveries that come late or twice: what they find is not what the first one found, and nothing starts twice, nothing
//! runs that nobody follows, and nothing is stopped that somebody waits for.

use std::future::Future as _;

use serde_json::{Value, json};
use shared::fakes::Fault;
use shared::ports::CallErrorKind::{Denied, NotFound, Throttled, Unavailable};
use shared::ports::code_pipeline::FailureType::{JobFailed, PermissionError, SystemUnavailable};
use shared::ports::step_functions::{
    ExecutionStatus, Failure, RedriveExecution as _, StateMachineType, StopExecution as _,
};
use shared::time::Clock as _;

use pipeline_action::token::{Retry, Token};

use crate::histories::{UNCAUGHT, failed, history};
use crate::support::{Answer, Bench, Job, POLL, always, assert_continues, assert_fails, parameters, run};

const OTHER: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:other";

/// The error that an execution was stopped with.
fn stopped_with(bench: &Bench, at: usize) -> Option<String> {
    match &bench.runs()[at].status {
        ExecutionStatus::Aborted(failure) => failure.error.clone(),
        _ => None,
    }
}

async fn outcome(bench: &Bench, job: &Job) -> Value {
    serde_json::to_value(bench.deliver(job.event()).await.unwrap()).unwrap()["outcome"].clone()
}

fn poll(wanted: &Value, answer: Answer, number: usize) -> Job {
    Job {
        id: format!("poll-{number}"),
        ..Job::following(wanted.clone(), &assert_continues(answer))
    }
}

#[test]
fn a_delivery_after_a_final_failure_leaves_no_execution_that_nobody_follows() {
    run(async {
        for more in [json!({}), json!({"onRetry": "redrive"})] {
            let bench = Bench::new();
            let script = always("StartExecution", Denied, "AccessDeniedException");
            bench.world().states.script(script);
            let job = Job::first(parameters(more));
            assert_fails(
                &bench.job(job.clone()).await,
                PermissionError,
                &["AccessDeniedException"],
            );
            // Somebody mends the policy, and the event comes again.
            bench
                .world()
                .states
                .script(|attempt| match (attempt.operation, attempt.nth) {
                    // Stopping is insisted on.
                    ("StopExecution", 1) => Fault::Before(crate::support::error(Throttled, "ThrottlingException")),
                    _ => Fault::None,
                });
            assert_eq!(outcome(&bench, &job).await, "answeredBefore");
            assert_eq!(stopped_with(&bench, 0).as_deref(), Some("Stepline.NotHandedOver"));
            assert_eq!(outcome(&bench, &job).await, "answeredBefore");
            assert_eq!(bench.runs().len(), 1);
        }
    });
}

#[test]
fn an_orphan_that_cannot_be_stopped_is_named() {
    run(async {
        let bench = Bench::new();
        bench
            .world()
            .states
            .script(always("StartExecution", Denied, "AccessDeniedException"));
        let job = Job::first(parameters(json!({})));
        bench.job(job.clone()).await;
        bench
            .world()
            .states
            .script(always("StopExecution", Denied, "AccessDeniedException"));
        let error = bench.deliver(job.event()).await.unwrap_err().to_string();
        assert!(error.contains(&bench.runs()[0].execution_arn), "{error}");
    });
}

#[test]
fn what_a_second_delivery_starts_is_left_to_an_action_that_goes_on() {
    run(async {
        let wanted = parameters(json!({}));
        let bench = Bench::new();
        let script = always("StartExecution", Throttled, "ThrottlingException");
        bench.world().states.script(script);
        let job = Job::first(wanted.clone());
        let answer = bench.job(job.clone()).await;
        bench.world().states.script(|_| Fault::None);
        bench.world().clock.advance(POLL);
        assert_eq!(outcome(&bench, &job).await, "answeredBefore");
        assert_eq!(bench.runs()[0].status, ExecutionStatus::Running);
        let token = assert_continues(bench.job(poll(&wanted, answer, 1)).await);
        assert_eq!(token.execution, Some(bench.runs()[0].execution_arn.clone()));
        assert_eq!(bench.runs().len(), 1);
    });
}

#[test]
fn what_was_stopped_for_somebody_else_goes_on_for_who_waits_for_it() {
    run(async {
        for error in [
            "Stepline.NotHandedOver",
            "Stepline.ActionAbandoned",
            "Stepline.ExecutionTimedOut",
        ] {
            for more in [json!({}), json!({"onRetry": "redrive"})] {
                let wanted = parameters(more);
                let bench = Bench::new();
                let job = bench.started(wanted.clone()).await;
                bench.world().clock.advance(POLL);
                let arn = bench.runs()[0].execution_arn.clone();
                bench
                    .world()
                    .states
                    .inner()
                    .stop_execution(&arn, error, "")
                    .await
                    .unwrap();
                bench.world().clock.advance(POLL);
                let going_on = bench.job(job).await;
                assert_eq!(
                    bench.runs()[0].redrives,
                    0,
                    "the decision is answered before it is carried out"
                );
                let carrying_out = poll(&wanted, going_on, 1);
                let answer = bench.job(carrying_out.clone()).await;
                assert_eq!(bench.job(carrying_out).await, answer);
                assert_eq!((bench.runs().len(), bench.runs()[0].redrives), (1, 1));
                bench.world().clock.advance(POLL);
                let output = "1".to_owned();
                bench
                    .world()
                    .states
                    .inner()
                    .end(&arn, ExecutionStatus::Succeeded { output });
                assert!(matches!(bench.job(poll(&wanted, answer, 2)).await, Answer::Succeed(_)));
            }
        }
    });
}

#[test]
fn what_was_stopped_and_cannot_go_on_fails_the_job() {
    run(async {
        let wanted = parameters(json!({}));
        let bench = Bench::new();
        let job = bench.started(wanted.clone()).await;
        let arn = bench.runs()[0].execution_arn.clone();
        bench.world().states.inner().refuse_redrives();
        bench
            .world()
            .states
            .inner()
            .stop_execution(&arn, "Stepline.NotHandedOver", "")
            .await
            .unwrap();
        let mut answer = bench.job(job).await;
        for number in 0..4 {
            answer = bench.job(poll(&wanted, answer, number)).await;
        }
        assert_fails(&answer, JobFailed, &["was stopped, and cannot go on", &arn]);
        assert_eq!(bench.runs().len(), 1);
    });
}

#[test]
fn a_parameter_that_moves_between_two_deliveries_starts_one_execution() {
    run(async {
        for more in [json!({}), json!({"onRetry": "redrive"})] {
            let bench = Bench::new();
            let (states, parameter) = (bench.world().states.inner(), bench.world().parameters.inner());
            states.create(OTHER, StateMachineType::Standard);
            let mut wanted = parameters(more);
            wanted["stateMachine"] = json!("ssm:/dev/machine");
            let first = Job::first(wanted.clone());
            parameter.put_string("/dev/machine", "ml");
            let answer = bench.job(first.clone()).await;
            parameter.put_string("/dev/machine", "other");
            assert_eq!(outcome(&bench, &first).await, "answeredBefore");
            assert_eq!(bench.runs().len(), 0);
            let second = poll(&wanted, answer, 1);
            let answer = bench.job(second.clone()).await;
            bench.job(second).await;
            bench.deliver(first.event()).await.unwrap();
            assert_continues(answer);
            assert_eq!(bench.runs().len(), 1);
            assert!(bench.runs()[0].execution_arn.contains(":ml:"));
        }
    });
}

#[test]
fn an_express_state_machine_that_a_parameter_names_runs_once_too() {
    run(async {
        let bench = Bench::new();
        bench.world().parameters.inner().put_string("/dev/machine", "quick");
        let wanted = parameters(json!({"stateMachine": "ssm:/dev/machine"}));
        let answer = bench.job(Job::first(wanted.clone())).await;
        assert_eq!(bench.runs().len(), 0);
        assert!(matches!(bench.job(poll(&wanted, answer, 1)).await, Answer::Succeed(_)));
        assert_eq!(bench.runs().len(), 1);
    });
}

/// A stage whose execution failed and was redriven by hand, and that is retried while it runs.
async fn redriven_by_hand() -> (Bench, String, Value) {
    let wanted = parameters(json!({"onRetry": "redrive"}));
    let bench = Bench::new();
    let _job = bench.started(wanted.clone()).await;
    let arn = bench.runs()[0].execution_arn.clone();
    let states = bench.world().states.inner();
    bench.world().clock.advance(POLL);
    states.end(&arn, failed());
    states.write_history(&arn, history(&UNCAUGHT));
    states.lag_descriptions(true);
    bench.world().clock.advance(POLL);
    states.redrive_execution(&arn, "by hand").await.unwrap();
    bench.world().clock.advance(POLL);
    (bench, arn, wanted)
}

#[test]
fn the_failure_that_an_adopted_execution_had_before_it_was_redriven_is_old_news() {
    run(async {
        let (bench, arn, wanted) = redriven_by_hand().await;
        let states = bench.world().states.inner();
        let retry = Job {
            id: "the-retry-s".to_owned(),
            ..Job::first(wanted.clone())
        };
        states.lag_descriptions(false);
        let answer = bench.job(retry).await;
        assert_eq!(assert_continues(answer.clone()).execution, Some(arn.clone()));
        // Another endpoint answers, which lags.
        states.end(&arn, ExecutionStatus::Failed(Failure::default()));
        let (lagging, _, _) = redriven_by_hand().await;
        let token = assert_continues(lagging.job(poll(&wanted, answer, 1)).await);
        assert_eq!(token.execution, Some(arn));
    });
}

#[test]
fn what_lags_at_the_decision_starts_no_second_execution() {
    run(async {
        let (bench, arn, wanted) = redriven_by_hand().await;
        let retry = Job {
            id: "the-retry-s".to_owned(),
            ..Job::first(wanted.clone())
        };
        // It fails, as DescribeExecution still has it, and its history too; AWS refuses to redrive it, for it runs.
        let mut answer = bench.job(retry).await;
        for number in 0..3 {
            answer = bench.job(poll(&wanted, answer, number)).await;
        }
        bench.world().states.inner().lag_descriptions(false);
        let token = assert_continues(bench.job(poll(&wanted, answer, 4)).await);
        assert_eq!(token.execution, Some(arn));
        assert_eq!((bench.runs().len(), bench.runs()[0].redrives), (1, 1));
    });
}

#[test]
fn a_failure_names_what_may_be_running() {
    run(async {
        // Started, with an answer that never came.
        let wanted = parameters(json!({}));
        let bench = Bench::new();
        bench.world().states.script(|attempt| match attempt.operation {
            "StartExecution" => Fault::After(crate::support::error(Unavailable, "InternalFailure")),
            _ => Fault::None,
        });
        let mut answer = bench.job(Job::first(wanted.clone())).await;
        let arn = bench.runs()[0].execution_arn.clone();
        for number in 1..20 {
            answer = bench.job(poll(&wanted, answer, number)).await;
        }
        assert_fails(&answer, SystemUnavailable, &["No answer 20 times in a row", &arn]);
        // Running, and not to be looked at any more.
        let bench = Bench::new();
        let job = bench.started(wanted).await;
        let script = always("DescribeExecution", Denied, "AccessDeniedException");
        bench.world().states.script(script);
        assert_fails(&bench.job(job).await, PermissionError, &["may still be running", &arn]);
    });
}

#[test]
fn what_is_listed_and_cannot_be_described_yet_is_looked_at_again() {
    run(async {
        let wanted = parameters(json!({"onRetry": "redrive"}));
        let bench = Bench::new();
        let _job = bench.started(wanted.clone()).await;
        let script = always("DescribeExecution", NotFound, "ExecutionDoesNotExist");
        bench.world().states.script(script);
        let retry = Job {
            id: "the-retry-s".to_owned(),
            ..Job::first(wanted.clone())
        };
        let answer = bench.job(retry).await;
        bench.world().states.script(|_| Fault::None);
        let token = assert_continues(bench.job(poll(&wanted, answer, 1)).await);
        assert_eq!(token.execution, Some(bench.runs()[0].execution_arn.clone()));
        assert_eq!(bench.runs().len(), 1);
    });
}

#[test]
fn what_a_killed_try_of_a_late_delivery_started_is_stopped_by_the_next_try() {
    run(async {
        let bench = Bench::new();
        let script = always("StartExecution", Denied, "AccessDeniedException");
        bench.world().states.script(script);
        let job = Job::first(parameters(json!({})));
        bench.job(job.clone()).await;
        // The next delivery is killed once it has started the execution.
        bench.world().states.script(|_| Fault::None);
        bench.world().pipelines.script(|_| Fault::Hang);
        {
            let mut killed = std::pin::pin!(bench.deliver(job.event()));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            for _ in 0..20 {
                assert!(killed.as_mut().poll(&mut context).is_pending());
            }
        }
        bench.world().pipelines.script(|_| Fault::None);
        bench.world().clock.advance(POLL * 2);
        assert_eq!(outcome(&bench, &job).await, "answeredBefore");
        assert_eq!(stopped_with(&bench, 0).as_deref(), Some("Stepline.NotHandedOver"));
    });
}

#[test]
fn what_is_redriven_by_hand_while_it_is_followed_is_followed_on() {
    run(async {
        let wanted = parameters(json!({"timeoutMinutes": 10}));
        let bench = Bench::new();
        let job = bench.started(wanted.clone()).await;
        let arn = bench.runs()[0].execution_arn.clone();
        let states = bench.world().states.inner();
        states.end(&arn, failed());
        states.write_history(&arn, history(&UNCAUGHT[..2]));
        // Its history does not tell yet, so that it is looked at again.
        let tried = assert_continues(bench.job(job).await);
        assert_eq!(tried.tries, 1);
        bench.world().clock.advance(POLL);
        let redriven = states.redrive_execution(&arn, "by hand").await.unwrap();
        bench.world().clock.advance(POLL);
        let tried = Token { stops: 1, ..tried };
        let token = assert_continues(bench.job(poll(&wanted, Answer::Continue(tried), 1)).await);
        assert_eq!((token.since, token.redriven), (redriven, Some(redriven)));
        assert_eq!((token.misses, token.stops, token.tries), (0, 0, 0));
    });
}

#[test]
fn what_lags_for_too_long_is_believed_in_the_end() {
    run(async {
        for (minutes, believed) in [(9, false), (10, true)] {
            let (bench, arn, wanted) = redriven_by_hand().await;
            let token = Token {
                execution: Some(arn),
                ..Token::first("the-retry-s", bench.world().clock.now())
            };
            bench.world().clock.advance(POLL * 2 * minutes);
            let answer = bench.job(poll(&wanted, Answer::Continue(token), 1)).await;
            assert_eq!(
                matches!(answer, Answer::Fail(..)),
                believed,
                "{minutes} minutes: {answer:?}"
            );
        }
    });
}

#[test]
fn an_execution_that_cannot_be_looked_at_for_too_long_is_named_once() {
    run(async {
        let wanted = parameters(json!({}));
        let bench = Bench::new();
        let mut job = bench.started(wanted.clone()).await;
        let script = always("DescribeExecution", Throttled, "ThrottlingException");
        bench.world().states.script(script);
        for number in 1..20 {
            job = poll(&wanted, bench.job(job).await, number);
        }
        let answer = bench.job(job).await;
        assert_fails(&answer, SystemUnavailable, &["No answer 20 times in a row"]);
        let Answer::Fail(_, message) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(message.matches(&bench.runs()[0].execution_arn).count(), 1, "{message}");
    });
}

#[test]
fn what_is_to_go_on_after_a_stop_for_somebody_else_begins_with_nothing_counted_from_the_moment_of_the_stop() {
    run(async {
        let wanted = parameters(json!({}));
        let bench = Bench::new();
        let _job = bench.started(wanted.clone()).await;
        let (arn, began) = (bench.runs()[0].execution_arn.clone(), bench.world().clock.now());
        bench.world().clock.advance(POLL);
        let states = bench.world().states.inner();
        states.stop_execution(&arn, "Stepline.NotHandedOver", "").await.unwrap();
        let followed = Token {
            misses: 3,
            stops: 2,
            tries: 1,
            execution: Some(arn.clone()),
            redriven: Some(began),
            ..Token::first("first", began)
        };
        let answer = bench.job(poll(&wanted, Answer::Continue(followed), 1)).await;
        let expected = Token {
            retry: Some(Retry::Redrive(arn)),
            ..Token::first("first", began + POLL)
        };
        assert_eq!(assert_continues(answer), expected);
    });
}

#[test]
fn an_orphan_that_is_gone_needs_no_stop() {
    run(async {
        let bench = Bench::new();
        let script = always("StartExecution", Denied, "AccessDeniedException");
        bench.world().states.script(script);
        let job = Job::first(parameters(json!({})));
        bench.job(job.clone()).await;
        let script = always("StopExecution", NotFound, "ExecutionDoesNotExist");
        bench.world().states.script(script);
        assert_eq!(outcome(&bench, &job).await, "answeredBefore");
        assert_eq!(bench.world().states.count("StopExecution"), 1);
    });
}
