//! CodePipeline, as far as the chain needs it. Follows
//! <https://docs.aws.amazon.com/codepipeline/latest/APIReference/Welcome.html>.

mod actions;
mod control;
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

use actions::Decision;
use declaration::{Declaration, ExecutionMode};
use execution::{Execution, Status};
use gates::Gates;
use jiff::Timestamp;
use jobs::Jobs;
use platform::{Platform, ServiceError};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// CodePipeline in this account and region.
#[derive(Debug, Default)]
pub struct CodePipeline {
    pipelines: Mutex<BTreeMap<String, Arc<Pipeline>>>,
    jobs: Arc<Jobs>,
    /// First executions that are held back, by pipeline. None until the pipeline is made.
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
