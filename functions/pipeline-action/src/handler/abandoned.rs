//! An action was abandoned: its execution is stopped, since nobody waits for it any more.
//!
//! The event names the action, not the job. What the action was configured with, ListActionExecutions tells, with
//! variables resolved; from that follow the state machine and how its execution is named.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lambda_runtime::Context;
use serde_json::json;
use shared::execution_name::ExecutionName;
use shared::metrics::Metrics;
use shared::parameters::{Parameters, Problems};
use shared::ports::step_functions::{ListExecutions as _, StopExecution as _};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::{StateMachineArn, StateMachineName, StateMachineReference};
use shared::time::Clock as _;

use super::{HandlerError, Outcome, PipelineAction, Report};
use crate::approval::ABANDONED;
use crate::event::AbandonedAction;
use crate::settings::names_function;
use crate::user_parameters::UserParameters;
use crate::world::World;

/// How many pages of executions are looked through.
const MAX_PAGES: usize = 10;

/// How long after a run of an action began its execution may not be listed yet, or not be started.
const STARTING: Duration = Duration::from_secs(120);

impl<W: World> PipelineAction<W> {
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
        let mut ours = self
            .list_actions(&action.pipeline, &action.pipeline_execution_id)
            .await
            .map_err(failed)?;
        // The list follows what happens after some seconds: what it does not show, it may show later.
        if let Some(id) = &action.action_execution_id
            && ours.iter().all(|run| run.id != *id)
        {
            let reason = "the list does not show the abandoned run yet".to_owned();
            return Err(HandlerError::NotStopped(reason));
        }
        ours.retain(|found| {
            let name = found.configuration.get("FunctionName");
            name.is_some_and(|name| names_function(name, &settings.function_name))
        });
        let Some(found) = ours
            .iter()
            .find(|found| found.stage == action.stage && found.action == action.action)
        else {
            return ignored("the action does not invoke this function");
        };
        if action.action_execution_id.as_ref().is_some_and(|id| *id != found.id) {
            return ignored("the stage was retried since: the action's last run is another");
        }
        let text = found.configuration.get("UserParameters").map(String::as_str);
        let Ok(parameters) = UserParameters::parse(text) else {
            return ignored("the action's user parameters are ill-formed: it has started nothing");
        };
        if parameters.pipeline_execution_id.is_none() {
            return ignored("without `pipelineExecutionId` in its user parameters its execution cannot be found");
        }
        let machine = self.machine_of(&parameters, context).await;
        let Some(machine) = machine.map_err(|problems| HandlerError::NotStopped(problems.to_string()))? else {
            return ignored("its state machine is not known any more");
        };
        let only_one = ours
            .iter()
            .all(|other| other.stage == found.stage && other.action == found.action);
        let running = self.running(&machine, &parameters, only_one).await.map_err(failed)?;
        for execution in &running {
            self.stop(execution, action).await.map_err(failed)?;
            metrics
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .count("ExecutionsStopped");
        }
        if running.is_empty() && self.world.clock().now().since(found.started_at) < STARTING {
            let reason = "its execution may be about to start".to_owned();
            return Err(HandlerError::NotStopped(reason));
        }
        if running.is_empty() {
            return ignored("no execution of it is running");
        }
        Ok(Report {
            executions: running,
            ..Report::of(Outcome::Stopped)
        })
    }

    /// The state machine of the user parameters; nothing if its parameter holds none any more.
    pub(super) async fn machine_of(
        &self,
        parameters: &UserParameters,
        context: &Context,
    ) -> Result<Option<StateMachineArn>, Problems> {
        let name = match &parameters.state_machine {
            StateMachineReference::Known(name) => Some(name.clone()),
            StateMachineReference::Parameter(path) => {
                let value = Parameters::new(self.world.parameters(), Duration::ZERO)
                    .fill_in(json!(format!("{{{{ssm:{path}}}}}")), self.world.clock().now())
                    .await?;
                value
                    .as_str()
                    .and_then(|text| StateMachineName::parse(text.trim()).ok())
            }
        };
        let place = self.place(context, None);
        Ok(match (name, place) {
            (Some(name), Some(place)) => Some(name.in_place(&place)),
            (Some(StateMachineName::Arn(arn)), None) => Some(arn),
            (Some(StateMachineName::Name(_)) | None, _) => None,
        })
    }

    /// The action's executions that run. Where it is the only action of this function in its pipeline, whatever bears
    /// the id of the pipeline's execution is the action's.
    async fn running(
        &self,
        machine: &StateMachineArn,
        parameters: &UserParameters,
        only_one: bool,
    ) -> Result<Vec<String>, CallError> {
        let id = parameters.pipeline_execution_id.as_deref().unwrap_or_default();
        let mut running = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = self
                .world
                .states()
                .list_executions(machine.unqualified(), true, next.as_deref())
                .await?;
            let is_own =
                |name: &str| parameters.is_own_execution(name) || (only_one && ExecutionName::has_prefix(name, id));
            let own = page.executions.into_iter().filter(|execution| is_own(&execution.name));
            running.extend(own.map(|execution| execution.execution_arn));
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(running)
    }

    async fn stop(&self, execution: &str, action: &AbandonedAction) -> Result<(), CallError> {
        let AbandonedAction {
            pipeline,
            pipeline_execution_id,
            stage,
            action,
            action_execution_id: _,
        } = action;
        let cause = format!(
            "execution {pipeline_execution_id} of pipeline {pipeline} abandoned action {action} of stage {stage}"
        );
        match self.world.states().stop_execution(execution, ABANDONED, &cause).await {
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
}

fn failed(error: CallError) -> HandlerError {
    HandlerError::NotStopped(error.to_string())
}
