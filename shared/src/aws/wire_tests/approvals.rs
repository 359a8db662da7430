//! Approvals on the wire: calls that no SDK makes.

use serde_json::json;
use test_support::{Loopback, Reply};

use super::{answering, assert_called, aws};
use crate::ports::CallErrorKind;
use crate::ports::code_pipeline::{
    ActionState, ActionStatus, ApprovalRequest, ApprovalResult, GetPipelineState, ListActionExecutions,
    PutApprovalResult,
};

#[tokio::test]
async fn approvals_are_found_and_answered() {
    let detail = json!({
        "actionExecutionId": "a", "stageName": "Execute", "actionName": "Outcome", "status": "Abandoned",
        "startTime": 1_764_000_000.25, "lastUpdateTime": 1_764_000_001, "output": {"outputVariables": {"A": "1"}}});
    let server = answering(json!({"actionExecutionDetails": [detail]}));
    let pipelines = aws(&server).code_pipeline();
    let page = pipelines
        .list_action_executions("p", "run-1", Some("more"))
        .await
        .unwrap();
    let sent = json!({"pipelineName": "p", "filter": {"pipelineExecutionId": "run-1"}, "nextToken": "more"});
    assert_called(&server, "CodePipeline_20150709.ListActionExecutions", &sent);
    let run = &page.executions[0];
    let moments = (run.started_at.as_millis(), run.updated_at.as_millis());
    assert_eq!(
        (run.status, moments),
        (ActionStatus::Abandoned, (1_764_000_000_250, 1_764_000_001_000))
    );
    assert_eq!(run.output_variables["A"], "1");

    let action = json!({"actionName": "Outcome", "latestExecution": {"actionExecutionId": "a", "token": "t"}});
    let stage = json!({
        "stageName": "Execute", "latestExecution": {"pipelineExecutionId": "run-1"}, "actionStates": [action, {}]});
    let server = answering(json!({"stageStates": [{}, stage]}));
    let actions = aws(&server).code_pipeline().get_pipeline_state("p").await.unwrap();
    assert_called(&server, "CodePipeline_20150709.GetPipelineState", &json!({"name": "p"}));
    let asked = ActionState {
        stage: "Execute".to_owned(),
        action: "Outcome".to_owned(),
        pipeline_execution_id: Some("run-1".to_owned()),
        action_execution_id: Some("a".to_owned()),
        token: Some("t".to_owned()),
    };
    assert_eq!((actions.len(), &actions[0]), (2, &asked));

    let approval = ApprovalRequest {
        pipeline: "p".to_owned(),
        stage: "Execute".to_owned(),
        action: "Outcome".to_owned(),
        token: "t".to_owned(),
    };
    for (approved, status) in [(true, "Approved"), (false, "Rejected")] {
        let server = answering(json!({"approvedAt": 1}));
        let result = ApprovalResult {
            approved,
            summary: "why".to_owned(),
        };
        let pipelines = aws(&server).code_pipeline();
        pipelines.put_approval_result(&approval, &result).await.unwrap();
        let sent = json!({"pipelineName": "p", "stageName": "Execute", "actionName": "Outcome", "token": "t",
            "result": {"status": status, "summary": "why"}});
        assert_called(&server, "CodePipeline_20150709.PutApprovalResult", &sent);
    }
}

#[tokio::test]
async fn a_call_without_an_sdk_is_tried_again_as_the_sdks_do() {
    for (status, code, kind, attempts) in [
        (400, "ThrottlingException", CallErrorKind::Throttled, 3),
        (500, "InternalFailure", CallErrorKind::Unavailable, 3),
        (
            400,
            "com.amazonaws.codepipeline#PipelineNotFoundException",
            CallErrorKind::NotFound,
            1,
        ),
        (403, "AccessDeniedException", CallErrorKind::Denied, 1),
    ] {
        let server = Loopback::start(move |_| Reply::json(status, &json!({"__type": code, "message": "why"})));
        let error = aws(&server).code_pipeline().get_pipeline_state("p").await.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (kind, "why"), "{code}");
        assert_eq!(server.requests().len(), attempts, "{code}");
    }
}
