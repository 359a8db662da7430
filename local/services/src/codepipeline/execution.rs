//! One execution of a pipeline: what it knows, and how far it is.

use super::declaration::{Action, Declaration};
use super::variables::Namespaces;
use jiff::Timestamp;
use platform::store::{Changing, Record, Shelf};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::watch;

/// An artifact: a zip in the pipeline's bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    InProgress,
    Stopping,
    Stopped,
    Superseded,
    Succeeded,
    Failed,
    /// Of a stage alone, whose condition says so.
    Skipped,
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
            Self::Skipped => "Skipped",
        }
    }
}

/// When a stage's conditions are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum When {
    BeforeEntry,
    OnSuccess,
    OnFailure,
}

impl When {
    /// The member of a declaration that has them.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::BeforeEntry => "beforeEntry",
            Self::OnSuccess => "onSuccess",
            Self::OnFailure => "onFailure",
        }
    }
}

/// A condition that was checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ConditionRun {
    pub(super) stage: String,
    pub(super) when: When,
    pub(super) rules: Vec<RuleRun>,
    pub(super) at: Timestamp,
}

/// A rule that was checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RuleRun {
    pub(super) id: String,
    pub(super) name: String,
    /// Why it failed.
    pub(super) failure: Option<String>,
    pub(super) at: Timestamp,
}

/// What an execution is that rolls a stage back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RollbackOf {
    pub(super) stage: String,
    /// The id of the execution that succeeded in it.
    pub(super) target: String,
}

/// The status of an action execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) status: Status,
    pub(super) summary: Option<String>,
    pub(super) updated: Timestamp,
    pub(super) stages: BTreeMap<String, Status>,
    pub(super) actions: Vec<ActionRun>,
    pub(super) namespaces: Namespaces,
    pub(super) artifacts: BTreeMap<String, Artifact>,
    pub(super) attempt: u32,
    /// The stages that were retried by themselves.
    #[serde(default)]
    pub(super) retried: BTreeSet<String>,
    /// How often people have retried a stage.
    #[serde(default)]
    pub(super) retried_by_hand: BTreeMap<String, u32>,
    #[serde(default)]
    pub(super) conditions: Vec<ConditionRun>,
}

impl Progress {
    /// The actions of a stage whose last run has succeeded.
    pub(super) fn succeeded(&self, stage: &str) -> BTreeSet<String> {
        let runs = self.actions.iter().filter(|run| run.stage == stage);
        let last: BTreeMap<&str, ActionStatus> = runs.map(|run| (run.action.name.as_str(), run.status)).collect();
        let succeeded = last
            .into_iter()
            .filter(|(_, status)| *status == ActionStatus::Succeeded);
        succeeded.map(|(name, _)| name.to_owned()).collect()
    }
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
    pub(super) rollback: Option<RollbackOf>,
    /// Changed only under the lock of `progress`, so that it agrees with the status there.
    pub(super) stop: watch::Sender<Stop>,
    pub(super) progress: Record<Progress>,
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
            rollback: None,
            stop: watch::Sender::default(),
            progress: Record::new(
                &Shelf::default(),
                "",
                Progress {
                    status: Status::InProgress,
                    summary: None,
                    updated: now,
                    stages: BTreeMap::new(),
                    actions: Vec::new(),
                    namespaces,
                    artifacts: BTreeMap::new(),
                    attempt: 1,
                    retried: BTreeSet::new(),
                    retried_by_hand: BTreeMap::new(),
                    conditions: Vec::new(),
                },
            ),
        }
    }

    /// An execution that runs a stage again with what `target` had: its declaration, variables and artifacts.
    pub(super) fn rolling_back(target: &Self, stage: &str, trigger: Value) -> Self {
        let mut execution = Self::new(target.declaration.clone(), target.variables.clone(), trigger, None);
        {
            let (mut progress, earlier) = (execution.progress(), target.progress());
            progress.artifacts.clone_from(&earlier.artifacts);
            for (namespace, values) in &earlier.namespaces {
                let namespace = progress.namespaces.entry(namespace.clone());
                namespace.or_insert_with(|| values.clone());
            }
        }
        execution.rollback = Some(RollbackOf {
            stage: stage.to_owned(),
            target: target.id.clone(),
        });
        execution
    }

    /// The id of the execution to which a stage is rolled back.
    pub(super) fn rolled_back_to(&self) -> Option<&str> {
        self.rollback.as_ref().map(|rollback| rollback.target.as_str())
    }

    /// The index of the stage that it begins with.
    pub(super) fn first_stage(&self) -> usize {
        let stages = &self.declaration.stages;
        let of = |rollback: &RollbackOf| stages.iter().position(|stage| stage.name == rollback.stage);
        self.rollback.as_ref().and_then(of).unwrap_or_default()
    }

    /// Locks what is known so far. Hold it for a moment only, never across an await.
    pub(super) fn progress(&self) -> Changing<'_, Progress> {
        self.progress.lock()
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
