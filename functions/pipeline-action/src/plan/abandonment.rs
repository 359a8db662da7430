//! What to stop when an action was abandoned.
//!
//! The event can come late, twice, or before CodePipeline's own lists show the abandonment, and the stage may have been
//! retried since. So the event only says which run of the action to look at. What is stopped follows from the list of
//! runs and from when an execution began: what a later run started or took over is left alone, and what is not clear
//! yet is looked at again.

use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::{Execution, ExecutionStatus};
use shared::time::Timestamp;

use super::lags::SETTLES;
use crate::event::AbandonedAction;
use crate::user_parameters::{OnRetry, OnTimeout, UserParameters};

/// The run of an action that was abandoned, and the runs around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandonment<'a> {
    /// The run.
    pub run: &'a ActionExecution,
    /// When the stage's retry ran the action again, if it did.
    pub retried: Option<Timestamp>,
    /// Whether the last run of such a retry failed or was abandoned. Then it follows no execution any more.
    pub retry_failed: bool,
}

/// Why there is no abandoned run to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRun {
    /// No run of the action was abandoned, and that will not change.
    NotAbandoned(&'static str),
    /// CodePipeline does not list it yet: look again.
    NotListedYet(&'static str),
}

/// What to do about an execution that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody waits for it: stop it.
    Stop,
    /// Somebody waits for it, or it has ended: leave it.
    Leave,
    /// It began after the abandonment, perhaps for a retry that is not listed yet: look again.
    LookAgain,
}

impl<'a> Abandonment<'a> {
    /// Finds the abandoned run among the runs of all actions of a pipeline's execution.
    ///
    /// # Errors
    /// [`NoRun`] when there is none, or none yet.
    pub fn find(runs: &'a [ActionExecution], action: &AbandonedAction) -> Result<Self, NoRun> {
        let mut own: Vec<&ActionExecution> = runs
            .iter()
            .filter(|run| run.stage == action.stage && run.action == action.action)
            .collect();
        own.sort_by_key(|run| std::cmp::Reverse(run.started_at));
        let is_it = |run: &&ActionExecution| match &action.action_execution_id {
            Some(id) => run.id == *id,
            None => run.status == ActionStatus::Abandoned,
        };
        let Some(at) = own.iter().position(is_it) else {
            return Err(match (own.first(), &action.action_execution_id) {
                (None, None) if runs.is_empty() => NoRun::NotAbandoned("CodePipeline knows no such execution"),
                (Some(run), None) if run.status != ActionStatus::InProgress => {
                    NoRun::NotAbandoned("the action has ended by itself")
                }
                _ => NoRun::NotListedYet("the list does not show the abandoned run yet"),
            });
        };
        match own[at].status {
            ActionStatus::Abandoned => Ok(Self {
                run: own[at],
                retried: at.checked_sub(1).map(|later| own[later].started_at),
                retry_failed: at > 0 && matches!(own[0].status, ActionStatus::Failed | ActionStatus::Abandoned),
            }),
            ActionStatus::InProgress => Err(NoRun::NotListedYet("the list does not show that it was abandoned yet")),
            ActionStatus::Succeeded | ActionStatus::Failed => {
                Err(NoRun::NotAbandoned("the action has ended by itself"))
            }
        }
    }

    /// What to do about an execution of the action. `is_in_sight` says whether a retry would find it. It would not if
    /// the parameter that names the state machine has changed since.
    #[must_use]
    pub(crate) fn judge(
        &self,
        execution: &Execution,
        parameters: &UserParameters,
        is_in_sight: bool,
        now: Timestamp,
    ) -> Verdict {
        if execution.status != ExecutionStatus::Running {
            return Verdict::Leave;
        }
        let began = execution.redriven_at.unwrap_or(execution.started_at);
        // It had its time, perhaps, and was left running on purpose.
        let may_be_left =
            parameters.on_timeout == OnTimeout::Leave && self.run.updated_at.since(began) >= parameters.timeout;
        let nobody_goes_on = self.retry_failed || !is_in_sight;
        match (self.retried, parameters.on_retry) {
            // A retry that failed has left what it found, and one that looks elsewhere has found nothing.
            (Some(_), OnRetry::Redrive) if nobody_goes_on && !may_be_left && began <= self.run.updated_at => {
                Verdict::Stop
            }
            // The retry goes on with whatever it finds.
            (Some(_), OnRetry::Redrive) => Verdict::Leave,
            (Some(retried), OnRetry::Restart) if began >= retried => Verdict::Leave,
            (Some(_), OnRetry::Restart) => Verdict::Stop,
            (None, _) if began <= self.run.updated_at => Verdict::Stop,
            // A job of the abandoned run was under way, or a retry has begun.
            (None, _) if now.since(began) < SETTLES => Verdict::LookAgain,
            (None, _) => Verdict::Stop,
        }
    }
}
