//! A success that lacks what it must have is no answer: whether the call was done is not known.

use super::*;
use crate::parameters::{GetParametersByPath, ParameterReference, Parameters, Want};
use crate::ports::code_pipeline::{GetPipelineState, ListActionExecutions};
use crate::ports::images::{BatchGetImage, DescribeImages, DescribeRepositories, Repository, Selection};

/// Each body is taken for no answer by a call.
macro_rules! assert_unavailable {
    ($what:literal, $aws:ident => $call:expr, $($body:expr),+ $(,)?) => {
        for body in [$($body),+] {
            let server = answering(body.clone());
            let $aws = aws(&server);
            let error = $call.await.err().unwrap_or_else(|| panic!("{}: {body} was an answer", $what));
            assert_eq!(error.kind, CallErrorKind::Unavailable, "{}: {body}: {error}", $what);
        }
    };
}

#[tokio::test]
async fn step_functions() {
    let name = ExecutionName::parse("one").unwrap();
    assert_unavailable!("StartExecution",
        aws => aws.step_functions().start_execution(MACHINE, &name, "{}"),
        json!({}), json!({"executionArn": EXECUTION}), json!({"startDate": 1}),
        json!({"executionArn": "", "startDate": 1}));
    assert_unavailable!("StartSyncExecution",
        aws => aws.step_functions().start_sync_execution(MACHINE, &name, "{}"),
        json!({}),
        json!({"executionArn": "e", "startDate": 1, "stopDate": 2}),
        json!({"executionArn": "e", "startDate": 1, "stopDate": 2, "status": "SUCCEEDED"}),
        json!({"executionArn": "e", "stopDate": 2, "status": "FAILED"}));
    assert_unavailable!("DescribeExecution",
        aws => aws.step_functions().describe_execution(EXECUTION),
        json!({}),
        json!({"executionArn": EXECUTION, "startDate": 1}),
        json!({"executionArn": EXECUTION, "status": "RUNNING"}),
        json!({"executionArn": EXECUTION, "startDate": 1, "stopDate": 2, "status": "SUCCEEDED"}),
        json!({"executionArn": EXECUTION, "startDate": 1, "status": "FAILED"}));
    assert_unavailable!("DescribeStateMachine",
        aws => aws.step_functions().describe_state_machine(MACHINE),
        json!({}), json!({"name": "ml"}), json!({"type": "SOMETHING_NEW"}));
    assert_unavailable!("ListExecutions",
        aws => aws.step_functions().list_executions(MACHINE, false, None),
        json!({}), json!({"executions": null}), json!({"nextToken": "more"}),
        json!({"executions": [{"executionArn": EXECUTION, "name": "one"}]}),
        json!({"executions": [{"name": "one", "startDate": 1, "status": "RUNNING"}]}));
    assert_unavailable!("GetExecutionHistory",
        aws => aws.step_functions().get_execution_history(EXECUTION, None),
        json!({}), json!({"events": []}));
    assert_unavailable!("RedriveExecution",
        aws => aws.step_functions().redrive_execution(EXECUTION, "token"),
        json!({}));
    let empty = answering(json!({"executions": []}));
    let page = aws(&empty).step_functions().list_executions(MACHINE, false, None).await;
    assert_eq!(page.unwrap().executions, [], "a list may be empty");
}

#[tokio::test]
async fn parameter_store() {
    assert_unavailable!("GetParametersByPath",
        aws => aws.parameter_store().get_parameters_by_path("/ml", false, None),
        json!({}), json!({"NextToken": "more"}));
    for (body, kind) in [
        (json!({}), "ParameterStoreUnavailable"),
        (json!({"Parameters": []}), "ParameterStoreUnavailable"),
        (json!({"InvalidParameters": ["/ml/a"]}), "ParameterNotFound"),
    ] {
        let server = answering(body.clone());
        let parameters = Parameters::new(aws(&server).parameter_store(), Duration::ZERO);
        let asked: ParameterReference = "/ml/a".parse().unwrap();
        let answers = parameters.get(&[(asked, Want::Value)], Timestamp::from_millis(1)).await;
        assert_eq!(answers[0].as_ref().unwrap_err().kind.name(), kind, "{body}");
    }
}

#[tokio::test]
async fn registry() {
    let repository = Repository {
        registry_id: "123456789012".to_owned(),
        name: "ml".to_owned(),
    };
    assert_unavailable!("DescribeImages",
        aws => aws.image_registry().describe_images(&repository, Selection::Page(None)),
        json!({}), json!({"nextToken": "more"}));
    assert_unavailable!("BatchGetImage",
        aws => aws.image_registry().batch_get_image(&repository, &["sha256:a"]),
        json!({}));
    assert_unavailable!("DescribeRepositories",
        aws => aws.image_registry().describe_repositories("123456789012", None),
        json!({}));
}

/// What stands between a function and S3 answers with 200, too: a proxy's page, or half an answer.
#[tokio::test]
async fn s3() {
    let page =
        || Reply::new(200, b"<html>Sign in first</html>".to_vec()).header("content-type", "text/html; charset=utf-8");
    let part = |range| Reply::new(206, b"56789".to_vec()).header("content-range", range);
    let whole = Reply::new(200, b"0123456789".to_vec());
    for (reply, what) in [
        (page(), "a page"),
        (page().header("etag", "\"tag\""), "a page with a tag"),
        (Reply::new(200, Vec::new()), "nothing"),
        (whole.clone(), "bytes without a tag"),
        (whole.clone().header("etag", ""), "bytes with an empty tag"),
        (part("bytes 5-9/1000"), "a part without a tag"),
        (
            part("bytes 5-9/*").header("etag", "\"tag\""),
            "a part of who knows how much",
        ),
        (part("bytes 6-10/1000").header("etag", "\"tag\""), "another part"),
        (
            part("bytes 5-8/1000").header("etag", "\"tag\""),
            "a part that is longer than it says",
        ),
        (
            part("bytes 5-10/1000").header("etag", "\"tag\""),
            "a part that is cut off",
        ),
        (part("5").header("etag", "\"tag\""), "no range"),
    ] {
        let server = Loopback::start(move |_| reply.clone());
        let store = aws(&server).artifact_store();
        let read = store.get_object(&job(), &location(), 5..10).await;
        assert_eq!(read.expect_err(what).kind, CallErrorKind::Unavailable, "{what}");
    }
    for (reply, what) in [
        (page(), "a page"),
        (page().header("etag", "\"tag\""), "a page with a tag"),
        (Reply::new(200, Vec::new()), "nothing"),
    ] {
        let server = Loopback::start(move |_| reply.clone());
        let store = aws(&server).artifact_store();
        let written = store.put_object(&job(), &location(), b"zip".to_vec(), None).await;
        assert_eq!(written.expect_err(what).kind, CallErrorKind::Unavailable, "{what}");
        assert_eq!(server.requests().len(), 3, "it is tried again");
    }
    // An artifact may be a page, where S3 says so itself, and the whole may come for a part.
    let server = Loopback::start(move |_| {
        let from_s3 = whole.clone().header("etag", "\"tag\"").header("x-amz-request-id", "1");
        from_s3.header("content-type", "text/html")
    });
    let store = aws(&server).artifact_store();
    for (range, bytes) in [(0..3, "012"), (5..10, "56789"), (8..20, "89")] {
        let part = store.get_object(&job(), &location(), range).await.expect("a part");
        assert_eq!((part.bytes.as_slice(), part.total), (bytes.as_bytes(), 10));
    }
}

#[tokio::test]
async fn code_pipeline() {
    let whole = json!({"actionExecutionId": "a", "stageName": "Execute", "actionName": "Run",
        "status": "InProgress", "startTime": 1_764_000_000});
    let with = |field: &str, value: serde_json::Value| {
        let mut detail = whole.clone();
        detail[field] = value;
        json!({"actionExecutionDetails": [whole, detail]})
    };
    assert_unavailable!("ListActionExecutions",
        aws => aws.code_pipeline().list_action_executions("p", "run-1", None),
        json!({}), json!({"nextToken": "more"}), json!({"actionExecutionDetails": null}),
        json!({"actionExecutionDetails": [{}]}),
        with("actionExecutionId", json!(null)), with("actionExecutionId", json!("")),
        with("stageName", json!(null)), with("actionName", json!(null)),
        with("status", json!(null)), with("status", json!("SomethingNew")),
        with("startTime", json!(null)), with("startTime", json!("yesterday")));
    assert_unavailable!("GetPipelineState",
        aws => aws.code_pipeline().get_pipeline_state("p"),
        json!({}), json!({"pipelineName": "p"}), json!({"stageStates": null}), json!({"stageStates": []}));
    let empty = answering(json!({"actionExecutionDetails": []}));
    let page = aws(&empty)
        .code_pipeline()
        .list_action_executions("p", "run-1", None)
        .await;
    assert_eq!(page.unwrap().executions, [], "a list may be empty");
}
