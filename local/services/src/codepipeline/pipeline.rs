//! What CodePipeline keeps: pipelines, their executions and their jobs.

use super::declaration::{Declaration, ExecutionMode};
use super::execution::{Execution, Status};
use super::gates::Gates;
use super::jobs::{Answer, Jobs};
use super::past::Kept;
use crate::tags::SmallTag;
use jiff::Timestamp;
use platform::store::{Store, StoreError};
use platform::{Call, ServiceError};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// CodePipeline in this account and region.
#[derive(Debug, Default)]
pub struct CodePipeline {
    pub(super) pipelines: Mutex<BTreeMap<String, Arc<Pipeline>>>,
    pub(super) jobs: Arc<Jobs>,
    /// First executions that are held back, by pipeline. None until the pipeline is made.
    pub(super) held: Mutex<BTreeMap<String, Option<First>>>,
    pub(super) store: Store,
}

/// A pipeline and its executions.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) declaration: Mutex<Declaration>,
    pub(super) executions: Mutex<Vec<Arc<Execution>>>,
    pub(super) gates: Gates,
    pub(super) approvals: Mutex<HashMap<String, oneshot::Sender<Decision>>>,
    pub(super) tags: Mutex<Vec<SmallTag>>,
    pub(super) created: Timestamp,
    pub(super) updated: Mutex<Timestamp>,
    /// Where the executions are kept.
    pub(super) kept: Kept,
}

/// What somebody decided about an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) approved: bool,
    pub(super) summary: String,
    /// The ARN of whoever it was.
    pub(super) by: String,
}

/// The execution that a new pipeline starts with, while it is held back.
#[derive(Debug)]
pub(super) struct First {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) creator: String,
}

impl Pipeline {
    /// A pipeline, with the executions that this store has of it.
    pub(super) fn new(declaration: Declaration, store: &Store) -> Result<Self, StoreError> {
        let kept = Kept::of(store, &declaration.name);
        let gates = Gates::default();
        for (stage, disabled) in kept.disabled()? {
            gates.disable(&stage, Some(disabled));
        }
        let now = Timestamp::now();
        Ok(Self {
            declaration: Mutex::new(declaration),
            executions: Mutex::new(kept.read()?),
            gates,
            approvals: Mutex::default(),
            tags: Mutex::default(),
            created: now,
            updated: Mutex::new(now),
            kept,
        })
    }

    pub(super) fn declaration(&self) -> Declaration {
        lock(&self.declaration).clone()
    }

    pub(super) fn executions(&self) -> Vec<Arc<Execution>> {
        lock(&self.executions).clone()
    }

    pub(super) fn execution(&self, id: &str) -> Result<Arc<Execution>, ServiceError> {
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
    pub(super) fn failed_later(&self, execution: &Execution, stage: &str) -> bool {
        let executions = self.executions();
        let later = executions.iter().rev().take_while(|later| later.id != execution.id);
        let mut failed = later.filter(|later| later.progress().stages.get(stage) == Some(&Status::Failed));
        execution.declaration.execution_mode != ExecutionMode::Parallel && failed.next().is_some()
    }

    /// Approvals that are waited for, by their tokens.
    pub(super) fn approvals(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Decision>>> {
        lock(&self.approvals)
    }
}

impl CodePipeline {
    /// CodePipeline that has the executions of this store, as soon as their pipelines are made.
    pub fn open(store: &Store) -> Self {
        Self {
            store: store.clone(),
            ..Self::default()
        }
    }

    /// Has the pipelines of earlier runs again, as their last executions had them: for somebody who only looks. Nothing is
    /// started.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn recall(&self) -> Result<(), StoreError> {
        for declaration in super::past::declarations(&self.store)? {
            let name = declaration.name.clone();
            let pipeline = Arc::new(Pipeline::new(declaration, &self.store)?);
            lock(&self.pipelines).insert(name, pipeline);
        }
        Ok(())
    }

    /// Opens a job that no pipeline made, for an event that somebody sends to a function by hand.
    pub fn open_job(&self, id: &str) -> oneshot::Receiver<Answer> {
        self.jobs.open(id)
    }

    pub(super) fn pipeline(&self, call: &Call, name: &str) -> Result<Arc<Pipeline>, ServiceError> {
        lock(&self.pipelines).get(name).cloned().ok_or_else(|| {
            let account = &call.platform.account.id;
            ServiceError::new(
                "PipelineNotFoundException",
                format_args!("Account '{account}' does not have a pipeline with name '{name}'"),
            )
        })
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
