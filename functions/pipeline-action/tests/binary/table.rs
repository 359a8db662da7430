//! Rows of (job, what AWS said) → answer, through the binary.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pipeline_action::token::Token;
use serde_json::{Value, json};
use shared::fakes::Put;
use shared::ports::code_pipeline::JobSuccess;
use shared::time::Timestamp;
use test_support::Process;

use crate::aws::{MACHINE, Reply, Services, event, operation, refusal};

const PARAMETERS: &str = r#"{"stateMachine":"ml","pipelineExecutionId":"run-1","outputVariables":{"M":"$.m"}}"#;
const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:ml:one";

/// What AWS says instead of what the stand-ins would.
type Says = BTreeMap<&'static str, Reply>;

struct Row {
    parameters: &'static str,
    /// Whether an execution is followed already.
    follows: bool,
    says: Vec<(&'static str, Reply)>,
    /// `continue`, `succeed`, or the type of the failure; then what the answer says.
    answer: (&'static str, &'static str),
}

fn described(status: &str, more: &Value) -> Reply {
    let mut body = json!({"executionArn": EXECUTION, "stateMachineArn": MACHINE, "status": status, "startDate": 1,
        "stopDate": 63.5});
    for (field, value) in more.as_object().expect("an object") {
        body[field] = value.clone();
    }
    (200, body)
}

fn rows() -> Vec<Row> {
    let row = |follows, says, answer| Row {
        parameters: PARAMETERS,
        follows,
        says,
        answer,
    };
    let cause = r#"{"FailureReason":"AlgorithmError","ExitMessage":"ValueError: boom"}"#;
    let history = json!({"events": [
        {"id": 5, "previousEventId": 4, "timestamp": 1, "type": "ExecutionFailed",
            "executionFailedEventDetails": {"error": "States.TaskFailed", "cause": cause}},
        {"id": 4, "previousEventId": 3, "timestamp": 1, "type": "FailStateEntered",
            "stateEnteredEventDetails": {"name": "FailState"}},
        {"id": 3, "previousEventId": 2, "timestamp": 1, "type": "TaskFailed",
            "taskFailedEventDetails": {"resource": "r", "resourceType": "t", "error": "States.TaskFailed", "cause": cause}},
        {"id": 2, "previousEventId": 0, "timestamp": 1, "type": "TaskStateEntered",
            "stateEnteredEventDetails": {"name": "SageMaker-Hello-World"}},
    ]});
    let denied = |operation| (operation, refusal(400, "AccessDeniedException", "not allowed"));
    vec![
        // First, since a process asks for a state machine's type once in its life.
        row(
            false,
            vec![denied("DescribeStateMachine")],
            ("PermissionError", "not allowed"),
        ),
        row(false, vec![], ("continue", "execution:ml:run-1-")),
        row(
            false,
            vec![denied("StartExecution")],
            ("PermissionError", "not allowed"),
        ),
        row(
            false,
            vec![("StartExecution", refusal(400, "InvalidExecutionInput", "bad input"))],
            ("ConfigurationError", "bad input"),
        ),
        row(
            false,
            vec![("StartExecution", refusal(400, "ExecutionAlreadyExists", "taken"))],
            ("continue", "execution:ml:run-1-"),
        ),
        row(
            false,
            vec![("StartExecution", refusal(400, "ThrottlingException", "Rate exceeded"))],
            ("continue", "\"misses\":1}"),
        ),
        Row {
            parameters: r#"{"stateMachine":"other"}"#,
            ..row(false, vec![], ("ConfigurationError", "StateMachineDoesNotExist"))
        },
        Row {
            parameters: r#"{"statemachine":"ml"}"#,
            ..row(false, vec![], ("ConfigurationError", "`stateMachine`"))
        },
        row(
            true,
            vec![("DescribeExecution", described("RUNNING", &json!({"stopDate": null})))],
            ("continue", EXECUTION),
        ),
        row(
            true,
            vec![("DescribeExecution", refusal(400, "ExecutionDoesNotExist", "not yet"))],
            ("continue", "\"misses\":1,"),
        ),
        row(
            true,
            vec![denied("DescribeExecution")],
            ("PermissionError", "not allowed"),
        ),
        row(
            true,
            vec![(
                "DescribeExecution",
                described("SUCCEEDED", &json!({"output": "{\"m\":[1]}"})),
            )],
            ("succeed", "[1]"),
        ),
        row(
            true,
            vec![("DescribeExecution", described("SUCCEEDED", &json!({"output": "{}"})))],
            ("ConfigurationError", "`$.m` of output variable `M`"),
        ),
        row(
            true,
            vec![
                (
                    "DescribeExecution",
                    described("FAILED", &json!({"error": "States.TaskFailed", "cause": cause})),
                ),
                ("GetExecutionHistory", (200, history)),
            ],
            (
                "JobFailed",
                "State `SageMaker-Hello-World` failed with `States.TaskFailed` after 1 min 2 s: AlgorithmError; exit message: ValueError: boom",
            ),
        ),
        row(
            true,
            vec![
                ("DescribeExecution", described("ABORTED", &json!({}))),
                denied("GetExecutionHistory"),
            ],
            ("JobFailed", "The execution was stopped after 1 min 2 s."),
        ),
    ]
}

#[test]
fn every_row_is_answered_over_the_wire() {
    let services = Arc::new(Services::new());
    let says: Arc<Mutex<Says>> = Arc::default();
    let (behind, instead) = (Arc::clone(&services), Arc::clone(&says));
    let process = Process::start(env!("CARGO_BIN_EXE_pipeline-action"), &[], move |target, body| {
        let said = instead.lock().unwrap().get(operation(target)).cloned();
        said.unwrap_or_else(|| behind.call(target, body))
    });
    let token = Token {
        execution: Some(EXECUTION.to_owned()),
        ..Token::first("first", Timestamp::from_millis(1_000))
    };
    for (number, row) in rows().into_iter().enumerate() {
        let (id, token) = (format!("job-{number}"), row.follows.then(|| token.encode()));
        services.pipelines.open(&id);
        *says.lock().unwrap() = row.says.into_iter().collect();
        process
            .invoke(&event(&id, row.parameters, token.as_deref()))
            .expect("the job is answered");
        let (kind, told) = match services.pipelines.answer(&id).expect("there is an answer") {
            Put::Success(JobSuccess::Continue { continuation_token }) => ("continue", continuation_token),
            Put::Success(JobSuccess::Done { output_variables }) => ("succeed", format!("{output_variables:?}")),
            Put::Failure(failure) => (failure.kind.as_str(), failure.message),
        };
        assert_eq!(kind, row.answer.0, "row {number}: {told}");
        assert!(
            told.contains(row.answer.1),
            "row {number}: no `{}` in: {told}",
            row.answer.1
        );
    }
}

#[test]
fn a_job_whose_event_is_no_text_in_some_place_is_answered() {
    let services = Arc::new(Services::new());
    let behind = Arc::clone(&services);
    let process = Process::start(env!("CARGO_BIN_EXE_pipeline-action"), &[], move |target, body| {
        behind.call(target, body)
    });
    let data = "`CodePipeline.job.data";
    for (number, (from, to, answer)) in [
        (
            r#""run-1"#.to_owned(),
            r#""run-1\ud800"#,
            format!("{data}.actionConfiguration.configuration.UserParameters`"),
        ),
        (
            r#""token""#.to_owned(),
            r#""\udc00""#,
            format!("{data}.artifactCredentials.sessionToken` is not a string"),
        ),
        (
            r#""outputArtifacts":[]"#.to_owned(),
            r#""outputArtifacts":["\ud800"]"#,
            format!("{data}.outputArtifacts[0]`"),
        ),
        (
            r#""outputArtifacts":[]"#.to_owned(),
            r#""outputArtifacts":1e999"#,
            format!("{data}.outputArtifacts` is not a list"),
        ),
        // What is not used is in nobody's way.
        (r#""f""#.to_owned(), r#""\ud800""#, "continue".to_owned()),
        (
            r#""outputArtifacts":[]"#.to_owned(),
            r#""\ud800":1e999"#,
            "continue".to_owned(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("job-{number}");
        services.pipelines.open(&id);
        let whole = event(&id, PARAMETERS, None).to_string();
        let text = whole
            .replace(&from.replace('"', "\\\""), &to.replace('"', "\\\""))
            .replace(&from, to);
        assert_ne!(text, whole, "{from}");
        process.invoke_text(&text).expect("the job is answered");
        match services.pipelines.answer(&id).expect("there is an answer") {
            Put::Success(JobSuccess::Continue { .. }) => assert_eq!(answer, "continue", "{to}"),
            Put::Success(done) => panic!("{to}: {done:?}"),
            Put::Failure(failure) => assert!(failure.message.contains(&answer), "{to}: {}", failure.message),
        }
    }
}

#[test]
fn a_process_that_cannot_call_aws_ends_at_once_and_says_why() {
    let binary = env!("CARGO_BIN_EXE_pipeline-action");
    for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        let (succeeded, written) = Process::run(binary, &[(name, "")]);
        assert!(
            !succeeded && written.contains(&format!("environment variable `{name}` is not set; ")),
            "{written}"
        );
    }
}
