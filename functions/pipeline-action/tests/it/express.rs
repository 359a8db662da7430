//! Express state machines: waited for within the call.

use serde_json::json;
use shared::fakes::Fault;
use shared::ports::CallErrorKind::{Denied, Throttled, Unavailable};
use shared::ports::code_pipeline::FailureType::{ConfigurationError, JobFailed, PermissionError, SystemUnavailable};
use shared::ports::step_functions::{ExecutionStatus, Failure};

use crate::leaks::LOG;
use crate::support::{
    Answer, Bench, EXPRESS, Job, NOW, RUN_ID, always, assert_continues, assert_fails, parameters, run,
};

fn job() -> Job {
    Job::first(parameters(
        json!({"stateMachine": "quick", "outputVariables": {"Model": "$.model"}}),
    ))
}

/// A world whose executions succeed at once.
fn succeeding() -> Bench {
    let (bench, output) = (Bench::new(), r#"{"model":"m-1"}"#.to_owned());
    let states = bench.world().states.inner();
    states.ends_after(0, ExecutionStatus::Succeeded { output });
    bench
}

#[test]
fn an_execution_that_succeeds_is_concluded_in_the_first_call() {
    run(async {
        let bench = succeeding();
        let Answer::Succeed(variables) = bench
            .job(Job {
                outputs: vec!["Output"],
                ..job()
            })
            .await
        else {
            panic!("succeeds")
        };
        let arn = bench.runs()[0].execution_arn.clone();
        let value = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(value("Model"), Some("m-1"));
        assert_eq!(value("ExecutionArn"), Some(arn.as_str()));
        assert_eq!(value("StateMachineArn"), Some(EXPRESS));
        assert!(value("ExecutionName").unwrap().starts_with(&format!("{RUN_ID}-")));
        assert!(
            bench
                .world()
                .artifacts
                .inner()
                .object("artifacts", "dev/Output")
                .is_some()
        );
        assert_eq!(bench.calls(), ["DescribeStateMachine", "StartSyncExecution"]);
    });
}

#[test]
fn an_execution_that_fails_fails_the_job() {
    run(async {
        for (status, headline) in [
            (
                ExecutionStatus::Failed(Failure {
                    error: Some("E".to_owned()),
                    cause: Some("why".to_owned()),
                }),
                "The execution failed with `E` after 0 ms: why",
            ),
            (
                ExecutionStatus::TimedOut(Failure::default()),
                "The execution timed out after 0 ms.",
            ),
        ] {
            let bench = Bench::new();
            bench.world().states.inner().ends_after(0, status);
            let fragments = [
                headline,
                "Retrying the stage starts a new execution.",
                "#/express-executions/details/",
            ];
            assert_fails(&bench.job(job()).await, JobFailed, &fragments);
        }
    });
}

#[test]
fn what_may_have_run_is_never_run_again_and_what_surely_did_not_is() {
    run(async {
        for (kind, code, failure) in [
            (Denied, "AccessDeniedException", Some(PermissionError)),
            (Unavailable, "ServiceUnavailable", Some(SystemUnavailable)),
            (Throttled, "ThrottlingException", None),
        ] {
            let bench = Bench::new();
            bench.world().states.script(always("StartSyncExecution", kind, code));
            let answer = bench.job(job()).await;
            match failure {
                Some(failure) => assert_fails(&answer, failure, &[code]),
                None => assert_eq!(assert_continues(answer).misses, 1),
            }
        }
    });
}

#[test]
fn an_output_that_cannot_be_written_fails_the_job_since_nothing_could_read_it_again() {
    run(async {
        let bench = succeeding();
        bench
            .world()
            .artifacts
            .script(always("PutObject", Throttled, "SlowDown"));
        let answer = bench
            .job(Job {
                outputs: vec!["Output"],
                ..job()
            })
            .await;
        assert_fails(&answer, SystemUnavailable, &["succeeded, but S3 did not answer"]);
    });
}

#[test]
fn one_that_takes_longer_than_the_function_may_fails_the_job_in_time() {
    run(async {
        let bench = Bench::new();
        let clock = bench.world().clock.clone();
        bench.world().states.script(move |attempt| match attempt.operation {
            "StartSyncExecution" => {
                clock.advance(std::time::Duration::from_secs(27));
                Fault::Hang
            }
            _ => Fault::None,
        });
        let job = job();
        bench.open(&job);
        let deadline = u64::try_from(NOW.as_millis()).unwrap() + 30_000;
        bench.deliver_within(job.event(), deadline).await.unwrap();
        assert_fails(
            &bench.answer(&job.id),
            ConfigurationError,
            &["did not end within the function's time"],
        );
    });
}

#[test]
fn one_that_has_ended_is_named_when_the_time_is_over_before_its_output_is_written() {
    run(async {
        let bench = Bench::new();
        let output = r#"{"model":"m-1"}"#.to_owned();
        let states = bench.world().states.inner();
        states.ends_after(0, ExecutionStatus::Succeeded { output });
        let clock = bench.world().clock.clone();
        bench.world().artifacts.script(move |_| {
            clock.advance(std::time::Duration::from_secs(27));
            Fault::Hang
        });
        let job = Job {
            outputs: vec!["Output"],
            ..job()
        };
        bench.open(&job);
        let deadline = u64::try_from(NOW.as_millis()).unwrap() + 30_000;
        bench.deliver_within(job.event(), deadline).await.unwrap();
        let has_ended = format!("The execution {} has ended", bench.runs()[0].execution_arn);
        assert_fails(
            &bench.answer(&job.id),
            SystemUnavailable,
            &[&has_ended, "before its output was written"],
        );
    });
}

#[test]
fn that_aws_redrives_no_express_execution_is_logged_where_somebody_asked_for_it() {
    run(async {
        for (on_retry, is_logged) in [("redrive", true), ("restart", false)] {
            // The subscriber is set by the first who looks.
            assert!(!LOG.text().contains(&format!("express-to-{on_retry}")));
            let bench = Bench::new();
            let output = "{}".to_owned();
            let states = bench.world().states.inner();
            states.ends_after(0, ExecutionStatus::Succeeded { output });
            let job = Job {
                id: format!("express-to-{on_retry}"),
                ..Job::first(parameters(json!({"stateMachine": "quick", "onRetry": on_retry})))
            };
            let id = job.id.clone();
            bench.job(job).await;
            let log = LOG.text();
            let mut lines = log.lines().filter(|line| line.contains(&id));
            assert_eq!(
                lines.any(|line| line.contains("redrives no Express execution")),
                is_logged
            );
        }
    });
}
