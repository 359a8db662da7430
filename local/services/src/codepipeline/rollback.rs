//! Rolling a stage back: it runs again with what an execution had that succeeded in it.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html>.

use super::control::begin;
use super::execution::{Execution, Status};
use super::jobs::Jobs;
use super::pipeline::{CodePipeline, Pipeline};
use platform::{Call, Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The input of RollbackStage.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rollback {
    pipeline_name: String,
    stage_name: String,
    target_pipeline_execution_id: String,
}

impl Rollback {
    /// The ARN of the stage.
    pub(super) fn stage(platform: &Platform, it: &Self) -> String {
        let path = format_args!("{}/{}", it.pipeline_name, it.stage_name);
        platform.account.arn("codepipeline", path)
    }
}

/// Rolls a stage back after it failed, where an execution before has succeeded in it. A rollback that fails leads to no
/// other: it would have the same to run with, and fail again for ever.
pub(super) fn by_itself(
    place: (&Arc<Platform>, &Arc<Jobs>),
    pipeline: &Arc<Pipeline>,
    failed: &Arc<Execution>,
    stage: &str,
) {
    if failed.rolled_back_to().is_some() {
        return;
    }
    let executions = pipeline.executions();
    let earlier = executions
        .iter()
        .rev()
        .skip_while(|other| other.id != failed.id)
        .skip(1);
    let has_succeeded = |other: &Execution| other.progress().stages.get(stage) == Some(&Status::Succeeded);
    // As where people roll back, a rollback is no target.
    let mut candidates = earlier.filter(|other| other.rolled_back_to().is_none() && has_succeeded(other));
    if let Some(target) = candidates.find(|target| is_same(pipeline, target)) {
        let trigger = json!({"triggerType": "AutomatedRollback", "triggerDetail": failed.id});
        begin(place, pipeline, Execution::rolling_back(target, stage, trigger));
    }
}

/// Whether the pipeline still has the stages of that execution.
fn is_same(pipeline: &Pipeline, target: &Execution) -> bool {
    json!(pipeline.declaration().stages) == json!(target.declaration.stages)
}

impl CodePipeline {
    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RollbackStage.html>.
    pub(super) fn roll_back(&self, call: &Call, input: Rollback) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(call, &input.pipeline_name)?;
        let target = pipeline.execution(&input.target_pipeline_execution_id)?;
        let stage = input.stage_name;
        let stages = &target.declaration.stages;
        let Some(index) = stages.iter().position(|declared| declared.name == stage) else {
            let message = format_args!("pipeline `{}` has no stage `{stage}`", input.pipeline_name);
            return Err(ServiceError::new("StageNotFoundException", message));
        };
        let unable = |why: &str| {
            let message = format_args!("Unable to roll back stage `{stage}`: {why}");
            Err(ServiceError::new("UnableToRollbackStageException", message))
        };
        if index == 0 {
            return unable("it is the first stage");
        }
        if target.progress().stages.get(&stage) != Some(&Status::Succeeded) {
            return unable("the target execution has not succeeded in it");
        }
        if target.rolled_back_to().is_some() {
            return unable("the target execution is a rollback");
        }
        if !is_same(&pipeline, &target) {
            let message = "The specified pipeline execution is outdated and cannot be used as a target for rollback";
            return Err(ServiceError::new("PipelineExecutionOutdatedException", message));
        }
        let by = call.caller.arn(&call.platform.account);
        let trigger = json!({"triggerType": "ManualRollback", "triggerDetail": by});
        let execution = Execution::rolling_back(&target, &stage, trigger);
        let id = begin((&call.platform, &self.jobs), &pipeline, execution);
        Ok(json!({"pipelineExecutionId": id}))
    }
}
