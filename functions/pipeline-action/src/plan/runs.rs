//! What the list of an action's runs tells a job that may be late: whether its own run is over, and which run has its
//! execution now.
//!
//! CodePipeline accepts an answer to a job of an abandoned action without an error. Only the list of runs shows that
//! the action was abandoned. The list lags: it may not show what a retry began within the last minute.

use std::time::Duration;

use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::ListedExecution;
use shared::time::Timestamp;

use super::assignment::Assignment;
use super::lags::{SETTLES, SKEW};
use crate::settings::invokes;
use crate::user_parameters::{MAX_TIMEOUT_MINUTES, OnTimeout, UserParameters};

/// After how long the function looks up when the action began. CodePipeline ends an action after a day, and the action
/// may have begun a while before its execution. An execution that takes less than this ends within the day anyway.
pub(crate) const LATE: Duration = Duration::from_secs(20 * 3600);

/// What to do about an execution that a job started or redrove, if its answer was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphan {
    /// No run of the action follows it: stop it.
    Stop,
    /// A run of the action has handed it over to an approval: leave it.
    Leave,
    /// A run of the action is in progress, and may follow it.
    Unclear,
}

/// The runs of the action that has these user parameters, the newest first.
#[must_use]
pub fn runs_of(runs: Vec<ActionExecution>, wanted: &UserParameters, function: &str) -> Vec<ActionExecution> {
    let is_own = |run: &ActionExecution| {
        let text = run.configuration.get("UserParameters").map(String::as_str);
        invokes(run, function) && UserParameters::parse(text).is_ok_and(|parameters| parameters == *wanted)
    };
    let mut own: Vec<ActionExecution> = runs.into_iter().filter(is_own).collect();
    own.sort_by_key(|run| std::cmp::Reverse(run.started_at));
    own
}

/// Whether the run that has waited since then is over. Then it must not change an execution any more.
#[must_use]
pub fn is_over(runs: &[ActionExecution], since: Timestamp) -> bool {
    runs.first()
        .is_some_and(|last| last.status != ActionStatus::InProgress || last.started_at > since + SKEW)
}

/// An assignment with no more time than its action has left. CodePipeline ends an action after a day, and the action
/// may have begun long before its execution.
#[must_use]
pub(crate) fn in_the_time_of_its_action(assignment: &Assignment, runs: &[ActionExecution]) -> Assignment {
    let mut assignment = assignment.clone();
    if let Some(last) = runs.first().filter(|last| last.status == ActionStatus::InProgress) {
        let spent = assignment.token.since.since(last.started_at);
        let left = Duration::from_secs(MAX_TIMEOUT_MINUTES * 60).saturating_sub(spent);
        assignment.parameters.timeout = assignment.parameters.timeout.min(left);
    }
    assignment
}

/// What to do about an execution that a job started or redrove, if its answer was not accepted.
#[must_use]
pub fn orphan(runs: &[ActionExecution], execution: &str) -> Orphan {
    let Some(last) = runs.first() else {
        return Orphan::Stop;
    };
    let handed_over = last.output_variables.get("ExecutionArn");
    match last.status {
        ActionStatus::InProgress => Orphan::Unclear,
        ActionStatus::Succeeded if handed_over.is_some_and(|arn| arn == execution) => Orphan::Leave,
        ActionStatus::Succeeded | ActionStatus::Failed | ActionStatus::Abandoned => Orphan::Stop,
    }
}

/// Whether an execution runs although its action is over and nobody waits for it. It is not counted if it was left
/// running on purpose, or if its action ended so recently that a retry may not be listed yet.
#[must_use]
pub(crate) fn is_unfollowed(
    running: &ListedExecution,
    runs: &[ActionExecution],
    function: &str,
    now: Timestamp,
) -> bool {
    let last_of = |stage: &str, action: &str| {
        let its = runs.iter().filter(|run| run.stage == stage && run.action == action);
        its.max_by_key(|run| run.started_at)
    };
    let is_over = |last: &ActionExecution| {
        let text = last.configuration.get("UserParameters").map(String::as_str);
        let Ok(parameters) = UserParameters::parse(text) else {
            return false;
        };
        let approval = parameters.approval.as_ref();
        let approval = approval.and_then(|name| last_of(&name.stage, &name.action));
        let approval = approval.filter(|run| run.started_at >= last.started_at);
        let (is_over, ended) = match (last.status, approval) {
            (ActionStatus::InProgress, _) => (false, last.updated_at),
            (ActionStatus::Failed | ActionStatus::Abandoned, _) => (true, last.updated_at),
            (ActionStatus::Succeeded, None) => (parameters.approval.is_none(), last.updated_at),
            // Who approves by hand lets it run.
            (ActionStatus::Succeeded, Some(approval)) => (
                matches!(approval.status, ActionStatus::Failed | ActionStatus::Abandoned),
                approval.updated_at,
            ),
        };
        let is_left =
            parameters.on_timeout == OnTimeout::Leave && ended.since(running.started_at) >= parameters.timeout;
        is_over && !is_left && now.since(ended) >= SETTLES && parameters.is_own_execution(&running.name)
    };
    let mut own = runs.iter().filter(|run| invokes(run, function));
    own.any(|run| last_of(&run.stage, &run.action).is_some_and(|last| last.id == run.id && is_over(last)))
}

/// Whether the action has failed, so that nobody follows its execution.
#[must_use]
pub(crate) fn has_failed(runs: &[ActionExecution]) -> bool {
    runs.first().is_some_and(|last| last.status == ActionStatus::Failed)
}
