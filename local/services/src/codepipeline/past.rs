//! What lasts of a pipeline's executions.

use super::declaration::Declaration;
use super::execution::{ActionStatus, Execution, Progress, RollbackOf, Status};
use super::gates::Disabled;
use jiff::Timestamp;
use platform::store::{Record, Shelf, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// Why an execution ended that was under way when the command ended.
const CUT_OFF: &str = "The local run ended while the execution was in progress.";

/// Where the executions of a pipeline are kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    begun: Shelf,
    progress: Shelf,
    /// The transitions that are disabled, by the stages that they lead to.
    transitions: Shelf,
}

/// What does not change while an execution runs.
#[derive(Serialize, Deserialize)]
struct Begun {
    id: String,
    declaration: Declaration,
    variables: BTreeMap<String, String>,
    trigger: Value,
    request: Option<String>,
    started: Timestamp,
    #[serde(default)]
    rollback: Option<RollbackOf>,
}

/// The space of what does not change.
const EXECUTIONS: &str = "codepipeline/executions";

/// The pipelines that have executions, each as its last execution had it.
pub(super) fn declarations(store: &Store) -> Result<Vec<Declaration>, StoreError> {
    let mut declarations = Vec::new();
    for pipeline in Shelf::owners(store, EXECUTIONS)? {
        let begun: Vec<(String, Begun)> = Kept::of(store, &pipeline).begun.read()?;
        let last = begun.into_iter().max_by_key(|(_, begun)| begun.started);
        declarations.extend(last.map(|(_, begun)| begun.declaration));
    }
    Ok(declarations)
}

impl Kept {
    pub(super) fn of(store: &Store, pipeline: &str) -> Self {
        Self {
            begun: Shelf::new(store, EXECUTIONS, pipeline),
            progress: Shelf::new(store, "codepipeline/progress", pipeline),
            transitions: Shelf::new(store, "codepipeline/transitions", pipeline),
        }
    }

    /// The executions that were kept, from the first to the last. Those that were in progress have stopped.
    pub(super) fn read(&self) -> Result<Vec<Arc<Execution>>, StoreError> {
        let mut progress: BTreeMap<String, Progress> = self.progress.read()?.into_iter().collect();
        let mut begun: Vec<(String, Begun)> = self.begun.read()?;
        begun.sort_by_key(|(_, begun)| begun.started);
        let executions = begun.into_iter().filter_map(|(id, begun)| {
            let mut progress = progress.remove(&id)?;
            progress.cut_off();
            Some(Arc::new(Execution {
                id: begun.id,
                declaration: begun.declaration,
                variables: begun.variables,
                trigger: begun.trigger,
                request: begun.request,
                started: begun.started,
                rollback: begun.rollback,
                stop: watch::Sender::default(),
                progress: Record::new(&self.progress, &id, progress),
            }))
        });
        Ok(executions.collect())
    }

    /// Keeps that a transition is disabled, or not any more.
    pub(super) fn disable(&self, stage: &str, disabled: Option<&Disabled>) {
        match disabled {
            Some(disabled) => self.transitions.put(stage, disabled),
            None => self.transitions.remove(stage),
        }
    }

    /// The transitions that are disabled.
    pub(super) fn disabled(&self) -> Result<Vec<(String, Disabled)>, StoreError> {
        self.transitions.read()
    }

    /// Keeps an execution from now on.
    pub(super) fn keep(&self, execution: Execution) -> Execution {
        let begun = Begun {
            id: execution.id.clone(),
            declaration: execution.declaration.clone(),
            variables: execution.variables.clone(),
            trigger: execution.trigger.clone(),
            request: execution.request.clone(),
            started: execution.started,
            rollback: execution.rollback.clone(),
        };
        self.begun.put(&execution.id, &begun);
        Execution {
            progress: Record::new(&self.progress, &execution.id, execution.progress.into_inner()),
            ..execution
        }
    }
}

impl Progress {
    /// Stops what nobody carries on any more.
    fn cut_off(&mut self) {
        if !matches!(self.status, Status::InProgress | Status::Stopping) {
            return;
        }
        let now = Timestamp::now();
        self.status = Status::Stopped;
        self.summary = Some(CUT_OFF.to_owned());
        self.updated = now;
        for stage in self.stages.values_mut() {
            if matches!(stage, Status::InProgress | Status::Stopping) {
                *stage = Status::Stopped;
            }
        }
        for run in &mut self.actions {
            if run.status == ActionStatus::InProgress {
                run.status = ActionStatus::Abandoned;
                run.updated = now;
                run.token = None;
            }
        }
    }
}
