//! The operations on pipelines and their executions.

use super::actions::Decision;
use super::declaration::Declaration;
use super::engine::{self, Rerun};
use super::execution::{ActionRun, ActionStatus, Execution, Status, Stop};
use super::jobs::Jobs;
use super::{CodePipeline, Pipeline, lock, view};
use jiff::Timestamp;
use platform::Platform;
use platform::error::ServiceError;
use platform::input::read;
use platform::principal::Principal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most characters of an approval's summary.
const MAX_SUMMARY: usize = 512;
/// The most characters of the reason why an execution is stopped.
const MAX_REASON: usize = 200;
/// The most characters of the token that makes a request one.
const MAX_TOKEN: usize = 128;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithPipeline {
    pipeline: Declaration,
    #[serde(default)]
    tags: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StartPipelineExecution {
    name: String,
    #[serde(default)]
    variables: Vec<Variable>,
    #[serde(default)]
    client_request_token: Option<String>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StopPipelineExecution {
    pipeline_name: String,
    pipeline_execution_id: String,
    #[serde(default)]
    abandon: bool,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RetryStageExecution {
    pipeline_name: String,
    stage_name: String,
    pipeline_execution_id: String,
    retry_mode: RetryMode,
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum RetryMode {
    FailedActions,
    AllActions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PutApprovalResult {
    pipeline_name: String,
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

/// The execution that a new pipeline starts with, while it is held back.
#[derive(Debug)]
pub(super) struct First {
    pipeline: Arc<Pipeline>,
    creator: String,
}

impl First {
    /// Starts it; None where the pipeline has a variable that only whoever starts it can give.
    fn start(self, place: (&Arc<Platform>, &Arc<Jobs>)) -> Option<String> {
        let declaration = self.pipeline.declaration();
        let variables = declaration.variables(&BTreeMap::new()).ok()?;
        let trigger = json!({"triggerType": "CreatePipeline", "triggerDetail": self.creator});
        let execution = Execution::new(declaration, variables, trigger, None);
        Some(begin(place, &self.pipeline, execution))
    }
}

/// Starts an execution, unless the same request has started one, and gives the id.
fn begin(place: (&Arc<Platform>, &Arc<Jobs>), pipeline: &Arc<Pipeline>, execution: Execution) -> String {
    let execution = Arc::new(execution);
    let mut executions = lock(&pipeline.executions);
    let mut known = executions.iter().rev();
    if execution.request.is_some()
        && let Some(earlier) = known.find(|earlier| earlier.request == execution.request)
    {
        return earlier.id.clone();
    }
    executions.push(execution.clone());
    drop(executions);
    engine::launch(place, pipeline, &execution, 0, Rerun::All);
    execution.id.clone()
}

/// Whether a text is short enough.
fn within(field: &str, text: &str, most: usize) -> Result<(), ServiceError> {
    if text.encode_utf16().count() <= most {
        return Ok(());
    }
    Err(ServiceError::validation(format_args!(
        "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must have length less than \
         or equal to {most}"
    )))
}

fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl CodePipeline {
    /// Has the first execution of a pipeline that is about to be made wait for [`Self::start_first_executions`]: a
    /// deployment makes the pipeline before its functions are built, which on AWS they are by then.
    pub fn hold_first_execution(&self, pipeline: &str) {
        lock(&self.held).insert(pipeline.to_owned(), None);
    }

    /// Starts the executions that were held back. Gives each one's pipeline and id.
    pub fn start_first_executions(&self, platform: &Arc<Platform>) -> BTreeMap<String, String> {
        let held = std::mem::take(&mut *lock(&self.held));
        let started = held
            .into_iter()
            .filter_map(|(pipeline, first)| Some((pipeline, first?.start((platform, &self.jobs))?)));
        started.collect()
    }

    /// Makes a pipeline, which starts its first execution by itself.
    ///
    /// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create.html>.
    pub(super) fn create(
        &self,
        platform: &Arc<Platform>,
        caller: &Principal,
        input: Value,
    ) -> Result<Value, ServiceError> {
        let input: WithPipeline = read(input)?;
        let mut declaration = input.pipeline;
        declaration.check()?;
        let role = &declaration.role_arn;
        if !platform
            .iam
            .trusts_service(&platform.account, role, "codepipeline.amazonaws.com", None)?
        {
            return Err(ServiceError::new(
                "InvalidStructureException",
                format_args!("CodePipeline is not authorized to perform AssumeRole on role {role}"),
            ));
        }
        declaration.version = 1;
        let mut pipelines = lock(&self.pipelines);
        if pipelines.contains_key(&declaration.name) {
            return Err(ServiceError::new(
                "PipelineNameInUseException",
                format_args!("A pipeline with the name '{}' already exists", declaration.name),
            ));
        }
        let output = json!({"pipeline": declaration, "tags": input.tags.unwrap_or_else(|| json!([]))});
        let pipeline = Arc::new(Pipeline::new(declaration.clone()));
        let name = declaration.name;
        pipelines.insert(name.clone(), pipeline.clone());
        drop(pipelines);
        let creator = caller.arn(&platform.account);
        let first = First { pipeline, creator };
        match lock(&self.held).get_mut(&name) {
            Some(held) => *held = Some(first),
            None => drop(first.start((platform, &self.jobs))),
        }
        Ok(output)
    }

    /// Replaces a pipeline's declaration; executions that run go on with the one that they started with.
    pub(super) fn update(&self, input: Value) -> Result<Value, ServiceError> {
        let input: WithPipeline = read(input)?;
        let mut declaration = input.pipeline;
        declaration.check()?;
        let pipeline = self.pipeline(&declaration.name)?;
        let mut current = lock(&pipeline.declaration);
        declaration.version = current.version + 1;
        *current = declaration;
        Ok(json!({"pipeline": *current}))
    }

    pub(super) fn get(&self, platform: &Platform, name: &str) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(name)?;
        Ok(json!({
            "pipeline": pipeline.declaration(),
            "metadata": {
                "pipelineArn": platform.account.arn("codepipeline", name),
                "created": view::moment(pipeline.created),
            },
        }))
    }

    pub(super) fn list(&self) -> Value {
        let pipelines: Vec<Value> = lock(&self.pipelines)
            .values()
            .map(|pipeline| {
                let declaration = pipeline.declaration();
                json!({
                    "name": declaration.name,
                    "version": declaration.version,
                    "pipelineType": declaration.pipeline_type.as_deref().unwrap_or("V1"),
                    "executionMode": declaration.execution_mode,
                    "created": view::moment(pipeline.created),
                })
            })
            .collect();
        json!({"pipelines": pipelines})
    }

    pub(super) fn start(
        &self,
        platform: &Arc<Platform>,
        caller: &Principal,
        input: Value,
    ) -> Result<Value, ServiceError> {
        let input: StartPipelineExecution = read(input)?;
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
        let pipeline = self.pipeline(&input.name)?;
        let declaration = pipeline.declaration();
        let given = input
            .variables
            .into_iter()
            .map(|variable| (variable.name, variable.value));
        let variables = declaration.variables(&given.collect::<BTreeMap<_, _>>())?;
        let trigger = json!({
            "triggerType": "StartPipelineExecution",
            "triggerDetail": caller.arn(&platform.account),
        });
        let execution = Execution::new(declaration, variables, trigger, input.client_request_token);
        let id = begin((platform, &self.jobs), &pipeline, execution);
        Ok(json!({"pipelineExecutionId": id}))
    }

    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StopPipelineExecution.html>.
    pub(super) fn stop(&self, input: Value) -> Result<Value, ServiceError> {
        let input: StopPipelineExecution = read(input)?;
        let reason = input.reason.as_deref().unwrap_or_default();
        within("reason", reason, MAX_REASON)?;
        let pipeline = self.pipeline(&input.pipeline_name)?;
        // The operation has no error for an execution that is not there.
        let not_stoppable = |why: &str| ServiceError::new("PipelineExecutionNotStoppableException", why);
        let execution = pipeline.execution(&input.pipeline_execution_id);
        let execution = execution.map_err(|error| not_stoppable(&error.message))?;
        let mut progress = execution.progress();
        let abandons = *execution.stop.borrow() == Stop::Abandon;
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
        let stop = if input.abandon { Stop::Abandon } else { Stop::Finish };
        execution.stop.send_replace(stop);
        drop(progress);
        Ok(json!({"pipelineExecutionId": execution.id}))
    }

    /// Runs a failed stage again, under the same execution id: its failed actions or all of them.
    ///
    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RetryStageExecution.html>.
    pub(super) fn retry(&self, platform: &Arc<Platform>, input: Value) -> Result<Value, ServiceError> {
        let input: RetryStageExecution = read(input)?;
        let pipeline = self.pipeline(&input.pipeline_name)?;
        // The operation has no error for an execution that is not there.
        let execution = pipeline.execution(&input.pipeline_execution_id);
        let execution = execution.map_err(|error| ServiceError::new("StageNotRetryableException", error.message))?;
        let stages = &execution.declaration.stages;
        let Some(from) = stages.iter().position(|stage| stage.name == input.stage_name) else {
            return Err(ServiceError::new(
                "StageNotFoundException",
                format_args!("pipeline `{}` has no stage `{}`", input.pipeline_name, input.stage_name),
            ));
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
            RetryMode::FailedActions => {
                let runs = progress.actions.iter().filter(|run| run.stage == input.stage_name);
                // The last execution of each action counts.
                let last: BTreeMap<&str, ActionStatus> =
                    runs.map(|run| (run.action.name.as_str(), run.status)).collect();
                let done = last
                    .into_iter()
                    .filter(|(_, status)| *status == ActionStatus::Succeeded);
                Rerun::AllBut(done.map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>())
            }
        };
        progress.status = Status::InProgress;
        progress.summary = None;
        progress.attempt += 1;
        execution.stop.send_replace(Stop::No);
        drop(progress);
        engine::launch((platform, &self.jobs), &pipeline, &execution, from, rerun);
        Ok(json!({"pipelineExecutionId": execution.id}))
    }

    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html>.
    pub(super) fn approve(&self, input: Value) -> Result<Value, ServiceError> {
        let input: PutApprovalResult = read(input)?;
        within("result.summary", &input.result.summary, MAX_SUMMARY)?;
        let pipeline = self.pipeline(&input.pipeline_name)?;
        let declaration = pipeline.declaration();
        let Some(stage) = declaration.stages.iter().find(|stage| stage.name == input.stage_name) else {
            return Err(ServiceError::new(
                "StageNotFoundException",
                format_args!("pipeline `{}` has no stage `{}`", input.pipeline_name, input.stage_name),
            ));
        };
        if !stage.actions.iter().any(|action| action.name == input.action_name) {
            return Err(ServiceError::new(
                "ActionNotFoundException",
                format_args!("stage `{}` has no action `{}`", input.stage_name, input.action_name),
            ));
        }
        let has = |of: fn(&ActionRun) -> Option<&String>| {
            pipeline.executions().iter().any(|execution| {
                execution.progress().actions.iter().any(|run| {
                    run.stage == input.stage_name
                        && run.action.name == input.action_name
                        && of(run) == Some(&input.token)
                })
            })
        };
        let waiting = if has(|run| run.token.as_ref()) {
            pipeline.approvals().remove(&input.token)
        } else {
            None
        };
        let Some(waiting) = waiting else {
            // It was answered, also where the action has not come to hear of it yet.
            if has(|run| run.answered.as_ref().or(run.token.as_ref())) {
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
        };
        // Fails where the action was abandoned in this very moment.
        let _ = waiting.send(decision);
        Ok(json!({"approvedAt": view::moment(Timestamp::now())}))
    }
}
