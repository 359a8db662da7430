//! What people do with executions: start and stop them, retry a stage, and answer an approval.

use super::conditions::RetryMode;
use super::engine::{self, Rerun};
use super::execution::{self, ActionRun, Execution, Status};
use super::jobs::Jobs;
use super::pipeline::{CodePipeline, Decision, Pipeline, lock};
use jiff::Timestamp;
use platform::input::seconds;
use platform::{Call, Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most characters of an approval's summary.
const MAX_SUMMARY: usize = 512;
/// The most characters of the reason why an execution is stopped.
const MAX_REASON: usize = 200;
/// The most characters of a client request token: a start with the same token as before starts nothing new.
const MAX_TOKEN: usize = 128;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Start {
    pub(super) name: String,
    #[serde(default)]
    variables: Vec<Variable>,
    client_request_token: Option<String>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Stop {
    pub(super) pipeline_name: String,
    pipeline_execution_id: String,
    #[serde(default)]
    abandon: bool,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Retry {
    pub(super) pipeline_name: String,
    stage_name: String,
    pipeline_execution_id: String,
    retry_mode: RetryMode,
}

impl Retry {
    /// The ARN of the stage.
    pub(super) fn stage(platform: &Platform, it: &Self) -> String {
        let path = format_args!("{}/{}", it.pipeline_name, it.stage_name);
        platform.account.arn("codepipeline", path)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Approve {
    pub(super) pipeline_name: String,
    stage_name: String,
    action_name: String,
    result: ApprovalResult,
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalResult {
    summary: String,
    status: ApprovalStatus,
}

#[derive(PartialEq, Eq, Deserialize)]
enum ApprovalStatus {
    Approved,
    Rejected,
}

impl Approve {
    /// The ARN of the action.
    pub(super) fn action(platform: &Platform, it: &Self) -> String {
        let path = format_args!("{}/{}/{}", it.pipeline_name, it.stage_name, it.action_name);
        platform.account.arn("codepipeline", path)
    }

    /// Whether a run of this action has this token, where `of` looks.
    fn is_of(&self, pipeline: &Pipeline, of: fn(&ActionRun) -> Option<&String>) -> bool {
        pipeline.executions().iter().any(|execution| {
            execution.progress().actions.iter().any(|run| {
                run.stage == self.stage_name && run.action.name == self.action_name && of(run) == Some(&self.token)
            })
        })
    }
}

/// Starts an execution and gives its id. If the same request has started one before, it gives the id of that one.
pub(super) fn begin(place: (&Arc<Platform>, &Arc<Jobs>), pipeline: &Arc<Pipeline>, execution: Execution) -> String {
    let mut executions = lock(&pipeline.executions);
    let mut known = executions.iter().rev();
    if execution.request.is_some()
        && let Some(earlier) = known.find(|earlier| earlier.request == execution.request)
    {
        return earlier.id.clone();
    }
    let execution = Arc::new(pipeline.kept.keep(execution));
    executions.push(execution.clone());
    drop(executions);
    engine::launch(place, pipeline, &execution, execution.first_stage(), Rerun::All);
    execution.id.clone()
}

fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Refuses a text with more than `most` characters.
fn within(field: &str, text: &str, most: usize) -> Result<(), ServiceError> {
    if text.encode_utf16().count() <= most {
        return Ok(());
    }
    Err(ServiceError::validation(format_args!(
        "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must have length less than \
         or equal to {most}"
    )))
}

fn stage_not_found(pipeline: &str, stage: &str) -> ServiceError {
    ServiceError::new(
        "StageNotFoundException",
        format_args!("pipeline `{pipeline}` has no stage `{stage}`"),
    )
}

impl CodePipeline {
    pub(super) fn start(&self, call: &Call, input: Start) -> Result<Value, ServiceError> {
        if input
            .client_request_token
            .as_deref()
            .is_some_and(|token| !is_token(token))
        {
            return Err(ServiceError::validation(format_args!(
                "1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must \
                 have 1 to {MAX_TOKEN} letters, digits and hyphens"
            )));
        }
        let pipeline = self.pipeline(call, &input.name)?;
        let declaration = pipeline.declaration();
        let given = input
            .variables
            .into_iter()
            .map(|variable| (variable.name, variable.value));
        let variables = declaration.variables(&given.collect::<BTreeMap<_, _>>())?;
        let trigger = json!({
            "triggerType": "StartPipelineExecution",
            "triggerDetail": call.caller.arn(&call.platform.account),
        });
        let execution = Execution::new(declaration, variables, trigger, input.client_request_token);
        let id = begin((&call.platform, &self.jobs), &pipeline, execution);
        Ok(json!({"pipelineExecutionId": id}))
    }

    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StopPipelineExecution.html>.
    pub(super) fn stop(&self, call: &Call, input: Stop) -> Result<Value, ServiceError> {
        let reason = input.reason.as_deref().unwrap_or_default();
        within("reason", reason, MAX_REASON)?;
        let pipeline = self.pipeline(call, &input.pipeline_name)?;
        // The operation has no error for an execution that is not there.
        let not_stoppable = |why: &str| ServiceError::new("PipelineExecutionNotStoppableException", why);
        let execution = pipeline.execution(&input.pipeline_execution_id);
        let execution = execution.map_err(|error| not_stoppable(&error.message))?;
        let mut progress = execution.progress();
        let abandons = *execution.stop.borrow() == execution::Stop::Abandon;
        match (progress.status, input.abandon) {
            (Status::InProgress, _) => {}
            (Status::Stopping, true) if !abandons => {}
            (Status::Stopping, _) => {
                return Err(ServiceError::new(
                    "DuplicatedStopRequestException",
                    "The pipeline execution is already in a Stopping state",
                ));
            }
            (ended, _) => return Err(not_stoppable(&format!("the pipeline execution is {}", ended.word()))),
        }
        progress.status = Status::Stopping;
        progress.summary = input.reason;
        progress.updated = Timestamp::now();
        let stop = if input.abandon {
            execution::Stop::Abandon
        } else {
            execution::Stop::Finish
        };
        execution.stop.send_replace(stop);
        drop(progress);
        Ok(json!({"pipelineExecutionId": execution.id}))
    }

    /// Runs a failed stage again, under the same execution id: its failed actions or all of them.
    ///
    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RetryStageExecution.html>.
    pub(super) fn retry(&self, call: &Call, input: Retry) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(call, &input.pipeline_name)?;
        // The operation has no error for an execution that is not there.
        let execution = pipeline.execution(&input.pipeline_execution_id);
        let execution = execution.map_err(|error| ServiceError::new("StageNotRetryableException", error.message))?;
        let stages = &execution.declaration.stages;
        let Some(from) = stages.iter().position(|stage| stage.name == input.stage_name) else {
            return Err(stage_not_found(&input.pipeline_name, &input.stage_name));
        };
        if pipeline.failed_later(&execution, &input.stage_name) {
            return Err(ServiceError::new(
                "NotLatestPipelineExecutionException",
                format_args!(
                    "stage `{}` has failed in a later execution of the pipeline",
                    input.stage_name
                ),
            ));
        }
        let mut progress = execution.progress();
        let stage = progress.stages.get(&input.stage_name).copied();
        let is_retryable = matches!(stage, Some(Status::Failed | Status::Stopped))
            && matches!(progress.status, Status::Failed | Status::Stopped);
        if !is_retryable {
            return Err(ServiceError::new(
                "StageNotRetryableException",
                format_args!(
                    "stage `{}` is {} in an execution that is {}: only a failed or stopped stage can be retried",
                    input.stage_name,
                    stage.map_or("NotStarted", Status::word),
                    progress.status.word()
                ),
            ));
        }
        let rerun = match input.retry_mode {
            RetryMode::AllActions => Rerun::All,
            RetryMode::FailedActions => Rerun::AllBut(progress.succeeded(&input.stage_name)),
        };
        progress.status = Status::InProgress;
        progress.summary = None;
        progress.attempt += 1;
        *progress.retried_by_hand.entry(input.stage_name).or_default() += 1;
        execution.stop.send_replace(execution::Stop::No);
        drop(progress);
        engine::launch((&call.platform, &self.jobs), &pipeline, &execution, from, rerun);
        Ok(json!({"pipelineExecutionId": execution.id}))
    }

    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html>.
    pub(super) fn approve(&self, call: &Call, input: Approve) -> Result<Value, ServiceError> {
        within("result.summary", &input.result.summary, MAX_SUMMARY)?;
        let pipeline = self.pipeline(call, &input.pipeline_name)?;
        let declaration = pipeline.declaration();
        let Some(stage) = declaration.stages.iter().find(|stage| stage.name == input.stage_name) else {
            return Err(stage_not_found(&input.pipeline_name, &input.stage_name));
        };
        if !stage.actions.iter().any(|action| action.name == input.action_name) {
            return Err(ServiceError::new(
                "ActionNotFoundException",
                format_args!("stage `{}` has no action `{}`", input.stage_name, input.action_name),
            ));
        }
        let waiting = if input.is_of(&pipeline, |run| run.token.as_ref()) {
            pipeline.approvals().remove(&input.token)
        } else {
            None
        };
        let Some(waiting) = waiting else {
            // With a token, somebody else has just answered, and the action does not know it yet.
            if input.is_of(&pipeline, |run| run.answered.as_ref().or(run.token.as_ref())) {
                return Err(ServiceError::new(
                    "ApprovalAlreadyCompletedException",
                    "The approval action has already been approved or rejected",
                ));
            }
            return Err(ServiceError::new(
                "InvalidApprovalTokenException",
                format_args!(
                    "action `{}` in stage `{}` waits for no approval with this token",
                    input.action_name, input.stage_name
                ),
            ));
        };
        let decision = Decision {
            approved: input.result.status == ApprovalStatus::Approved,
            summary: input.result.summary,
            by: call.caller.arn(&call.platform.account),
        };
        // Fails if the action was abandoned in this very moment.
        let _ = waiting.send(decision);
        Ok(json!({"approvedAt": seconds(Timestamp::now())}))
    }
}
