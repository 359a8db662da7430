//! Executions that earlier runs of an action left running: their approvals were over, and then all actions of the stage
//! were retried.

use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::{Execution, ExecutionStatus};
use shared::state_machine::StateMachineArn;
use shared::time::Timestamp;

use super::decide::was_left;
use super::wait::waits;
use crate::user_parameters::{OnRetry, UserParameters};

/// An execution that an earlier run may have left.
#[derive(Debug, Clone)]
pub struct LeftBehind {
    /// Its ARN. It may not exist: not every retry of an approval starts an execution.
    pub execution: String,
    parameters: UserParameters,
    /// When the action ran last. An execution that began later is not of an earlier run.
    retried: Timestamp,
    /// From when until when each run of the approval waited for it.
    waited: Vec<(Timestamp, Timestamp)>,
}

impl LeftBehind {
    /// Whether it runs on although nobody waits for it, and was not left on purpose.
    #[must_use]
    pub fn is_to_be_stopped(&self, execution: &Execution) -> bool {
        let began = execution.redriven_at.unwrap_or(execution.started_at);
        let left = |(began, over): &(Timestamp, Timestamp)| was_left(&self.parameters, *began, execution, *over);
        execution.status == ExecutionStatus::Running && began < self.retried && !self.waited.iter().any(left)
    }
}

/// What earlier runs of actions with an approval may have left running, now that all actions of the stage were retried.
///
/// An action whose last run is in progress is left out.
#[must_use]
pub fn left_behind(runs: &[ActionExecution], pipeline: &str, function_name: &str) -> Vec<LeftBehind> {
    let mut left = Vec::new();
    for wait in waits(runs, pipeline, function_name) {
        let (last, parameters) = (wait.action, &wait.parameters);
        let Some(name) = &parameters.approval else { continue };
        if last.status == ActionStatus::InProgress {
            continue;
        }
        let mut before: Vec<&ActionExecution> = runs.iter().filter(|run| run.started_at < last.started_at).collect();
        before.sort_by_key(|run| run.started_at);
        let text = |run: &ActionExecution| run.configuration.get("UserParameters").cloned();
        let wanted = text(last);
        // The executions, with when the run began that names each; and from when until when runs of the approval waited.
        let mut executions: Vec<(String, Timestamp)> = Vec::new();
        let mut waited: Vec<(Timestamp, Timestamp)> = Vec::new();
        let mut handed_over: Option<StateMachineArn> = None;
        let mut waits_since: Option<Timestamp> = None;
        for run in before {
            let is_approval = run.stage == name.stage && run.action == name.action;
            match (is_approval, run.output_variables.get("ExecutionArn"), &handed_over) {
                (true, _, Some(machine)) => {
                    let own = machine.execution_arn(&parameters.execution_name(&run.id));
                    executions.push((own, run.started_at));
                    waited.push((waits_since.take().unwrap_or(run.started_at), run.updated_at));
                }
                (false, Some(arn), _) if text(run) == wanted => {
                    executions.push((arn.clone(), run.started_at));
                    handed_over = StateMachineArn::of_execution(arn);
                    waits_since = Some(run.started_at);
                }
                (true, _, None) | (false, ..) => {}
            }
        }
        let current = last.output_variables.get("ExecutionArn");
        executions.retain(|(arn, _)| Some(arn) != current);
        left.extend(executions.into_iter().map(|(execution, from)| {
            let later = waited.iter().copied().filter(|(began, _)| *began >= from);
            LeftBehind {
                execution,
                parameters: parameters.clone(),
                retried: last.started_at,
                waited: match parameters.on_retry {
                    OnRetry::Redrive => later.collect(),
                    // Each attempt starts an execution of its own.
                    OnRetry::Restart => later.take(1).collect(),
                },
            }
        }));
    }
    left
}
