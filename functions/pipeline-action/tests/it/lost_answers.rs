//! Answers that CodePipeline does not take, or that are lost: they are given again for as long as the function has time.

use std::time::Duration;

use serde_json::json;
use shared::fakes::{Attempt, Fault};
use shared::ports::CallErrorKind::{Conflict, Denied, NotFound, Throttled, Unavailable};
use shared::ports::code_pipeline::FailureType;
use shared::ports::{CallError, CallErrorKind};
use shared::time::Clock as _;

use crate::support::{Answer, Bench, EXPRESS, Job, NOW, assert_continues, assert_fails, error, parameters, run};

/// A minute from the beginning, as Lambda says it.
fn in_a_minute() -> u64 {
    u64::try_from(NOW.as_millis()).unwrap() + 60_000
}

/// Has the first answers to jobs, of either kind, meet a fault.
fn first_answers(bench: &Bench, count: usize, fault: impl Fn() -> Fault + Send + Sync + 'static) {
    bench
        .world()
        .pipelines
        .script(move |attempt: Attempt| match attempt.operation {
            "PutJobSuccessResult" | "PutJobFailureResult" if attempt.nth <= count => fault(),
            _ => Fault::None,
        });
}

fn refusals() -> Vec<(CallErrorKind, &'static str)> {
    vec![
        (Throttled, "ThrottlingException"),
        (Throttled, "TooManyRequestsException"),
        (Unavailable, "ServiceUnavailable"),
        (Denied, "AccessDeniedException"),
        (NotFound, "UnknownOperationException"),
        (Conflict, "ConcurrentModificationException"),
    ]
}

#[test]
fn an_answer_is_given_again_whatever_form_the_refusal_takes() {
    run(async {
        for (kind, code) in refusals() {
            for lost in [false, true] {
                for wanted in [parameters(json!({})), json!({"no": "state machine"})] {
                    let bench = Bench::new();
                    first_answers(&bench, 8, move || match lost {
                        true => Fault::After(error(kind, code)),
                        false => Fault::Before(error(kind, code)),
                    });
                    let job = Job::first(wanted);
                    bench.open(&job);
                    bench.deliver_within(job.event(), in_a_minute()).await.unwrap();
                    assert!(bench.world().pipelines.inner().answer(&job.id).is_some(), "{code}");
                }
            }
        }
    });
}

#[test]
fn a_job_that_cannot_be_answered_in_time_has_its_execution_named_and_is_answered_by_the_same_event() {
    run(async {
        for hangs in [false, true] {
            let bench = Bench::new();
            let clock = bench.world().clock.clone();
            first_answers(&bench, usize::MAX, move || match hangs {
                true => {
                    clock.advance(Duration::from_secs(100));
                    Fault::Hang
                }
                false => Fault::Before(error(Throttled, "ThrottlingException")),
            });
            let job = Job::first(parameters(json!({})));
            bench.open(&job);
            let unanswered = bench
                .deliver_within(job.event(), in_a_minute())
                .await
                .unwrap_err()
                .to_string();
            let arn = bench.runs()[0].execution_arn.clone();
            for said in [arn.as_str(), &job.id, "call the function again with the same event"] {
                assert!(unanswered.contains(said), "no `{said}` in: {unanswered}");
            }
            if !hangs {
                let now = bench.world().clock.now();
                let tried_for = now.since(NOW);
                assert!(tried_for > Duration::from_secs(50), "given up after {tried_for:?}");
                assert!(tried_for < Duration::from_secs(60), "{tried_for:?}");
            }
            // What the README says to do: the event out of the failed event, once more.
            bench.world().pipelines.script(|_| Fault::None);
            bench.deliver(job.event()).await.unwrap();
            assert_eq!(assert_continues(bench.answer(&job.id)).execution, Some(arn));
            assert_eq!(bench.runs().len(), 1);
        }
    });
}

#[test]
fn an_express_execution_is_not_run_again_for_an_answer_that_is_lost() {
    run(async {
        for lost in [false, true] {
            let bench = Bench::new();
            first_answers(&bench, 8, move || {
                let error: CallError = error(Unavailable, "InternalFailure");
                match lost {
                    true => Fault::After(error),
                    false => Fault::Before(error),
                }
            });
            let job = Job::first(parameters(json!({"stateMachine": EXPRESS})));
            bench.open(&job);
            bench.deliver_within(job.event(), in_a_minute()).await.unwrap();
            assert!(matches!(bench.answer(&job.id), Answer::Succeed(_)));
            assert_eq!(bench.runs().len(), 1);
        }
    });
}

#[test]
fn what_another_call_may_have_started_is_named_when_this_one_may_not() {
    run(async {
        let bench = Bench::new();
        let wanted = parameters(json!({}));
        // The execution starts, and the answer that says so is lost.
        bench.world().states.script(|attempt: Attempt| match attempt.operation {
            "StartExecution" => Fault::After(error(Unavailable, "ServiceUnavailable")),
            _ => Fault::None,
        });
        let token = assert_continues(bench.job(Job::first(wanted.clone())).await);
        bench.world().states.script(|attempt: Attempt| match attempt.operation {
            "StartExecution" => Fault::Before(error(Denied, "AccessDeniedException")),
            _ => Fault::None,
        });
        let next = Job {
            id: "11111111-2222-4333-8444-000000000077".to_owned(),
            ..Job::following(wanted, &token)
        };
        let named = format!("{} to work, it may still be running", bench.runs()[0].execution_arn);
        assert_fails(
            &bench.job(next).await,
            FailureType::PermissionError,
            &["AccessDeniedException", &named],
        );
    });
}
