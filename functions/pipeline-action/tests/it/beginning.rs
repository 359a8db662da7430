//! The first call: what is wanted, and what AWS said, decide the answer.

use pipeline_action::plan::MAX_MISSES;
use serde_json::{Value, json};
use shared::fakes::Fault;
use shared::ports::CallErrorKind::{Conflict, Denied, Invalid, NotFound, Throttled, Unavailable};
use shared::ports::code_pipeline::FailureType::{ConfigurationError, PermissionError, SystemUnavailable};
use shared::ports::step_functions::ExecutionStatus;

use crate::support::{
    Answer, Bench, Job, MACHINE, NOW, RUN_ID, always, assert_continues, assert_fails, error, parameters, run,
};

#[test]
fn a_job_starts_an_execution_and_goes_on() {
    run(async {
        let bench = Bench::new();
        let token = assert_continues(bench.job(Job::first(parameters(json!({"input": {"a": 1}})))).await);
        let [run] = &bench.runs()[..] else {
            panic!("one execution")
        };
        assert!(
            run.name.starts_with(&format!("{RUN_ID}-")) && run.name.len() <= 63,
            "{}",
            run.name
        );
        assert_eq!(token.execution.as_deref(), Some(run.execution_arn.as_str()));
        assert_eq!(
            (token.job.as_str(), token.since, token.misses),
            ("11111111-2222-4333-8444-000000000001", NOW, 0)
        );
        let input: Value = serde_json::from_str(&run.input).unwrap();
        assert_eq!(
            input,
            json!({"a": 1, "pipeline": {"executionId": RUN_ID, "jobId": token.job, "inputArtifacts": []}})
        );
        assert_eq!(bench.calls(), ["DescribeStateMachine", "StartExecution"]);
        assert!(bench.world().metrics.text().contains("\"ExecutionsStarted\":1.0"));
    });
}

#[test]
fn a_state_machine_is_named_in_every_way() {
    run(async {
        for (reference, stored, started_by) in [
            ("ml", None, MACHINE.to_owned()),
            (MACHINE, None, MACHINE.to_owned()),
            (&format!("{MACHINE}:live"), None, format!("{MACHINE}:live")),
            (&format!("{MACHINE}:7"), None, format!("{MACHINE}:7")),
            ("ssm:/dev/machine", Some("ml"), MACHINE.to_owned()),
            (
                "ssm:/dev/machine",
                Some(&*format!("{MACHINE}:live\n")),
                format!("{MACHINE}:live"),
            ),
            ("ssm:/dev/machine:1", Some("ml"), MACHINE.to_owned()),
        ] {
            let bench = Bench::new();
            if let Some(value) = stored {
                bench.world().parameters.inner().put_string("/dev/machine", value);
            }
            let wanted = parameters(json!({"stateMachine": reference}));
            let _job = match stored {
                Some(_) => bench.started_by_parameter(wanted).await,
                None => bench.started(wanted).await,
            };
            assert_eq!(bench.runs()[0].started_by, started_by, "{reference}");
        }
    });
}

#[test]
fn parameters_come_into_the_input_with_one_call_a_job() {
    run(async {
        let bench = Bench::new();
        let store = bench.world().parameters.inner();
        store
            .put_string("/dev/machine", "ml")
            .put_string("/ml/size", "10")
            .put_string("/ml/type", "small");
        store
            .put_string("/ml/type", "large")
            .label("/ml/type", 1, "old")
            .put_string("/ml/kind", "gpu");
        let input = json!({"size": "{{ssm:/ml/size}} GB", "types": ["{{ssm:/ml/type:old}}", "{{ssm:/ml/kind:1}}"]});
        let wanted = parameters(json!({"stateMachine": "ssm:/dev/machine", "input": input}));
        let _job = bench.started_by_parameter(wanted).await;
        let input: Value = serde_json::from_str(&bench.runs()[0].input).unwrap();
        assert_eq!(
            (&input["size"], &input["types"]),
            (&json!("10 GB"), &json!(["small", "gpu"]))
        );
        assert_eq!(bench.world().parameters.count("GetParameters"), 2);
    });
}

#[test]
fn without_a_pipeline_execution_the_job_s_id_is_the_name() {
    run(async {
        let bench = Bench::new();
        assert_continues(bench.job(Job::first(json!({"stateMachine": "ml"}))).await);
        assert_eq!(bench.runs()[0].name, "11111111-2222-4333-8444-000000000001");
    });
}

/// What a job is answered that is wrong in itself.
#[test]
fn what_is_configured_wrongly_is_said() {
    let cases = [
        (json!(""), "has no UserParameters"),
        (json!("stateMachine=ml"), "are no JSON: line 1, column 1"),
        (json!("[]"), "must be a JSON object"),
        (json!({}), "need the field `stateMachine`"),
        (
            json!({"stateMachine": "ml", "inputs": 1}),
            "unknown field `inputs`; the nearest known one is `input`",
        ),
        (json!({"stateMachine": 7}), "`stateMachine` must be a string"),
        (json!({"stateMachine": "a b"}), "`a b` is neither an ARN nor a name"),
        (
            json!({"stateMachine": "ml", "inputFile": "x.json"}),
            "`inputFile` must be written",
        ),
        (
            json!({"stateMachine": "ml", "pipelineExecutionId": "#{x.Y}"}),
            "`pipelineExecutionId` must be",
        ),
        (
            json!({"stateMachine": "ml", "outputVariables": {"a b": "$"}}),
            "`a b` must be named with letters",
        ),
        (
            json!({"stateMachine": "ml", "outputVariables": {"a": "$..b"}}),
            "may lead to several values",
        ),
        (
            json!({"stateMachine": "ml", "outputVariables": {"ExecutionArn": "$"}}),
            "is always there",
        ),
        (
            json!({"stateMachine": "ml", "timeoutMinutes": 1431}),
            "a whole number from 1 to 1430",
        ),
        (
            json!({"stateMachine": "ml", "onTimeout": "leve"}),
            "`stop` or `leave`; the nearest to `leve` is `leave`",
        ),
        (
            json!({"stateMachine": "ml", "onRetry": "redrive"}),
            "with `pipelineExecutionId`",
        ),
        (
            parameters(json!({"input": {"pipeline": 1}})),
            "must not have a field `pipeline`",
        ),
        (
            parameters(json!({"input": "x".repeat(262_144)})),
            "262146 bytes, of which Step Functions takes 262144",
        ),
        (
            parameters(json!({"inputFile": "Source::a.json"})),
            "artifact `Source`, but the action's input artifacts are: none",
        ),
        (
            parameters(json!({"stateMachine": MACHINE.replace("us-east-1", "eu-west-1")})),
            "is in `eu-west-1`, but this function calls `us-east-1`",
        ),
        (parameters(json!({"stateMachine": "other"})), "StateMachineDoesNotExist"),
        (
            parameters(json!({"stateMachine": "ssm:/none"})),
            "there is no parameter `/none`",
        ),
        (
            parameters(json!({"stateMachine": "ssm:/dev/prose"})),
            "`/dev/prose` holds neither the ARN nor the name",
        ),
        (
            parameters(json!({"input": "{{ssm:/dev/secret}}"})),
            "`/dev/secret` is a SecureString",
        ),
        (
            parameters(json!({"input": "{{ssm:/dev/none}} {{ssm:/dev/nil}}"})),
            "/dev/nil",
        ),
    ];
    run(async {
        for (wanted, fragment) in cases {
            let bench = Bench::new();
            let store = bench.world().parameters.inner();
            store
                .put_string("/dev/prose", "a marked value")
                .put_secure("/dev/secret", "a marked value");
            let answer = bench.job(Job::first(wanted)).await;
            assert_fails(&answer, ConfigurationError, &[fragment]);
            assert!(!format!("{answer:?}").contains("a marked value"), "{answer:?}");
            assert!(bench.runs().is_empty(), "{fragment}");
        }
    });
}

/// What a job is answered when a call fails: `None` is that the action goes on.
#[test]
fn what_aws_refuses_is_told_by_its_kind() {
    let cases = [
        (
            "DescribeStateMachine",
            Denied,
            "AccessDeniedException",
            Some(PermissionError),
        ),
        (
            "DescribeStateMachine",
            NotFound,
            "StateMachineDoesNotExist",
            Some(ConfigurationError),
        ),
        ("DescribeStateMachine", Throttled, "ThrottlingException", None),
        ("DescribeStateMachine", Unavailable, "InternalServerError", None),
        ("StartExecution", Denied, "AccessDeniedException", Some(PermissionError)),
        (
            "StartExecution",
            Denied,
            "KmsAccessDeniedException",
            Some(PermissionError),
        ),
        (
            "StartExecution",
            NotFound,
            "StateMachineDoesNotExist",
            Some(ConfigurationError),
        ),
        (
            "StartExecution",
            Invalid,
            "InvalidExecutionInput",
            Some(ConfigurationError),
        ),
        (
            "StartExecution",
            Conflict,
            "StateMachineDeleting",
            Some(ConfigurationError),
        ),
        ("StartExecution", Throttled, "ThrottlingException", None),
        ("StartExecution", Throttled, "ExecutionLimitExceeded", None),
        ("StartExecution", Unavailable, "ServiceUnavailable", None),
        ("GetParameters", Denied, "AccessDeniedException", Some(PermissionError)),
        ("GetParameters", Throttled, "ThrottlingException", None),
        ("GetParameters", Unavailable, "InternalServerError", None),
    ];
    run(async {
        for (operation, kind, code, expected) in cases {
            let bench = Bench::new();
            bench.world().states.script(always(operation, kind, code));
            bench.world().parameters.script(always(operation, kind, code));
            bench.world().parameters.inner().put_string("/size", "10");
            let answer = bench
                .job(Job::first(parameters(json!({"input": "{{ssm:/size}}"}))))
                .await;
            match expected {
                Some(failure) => assert_fails(&answer, failure, &[code]),
                None => {
                    let token = assert_continues(answer);
                    assert_eq!((token.misses, token.execution), (1, None), "{operation} {code}");
                }
            }
            assert!(bench.runs().is_empty(), "{operation} {code}");
        }
    });
}

#[test]
fn a_start_that_keeps_failing_ends_and_one_that_recovers_goes_on() {
    run(async {
        let bench = Bench::new();
        bench
            .world()
            .states
            .script(always("StartExecution", Throttled, "ThrottlingException"));
        let wanted = parameters(json!({}));
        let mut job = Job::first(wanted.clone());
        for misses in 1..MAX_MISSES {
            let token = assert_continues(bench.job(job).await);
            assert_eq!(token.misses, misses);
            job = Job::following(wanted.clone(), &token);
        }
        let last = job.clone();
        assert_fails(
            &bench.job(job).await,
            SystemUnavailable,
            &["20 times in a row", "ThrottlingException"],
        );

        // The same job, had Step Functions recovered: the execution is still named after the first job.
        let bench = Bench::new();
        let token = assert_continues(bench.job(last).await);
        let other = Bench::new();
        let first = assert_continues(other.job(Job::first(wanted)).await);
        assert_eq!((token.execution, token.misses), (first.execution, 0));
    });
}

#[test]
fn an_execution_that_is_there_already_is_adopted() {
    run(async {
        for ended in [false, true] {
            let bench = Bench::new();
            // Step Functions starts it, but the answer is lost: Lambda delivers the event again.
            bench.world().states.script(|attempt| match attempt.operation {
                "StartExecution" if attempt.nth == 1 => Fault::After(error(Unavailable, "ServiceUnavailable")),
                _ => Fault::None,
            });
            let wanted = parameters(json!({}));
            let token = assert_continues(bench.job(Job::first(wanted.clone())).await);
            assert_eq!(token.execution, None);
            let arn = bench.runs()[0].execution_arn.clone();
            if ended {
                bench.world().states.inner().end(
                    &arn,
                    ExecutionStatus::Succeeded {
                        output: "{}".to_owned(),
                    },
                );
            }
            bench.world().clock.advance(crate::support::POLL);
            let token = assert_continues(bench.job(Job::following(wanted, &token)).await);
            assert_eq!(token.execution, Some(arn));
            assert_eq!(bench.runs().len(), 1);
            assert!(bench.world().metrics.text().contains("\"ExecutionsAdopted\":1.0"));
        }
    });
}

#[test]
fn the_same_event_again_gives_the_same_answer_and_no_other_execution() {
    run(async {
        let bench = Bench::new();
        let job = Job::first(parameters(json!({"input": {"a": 1}})));
        let first = bench.job(job.clone()).await;
        for _ in 0..5 {
            bench.world().clock.advance(std::time::Duration::from_secs(60));
            assert_eq!(bench.job(job.clone()).await, first);
        }
        assert_eq!(bench.runs().len(), 1);
    });
}

#[test]
fn a_type_is_asked_for_once() {
    run(async {
        let bench = Bench::new();
        for number in 0..3 {
            let job = Job {
                id: format!("job-{number}"),
                ..Job::first(parameters(json!({})))
            };
            assert_continues(bench.job(job).await);
        }
        assert_eq!(bench.world().states.count("DescribeStateMachine"), 1);
        assert_eq!(bench.runs().len(), 3);
    });
}

#[test]
fn a_short_execution_is_looked_at_again_where_the_settings_say_so() {
    run(async {
        for (seconds, looks, succeeds) in [("0", 1, false), ("10", 3, true), ("10", 30, false)] {
            let bench = Bench::with_settings(&[("LOOK_AGAIN_SECONDS", seconds)]);
            bench.world().states.inner().ends_after(
                looks,
                ExecutionStatus::Succeeded {
                    output: "{}".to_owned(),
                },
            );
            let answer = bench.job(Job::first(parameters(json!({})))).await;
            assert_eq!(matches!(answer, Answer::Succeed(_)), succeeds, "{seconds} {looks}");
            assert!(bench.calls().len() < 12);
        }
    });
}

#[test]
fn settings_that_cannot_be_read_fail_the_job_by_name() {
    run(async {
        let bench = Bench::with_settings(&[("LOOK_AGAIN_SECONDS", "soon")]);
        let answer = bench.job(Job::first(parameters(json!({})))).await;
        assert_fails(
            &answer,
            ConfigurationError,
            &["environment variable `LOOK_AGAIN_SECONDS` must be"],
        );
    });
}
