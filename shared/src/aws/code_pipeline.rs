//! CodePipeline.

use std::collections::BTreeMap;

use aws_types::SdkConfig;
use serde_json::{Map, Value, json};

use super::json::{JsonClient, moment, some_text, text};
use super::service::Service;
use crate::ports::CallError;
use crate::ports::code_pipeline::{
    ActionExecution, ActionExecutionPage, ActionState, ActionStatus, ApprovalRequest, ApprovalResult, GetPipelineState,
    JobFailure, JobSuccess, ListActionExecutions, PutApprovalResult, PutJobFailureResult, PutJobSuccessResult,
};

/// The adapter: its ports are those of [`crate::ports::code_pipeline`].
#[derive(Debug, Clone)]
pub struct CodePipeline(JsonClient);

impl CodePipeline {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self(JsonClient::new(Service::CodePipeline, config))
    }
}

impl PutJobSuccessResult for CodePipeline {
    async fn put_job_success_result(&self, job_id: &str, success: &JobSuccess) -> Result<(), CallError> {
        let input = match success {
            JobSuccess::Continue { continuation_token } => {
                json!({"jobId": job_id, "continuationToken": continuation_token})
            }
            JobSuccess::Done { output_variables } => json!({"jobId": job_id, "outputVariables": output_variables}),
        };
        self.0.call("PutJobSuccessResult", &input).await?;
        Ok(())
    }
}

impl PutJobFailureResult for CodePipeline {
    async fn put_job_failure_result(&self, job_id: &str, failure: &JobFailure) -> Result<(), CallError> {
        let details = json!({"type": failure.kind.as_str(), "message": failure.message});
        let input = json!({"jobId": job_id, "failureDetails": details});
        self.0.call("PutJobFailureResult", &input).await?;
        Ok(())
    }
}

impl ListActionExecutions for CodePipeline {
    async fn list_action_executions(
        &self,
        pipeline: &str,
        pipeline_execution_id: &str,
        next_token: Option<&str>,
    ) -> Result<ActionExecutionPage, CallError> {
        let mut input = json!({
            "pipelineName": pipeline,
            "filter": {"pipelineExecutionId": pipeline_execution_id},
        });
        if let Some(token) = next_token {
            input["nextToken"] = token.into();
        }
        let mut answer = self.0.call("ListActionExecutions", &input).await?;
        // Without the list, or if a run in it is incomplete, it is not known what ran.
        let details = answer.list("actionExecutionDetails")?;
        let executions: Option<_> = details.iter().map(action_execution).collect();
        Ok(ActionExecutionPage {
            executions: executions.ok_or_else(|| answer.incomplete())?,
            next_token: answer.next_token("nextToken"),
        })
    }
}

impl GetPipelineState for CodePipeline {
    async fn get_pipeline_state(&self, pipeline: &str) -> Result<Vec<ActionState>, CallError> {
        let input = json!({"name": pipeline});
        let mut answer = self.0.call("GetPipelineState", &input).await?;
        let stages = answer.list("stageStates")?;
        // Every pipeline has stages.
        if stages.is_empty() {
            return Err(answer.incomplete());
        }
        Ok(stages.iter().flat_map(action_states).collect())
    }
}

impl PutApprovalResult for CodePipeline {
    async fn put_approval_result(&self, approval: &ApprovalRequest, result: &ApprovalResult) -> Result<(), CallError> {
        let status = if result.approved { "Approved" } else { "Rejected" };
        let input = json!({
            "pipelineName": approval.pipeline,
            "stageName": approval.stage,
            "actionName": approval.action,
            "token": approval.token,
            "result": {"status": status, "summary": result.summary},
        });
        self.0.call("PutApprovalResult", &input).await?.object()?;
        Ok(())
    }
}

/// Nothing if a member is missing that every run has.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html>
fn action_execution(detail: &Value) -> Option<ActionExecution> {
    let required = |field: &str| some_text(&detail[field]);
    let input = &detail["input"];
    let configuration = match &input["resolvedConfiguration"] {
        Value::Object(resolved) => Some(resolved),
        _ => input["configuration"].as_object(),
    };
    Some(ActionExecution {
        id: required("actionExecutionId")?,
        stage: required("stageName")?,
        action: required("actionName")?,
        configuration: texts(configuration),
        status: ActionStatus::named(detail["status"].as_str()?)?,
        started_at: moment(&detail["startTime"])?,
        updated_at: moment(&detail["lastUpdateTime"]).unwrap_or_default(),
        output_variables: texts(detail["output"]["outputVariables"].as_object()),
    })
}

/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StageState.html>
fn action_states(stage: &Value) -> impl Iterator<Item = ActionState> {
    let actions = stage["actionStates"].as_array().into_iter().flatten();
    actions.map(|action| ActionState {
        stage: text_or_empty(&stage["stageName"]),
        action: text_or_empty(&action["actionName"]),
        pipeline_execution_id: text(&stage["latestExecution"]["pipelineExecutionId"]),
        action_execution_id: text(&action["latestExecution"]["actionExecutionId"]),
        token: text(&action["latestExecution"]["token"]),
    })
}

fn text_or_empty(value: &Value) -> String {
    text(value).unwrap_or_default()
}

fn texts(object: Option<&Map<String, Value>>) -> BTreeMap<String, String> {
    let fields = object.into_iter().flatten();
    fields
        .map(|(name, value)| (name.clone(), text_or_empty(value)))
        .collect()
}
