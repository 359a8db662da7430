//! An action was abandoned: its execution is stopped, because nobody waits for it any more.
//!
//! The event names the action, but not the job. ListActionExecutions gives the action's configuration, with the values
//! of variables. That tells the state machine, and the name of the execution.

use std::sync::{Mutex, PoisonError};

use lambda_runtime::Context;
use shared::execution_name::ExecutionName;
use shared::metrics::Metrics;
use shared::ports::code_pipeline::ActionExecution;
use shared::ports::step_functions::{
    DescribeExecution as _, ListExecutions, ListedExecution, ListedStatus, StopExecution,
};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::StateMachineArn;
use shared::time::Clock as _;

use super::function::PipelineAction;
use super::runs::list_actions;
use crate::error::HandlerError;
use crate::event::AbandonedAction;
use crate::plan::abandonment::{Abandonment, NoRun, Verdict};
use crate::plan::{ABANDONED, SKEW};
use crate::ports::Ports;
use crate::report::{Outcome, Report};
use crate::settings::invokes;
use crate::user_parameters::{OnRetry, UserParameters};

/// How many pages of executions are looked through.
const MAX_PAGES: usize = 10;

/// What was abandoned.
struct Its<'a> {
    abandonment: &'a Abandonment<'a>,
    /// Those that it may have been started on.
    machines: &'a [StateMachineArn],
    /// Those of them that a retry of the stage would look at.
    in_sight: &'a [StateMachineArn],
    parameters: &'a UserParameters,
    /// Whether its pipeline has no other action of this function.
    is_only_one: bool,
}

impl<P: Ports> PipelineAction<P> {
    /// Stops what the action started, unless the settings say otherwise.
    pub(super) async fn stop_abandoned(
        &self,
        action: &AbandonedAction,
        context: &Context,
        metrics: &Mutex<Metrics>,
    ) -> Result<Report, HandlerError> {
        let ignored = |reason: &str| {
            tracing::info!(
                pipeline.name = action.pipeline,
                pipeline.execution_id = action.pipeline_execution_id,
                reason,
                "abandoned action ignored"
            );
            Ok(Report::of(Outcome::Ignored))
        };
        let settings = self
            .settings
            .as_ref()
            .map_err(|error| HandlerError::NotStopped(error.to_string()))?;
        if !settings.stop_abandoned_executions {
            return ignored("STOP_ABANDONED_EXECUTIONS is false");
        }
        let runs = list_actions(self.ports.pipelines(), &action.pipeline, &action.pipeline_execution_id).await;
        let runs = runs.map_err(failed)?;
        let abandonment = match Abandonment::find(&runs, action) {
            Ok(abandonment) => abandonment,
            Err(NoRun::NotAbandoned(reason)) => return ignored(reason),
            Err(NoRun::NotListedYet(reason)) => return Err(not_stopped(reason)),
        };
        let run = abandonment.run;
        let parameters = match parameters_of(run, &settings.function_name) {
            Ok(parameters) => parameters,
            Err(reason) => return ignored(reason),
        };
        let is_only_one = is_only_one(&runs, run, &settings.function_name)?;
        let (machines, in_sight) = self.machines_of(&abandonment, &parameters, context).await?;
        let its = Its {
            abandonment: &abandonment,
            machines: &machines,
            in_sight: &in_sight,
            parameters: &parameters,
            is_only_one,
        };
        let stopped = self.stop_what_is_left(&its, action, metrics).await?;
        match (stopped.is_empty(), abandonment.retried) {
            (true, Some(_)) => ignored("the stage was retried since, and no execution of the abandoned run is running"),
            (true, None) => ignored("no execution of it is running"),
            (false, _) => Ok(Report {
                executions: stopped,
                ..Report::of(Outcome::Stopped)
            }),
        }
    }

    /// The state machines that the abandoned run may have started its execution on, and those of them that a retry of the
    /// stage would look at.
    async fn machines_of(
        &self,
        abandonment: &Abandonment<'_>,
        parameters: &UserParameters,
        context: &Context,
    ) -> Result<(Vec<StateMachineArn>, Vec<StateMachineArn>), HandlerError> {
        // Its job has read the parameter at some time since it began.
        let since = abandonment.run.started_at - SKEW;
        let machines = self.machines_since(parameters, since, context).await;
        let machines = machines.map_err(|problems| not_stopped(&problems.to_string()))?;
        if machines.is_empty() {
            return Err(not_stopped("its state machine is not known any more"));
        }
        let in_sight = match abandonment.retried {
            Some(retried) if machines.len() > 1 => self.machines_since(parameters, retried - SKEW, context).await,
            Some(_) | None => Ok(machines.clone()),
        };
        let in_sight = in_sight.map_err(|problems| not_stopped(&problems.to_string()))?;
        Ok((machines, in_sight))
    }

    /// Stops what the abandoned run left, and gives what was stopped.
    async fn stop_what_is_left(
        &self,
        its: &Its<'_>,
        action: &AbandonedAction,
        metrics: &Mutex<Metrics>,
    ) -> Result<Vec<String>, HandlerError> {
        let states = self.ports.states();
        let running = executions_of(states, its, true).await.map_err(failed)?;
        let (mut stopped, mut is_unclear) = (Vec::new(), false);
        for listed in &running {
            let execution = states.describe_execution(&listed.execution_arn).await;
            let execution = execution.map_err(failed)?;
            let now = self.ports.clock().now();
            let machine = StateMachineArn::of_execution(&listed.execution_arn);
            let is_in_sight = machine.is_none_or(|machine| its.in_sight.iter().any(|seen| is_same(seen, &machine)));
            match its.abandonment.judge(&execution, its.parameters, is_in_sight, now) {
                Verdict::Leave => {}
                Verdict::LookAgain => is_unclear = true,
                Verdict::Stop => {
                    stop(states, &listed.execution_arn, action).await.map_err(failed)?;
                    let mut metrics = metrics.lock().unwrap_or_else(PoisonError::into_inner);
                    metrics.count("ExecutionsStopped");
                    stopped.push(listed.execution_arn.clone());
                }
            }
        }
        if is_unclear {
            return Err(not_stopped(
                "an execution of it began after it was abandoned, perhaps for a retry of the stage",
            ));
        }
        // A job that is still on its way may start one.
        if running.is_empty() && its.abandonment.retried.is_none() && !has_ended(states, its).await.map_err(failed)? {
            let machines: Vec<String> = its.machines.iter().map(ToString::to_string).collect();
            let machines = machines.join(" or ");
            return Err(not_stopped(&format!(
                "no execution of it is listed at {machines}, or not yet"
            )));
        }
        Ok(stopped)
    }
}

/// The user parameters of a run, or why it has started nothing that can be stopped here.
fn parameters_of(run: &ActionExecution, function_name: &str) -> Result<UserParameters, &'static str> {
    if !invokes(run, function_name) {
        return Err("the action does not invoke this function");
    }
    let text = run.configuration.get("UserParameters");
    let Ok(parameters) = UserParameters::parse(text.map(String::as_str)) else {
        return Err("the action's user parameters are ill-formed: it has started nothing");
    };
    if parameters.pipeline_execution_id.is_none() {
        return Err("without `pipelineExecutionId` in its user parameters its execution cannot be found");
    }
    Ok(parameters)
}

/// Whether the pipeline has no other action of this function. One with the same user parameters is an error.
fn is_only_one(runs: &[ActionExecution], run: &ActionExecution, function_name: &str) -> Result<bool, HandlerError> {
    let is_ours = |other: &&ActionExecution| invokes(other, function_name);
    let is_other = |other: &&ActionExecution| other.stage != run.stage || other.action != run.action;
    let others: Vec<&ActionExecution> = runs.iter().filter(is_ours).filter(is_other).collect();
    let text = run.configuration.get("UserParameters");
    if others
        .iter()
        .any(|other| other.configuration.get("UserParameters") == text)
    {
        return Err(not_stopped(
            "another action of the pipeline has the same user parameters, and their executions cannot be told apart: \
             give each an `action` of its own",
        ));
    }
    Ok(others.is_empty())
}

/// Whether an execution that the abandoned run followed has ended.
async fn has_ended(states: &impl ListExecutions, its: &Its<'_>) -> Result<bool, CallError> {
    let began = its.abandonment.run.started_at - SKEW;
    let goes_on = its.parameters.on_retry == OnRetry::Redrive;
    let executions = executions_of(states, its, false).await?;
    Ok(executions
        .iter()
        .any(|execution| execution.status != ListedStatus::Running && (goes_on || execution.started_at >= began)))
}

/// The action's executions. If the pipeline has no other action of this function, every execution whose name begins
/// with the id of the pipeline's execution is the action's.
async fn executions_of(
    states: &impl ListExecutions,
    its: &Its<'_>,
    only_running: bool,
) -> Result<Vec<ListedExecution>, CallError> {
    let id = its.parameters.pipeline_execution_id.as_deref().unwrap_or_default();
    let is_own = |execution: &ListedExecution| {
        let name = &execution.name;
        its.parameters.is_own_execution(name) || (its.is_only_one && ExecutionName::has_prefix(name, id))
    };
    let mut own = Vec::new();
    for (at, machine) in its.machines.iter().enumerate() {
        let mut next: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = states.list_executions(machine.unqualified(), only_running, next.as_deref());
            let page = match page.await {
                // It is gone, and what it ran with it.
                Err(error) if error.kind == CallErrorKind::NotFound => break,
                // The parameter has named it before, and the policy no longer does.
                Err(error) if error.kind == CallErrorKind::Denied && at > 0 => break,
                page => page?,
            };
            own.extend(page.executions.into_iter().filter(is_own));
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
    }
    Ok(own)
}

async fn stop(states: &impl StopExecution, execution: &str, action: &AbandonedAction) -> Result<(), CallError> {
    let AbandonedAction {
        pipeline,
        pipeline_execution_id,
        stage,
        action,
        action_execution_id: _,
    } = action;
    let cause =
        format!("execution {pipeline_execution_id} of pipeline {pipeline} abandoned action {action} of stage {stage}");
    match states.stop_execution(execution, ABANDONED, &cause).await {
        // It has ended by itself meanwhile.
        Err(error) if error.kind == CallErrorKind::NotFound => Ok(()),
        result => {
            result?;
            tracing::info!(
                execution.arn = execution,
                pipeline.name = pipeline,
                "execution of an abandoned action stopped"
            );
            Ok(())
        }
    }
}

fn is_same(one: &StateMachineArn, other: &StateMachineArn) -> bool {
    one.unqualified() == other.unqualified()
}

fn failed(error: CallError) -> HandlerError {
    HandlerError::NotStopped(error.to_string())
}

fn not_stopped(reason: &str) -> HandlerError {
    HandlerError::NotStopped(reason.to_owned())
}
