//! What CodePipeline answers to whoever starts, stops and retries executions of a pipeline.

use crate::pipelines::pipeline;
use crate::world::{call, cloud, refusal};
use platform::iam::NewRole;
use platform::journal::Happening;
use serde_json::{Value, json};
use std::sync::Arc;
use stepline::cloud::Cloud;

/// A pipeline that starts when it is asked to, and whose source fails, since its role may do nothing.
async fn with_a_pipeline() -> Arc<Cloud> {
    let cloud = cloud();
    let role = NewRole::for_service("pipeline", "codepipeline.amazonaws.com");
    cloud.iam.create_role(&cloud.account, role).expect("a role");
    let mut pipeline = pipeline("go on?");
    pipeline["pipelineType"] = "V2".into();
    pipeline["executionMode"] = "QUEUED".into();
    pipeline["variables"] = json!([{"name": "why"}]);
    let created = call(&cloud, "codepipeline", "CreatePipeline", json!({"pipeline": pipeline})).await;
    created.expect("a pipeline");
    cloud
}

async fn start(cloud: &Arc<Cloud>, token: &str, why: &str) -> Value {
    let input = json!({"name": "p", "clientRequestToken": token, "variables": [{"name": "why", "value": why}]});
    let started = call(cloud, "codepipeline", "StartPipelineExecution", input).await;
    started.expect("a start")["pipelineExecutionId"].clone()
}

async fn ended(cloud: &Arc<Cloud>, id: &Value) {
    let mut journal = cloud.journal.follow();
    let get = json!({"pipelineName": "p", "pipelineExecutionId": id});
    loop {
        let shown = call(cloud, "codepipeline", "GetPipelineExecution", get.clone()).await;
        if shown.expect("it is there")["pipelineExecution"]["status"] != "InProgress" {
            return;
        }
        while !matches!(
            journal.recv().await.expect("the journal goes on").happening,
            Happening::PipelineEnded { .. }
        ) {}
    }
}

fn stop(id: &Value) -> Value {
    json!({"pipelineName": "p", "pipelineExecutionId": id, "abandon": true})
}

fn retry(id: &Value) -> Value {
    json!({"pipelineName": "p", "pipelineExecutionId": id, "stageName": "Source", "retryMode": "FAILED_ACTIONS"})
}

#[tokio::test]
async fn a_request_that_is_sent_again_starts_nothing() {
    let cloud = with_a_pipeline().await;
    let first = start(&cloud, "t-1", "one").await;
    assert_eq!(start(&cloud, "t-1", "one").await, first);
    assert_ne!(start(&cloud, "t-2", "one").await, first);
    let input = json!({"name": "p", "clientRequestToken": "t_1", "variables": [{"name": "why", "value": "one"}]});
    let code = refusal(&cloud, "codepipeline", "StartPipelineExecution", input).await;
    assert_eq!(code, "ValidationException");
}

#[tokio::test]
async fn who_abandons_cannot_abandon_again() {
    let cloud = with_a_pipeline().await;
    let id = start(&cloud, "t", "one").await;
    let stopped = call(&cloud, "codepipeline", "StopPipelineExecution", stop(&id)).await;
    stopped.expect("it is stopped");
    let code = refusal(&cloud, "codepipeline", "StopPipelineExecution", stop(&id)).await;
    assert_eq!(code, "DuplicatedStopRequestException");
}

#[tokio::test]
async fn errors_are_those_that_an_operation_has() {
    let cloud = with_a_pipeline().await;
    let nobody = json!("00000000-0000-4000-8000-000000000000");
    let mut wordy = stop(&nobody);
    wordy["reason"] = "x".repeat(201).into();
    for (operation, input, expected) in [
        (
            "StopPipelineExecution",
            stop(&nobody),
            "PipelineExecutionNotStoppableException",
        ),
        ("StopPipelineExecution", wordy, "ValidationException"),
        ("RetryStageExecution", retry(&nobody), "StageNotRetryableException"),
    ] {
        assert_eq!(refusal(&cloud, "codepipeline", operation, input).await, expected);
    }
}

#[tokio::test]
async fn a_stage_that_failed_again_later_is_not_retried_for_an_earlier_execution() {
    let cloud = with_a_pipeline().await;
    let (first, second) = (start(&cloud, "t-1", "one").await, start(&cloud, "t-2", "two").await);
    ended(&cloud, &first).await;
    ended(&cloud, &second).await;
    let code = refusal(&cloud, "codepipeline", "RetryStageExecution", retry(&first)).await;
    assert_eq!(code, "NotLatestPipelineExecutionException");
    let retried = call(&cloud, "codepipeline", "RetryStageExecution", retry(&second)).await;
    assert_eq!(retried.expect("it is the latest")["pipelineExecutionId"], second);
}

#[tokio::test]
async fn executions_are_listed_by_pages_of_a_hundred_at_most() {
    let cloud = with_a_pipeline().await;
    for number in 0..101 {
        start(&cloud, &format!("t-{number}"), "one").await;
    }
    let list = |more: Value| {
        let mut input = json!({"pipelineName": "p"});
        input
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        call(&cloud, "codepipeline", "ListPipelineExecutions", input)
    };
    let count = |page: &Value| page["pipelineExecutionSummaries"].as_array().map(Vec::len);
    let first = list(json!({})).await.expect("a page");
    assert_eq!(count(&first), Some(100));
    let second = list(json!({"nextToken": first["nextToken"]})).await.expect("a page");
    assert_eq!((count(&second), second.get("nextToken")), (Some(1), None));
    let none = list(json!({"maxResults": 0})).await.expect_err("none is no page");
    assert_eq!(none.code, "ValidationException");
    let lost = list(json!({"nextToken": "nowhere"}))
        .await
        .expect_err("there is no such page");
    assert_eq!(lost.code, "InvalidNextTokenException");
}
