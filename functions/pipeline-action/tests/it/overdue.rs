//! An execution that takes too long, and what may happen while it is stopped.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use pipeline_action::Outcome;
use serde_json::{Value, json};
use shared::fakes::{Attempt, Fault};
use shared::ports::CallErrorKind::{Denied, Throttled, Unavailable};
use shared::ports::code_pipeline::FailureType::JobFailed;
use shared::ports::step_functions::{ExecutionStatus, Failure, RedriveExecution as _, StopExecution as _};

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

fn stopped(bench: &Bench) -> bool {
    matches!(bench.runs()[0].status, ExecutionStatus::Aborted(_))
}

#[test]
fn one_that_cannot_be_read_for_now_is_stopped_once_it_can() {
    run(async {
        let (bench, job) = overdue().await;
        let script = always("DescribeExecution", Throttled, "ThrottlingException");
        bench.world().states.script(script);
        let job = next(&bench, bench.job(job).await, 1);
        assert!(!stopped(&bench), "it may have been redriven for somebody else");
        bench.world().states.script(|_| Fault::None);
        assert_fails(&bench.job(job).await, JobFailed, &["took longer", "It was stopped"]);
    });
}

#[test]
fn one_that_cannot_be_stopped_for_now_is_stopped_at_a_later_poll() {
    run(async {
        for (kind, code) in [
            (Throttled, "ThrottlingException"),
            (Denied, "AccessDeniedException"),
            (Unavailable, "InternalFailure"),
        ] {
            let (bench, job) = overdue().await;
            bench.world().states.script(always("StopExecution", kind, code));
            let job = next(&bench, bench.job(job).await, 1);
            bench.world().states.script(|_| Fault::None);
            assert_fails(&bench.job(job).await, JobFailed, &["took longer", "It was stopped"]);
            assert!(stopped(&bench));
        }
    });
}

#[test]
fn one_that_can_never_be_stopped_or_read_fails_the_job_in_the_end() {
    let said = ["took longer than 1 min 0 s", "may still be running: `Operation`"];
    run(async {
        for operation in ["StopExecution", "DescribeExecution"] {
            let (bench, mut job) = overdue().await;
            bench
                .world()
                .states
                .script(always(operation, Throttled, "ThrottlingException"));
            for number in 1..5 {
                job = next(&bench, bench.job(job).await, number);
            }
            assert_fails(&bench.job(job).await, JobFailed, &said);
        }
    });
}

#[test]
fn one_whose_stop_does_not_show_yet_is_concluded_by_a_later_poll() {
    run(async {
        let (bench, job) = overdue().await;
        let looks = AtomicUsize::new(0);
        bench
            .world()
            .states
            .script(move |attempt: Attempt| match attempt.operation {
                "DescribeExecution" if looks.fetch_add(1, Relaxed) == 1 => {
                    Fault::Before(error(Unavailable, "InternalFailure"))
                }
                _ => Fault::None,
            });
        let job = next(&bench, bench.job(job).await, 1);
        assert!(stopped(&bench));
        assert_fails(&bench.job(job).await, JobFailed, &["took longer", "It was stopped"]);
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
        assert_fails(&bench.job(job).await, JobFailed, &["took longer", "It was stopped"]);
    });
}

#[test]
fn one_that_ends_just_before_it_is_stopped_is_what_it_was() {
    run(async {
        let (bench, job) = overdue().await;
        let arn = bench.runs()[0].execution_arn.clone();
        let states = bench.world().states.inner().clone();
        // It ends between the look and the stop.
        bench.world().states.script(move |attempt: Attempt| {
            if attempt.operation == "StopExecution" {
                states.end(&arn, ExecutionStatus::Succeeded { output: "1".to_owned() });
            }
            Fault::None
        });
        assert!(matches!(bench.job(job).await, Answer::Succeed(_)));
    });
}

#[test]
fn a_late_delivery_of_an_overdue_poll_leaves_what_was_redriven_since() {
    run(async {
        let (bench, job) = overdue().await;
        assert_fails(&bench.job(job.clone()).await, JobFailed, &["It was stopped"]);
        bench.world().clock.advance(POLL);
        let arn = bench.runs()[0].execution_arn.clone();
        let redriven = bench
            .world()
            .states
            .inner()
            .redrive_execution(&arn, "by the retry")
            .await;
        redriven.unwrap();
        bench.world().clock.advance(POLL);
        bench.deliver(job.event()).await.unwrap();
        assert!(!stopped(&bench));
    });
}

#[test]
fn one_that_somebody_else_redrove_is_left_to_them() {
    run(async {
        let (bench, job) = overdue().await;
        let arn = bench.runs()[0].execution_arn.clone();
        bench
            .world()
            .states
            .inner()
            .end(&arn, ExecutionStatus::Failed(Failure::default()));
        bench.world().clock.advance(POLL);
        bench
            .world()
            .states
            .inner()
            .redrive_execution(&arn, "by hand")
            .await
            .unwrap();
        assert_fails(
            &bench.job(job).await,
            JobFailed,
            &["It was redriven since", "is left running"],
        );
        assert!(!stopped(&bench));
    });
}

#[test]
fn a_moment_before_its_time_is_over_an_execution_is_left_alone() {
    run(async {
        let bench = Bench::new();
        let job = bench.started(wanted()).await;
        bench.world().clock.advance(Duration::from_millis(59_999));
        assert_continues(bench.job(job).await);
        assert!(!stopped(&bench));
    });
}

#[test]
fn one_that_an_earlier_delivery_of_the_poll_stopped_took_too_long() {
    run(async {
        let (bench, job) = overdue().await;
        // It was killed before it could answer.
        let arn = bench.runs()[0].execution_arn.clone();
        let states = bench.world().states.inner();
        states
            .stop_execution(&arn, "Stepline.ExecutionTimedOut", "")
            .await
            .unwrap();
        assert_fails(&bench.job(job).await, JobFailed, &["took longer", "It was stopped"]);
    });
}

#[test]
fn a_late_poll_of_a_job_that_is_over_stops_nothing_that_a_retry_has_taken_over() {
    run(async {
        let redrives = parameters(json!({"timeoutMinutes": 1, "onRetry": "redrive"}));
        let bench = Bench::new();
        let job = bench.started(redrives.clone()).await;
        bench.world().clock.advance(Duration::from_secs(60));
        // In time, it is stopped at once, and concluded by the next poll.
        let (other, poll) = (Bench::new(), job.clone());
        let _started = other.started(redrives.clone()).await;
        other.world().clock.advance(Duration::from_secs(60));
        let answer = other.job(poll).await;
        assert!(stopped(&other));
        let next = Job {
            id: "poll-2".to_owned(),
            ..Job::following(redrives, &assert_continues(answer))
        };
        assert_fails(&other.job(next).await, JobFailed, &["took longer", "It was stopped"]);
        // Nobody has answered it, and CodePipeline knows the job no more.
        let late = bench.deliver(job.event()).await.unwrap();
        assert_eq!(late.outcome, Outcome::UnknownJob);
        assert!(!stopped(&bench));
    });
}

#[test]
fn one_whose_stop_never_shows_is_given_up_after_a_few_polls() {
    run(async {
        let (bench, mut job) = overdue().await;
        bench.world().states.inner().lag_descriptions(true);
        for number in 1..5 {
            job = next(&bench, bench.job(job).await, number);
        }
        assert_fails(&bench.job(job).await, JobFailed, &["took longer", "It was stopped"]);
        let metrics = bench.world().metrics.text();
        assert_eq!(metrics.matches("\"ExecutionsStopped\":1.0").count(), 1, "{metrics}");
    });
}

#[test]
fn one_that_a_retry_would_redrive_and_that_can_never_be_stopped_fails_the_job_in_the_end() {
    run(async {
        let redrives = parameters(json!({"timeoutMinutes": 1, "onRetry": "redrive"}));
        let bench = Bench::new();
        let mut job = bench.started(redrives.clone()).await;
        bench.world().clock.advance(Duration::from_secs(60));
        let script = always("StopExecution", Throttled, "ThrottlingException");
        bench.world().states.script(script);
        for number in 1..5 {
            let token = assert_continues(bench.job(job).await);
            job = Job {
                id: format!("poll-{number}"),
                ..Job::following(redrives.clone(), &token)
            };
        }
        assert_fails(
            &bench.job(job).await,
            JobFailed,
            &["could not be stopped and may still be running"],
        );
    });
}
