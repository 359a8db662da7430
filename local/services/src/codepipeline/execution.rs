//! One execution of a pipeline: what it knows, and how far it is.

use super::declaration::{Action, Declaration};
use super::variables::Namespaces;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// An artifact: a zip in the pipeline's bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Artifact {
    pub(super) name: String,
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) revision: Option<String>,
}

impl Artifact {
    /// As job events show it.
    pub(super) fn in_job(&self) -> Value {
        json!({
            "name": self.name,
            "revision": self.revision,
            "location": {"type": "S3", "s3Location": {"bucketName": self.bucket, "objectKey": self.key}},
        })
    }

    /// As `ListActionExecutions` shows it.
    pub(super) fn in_detail(&self) -> Value {
        json!({"name": self.name, "s3location": {"bucket": self.bucket, "key": self.key}})
    }
}

/// The status of a pipeline execution or a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Stopping,
    Stopped,
    Superseded,
    Succeeded,
    Failed,
}

impl Status {
    /// CodePipeline's word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Superseded => "Superseded",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

/// The status of an action execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ActionStatus {
    InProgress,
    Abandoned,
    Succeeded,
    Failed,
}

impl ActionStatus {
    /// CodePipeline's word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Abandoned => "Abandoned",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

/// One execution of an action.
#[derive(Debug, Clone)]
pub(super) struct ActionRun {
    pub(super) id: String,
    pub(super) stage: String,
    pub(super) action: Action,
    pub(super) status: ActionStatus,
    pub(super) started: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) resolved: BTreeMap<String, String>,
    pub(super) inputs: Vec<Artifact>,
    pub(super) outputs: Vec<Artifact>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) external_id: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) error: Option<(String, String)>,
    /// Who has answered an approval.
    pub(super) updated_by: Option<String>,
    /// The token of an approval that is waited for.
    pub(super) token: Option<String>,
    /// The token of an approval that has its answer.
    pub(super) answered: Option<String>,
}

/// What changes while an execution runs.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) status: Status,
    pub(super) summary: Option<String>,
    pub(super) updated: Timestamp,
    pub(super) stages: BTreeMap<String, Status>,
    pub(super) actions: Vec<ActionRun>,
    pub(super) namespaces: Namespaces,
    pub(super) artifacts: BTreeMap<String, Artifact>,
    pub(super) attempt: u32,
}

/// How an execution was asked to stop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Stop {
    /// It was not.
    #[default]
    No,
    /// The actions that run may end.
    Finish,
    /// The actions that run are abandoned.
    Abandon,
}

/// One execution of a pipeline.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) id: String,
    /// The pipeline as it was when the execution started.
    pub(super) declaration: Declaration,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) trigger: Value,
    /// The token of the request that started it. The same request may be sent again with the same token.
    pub(super) request: Option<String>,
    pub(super) started: Timestamp,
    /// Changed only under the lock of `progress`, so that it agrees with the status there.
    pub(super) stop: watch::Sender<Stop>,
    progress: Mutex<Progress>,
}

impl Execution {
    pub(super) fn new(
        declaration: Declaration,
        variables: BTreeMap<String, String>,
        trigger: Value,
        request: Option<String>,
    ) -> Self {
        let id = uuid::Uuid::new_v4().to_string();
        let own = BTreeMap::from([("PipelineExecutionId".to_owned(), id.clone())]);
        let namespaces = Namespaces::from([
            ("codepipeline".to_owned(), own),
            ("variables".to_owned(), variables.clone()),
        ]);
        let now = Timestamp::now();
        Self {
            id,
            declaration,
            variables,
            trigger,
            request,
            started: now,
            stop: watch::Sender::default(),
            progress: Mutex::new(Progress {
                status: Status::InProgress,
                summary: None,
                updated: now,
                stages: BTreeMap::new(),
                actions: Vec::new(),
                namespaces,
                artifacts: BTreeMap::new(),
                attempt: 1,
            }),
        }
    }

    /// Locks what is known so far. Hold it for a moment only, never across an await.
    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes one execution of an action.
    pub(super) fn update_action(&self, id: &str, change: impl FnOnce(&mut ActionRun)) {
        let mut progress = self.progress();
        if let Some(run) = progress.actions.iter_mut().find(|run| run.id == id) {
            change(run);
            run.updated = Timestamp::now();
            progress.updated = run.updated;
        }
    }

    /// Waits until the actions that run are to be abandoned.
    pub(super) async fn abandoned(&self) {
        // Fails only when the sender is gone, and it lives in `self`.
        let _ = self.stop.subscribe().wait_for(|stop| *stop == Stop::Abandon).await;
    }

    /// Waits until somebody asks the execution to stop, in either way.
    pub(super) async fn stopping(&self) {
        let _ = self.stop.subscribe().wait_for(|stop| *stop != Stop::No).await;
    }

    /// Whether somebody asked the execution to stop.
    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow() != Stop::No
    }
}
