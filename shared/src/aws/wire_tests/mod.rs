//! The adapters against the wire: what they send, and what they make of what comes back.

use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use serde_json::{Value, json};
use test_support::{Loopback, Reply, Request};

mod approvals;
mod incomplete;
mod parameter_store;
mod registry;
mod tls;

use super::Aws;
use super::access::ATTEMPTS;
use super::environment::Environment;
use crate::execution_name::ExecutionName;
use crate::ports::artifacts::{GetObject, JobCredentials, PutObject, S3Location};
use crate::ports::code_pipeline::{
    FailureType, JobFailure, JobSuccess, ListActionExecutions, PutJobFailureResult, PutJobSuccessResult,
};
use crate::ports::step_functions::{
    DescribeExecution, DescribeStateMachine, ExecutionStatus, Failure, GetExecutionHistory, ListExecutions,
    ListedStatus, RedriveExecution, StartExecution, StartSyncExecution, StateMachineType, StopExecution,
};
use crate::ports::{CallError, CallErrorKind};
use crate::secret::Secret;
use crate::time::Timestamp;

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml";
const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:ml:one";

/// The way to a server on this machine, without pauses between retries.
fn aws(server: &Loopback) -> Aws {
    at(server.url())
}

fn at(endpoint: impl Into<String>) -> Aws {
    let environment = Environment::read(|name| match name {
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" => Some("AKIDOFTHEFUNCTION".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some("the-function-s-secret".to_owned()),
        _ => None,
    });
    let aws = Aws::from_environment(environment.unwrap()).unwrap();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::ZERO);
    let config = aws
        .config
        .clone()
        .into_builder()
        .endpoint_url(endpoint)
        .retry_config(retries)
        .build();
    Aws { config, ..aws }
}

/// A server that answers every call with this.
fn answering(body: Value) -> Loopback {
    Loopback::start(move |_| Reply::json(200, &body))
}

/// What was called, and with what.
#[track_caller]
fn assert_called(server: &Loopback, target: &str, body: &Value) {
    let requests = server.requests();
    let [request] = &requests[..] else {
        panic!("one call: {requests:?}")
    };
    assert_eq!(request.header("x-amz-target"), Some(target));
    assert_eq!(&serde_json::from_str::<Value>(&request.text()).unwrap(), body);
    assert!(
        request
            .header("authorization")
            .unwrap()
            .contains("Credential=AKIDOFTHEFUNCTION/")
    );
}

#[tokio::test]
async fn executions_are_started_followed_and_stopped() {
    let name = ExecutionName::parse("one").unwrap();
    let started = json!({"executionArn": EXECUTION, "startDate": 1_764_000_000.5});
    let server = answering(started);
    let answer = aws(&server)
        .step_functions()
        .start_execution(MACHINE, &name, "{}")
        .await
        .unwrap();
    assert_eq!(
        (answer.execution_arn.as_str(), answer.started_at),
        (EXECUTION, Timestamp::from_millis(1_764_000_000_500))
    );
    let sent = json!({"stateMachineArn": MACHINE, "name": "one", "input": "{}"});
    assert_called(&server, "AWSStepFunctions.StartExecution", &sent);

    let server = answering(
        json!({"type": "EXPRESS", "name": "ml", "stateMachineArn": MACHINE, "definition": "",
        "roleArn": "", "creationDate": 0}),
    );
    let kind = aws(&server)
        .step_functions()
        .describe_state_machine(MACHINE)
        .await
        .unwrap();
    assert_eq!(kind, StateMachineType::Express);
    let sent = json!({"stateMachineArn": MACHINE, "includedData": "METADATA_ONLY"});
    assert_called(&server, "AWSStepFunctions.DescribeStateMachine", &sent);

    let server = answering(json!({"redriveDate": 7}));
    let redriven = aws(&server)
        .step_functions()
        .redrive_execution(EXECUTION, "token")
        .await
        .unwrap();
    assert_eq!(redriven, Timestamp::from_millis(7_000));
    let sent = json!({"executionArn": EXECUTION, "clientToken": "token"});
    assert_called(&server, "AWSStepFunctions.RedriveExecution", &sent);

    let server = answering(json!({"stopDate": 7}));
    aws(&server)
        .step_functions()
        .stop_execution(EXECUTION, "E", "why")
        .await
        .unwrap();
    let sent = json!({"executionArn": EXECUTION, "error": "E", "cause": "why"});
    assert_called(&server, "AWSStepFunctions.StopExecution", &sent);
}

#[tokio::test]
async fn every_status_of_an_execution_is_understood() {
    let failure = Failure {
        error: Some("E".to_owned()),
        cause: Some("why".to_owned()),
    };
    for (status, expected) in [
        ("RUNNING", ExecutionStatus::Running),
        ("PENDING_REDRIVE", ExecutionStatus::Running),
        ("SOMETHING_NEW", ExecutionStatus::Running),
        (
            "SUCCEEDED",
            ExecutionStatus::Succeeded {
                output: "{\"a\":1}".to_owned(),
            },
        ),
        ("FAILED", ExecutionStatus::Failed(failure.clone())),
        ("TIMED_OUT", ExecutionStatus::TimedOut(failure.clone())),
        ("ABORTED", ExecutionStatus::Aborted(failure.clone())),
    ] {
        let server = answering(
            json!({"executionArn": EXECUTION, "stateMachineArn": MACHINE, "status": status,
            "startDate": 1, "stopDate": 2.5, "redriveDate": 2, "output": "{\"a\":1}", "error": "E", "cause": "why"}),
        );
        let execution = aws(&server)
            .step_functions()
            .describe_execution(EXECUTION)
            .await
            .unwrap();
        assert_eq!(execution.status, expected);
        assert_eq!(execution.stopped_at, Some(Timestamp::from_millis(2_500)));
        assert_eq!(execution.redriven_at, Some(Timestamp::from_millis(2_000)));
        assert_called(
            &server,
            "AWSStepFunctions.DescribeExecution",
            &json!({"executionArn": EXECUTION}),
        );
    }
}

#[tokio::test]
async fn an_express_execution_is_waited_for_at_the_same_host() {
    let arn = "arn:aws:states:us-east-1:123456789012:express:ml:one:id";
    let server = answering(json!({"executionArn": arn, "startDate": 1, "stopDate": 2, "status": "TIMED_OUT"}));
    let name = ExecutionName::parse("one").unwrap();
    let run = aws(&server)
        .step_functions()
        .start_sync_execution(MACHINE, &name, "{}")
        .await
        .unwrap();
    assert_eq!(
        (run.execution_arn.as_str(), run.status),
        (arn, ExecutionStatus::TimedOut(Failure::default()))
    );
    let sent = json!({"stateMachineArn": MACHINE, "name": "one", "input": "{}"});
    assert_called(&server, "AWSStepFunctions.StartSyncExecution", &sent);

    // It is not idempotent: no answer is no reason to call again.
    let server = Loopback::start(|_| Reply::json(500, &json!({"__type": "InternalServerError"})));
    let error = aws(&server)
        .step_functions()
        .start_sync_execution(MACHINE, &name, "{}")
        .await
        .unwrap_err();
    assert_eq!((error.kind, server.requests().len()), (CallErrorKind::Unavailable, 1));
}

#[tokio::test]
async fn lists_and_histories_come_in_pages() {
    let item = |name: &str, status: &str| {
        json!({"executionArn": format!("arn:{name}"), "stateMachineArn": MACHINE, "name": name, "status": status,
            "startDate": 1})
    };
    let items = [item("a", "RUNNING"), item("b", "SUCCEEDED"), item("c", "TIMED_OUT")];
    let server = answering(json!({"executions": items, "nextToken": "more"}));
    let page = aws(&server)
        .step_functions()
        .list_executions(MACHINE, true, Some("here"))
        .await
        .unwrap();
    let found: Vec<_> = page
        .executions
        .iter()
        .map(|run| (run.name.as_str(), run.status))
        .collect();
    let expected = [
        ("a", ListedStatus::Running),
        ("b", ListedStatus::Succeeded),
        ("c", ListedStatus::Unsuccessful),
    ];
    assert_eq!((found, page.next_token.as_deref()), (expected.to_vec(), Some("more")));
    let sent = json!({"stateMachineArn": MACHINE, "statusFilter": "RUNNING", "nextToken": "here", "maxResults": 1_000});
    assert_called(&server, "AWSStepFunctions.ListExecutions", &sent);

    let server = answering(json!({"events": [
        {"id": 9, "previousEventId": 8, "timestamp": 1, "type": "TaskFailed",
            "taskFailedEventDetails": {"resource": "r", "resourceType": "sagemaker", "error": "E", "cause": "why"}},
        {"id": 8, "previousEventId": 7, "timestamp": 1, "type": "EvaluationFailed",
            "evaluationFailedEventDetails": {"state": "Each", "error": "Q"}},
        {"id": 7, "previousEventId": 0, "timestamp": 1, "type": "TaskStateEntered",
            "stateEnteredEventDetails": {"name": "Train"}},
    ]}));
    let page = aws(&server)
        .step_functions()
        .get_execution_history(EXECUTION, None)
        .await
        .unwrap();
    let found: Vec<_> = page
        .events
        .iter()
        .map(|event| {
            let error = event.failure.as_ref().and_then(|failure| failure.error.as_deref());
            (
                event.id,
                event.previous_id,
                event.kind.as_str(),
                event.state.as_deref(),
                error,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (9, 8, "TaskFailed", None, Some("E")),
            (8, 7, "EvaluationFailed", Some("Each"), Some("Q")),
            (7, 0, "TaskStateEntered", Some("Train"), None),
        ]
    );
    let sent =
        json!({"executionArn": EXECUTION, "reverseOrder": true, "includeExecutionData": true, "maxResults": 200});
    assert_called(&server, "AWSStepFunctions.GetExecutionHistory", &sent);
}

#[tokio::test]
async fn jobs_are_answered() {
    let server = answering(json!({}));
    let success = JobSuccess::Continue {
        continuation_token: "token".to_owned(),
    };
    aws(&server)
        .code_pipeline()
        .put_job_success_result("job-1", &success)
        .await
        .unwrap();
    let sent = json!({"jobId": "job-1", "continuationToken": "token"});
    assert_called(&server, "CodePipeline_20150709.PutJobSuccessResult", &sent);

    let server = answering(json!({}));
    let variables = [("A".to_owned(), "1".to_owned())].into();
    let success = JobSuccess::Done {
        output_variables: variables,
    };
    aws(&server)
        .code_pipeline()
        .put_job_success_result("job-1", &success)
        .await
        .unwrap();
    let sent = json!({"jobId": "job-1", "outputVariables": {"A": "1"}});
    assert_called(&server, "CodePipeline_20150709.PutJobSuccessResult", &sent);

    let server = answering(json!({}));
    let failure = JobFailure {
        kind: FailureType::PermissionError,
        message: "why".to_owned(),
    };
    aws(&server)
        .code_pipeline()
        .put_job_failure_result("job-1", &failure)
        .await
        .unwrap();
    let sent = json!({"jobId": "job-1", "failureDetails": {"type": "PermissionError", "message": "why"}});
    assert_called(&server, "CodePipeline_20150709.PutJobFailureResult", &sent);

    let detail = json!({"actionExecutionId": "a", "stageName": "Execute", "actionName": "Run", "status": "InProgress",
        "startTime": 1_764_000_000, "input": {
            "configuration": {"UserParameters": "#{x}"}, "resolvedConfiguration": {"UserParameters": "{}"}}});
    let server = answering(json!({"actionExecutionDetails": [detail, detail], "nextToken": "more"}));
    let page = aws(&server)
        .code_pipeline()
        .list_action_executions("p", "run-1", None)
        .await
        .unwrap();
    assert_eq!((page.executions.len(), page.next_token.as_deref()), (2, Some("more")));
    assert_eq!(
        (page.executions[0].stage.as_str(), page.executions[0].action.as_str()),
        ("Execute", "Run")
    );
    assert_eq!(page.executions[0].configuration["UserParameters"], "{}");
    let sent = json!({"pipelineName": "p", "filter": {"pipelineExecutionId": "run-1"}});
    assert_called(&server, "CodePipeline_20150709.ListActionExecutions", &sent);
}

#[tokio::test]
async fn errors_are_told_by_their_code_and_tried_again_where_that_may_help() {
    for (status, code, kind, attempts) in [
        (400, "ThrottlingException", CallErrorKind::Throttled, 3),
        (400, "AccessDeniedException", CallErrorKind::Denied, 1),
        (
            400,
            "com.amazonaws.swf.service.v2.model#ExecutionDoesNotExist",
            CallErrorKind::NotFound,
            1,
        ),
        (400, "ValidationException", CallErrorKind::Invalid, 1),
        (503, "ServiceUnavailable", CallErrorKind::Unavailable, 3),
    ] {
        let server = Loopback::start(move |_| Reply::json(status, &json!({"__type": code, "message": "so it is"})));
        let error = aws(&server)
            .step_functions()
            .describe_execution(EXECUTION)
            .await
            .unwrap_err();
        let code = code.rsplit('#').next();
        assert_eq!(
            (error.kind, error.code.as_deref(), error.message.as_str()),
            (kind, code, "so it is")
        );
        assert_eq!(
            (error.operation, server.requests().len()),
            ("DescribeExecution", attempts),
            "{error}"
        );
    }
}

#[tokio::test]
async fn no_answer_is_unavailable() {
    for reply in [Reply::cut_off(), Reply::json(200, &json!("not an object"))] {
        let server = Loopback::start(move |_| reply.clone());
        let error = aws(&server)
            .step_functions()
            .describe_execution(EXECUTION)
            .await
            .unwrap_err();
        assert_eq!(error.kind, CallErrorKind::Unavailable, "{error}");
    }
    let closed = Loopback::closed();
    let error = aws(&closed)
        .step_functions()
        .describe_execution(EXECUTION)
        .await
        .unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Unavailable, "{error}");
}

fn job() -> JobCredentials {
    JobCredentials {
        access_key_id: Secret::new("ASIAOFTHEJOB".to_owned()),
        secret_access_key: Secret::new("the-job-s-secret".to_owned()),
        session_token: Secret::new("the-job-s-token".to_owned()),
    }
}

fn location() -> S3Location {
    S3Location {
        bucket: "artifacts".to_owned(),
        key: "dev/Source/a b".to_owned(),
    }
}

/// The object is reached in the path, as the job.
#[track_caller]
fn assert_as_the_job(request: &Request, method: &str) {
    assert_eq!(
        (request.method.as_str(), request.path()),
        (method, "/artifacts/dev/Source/a%20b")
    );
    assert!(
        request
            .header("authorization")
            .unwrap()
            .contains("Credential=ASIAOFTHEJOB/")
    );
    assert_eq!(request.header("x-amz-security-token"), Some("the-job-s-token"));
}

#[tokio::test]
async fn artifacts_are_read_in_ranges_as_the_job() {
    let server = Loopback::start(|_| {
        Reply::new(206, b"56789".to_vec())
            .header("content-range", "bytes 5-9/1000")
            .header("etag", "\"tag\"")
    });
    let store = aws(&server).artifact_store();
    let part = store.get_object(&job(), &location(), 5..10).await.unwrap();
    assert_eq!(
        (part.bytes.as_slice(), part.total, part.etag.as_str()),
        (&b"56789"[..], 1_000, "\"tag\"")
    );
    let requests = server.requests();
    assert_as_the_job(&requests[0], "GET");
    assert_eq!(requests[0].header("range"), Some("bytes=5-9"));
}

#[tokio::test]
async fn artifacts_are_written_as_the_job_with_its_key() {
    for key in [None, Some("arn:aws:kms:us-east-1:123456789012:key/one")] {
        let server = Loopback::start(|_| Reply::new(200, Vec::new()).header("etag", "\"tag\""));
        let store = aws(&server).artifact_store();
        store
            .put_object(&job(), &location(), b"zip".to_vec(), key)
            .await
            .unwrap();
        let requests = server.requests();
        assert_as_the_job(&requests[0], "PUT");
        assert_eq!(requests[0].text(), "zip");
        assert_eq!(
            requests[0].header("x-amz-server-side-encryption"),
            key.map(|_| "aws:kms")
        );
        assert_eq!(requests[0].header("x-amz-server-side-encryption-aws-kms-key-id"), key);
    }
}

#[tokio::test]
async fn what_s3_says_never_quotes_the_job_s_credentials() {
    let body =
        "<Error><Code>InvalidToken</Code><Message>the-job-s-token of ASIAOFTHEJOB is malformed</Message></Error>";
    let server = Loopback::start(move |_| Reply::new(400, body.as_bytes().to_vec()));
    let store = aws(&server).artifact_store();
    let errors: [CallError; 2] = [
        store.get_object(&job(), &location(), 0..1).await.unwrap_err(),
        store
            .put_object(&job(), &location(), Vec::new(), None)
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(
            (error.kind, error.code.as_deref()),
            (CallErrorKind::Denied, Some("InvalidToken"))
        );
        assert_eq!(error.message, "[redacted] of [redacted] is malformed");
    }
}
