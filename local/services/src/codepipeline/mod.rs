//! CodePipeline, as far as the chain needs it. Follows
//! <https://docs.aws.amazon.com/codepipeline/latest/APIReference/Welcome.html>.

mod actions;
mod declaration;
mod engine;
mod execution;
mod gates;
mod jobs;
mod listing;
mod notify;
mod operations;
#[cfg(test)]
mod tests;
mod variables;
mod view;

pub use jobs::{Answer, FailureDetails, Success};

use crate::by_name::ByName;
use actions::Decision;
use declaration::{Declaration, ExecutionMode};
use execution::{Execution, Status};
use gates::Gates;
use jiff::Timestamp;
use jobs::Jobs;
use platform::error::ServiceError;
use platform::input::required;
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// CodePipeline in this account and region.
#[derive(Debug, Default)]
pub struct CodePipeline {
    pipelines: Mutex<BTreeMap<String, Arc<Pipeline>>>,
    jobs: Arc<Jobs>,
    /// First executions that are held back, by pipeline; None while there is no such pipeline yet.
    held: Mutex<BTreeMap<String, Option<operations::First>>>,
}

/// A pipeline and its executions.
#[derive(Debug)]
struct Pipeline {
    declaration: Mutex<Declaration>,
    executions: Mutex<Vec<Arc<Execution>>>,
    gates: Gates,
    approvals: Mutex<HashMap<String, oneshot::Sender<Decision>>>,
    created: Timestamp,
}

impl Pipeline {
    fn new(declaration: Declaration) -> Self {
        Self {
            declaration: Mutex::new(declaration),
            executions: Mutex::default(),
            gates: Gates::default(),
            approvals: Mutex::default(),
            created: Timestamp::now(),
        }
    }

    fn declaration(&self) -> Declaration {
        lock(&self.declaration).clone()
    }

    fn executions(&self) -> Vec<Arc<Execution>> {
        lock(&self.executions).clone()
    }

    fn execution(&self, id: &str) -> Result<Arc<Execution>, ServiceError> {
        let executions = lock(&self.executions);
        executions
            .iter()
            .find(|execution| execution.id == id)
            .cloned()
            .ok_or_else(|| {
                ServiceError::new(
                    "PipelineExecutionNotFoundException",
                    format_args!("there is no execution `{id}` of this pipeline"),
                )
            })
    }

    /// Whether a stage has failed in an execution that started after this one. Executions in parallel have no order.
    fn failed_later(&self, execution: &Execution, stage: &str) -> bool {
        let executions = self.executions();
        let later = executions.iter().rev().take_while(|later| later.id != execution.id);
        let mut failed = later.filter(|later| later.progress().stages.get(stage) == Some(&Status::Failed));
        execution.declaration.execution_mode != ExecutionMode::Parallel && failed.next().is_some()
    }

    /// Approvals that are waited for, by their tokens.
    fn approvals(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Decision>>> {
        lock(&self.approvals)
    }
}

impl CodePipeline {
    /// Opens a job that no pipeline made, for an event that somebody sends to a function by hand.
    pub fn open_job(&self, id: &str) -> oneshot::Receiver<Answer> {
        self.jobs.open(id)
    }

    /// The working tree as a source artifact, for such a job.
    pub async fn source_zip(&self, platform: &Platform) -> Result<Vec<u8>, String> {
        actions::zip_of(platform.root.clone()).await
    }

    fn pipeline(&self, name: &str) -> Result<Arc<Pipeline>, ServiceError> {
        lock(&self.pipelines).get(name).cloned().ok_or_else(|| {
            ServiceError::new(
                "PipelineNotFoundException",
                format_args!("Account does not have a pipeline with name '{name}'"),
            )
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

crate::by_name::by_name!(CodePipeline);

#[async_trait::async_trait]
impl ByName for CodePipeline {
    fn signing_name(&self) -> &'static str {
        "codepipeline"
    }

    /// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html>.
    fn requirements(
        &self,
        platform: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let action = format!("codepipeline:{operation}");
        let resource = |parts: &[&str]| -> Result<String, ServiceError> {
            let names: Vec<&str> = parts
                .iter()
                .map(|part| required(input, part))
                .collect::<Result<_, _>>()?;
            Ok(platform.account.arn("codepipeline", names.join("/")))
        };
        let resource = match operation {
            // Jobs belong to no pipeline that IAM knows.
            "PutJobSuccessResult" | "PutJobFailureResult" | "ListPipelines" => "*".to_owned(),
            "GetPipeline" | "DeletePipeline" | "StartPipelineExecution" | "GetPipelineState" => resource(&["name"])?,
            "GetPipelineExecution" | "ListPipelineExecutions" | "ListActionExecutions" | "StopPipelineExecution" => {
                resource(&["pipelineName"])?
            }
            "RetryStageExecution" => resource(&["pipelineName", "stageName"])?,
            "PutApprovalResult" => resource(&["pipelineName", "stageName", "actionName"])?,
            "CreatePipeline" | "UpdatePipeline" => {
                let pipeline = &input["pipeline"];
                let arn = platform.account.arn("codepipeline", required(pipeline, "name")?);
                let role = Requirement::new("iam:PassRole", required(pipeline, "roleArn")?)
                    .with("iam:PassedToService", "codepipeline.amazonaws.com");
                return Ok(vec![Requirement::new(action, arn), role]);
            }
            other => return Err(ServiceError::not_in_local_run("codepipeline", other)),
        };
        Ok(vec![Requirement::new(action, resource)])
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "CreatePipeline" => self.create(platform, caller, input),
            "UpdatePipeline" => self.update(input),
            "GetPipeline" => self.get(platform, required(&input, "name")?),
            "DeletePipeline" => {
                lock(&self.pipelines).remove(required(&input, "name")?);
                Ok(json!({}))
            }
            "ListPipelines" => Ok(self.list()),
            "StartPipelineExecution" => self.start(platform, caller, input),
            "StopPipelineExecution" => self.stop(input),
            "RetryStageExecution" => self.retry(platform, input),
            "GetPipelineExecution" => {
                let pipeline = self.pipeline(required(&input, "pipelineName")?)?;
                let execution = pipeline.execution(required(&input, "pipelineExecutionId")?)?;
                Ok(json!({"pipelineExecution": view::execution(&execution)}))
            }
            "GetPipelineState" => Ok(view::state(&*self.pipeline(required(&input, "name")?)?)),
            "ListPipelineExecutions" => self.list_executions(&input),
            "ListActionExecutions" => self.list_action_executions(&input),
            "PutApprovalResult" => self.approve(input),
            "PutJobSuccessResult" => {
                let (id, answer) = jobs::success(input)?;
                self.jobs.answer(&id, answer)?;
                Ok(json!({}))
            }
            "PutJobFailureResult" => {
                let (id, answer) = jobs::failure(input)?;
                self.jobs.answer(&id, answer)?;
                Ok(json!({}))
            }
            other => Err(ServiceError::not_in_local_run("codepipeline", other)),
        }
    }
}
