//! What the runs of an action tell a job that may come late: whether its own run is over, and who has its execution now.
//!
//! CodePipeline takes an answer to a job whose action was abandoned, and says nothing. Only its list of runs tells, and
//! that lags: what a retry has begun within the last minute may not show.

use std::time::Duration;

use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::ListedExecution;
use shared::time::Timestamp;

use super::Assignment;
use crate::abandonment::SETTLES;
use crate::settings::invokes;
use crate::user_parameters::{MAX_TIMEOUT_MINUTES, OnTimeout, UserParameters};

/// How long an execution is followed before it is looked at when its action began. An action may have been a while about
/// to begin; what takes less than this comes to its end well within CodePipeline's day all the same.
pub(crate) const LATE: Duration = Duration::from_secs(20 * 3600);

/// How far the clocks of CodePipeline and Step Functions may be apart.
pub(crate) const SKEW: Duration = Duration::from_secs(60);

/// What to do about an execution that a job has put to work and could not hand over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphan {
    /// Nobody has it: stop it.
    Stop,
    /// A run of the action has handed it over: leave it.
    Leave,
    /// A run of the action is under way, and may go on with it.
    Unclear,
}

/// The runs of the action that has these user parameters, those that began last first.
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

/// Whether the run that has waited since then is over, so that it has no say about an execution any more.
#[must_use]
pub fn is_over(runs: &[ActionExecution], since: Timestamp) -> bool {
    runs.first()
        .is_some_and(|last| last.status != ActionStatus::InProgress || last.started_at > since + SKEW)
}

/// An assignment, with no more time than its action has left: CodePipeline fails an action after a day, which may have begun long
/// before its execution did.
#[must_use]
pub fn in_the_time_of_its_action(assignment: &Assignment, runs: &[ActionExecution]) -> Assignment {
    let mut assignment = assignment.clone();
    if let Some(last) = runs.first().filter(|last| last.status == ActionStatus::InProgress) {
        let spent = assignment.token.since.since(last.started_at);
        let left = Duration::from_secs(MAX_TIMEOUT_MINUTES * 60).saturating_sub(spent);
        assignment.parameters.timeout = assignment.parameters.timeout.min(left);
    }
    assignment
}

/// What to do about an execution that a job has put to work and could not hand over.
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

/// Whether an execution runs although the action that it is of is over, and nobody waits for it. Not what was left on
/// purpose, nor what an action was about whose end is so recent that a retry of it need not be listed yet.
#[must_use]
pub fn is_unfollowed(running: &ListedExecution, runs: &[ActionExecution], function: &str, now: Timestamp) -> bool {
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
pub fn has_failed(runs: &[ActionExecution]) -> bool {
    runs.first().is_some_and(|last| last.status == ActionStatus::Failed)
}
