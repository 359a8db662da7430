//! An execution that takes too long, and what may happen while it is stopped.

use std::time::Duration;

use serde_json::{Value, json};
use shared::fakes::{Attempt, Fault};
use shared::ports::CallErrorKind::{Denied, Throttled, Unavailable};
use shared::ports::code_pipeline::FailureType::JobFailed;
use shared::ports::step_functions::ExecutionStatus;

use crate::support::{Answer, Bench, Job, POLL, always, assert_continues, assert_fails, error, parameters, run};

fn wanted() -> Value {
    parameters(json!({"timeoutMinutes": 1}))
}

/// A job whose execution takes too long.
async fn overdue() -> (Bench, Job) {
    let bench = Bench::new();
    let job = bench.started(wanted()).await;
    bench.world().clock.advance(Duration::from_secs(60));
    (bench, job)
}

/// The job that polls next, with the answer to the one before.
fn next(bench: &Bench, answer: Answer, number: usize) -> Job {
    bench.world().clock.advance(POLL);
    Job {
        id: format!("poll-{number}"),
        ..Job::following(wanted(), &assert_continues(answer))
    }
}

#[test]
fn one_that_cannot_be_read_is_stopped_all_the_same() {
    run(async {
        let (bench, job) = overdue().await;
        let script = always("DescribeExecution", Throttled, "ThrottlingException");
        bench.world().states.script(script);
        let said = ["took longer than 1 min 0 s", "It was stopped"];
        assert_fails(&bench.job(job).await, JobFailed, &said);
    });
}

#[test]
fn one_that_cannot_be_stopped_for_now_is_stopped_at_a_later_poll() {
    run(async {
        let (bench, job) = overdue().await;
        let script = always("StopExecution", Throttled, "ThrottlingException");
        bench.world().states.script(script);
        let job = next(&bench, bench.job(job).await, 1);
        bench.world().states.script(|_| Fault::None);
        assert_fails(&bench.job(job).await, JobFailed, &["took longer", "It was stopped"]);
        assert!(matches!(bench.runs()[0].status, ExecutionStatus::Aborted(_)));
    });
}

#[test]
fn one_that_can_never_be_stopped_fails_the_job_in_the_end() {
    let said = ["took longer than 1 min 0 s", "may still be running: `Operation`"];
    run(async {
        let (bench, mut job) = overdue().await;
        let script = always("StopExecution", Throttled, "ThrottlingException");
        bench.world().states.script(script);
        for number in 1..5 {
            job = next(&bench, bench.job(job).await, number);
        }
        assert_fails(&bench.job(job).await, JobFailed, &said);
        // What will not change is not tried again.
        let (bench, job) = overdue().await;
        let script = always("StopExecution", Denied, "AccessDeniedException");
        bench.world().states.script(script);
        assert_fails(&bench.job(job).await, JobFailed, &said);
    });
}

#[test]
fn one_that_was_stopped_without_an_answer_took_too_long_all_the_same() {
    run(async {
        let (bench, job) = overdue().await;
        bench.world().states.script(|attempt| match attempt.operation {
            "StopExecution" => Fault::After(error(Unavailable, "InternalFailure")),
            _ => Fault::None,
        });
        let job = next(&bench, bench.job(job).await, 1);
        assert_fails(&bench.job(job).await, JobFailed, &["took longer", "It was stopped"]);
    });
}

#[test]
fn one_that_ends_just_before_it_is_stopped_is_what_it_was() {
    run(async {
        let (bench, job) = overdue().await;
        let looks = std::sync::atomic::AtomicUsize::new(0);
        // The first look fails; what it would have shown has ended.
        bench
            .world()
            .states
            .script(move |attempt: Attempt| match attempt.operation {
                "DescribeExecution" if looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 => {
                    Fault::Before(error(Unavailable, "InternalFailure"))
                }
                _ => Fault::None,
            });
        let arn = bench.runs()[0].execution_arn.clone();
        let succeeded = ExecutionStatus::Succeeded { output: "1".to_owned() };
        bench.world().states.inner().end(&arn, succeeded);
        assert!(matches!(bench.job(job).await, Answer::Succeed(_)));
        assert!(!bench.world().metrics.text().contains("ExecutionsStopped"));
    });
}
