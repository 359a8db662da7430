//! CodePipeline, in JSON. Its SDK has many types for pipelines, and would make the function larger.

use std::collections::BTreeMap;
use std::fmt;

use aws_types::SdkConfig;
use serde_json::{Map, Value, json};

use super::error::incomplete;
use super::json::JsonService;
use super::service::Service;
use crate::ports::CallError;
use crate::ports::code_pipeline::{
    ActionExecution, ActionExecutionPage, ActionState, ActionStatus, ApprovalRequest, ApprovalResult, GetPipelineState,
    JobFailure, JobSuccess, ListActionExecutions, PutApprovalResult, PutJobFailureResult, PutJobSuccessResult,
};
use crate::time::Timestamp;

/// How CodePipeline is called.
const JSON: JsonService = JsonService {
    service: Service::CodePipeline,
    signing_name: "codepipeline",
    target: "CodePipeline_20150709",
};

/// The adapter: its ports are those of [`crate::ports::code_pipeline`].
#[derive(Clone)]
pub struct CodePipeline {
    config: SdkConfig,
}

impl fmt::Debug for CodePipeline {
    /// Leaves out the configuration: it has credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodePipeline").finish_non_exhaustive()
    }
}

impl CodePipeline {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { config: config.clone() }
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
        JSON.call(&self.config, "PutJobSuccessResult", &input).await?;
        Ok(())
    }
}

impl PutJobFailureResult for CodePipeline {
    async fn put_job_failure_result(&self, job_id: &str, failure: &JobFailure) -> Result<(), CallError> {
        let details = json!({"type": failure.kind.as_str(), "message": failure.message});
        let input = json!({"jobId": job_id, "failureDetails": details});
        JSON.call(&self.config, "PutJobFailureResult", &input).await?;
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
        const OPERATION: &str = "ListActionExecutions";
        let mut input = json!({
            "pipelineName": pipeline,
            "filter": {"pipelineExecutionId": pipeline_execution_id},
        });
        if let Some(token) = next_token {
            input["nextToken"] = token.into();
        }
        let answer = JSON.call(&self.config, OPERATION, &input).await?;
        // Without the list, or if a run in it is incomplete, it is not known what ran.
        let details = answer["actionExecutionDetails"].as_array();
        let executions = details.and_then(|details| details.iter().map(action_execution).collect());
        Ok(ActionExecutionPage {
            executions: executions.ok_or_else(|| incomplete(OPERATION))?,
            next_token: optional(&answer["nextToken"]),
        })
    }
}

impl GetPipelineState for CodePipeline {
    async fn get_pipeline_state(&self, pipeline: &str) -> Result<Vec<ActionState>, CallError> {
        const OPERATION: &str = "GetPipelineState";
        let input = json!({"name": pipeline});
        let answer = JSON.call(&self.config, OPERATION, &input).await?;
        // Every pipeline has stages.
        let stages = answer["stageStates"].as_array().filter(|stages| !stages.is_empty());
        let stages = stages.ok_or_else(|| incomplete(OPERATION))?;
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
        let answer = JSON.call(&self.config, "PutApprovalResult", &input).await?;
        answer
            .as_object()
            .map(|_| ())
            .ok_or_else(|| incomplete("PutApprovalResult"))
    }
}

/// Nothing if a member is missing that every run has.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html>
fn action_execution(detail: &Value) -> Option<ActionExecution> {
    let required = |field: &str| optional(&detail[field]).filter(|text| !text.is_empty());
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
        stage: text(&stage["stageName"]),
        action: text(&action["actionName"]),
        pipeline_execution_id: optional(&stage["latestExecution"]["pipelineExecutionId"]),
        action_execution_id: optional(&action["latestExecution"]["actionExecutionId"]),
        token: optional(&action["latestExecution"]["token"]),
    })
}

fn optional(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn text(value: &Value) -> String {
    optional(value).unwrap_or_default()
}

fn texts(object: Option<&Map<String, Value>>) -> BTreeMap<String, String> {
    let fields = object.into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// A moment in the form of the protocol: seconds since the epoch, with a fraction.
fn moment(value: &Value) -> Option<Timestamp> {
    // An f64 holds milliseconds exactly for many thousand years.
    let millis = |seconds: f64| (seconds * 1000.0).round() as i64;
    value.as_f64().map(millis).map(Timestamp::from_millis)
}
