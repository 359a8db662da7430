//! A panic and a deadline close at hand have an answer too.

use std::time::Duration;

use serde_json::json;
use shared::fakes::Fault;
use shared::ports::code_pipeline::FailureType::SystemUnavailable;

use crate::support::{Answer, Bench, Job, NOW, POLL, assert_continues, assert_fails, parameters, run};

/// Has an operation hang while time goes by, until the function must answer.
fn hang(bench: &Bench, operation: &'static str) {
    let clock = bench.world().clock.clone();
    bench.world().states.script(move |attempt| match attempt.operation {
        found if found == operation => {
            clock.advance(Duration::from_secs(56));
            Fault::Hang
        }
        _ => Fault::None,
    });
}

/// A minute from when the event was delivered.
fn in_a_minute() -> u64 {
    u64::try_from((NOW + Duration::from_secs(60)).as_millis()).unwrap()
}

#[test]
fn a_deadline_in_the_first_call_goes_on_and_the_next_call_adopts() {
    run(async {
        for operation in ["DescribeStateMachine", "StartExecution"] {
            let bench = Bench::new();
            hang(&bench, operation);
            let wanted = parameters(json!({}));
            let job = Job::first(wanted.clone());
            bench.open(&job);
            bench.deliver_within(job.event(), in_a_minute()).await.unwrap();
            let Answer::Continue(token) = bench.answer(&job.id) else {
                panic!("goes on")
            };
            assert_eq!((token.misses, &token.execution), (1, &None));
            bench.world().states.script(|_| Fault::None);
            assert!(
                assert_continues(bench.job(Job::following(wanted, &token)).await)
                    .execution
                    .is_some()
            );
            assert_eq!(bench.runs().len(), 1);
        }
    });
}

#[test]
fn a_deadline_while_looking_again_goes_on_with_the_execution() {
    run(async {
        let bench = Bench::with_settings(&[("LOOK_AGAIN_SECONDS", "60")]);
        hang(&bench, "DescribeExecution");
        let job = Job::first(parameters(json!({})));
        bench.open(&job);
        bench.deliver_within(job.event(), in_a_minute()).await.unwrap();
        let Answer::Continue(token) = bench.answer(&job.id) else {
            panic!("goes on")
        };
        assert_eq!(token.execution, Some(bench.runs()[0].execution_arn.clone()));
    });
}

#[test]
fn a_deadline_in_a_poll_counts_as_a_miss() {
    run(async {
        let bench = Bench::new();
        let job = bench.started(parameters(json!({}))).await;
        hang(&bench, "DescribeExecution");
        bench.open(&job);
        bench.deliver_within(job.event(), in_a_minute()).await.unwrap();
        assert_eq!(assert_continues(bench.answer(&job.id)).misses, 1);
    });
}

#[test]
fn time_that_is_over_already_still_gives_an_answer() {
    run(async {
        let bench = Bench::new();
        let job = bench.started(parameters(json!({}))).await;
        bench.world().clock.advance(POLL * 10);
        bench.world().states.script(|_| Fault::Hang);
        bench.open(&job);
        bench.deliver_within(job.event(), in_a_minute()).await.unwrap();
        assert_eq!(assert_continues(bench.answer(&job.id)).misses, 1);
    });
}

#[test]
fn a_deadline_that_no_invocation_can_have_is_none() {
    run(async {
        let bench = Bench::new();
        let job = Job::first(parameters(json!({})));
        bench.open(&job);
        // Ten minutes after 1970 began, as `cargo lambda watch` has it.
        bench.deliver_within(job.event(), 600_000).await.unwrap();
        assert!(assert_continues(bench.answer(&job.id)).execution.is_some());
    });
}

#[test]
fn a_panic_fails_the_job_without_its_message() {
    run(async {
        for (operation, first, fragment) in [
            ("StartExecution", true, "An execution may have been started"),
            ("DescribeExecution", false, "may still be running"),
        ] {
            let bench = Bench::new();
            let job = if first {
                Job::first(parameters(json!({})))
            } else {
                bench.started(parameters(json!({}))).await
            };
            bench.world().states.script(move |attempt| {
                if attempt.operation == operation {
                    Fault::Panic("a marked secret".to_owned())
                } else {
                    Fault::None
                }
            });
            let answer = bench.job(job).await;
            assert_fails(&answer, SystemUnavailable, &["The function panicked", fragment]);
            assert!(!format!("{answer:?}").contains("marked"));
        }
    });
}
