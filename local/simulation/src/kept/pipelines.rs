//! A pipeline of one stage, its actions and approval, their runs and their jobs.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::ports::code_pipeline::{ActionStatus, JobFailure, JobSuccess};
use shared::time::Timestamp;

use super::words::Id;

/// The pipeline's name, its stage, and the name of the approval in it.
pub(crate) const PIPELINE: &str = "stepline-dev";
pub(crate) const STAGE: &str = "Execute";
pub(crate) const APPROVAL: &str = "Outcome";
/// The function that the actions invoke.
pub(crate) const FUNCTION: &str = "stepline-pipeline-action-dev";
/// How far back lists and states may look, in seconds.
pub(crate) const LAG: u32 = 60;
/// Within how long a run is listed for certain.
pub(crate) const LISTED_WITHIN: Duration = Duration::from_secs(LAG as u64);

/// The pipeline.
#[derive(Debug, Default)]
pub(crate) struct CodePipeline {
    pub(crate) actions: Vec<Action>,
    pub(crate) runs: Vec<Run>,
    pub(crate) jobs: Vec<Job>,
    /// The pipeline's executions by their ids, the last one last.
    pub(crate) executions: Vec<String>,
    /// How the stage stands for the last of them.
    pub(crate) stage: Stage,
}

/// How the stage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Stage {
    /// Nothing runs yet.
    #[default]
    Idle,
    Runs,
    Failed,
    Succeeded,
}

/// An action of the stage.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// What an action is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It invokes the function, with these user parameters (but for the id of the pipeline's execution).
    Invoke(String),
    /// Somebody or something approves.
    Approval,
}

/// A run of an action.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its id, as ListActionExecutions has it.
    pub(crate) id: String,
    /// The pipeline's execution, by its place.
    pub(crate) execution: Id,
    pub(crate) action: Id,
    pub(crate) status: ActionStatus,
    pub(crate) started_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) token: String,
    /// How it stood, and since when.
    pub(crate) past: Vec<(Timestamp, ActionStatus)>,
    pub(crate) polls: u32,
    /// What kind of token its last job was answered with.
    pub(crate) kind: &'static str,
    /// How often something was started or redriven for it.
    pub(crate) begun: u32,
    /// The executions that it is about, by their ARNs, and since when.
    pub(crate) about: Vec<(String, Timestamp)>,
    /// What people were told at its end.
    pub(crate) messages: Vec<String>,
}

/// A job of a run.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) run: Id,
    pub(crate) state: JobState,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JobState {
    Open,
    Answered(Put),
    Expired,
}

/// An answer to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Put {
    Success(JobSuccess),
    Failure(JobFailure),
}

impl Run {
    pub(crate) fn is_live(&self) -> bool {
        self.status == ActionStatus::InProgress
    }
}

impl CodePipeline {
    /// The last run of an action in the pipeline's last execution.
    pub(crate) fn last_run(&self, action: Id) -> Option<Id> {
        let execution = self.executions.len().checked_sub(1)?;
        (0..self.runs.len())
            .rev()
            .find(|id| self.runs[*id].action == action && self.runs[*id].execution == execution)
    }

    /// The approval, if the stage has one.
    pub(crate) fn approval(&self) -> Option<Id> {
        self.actions.iter().position(|action| action.kind == Kind::Approval)
    }

    pub(crate) fn is_approval(&self, run: Id) -> bool {
        self.actions[self.runs[run].action].kind == Kind::Approval
    }
}

impl Run {
    /// How it stood at a moment, and since when; nothing if it had not begun.
    pub(crate) fn stood(&self, at: Timestamp) -> Option<(Timestamp, ActionStatus)> {
        self.past.iter().rev().find(|(since, _)| *since <= at).copied()
    }
}
