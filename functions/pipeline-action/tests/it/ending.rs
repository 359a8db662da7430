//! The later calls: what the execution came to, and what AWS said of it, decide the answer.

use std::time::Duration;

use pipeline_action::plan::MAX_MISSES;
use serde_json::{Value, json};
use shared::fakes::Fault;
use shared::ports::CallErrorKind;
use shared::ports::CallErrorKind::{Denied, NotFound, Throttled, Unavailable};
use shared::ports::code_pipeline::FailureType::{ConfigurationError, JobFailed, PermissionError, SystemUnavailable};
use shared::ports::step_functions::{ExecutionStatus, Failure, HistoryEvent};

use crate::support::{Answer, Bench, Job, MACHINE, POLL, always, assert_continues, assert_fails, parameters, run};

fn failure(error: &str, cause: &str) -> Failure {
    Failure {
        error: Some(error.to_owned()),
        cause: Some(cause.to_owned()),
    }
}

fn event(id: i64, kind: &str, state: Option<&str>, failure: Option<Failure>) -> HistoryEvent {
    HistoryEvent {
        id,
        previous_id: id - 1,
        at: shared::time::Timestamp::default(),
        kind: kind.to_owned(),
        state: state.map(str::to_owned),
        failure,
    }
}

/// A history in which a task fails, is caught, and the execution ends in a Fail state.
fn caught(end: &Failure) -> Vec<HistoryEvent> {
    vec![
        event(1, "ExecutionStarted", None, None),
        event(2, "TaskStateEntered", Some("SageMaker-Hello-World"), None),
        event(3, "TaskScheduled", None, None),
        event(4, "TaskFailed", None, Some(end.clone())),
        event(5, "TaskStateExited", Some("SageMaker-Hello-World"), None),
        event(6, "FailStateEntered", Some("FailState"), None),
        event(7, "ExecutionFailed", None, Some(end.clone())),
    ]
}

#[test]
fn a_running_execution_goes_on_with_exactly_one_call_and_one_answer() {
    run(async {
        let bench = Bench::new();
        let mut job = bench.started(parameters(json!({}))).await;
        for number in 0..10 {
            bench.world().clock.advance(POLL);
            let (calls, answers) = (
                bench.calls().len(),
                bench.world().pipelines.count("PutJobSuccessResult"),
            );
            job.id = format!("poll-{number}");
            let token = assert_continues(bench.job(job.clone()).await);
            assert_eq!(job.token, Some(token.encode()));
            assert_eq!(bench.calls()[calls..], ["DescribeExecution"]);
            assert_eq!(bench.world().pipelines.count("PutJobSuccessResult"), answers + 1);
        }
        assert_eq!(bench.world().pipelines.count("PutJobFailureResult"), 0);
        assert_eq!(bench.world().parameters.count("GetParameters"), 0);
    });
}

#[test]
fn success_gives_output_variables() {
    run(async {
        let bench = Bench::new();
        let wanted = parameters(json!({"outputVariables": {
            "Model": "$.job.name", "Metrics": "$.metrics", "First": "$.list[0]", "Nothing": "$.nil", "All": "$",
        }}));
        let job = bench.started(wanted).await;
        let run = bench.runs().remove(0);
        let output = r#"{"job":{"name":"m-1"},"metrics":{"b":1,"a":2},"list":[0.5],"nil":null}"#;
        bench.world().states.inner().end(
            &run.execution_arn,
            ExecutionStatus::Succeeded {
                output: output.to_owned(),
            },
        );
        bench.world().clock.advance(Duration::from_millis(1_500));
        let Answer::Succeed(variables) = bench.job(job).await else {
            panic!("succeeds")
        };
        let expected = [
            ("All", output),
            ("ExecutionArn", &run.execution_arn),
            ("ExecutionName", &run.name),
            ("First", "0.5"),
            ("Metrics", r#"{"b":1,"a":2}"#),
            ("Model", "m-1"),
            ("Nothing", "null"),
            ("StateMachineArn", MACHINE),
        ];
        assert_eq!(
            variables,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        let metrics = bench.world().metrics.text();
        assert!(
            metrics.contains("\"AnswerDelay\":1500.0") && metrics.contains("\"JobsSucceeded\":1.0"),
            "{metrics}"
        );
    });
}

#[test]
fn output_that_does_not_give_the_variables_fails_the_job() {
    run(async {
        for (output, fragment) in [
            (
                json!({"other": 1}).to_string(),
                "`$.model` of output variable `Model` is not in its output",
            ),
            ("no json".to_owned(), "its output is no JSON"),
            (
                json!({"model": "x".repeat(122_880)}).to_string(),
                "bytes of output variables, of which CodePipeline takes 122880",
            ),
        ] {
            let bench = Bench::new();
            let job = bench
                .started(parameters(json!({"outputVariables": {"Model": "$.model"}})))
                .await;
            let arn = bench.runs()[0].execution_arn.clone();
            bench
                .world()
                .states
                .inner()
                .end(&arn, ExecutionStatus::Succeeded { output });
            let answer = bench.job(job).await;
            assert_fails(&answer, ConfigurationError, &["The execution succeeded, but", fragment]);
        }
    });
}

/// How an execution ended, its history, and what the job's failure says.
#[test]
fn a_failure_says_which_state_failed_and_why() {
    let sagemaker = r#"{"ProcessingJobStatus":"Failed","FailureReason":"AlgorithmError: See job logs","ExitMessage":"ValueError: boom"}"#;
    let caused = failure("States.TaskFailed", sagemaker);
    let timeout = failure("States.Timeout", "");
    let timeout = Failure { cause: None, ..timeout };
    let cases: Vec<(ExecutionStatus, Vec<HistoryEvent>, Vec<&str>)> = vec![
        (
            ExecutionStatus::Failed(caused.clone()),
            caught(&caused),
            vec![
                "State `SageMaker-Hello-World` failed with `States.TaskFailed` after 1 min 30 s: ",
                "AlgorithmError: See job logs; exit message: ValueError: boom",
                "then ended in state `FailState`.",
                "Retrying the stage starts a new execution.",
                "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:",
            ],
        ),
        (
            ExecutionStatus::Failed(failure("Own.Error", "own cause")),
            vec![
                event(1, "ExecutionStarted", None, None),
                event(2, "FailStateEntered", Some("Refuse"), None),
                event(3, "ExecutionFailed", None, Some(failure("Own.Error", "own cause"))),
            ],
            vec!["State `Refuse` failed with `Own.Error` after 1 min 30 s: own cause"],
        ),
        (
            ExecutionStatus::TimedOut(Failure::default()),
            vec![
                event(1, "ExecutionStarted", None, None),
                event(2, "WaitStateEntered", Some("Linger"), None),
                event(3, "ExecutionTimedOut", None, Some(timeout)),
            ],
            vec!["The execution timed out in state `Linger` with `States.Timeout` after 1 min 30 s."],
        ),
        (
            ExecutionStatus::Aborted(failure("Stopped", "by hand")),
            vec![],
            vec!["The execution was stopped with `Stopped` after 1 min 30 s: by hand"],
        ),
        (
            ExecutionStatus::Failed(Failure::default()),
            vec![],
            vec!["The execution failed after 1 min 30 s."],
        ),
    ];
    run(async {
        for (status, history, fragments) in cases {
            let bench = Bench::new();
            let job = bench.started(parameters(json!({}))).await;
            let arn = bench.runs()[0].execution_arn.clone();
            bench.world().clock.advance(Duration::from_secs(90));
            bench.world().states.inner().end(&arn, status);
            bench.world().states.inner().write_history(&arn, history);
            let answer = bench.job(job).await;
            assert_fails(&answer, JobFailed, &fragments);
            let metrics = bench.world().metrics.text();
            assert!(metrics.contains("\"FailureType\":\"JobFailed\""), "{metrics}");
        }
    });
}

/// A job whose execution has failed, and whose history meets these faults.
async fn unreadable(kind: CallErrorKind, code: &'static str) -> (Bench, Job) {
    let bench = Bench::new();
    let job = bench.started(parameters(json!({}))).await;
    let arn = bench.runs()[0].execution_arn.clone();
    let states = bench.world().states.inner();
    states.end(&arn, ExecutionStatus::Failed(failure("E", "cause")));
    states.write_history(&arn, crate::histories::history(&crate::histories::UNCAUGHT));
    bench.world().states.script(always("GetExecutionHistory", kind, code));
    (bench, job)
}

fn again(job: &Job, token: &pipeline_action::token::Token) -> Job {
    Job {
        id: format!("poll-{}", token.tries),
        ..Job::following(job.parameters.clone(), token)
    }
}

#[test]
fn a_history_that_cannot_be_read_does_not_keep_the_job_from_its_answer() {
    let said = ["The execution failed with `E`", ": cause"];
    run(async {
        let (bench, job) = unreadable(Denied, "AccessDeniedException").await;
        assert_fails(&bench.job(job).await, JobFailed, &said);
        let (bench, mut job) = unreadable(Throttled, "ThrottlingException").await;
        for _ in 1..5 {
            job = again(&job, &assert_continues(bench.job(job.clone()).await));
        }
        assert_fails(&bench.job(job).await, JobFailed, &said);
    });
}

#[test]
fn a_history_that_is_throttled_once_is_read_at_the_next_poll() {
    run(async {
        let (bench, job) = unreadable(Throttled, "ThrottlingException").await;
        let next = again(&job, &assert_continues(bench.job(job.clone()).await));
        bench.world().states.script(|_| Fault::None);
        assert_fails(&bench.job(next).await, JobFailed, &["State `Train` failed with `E`"]);
        // The history lags: it does not show the end yet.
        let (bench, job) = unreadable(Throttled, "ThrottlingException").await;
        bench.world().states.script(|_| Fault::None);
        let (arn, whole) = (bench.runs()[0].execution_arn.clone(), crate::histories::UNCAUGHT);
        let states = bench.world().states.inner();
        states.write_history(&arn, crate::histories::history(&whole[..2]));
        let next = again(&job, &assert_continues(bench.job(job.clone()).await));
        states.write_history(&arn, crate::histories::history(&whole));
        assert_fails(&bench.job(next).await, JobFailed, &["State `Train` failed with `E`"]);
    });
}

#[test]
fn a_history_that_shows_an_end_before_the_last_redrive_is_read_again() {
    run(async {
        let bench = Bench::new();
        let mut job = bench.started(parameters(json!({}))).await;
        let arn = bench.runs()[0].execution_arn.clone();
        let states = bench.world().states.inner();
        // DescribeExecution knows no error of one that timed out.
        states.end(&arn, ExecutionStatus::TimedOut(Failure::default()));
        let mut old = crate::histories::history(&crate::histories::UNCAUGHT);
        old[3].kind = "ExecutionAborted".to_owned();
        old[3].failure = Some(failure("Stepline.ActionAbandoned", "for an earlier one"));
        states.write_history(&arn, old);
        for _ in 1..5 {
            job = again(&job, &assert_continues(bench.job(job.clone()).await));
        }
        let Answer::Fail(_, message) = bench.job(job).await else {
            panic!("it has ended")
        };
        assert!(
            message.contains("timed out") && !message.contains("Abandoned"),
            "{message}"
        );
    });
}

#[test]
fn a_huge_cause_still_fits() {
    run(async {
        let bench = Bench::new();
        let job = bench.started(parameters(json!({}))).await;
        let arn = bench.runs()[0].execution_arn.clone();
        bench
            .world()
            .states
            .inner()
            .end(&arn, ExecutionStatus::Failed(failure("E", &"🦀".repeat(32_768))));
        let Answer::Fail(_, message) = bench.job(job).await else {
            panic!("fails")
        };
        assert!(
            message.encode_utf16().count() <= 5_000 && message.ends_with(&arn),
            "{message}"
        );
    });
}

/// What a poll is answered when DescribeExecution fails: `None` is that the action goes on.
#[test]
fn reads_that_fail_are_told_by_their_kind() {
    let cases = [
        (Throttled, "ThrottlingException", MAX_MISSES, SystemUnavailable),
        (Unavailable, "InternalServerError", MAX_MISSES, SystemUnavailable),
        (NotFound, "ExecutionDoesNotExist", MAX_MISSES, ConfigurationError),
        (Denied, "AccessDeniedException", 1, PermissionError),
    ];
    run(async {
        for (kind, code, allowed, failure) in cases {
            let bench = Bench::new();
            let wanted = parameters(json!({}));
            let mut job = bench.started(wanted.clone()).await;
            bench.world().states.script(always("DescribeExecution", kind, code));
            for misses in 1..allowed {
                bench.world().clock.advance(POLL);
                let token = assert_continues(bench.job(job).await);
                assert_eq!(token.misses, misses, "{code}");
                job = Job {
                    id: format!("miss-{misses}"),
                    ..Job::following(wanted.clone(), &token)
                };
            }
            let recovered = Job {
                id: "recovered".to_owned(),
                ..job.clone()
            };
            let execution = format!("{} may still be running", bench.runs()[0].execution_arn);
            assert_fails(&bench.job(job).await, failure, &[code, &execution]);
            bench.world().states.script(|_| shared::fakes::Fault::None);
            assert_eq!(
                assert_continues(bench.job(recovered).await).misses,
                0,
                "only those in a row count"
            );
        }
    });
}

#[test]
fn an_execution_that_takes_too_long_is_stopped_or_left() {
    run(async {
        for (on_timeout, aborted, fragment) in [
            (None, true, "It was stopped"),
            (Some("stop"), true, "It was stopped"),
            (Some("leave"), false, "It was left running"),
        ] {
            let bench = Bench::new();
            let mut more = json!({"timeoutMinutes": 2});
            if let Some(word) = on_timeout {
                more["onTimeout"] = json!(word);
            }
            let wanted = parameters(more);
            let job = bench.started(wanted.clone()).await;
            bench.world().clock.advance(Duration::from_secs(119));
            let token = assert_continues(bench.job(job).await);
            bench.world().clock.advance(Duration::from_secs(1));
            let job = Job {
                id: "late".to_owned(),
                ..Job::following(wanted, &token)
            };
            assert_fails(
                &bench.job(job).await,
                JobFailed,
                &[
                    "took longer than 2 min 0 s (`timeoutMinutes`)",
                    fragment,
                    "Retrying the stage starts a new execution.",
                ],
            );
            let stopped = matches!(&bench.runs()[0].status, ExecutionStatus::Aborted(failure)
                if failure.error.as_deref() == Some("Stepline.ExecutionTimedOut"));
            assert_eq!(stopped, aborted);
        }
    });
}

#[test]
fn one_that_ended_in_time_succeeds_however_late_the_poll() {
    run(async {
        let bench = Bench::new();
        let job = bench.started(parameters(json!({"timeoutMinutes": 1}))).await;
        let arn = bench.runs()[0].execution_arn.clone();
        bench
            .world()
            .states
            .inner()
            .end(&arn, ExecutionStatus::Succeeded { output: "1".to_owned() });
        bench.world().clock.advance(Duration::from_secs(600));
        assert!(matches!(bench.job(job).await, Answer::Succeed(_)));
    });
}

#[test]
fn without_a_timeout_the_job_is_answered_before_codepipeline_s_own_time_is_over() {
    run(async {
        let bench = Bench::new();
        let job = bench.started(parameters(json!({}))).await;
        bench.world().clock.advance(Duration::from_secs(1_430 * 60));
        assert_fails(&bench.job(job).await, JobFailed, &["took longer than 23 h 50 min"]);
    });
}

#[test]
fn an_answer_that_codepipeline_refuses_becomes_a_failure_that_says_so() {
    run(async {
        let bench = Bench::new();
        let job = bench.started(parameters(json!({}))).await;
        bench.world().pipelines.script(always(
            "PutJobSuccessResult",
            shared::ports::CallErrorKind::Invalid,
            "ValidationException",
        ));
        assert_fails(
            &bench.job(job).await,
            ConfigurationError,
            &["CodePipeline refused the answer", "ValidationException"],
        );
        // The same answer would be refused again: one was for the start, and one is refused.
        assert_eq!(bench.world().pipelines.count("PutJobSuccessResult"), 2);
    });
}

#[test]
fn lambda_is_told_to_call_again_only_when_no_answer_could_be_given() {
    let cases = [
        (Throttled, "ThrottlingException", true, ""),
        (Unavailable, "InternalServerError", true, ""),
        (Denied, "AccessDeniedException", true, ""),
        (NotFound, "JobNotFoundException", false, "unknownJob"),
        (
            shared::ports::CallErrorKind::Conflict,
            "InvalidJobStateException",
            false,
            "answeredBefore",
        ),
    ];
    run(async {
        for (kind, code, again, outcome) in cases {
            let bench = Bench::new();
            let job = bench.started(parameters(json!({}))).await;
            bench.open(&job);
            bench
                .world()
                .pipelines
                .script(always("PutJobSuccessResult", kind, code));
            match bench.deliver(job.event()).await {
                Err(error) => assert!(again && error.to_string().contains(code), "{error}"),
                Ok(report) => {
                    let report: Value = serde_json::to_value(report).unwrap();
                    assert_eq!((again, &report["outcome"]), (false, &json!(outcome)));
                }
            }
        }
    });
}

#[test]
fn as_many_output_variables_as_codepipeline_takes_are_handed_on() {
    const NAMES: usize = "ExecutionArn".len() + "ExecutionName".len() + "StateMachineArn".len() + "Model".len();
    run(async {
        for (too_many, succeeds) in [(0, true), (1, false)] {
            let bench = Bench::new();
            let wanted = parameters(json!({"outputVariables": {"Model": "$"}}));
            let job = bench.started(wanted).await;
            let run = bench.runs()[0].clone();
            let reserved = run.execution_arn.len() + run.name.len() + MACHINE.len();
            let model = "m".repeat(pipeline_action::plan::MAX_VARIABLES - NAMES - reserved + too_many);
            let output = json!(model).to_string();
            let states = bench.world().states.inner();
            states.end(&run.execution_arn, ExecutionStatus::Succeeded { output });
            match bench.job(job).await {
                Answer::Succeed(_) => assert!(succeeds),
                failed => {
                    assert!(!succeeds);
                    assert_fails(&failed, ConfigurationError, &["122881 bytes", "122880"]);
                }
            }
        }
    });
}
