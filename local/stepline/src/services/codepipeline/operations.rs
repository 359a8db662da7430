//! The operations on pipelines and their executions.

use super::actions::Decision;
use super::declaration::Declaration;
use super::engine::{self, Rerun};
use super::execution::{ActionRun, ActionStatus, Execution, Status, Stop};
use super::{CodePipeline, Pipeline, lock, view};
use crate::cloud::Cloud;
use crate::error::ServiceError;
use crate::principal::Principal;
use crate::services::input::{decode, required};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most action executions in an answer.
const PAGE: usize = 100;
/// The most characters of an approval's summary.
const MAX_SUMMARY: usize = 512;

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
    /// Accepted; a run that is started twice here was meant twice.
    #[serde(default, rename = "clientRequestToken")]
    _client_request_token: Option<String>,
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
    fn start(self, cloud: &Arc<Cloud>) -> Option<String> {
        let declaration = self.pipeline.declaration();
        let variables = declaration.variables(&BTreeMap::new()).ok()?;
        let trigger = json!({"triggerType": "CreatePipeline", "triggerDetail": self.creator});
        Some(begin(cloud, &self.pipeline, declaration, variables, trigger))
    }
}

/// Starts an execution, and gives its id.
fn begin(
    cloud: &Arc<Cloud>,
    pipeline: &Arc<Pipeline>,
    declaration: Declaration,
    variables: BTreeMap<String, String>,
    trigger: Value,
) -> String {
    let execution = Arc::new(Execution::new(declaration, variables, trigger));
    lock(&pipeline.executions).push(execution.clone());
    engine::launch(cloud, pipeline, &execution, 0, Rerun::All);
    execution.id.clone()
}

impl CodePipeline {
    /// Has the first execution of a pipeline that is about to be made wait for [`Self::start_first_executions`]: a
    /// deployment makes the pipeline before its functions are built, which on AWS they are by then.
    pub fn hold_first_execution(&self, pipeline: &str) {
        lock(&self.held).insert(pipeline.to_owned(), None);
    }

    /// Starts the executions that were held back. Gives each one's pipeline and id.
    pub fn start_first_executions(&self, cloud: &Arc<Cloud>) -> BTreeMap<String, String> {
        let held = std::mem::take(&mut *lock(&self.held));
        let started = held
            .into_iter()
            .filter_map(|(pipeline, first)| Some((pipeline, first?.start(cloud)?)));
        started.collect()
    }

    /// Makes a pipeline, which starts its first execution by itself.
    ///
    /// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create.html>.
    pub(super) fn create(&self, cloud: &Arc<Cloud>, caller: &Principal, input: Value) -> Result<Value, ServiceError> {
        let input: WithPipeline = decode("codepipeline", "CreatePipeline", input)?;
        let mut declaration = input.pipeline;
        declaration.check()?;
        let role = &declaration.role_arn;
        if !cloud
            .iam
            .trusts_service(&cloud.account, role, "codepipeline.amazonaws.com", None)?
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
        let creator = caller.arn(&cloud.account);
        let first = First { pipeline, creator };
        match lock(&self.held).get_mut(&name) {
            Some(held) => *held = Some(first),
            None => drop(first.start(cloud)),
        }
        Ok(output)
    }

    /// Replaces a pipeline's declaration; executions that run go on with the one that they started with.
    pub(super) fn update(&self, input: Value) -> Result<Value, ServiceError> {
        let input: WithPipeline = decode("codepipeline", "UpdatePipeline", input)?;
        let mut declaration = input.pipeline;
        declaration.check()?;
        let pipeline = self.pipeline(&declaration.name)?;
        let mut current = lock(&pipeline.declaration);
        declaration.version = current.version + 1;
        *current = declaration;
        Ok(json!({"pipeline": *current}))
    }

    pub(super) fn get(&self, cloud: &Cloud, name: &str) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(name)?;
        Ok(json!({
            "pipeline": pipeline.declaration(),
            "metadata": {
                "pipelineArn": cloud.account.arn("codepipeline", name),
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

    pub(super) fn start(&self, cloud: &Arc<Cloud>, caller: &Principal, input: Value) -> Result<Value, ServiceError> {
        let input: StartPipelineExecution = decode("codepipeline", "StartPipelineExecution", input)?;
        let pipeline = self.pipeline(&input.name)?;
        let declaration = pipeline.declaration();
        let given = input
            .variables
            .into_iter()
            .map(|variable| (variable.name, variable.value));
        let variables = declaration.variables(&given.collect::<BTreeMap<_, _>>())?;
        let trigger = json!({
            "triggerType": "StartPipelineExecution",
            "triggerDetail": caller.arn(&cloud.account),
        });
        let id = begin(cloud, &pipeline, declaration, variables, trigger);
        Ok(json!({"pipelineExecutionId": id}))
    }

    pub(super) fn stop(&self, input: Value) -> Result<Value, ServiceError> {
        let input: StopPipelineExecution = decode("codepipeline", "StopPipelineExecution", input)?;
        let pipeline = self.pipeline(&input.pipeline_name)?;
        let execution = pipeline.execution(&input.pipeline_execution_id)?;
        let mut progress = execution.progress();
        match (progress.status, input.abandon) {
            (Status::InProgress, _) | (Status::Stopping, true) => {}
            (Status::Stopping, false) => {
                return Err(ServiceError::new(
                    "DuplicatedStopRequestException",
                    "The pipeline execution is already in a Stopping state",
                ));
            }
            (ended, _) => {
                return Err(ServiceError::new(
                    "PipelineExecutionNotStoppableException",
                    format_args!("the pipeline execution is {}", ended.word()),
                ));
            }
        }
        progress.status = Status::Stopping;
        progress.summary = input.reason;
        progress.updated = Timestamp::now();
        drop(progress);
        execution
            .stop
            .send_replace(if input.abandon { Stop::Abandon } else { Stop::Finish });
        Ok(json!({"pipelineExecutionId": execution.id}))
    }

    /// Runs a failed stage again, under the same execution id: its failed actions or all of them.
    pub(super) fn retry(&self, cloud: &Arc<Cloud>, input: Value) -> Result<Value, ServiceError> {
        let input: RetryStageExecution = decode("codepipeline", "RetryStageExecution", input)?;
        let pipeline = self.pipeline(&input.pipeline_name)?;
        let execution = pipeline.execution(&input.pipeline_execution_id)?;
        let stages = &execution.declaration.stages;
        let Some(from) = stages.iter().position(|stage| stage.name == input.stage_name) else {
            return Err(ServiceError::new(
                "StageNotFoundException",
                format_args!("pipeline `{}` has no stage `{}`", input.pipeline_name, input.stage_name),
            ));
        };
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
        drop(progress);
        execution.stop.send_replace(Stop::No);
        engine::launch(cloud, &pipeline, &execution, from, rerun);
        Ok(json!({"pipelineExecutionId": execution.id}))
    }

    pub(super) fn list_executions(&self, input: &Value) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(required(input, "pipelineName")?)?;
        let summaries: Vec<Value> = pipeline
            .executions()
            .iter()
            .rev()
            .map(|execution| view::summary(execution))
            .collect();
        Ok(json!({"pipelineExecutionSummaries": summaries}))
    }

    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html>.
    pub(super) fn list_action_executions(&self, input: &Value) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(required(input, "pipelineName")?)?;
        let only = input["filter"]["pipelineExecutionId"].as_str();
        let executions = match only {
            Some(id) => vec![pipeline.execution(id)?],
            None => pipeline.executions(),
        };
        let mut details = Vec::new();
        for execution in executions.iter().rev() {
            let runs = execution.progress().actions.clone();
            details.extend(runs.iter().rev().map(|run| view::action_detail(execution, run)));
        }
        let most = match input["maxResults"].as_u64() {
            None => PAGE,
            Some(most) => usize::try_from(most)
                .ok()
                .filter(|most| (1..=PAGE).contains(most))
                .ok_or_else(|| ServiceError::validation(format_args!("`maxResults` must lie between 1 and {PAGE}")))?,
        };
        let from = match input["nextToken"].as_str() {
            None => 0,
            Some(token) => token.parse().ok().filter(|from| *from < details.len()).ok_or_else(|| {
                ServiceError::new(
                    "InvalidNextTokenException",
                    "The next token was specified in an invalid format",
                )
            })?,
        };
        let to = (from + most).min(details.len());
        let mut page = json!({"actionExecutionDetails": details[from..to]});
        if to < details.len() {
            page["nextToken"] = to.to_string().into();
        }
        Ok(page)
    }

    /// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html>.
    pub(super) fn approve(&self, input: Value) -> Result<Value, ServiceError> {
        let input: PutApprovalResult = decode("codepipeline", "PutApprovalResult", input)?;
        let length = input.result.summary.encode_utf16().count();
        if length > MAX_SUMMARY {
            return Err(ServiceError::validation(format_args!(
                "1 validation error detected: Value at 'result.summary' failed to satisfy constraint: Member must have \
                 length less than or equal to {MAX_SUMMARY}"
            )));
        }
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
