//! The look: which approvals an event may be about, and what is done about each.
//!
//! Every event leads to the same look at a pipeline's execution. From the event itself only two things are used: where
//! to look, and when an execution ended whose end does not show yet.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lambda_runtime::Context;
use shared::metrics::Metrics;
use shared::ports::code_pipeline::{ActionExecution, ActionStatus, GetPipelineState as _};
use shared::ports::step_functions::{
    DescribeExecution as _, ExecutionStatus, ListExecutions as _, ListedExecution, StateMachineType, StopExecution as _,
};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::{StateMachineArn, StateMachineReference};
use shared::time::{Clock as _, Timestamp};

use super::function::{PipelineAction, boxed};
use super::occasion::Occasion;
use super::runs::list_actions;
use crate::error::HandlerError;
use crate::event::{AbandonedAction, ApprovalChanged, EndedExecution, pipeline_execution_id_in};
use crate::plan::approval::{Wait, WaitStage, left_behind, waits};
use crate::plan::{self, ABANDONED};
use crate::ports::Ports;
use crate::report::{Outcome, Report, Settled};
use crate::settings::{Settings, invokes};
use crate::user_parameters::UserParameters;

/// How far back the former values of a parameter count: for as long as AWS allows an execution to be redriven.
const MOVES: Duration = Duration::from_secs(14 * 24 * 3600);

/// How many pages of executions are looked through.
const MAX_PAGES: usize = 10;

impl<P: Ports> PipelineAction<P> {
    /// The state of an approval changed: it may be one of this function's.
    pub(super) async fn approval_changed(
        &self,
        changed: &ApprovalChanged,
        context: &Context,
        metrics: &Mutex<Metrics>,
    ) -> Result<Report, HandlerError> {
        let ApprovalChanged {
            pipeline,
            pipeline_execution_id,
            ..
        } = changed;
        let occasion = Occasion {
            settings: self.settings_of_events()?,
            context,
            metrics,
            ended: None,
            changed: Some(changed),
        };
        let mut looked = Looked::default();
        self.look_at(pipeline, pipeline_execution_id, occasion, &mut looked)
            .await;
        looked.report()
    }

    /// An execution has ended: its name tells which execution of which pipeline may wait for it.
    pub(super) async fn execution_ended(
        &self,
        ended: &EndedExecution,
        context: &Context,
        metrics: &Mutex<Metrics>,
    ) -> Result<Report, HandlerError> {
        let settings = self.settings_of_events()?;
        let Some(id) = ended.pipeline_execution_id() else {
            return Ok(Report::of(Outcome::Ignored));
        };
        let occasion = Occasion {
            settings,
            context,
            metrics,
            ended: Some(ended),
            changed: None,
        };
        let mut looked = Looked::default();
        for pipeline in &settings.pipelines {
            self.look_at(pipeline, id, occasion, &mut looked).await;
        }
        looked.report()
    }

    /// Looks for what a lost event left undone, in every stage of the pipelines that the settings name.
    pub(super) async fn look(&self, context: &Context, metrics: &Mutex<Metrics>) -> Result<Report, HandlerError> {
        let settings = self.settings_of_events()?;
        let occasion = Occasion {
            settings,
            context,
            metrics,
            ended: None,
            changed: None,
        };
        let mut looked = Looked::default();
        for pipeline in &settings.pipelines {
            match self.ports.pipelines().get_pipeline_state(pipeline).await {
                Ok(actions) => {
                    let ids = actions.into_iter().filter_map(|action| action.pipeline_execution_id);
                    for id in ids.collect::<BTreeSet<_>>() {
                        self.look_at(pipeline, &id, occasion, &mut looked).await;
                        looked.ids.insert(id);
                    }
                }
                // It is deployed after this function, and may not be there yet.
                Err(error) if error.is("PipelineNotFoundException") => {
                    tracing::info!(pipeline.name = pipeline, "there is no such pipeline");
                }
                Err(error) => looked.failures.push(error.to_string()),
            }
        }
        self.look_at_what_runs(occasion, &mut looked).await;
        looked.report()
    }

    /// Looks at executions that run for a pipeline's execution that is in no stage any more: its approval was rejected
    /// or abandoned, the event was lost, and a newer execution of the pipeline took its place.
    async fn look_at_what_runs(&self, occasion: Occasion<'_>, looked: &mut Looked) {
        for machine in std::mem::take(&mut looked.machines) {
            let mut next: Option<String> = None;
            for _ in 0..MAX_PAGES {
                let page = self
                    .ports
                    .states()
                    .list_executions(&machine, true, next.as_deref())
                    .await;
                let page = match page {
                    Ok(page) => page,
                    // It is gone, and what it ran with it.
                    Err(error) if error.kind == CallErrorKind::NotFound => break,
                    Err(error) if error.kind == CallErrorKind::Denied && looked.former.contains(&machine) => break,
                    Err(error) => return looked.failures.push(error.to_string()),
                };
                for running in page.executions {
                    let Some(id) = pipeline_execution_id_in(&running.name) else {
                        continue;
                    };
                    if looked.ids.insert(id.to_owned()) {
                        for pipeline in &occasion.settings.pipelines {
                            self.look_at(pipeline, id, occasion, looked).await;
                        }
                    }
                    self.name_if_unfollowed(running, occasion, looked).await;
                }
                next = page.next_token;
                if next.is_none() {
                    break;
                }
            }
        }
    }

    /// Reports an execution that runs although its action is over, unless it has ended meanwhile.
    async fn name_if_unfollowed(&self, running: ListedExecution, occasion: Occasion<'_>, looked: &mut Looked) {
        let settings = occasion.settings;
        let now = self.ports.clock().now();
        let is_unfollowed = settings.stop_abandoned_executions
            && looked
                .runs
                .iter()
                .any(|runs| plan::is_unfollowed(&running, runs, &settings.function_name, now));
        if !is_unfollowed {
            return;
        }
        let execution_arn = running.execution_arn;
        match self.ports.states().describe_execution(&execution_arn).await {
            Ok(execution) if execution.status == ExecutionStatus::Running => {
                tracing::warn!(
                    execution.arn = execution_arn,
                    "an execution runs although its action is over: stop it, or retry the stage"
                );
                let mut metrics = occasion.metrics.lock().unwrap_or_else(PoisonError::into_inner);
                metrics.count("ExecutionsUnfollowed");
                drop(metrics);
                looked.unfollowed.push(execution_arn);
            }
            Ok(_) => {}
            Err(error) => looked.failures.push(error.to_string()),
        }
    }

    /// Settles the waits of one execution of a pipeline, each by itself.
    async fn look_at(&self, pipeline: &str, id: &str, occasion: Occasion<'_>, looked: &mut Looked) {
        let runs = match list_actions(self.ports.pipelines(), pipeline, id).await {
            Ok(runs) => runs,
            Err(error) => return looked.failures.push(error.to_string()),
        };
        if occasion.is_scheduled() {
            self.stop_what_was_abandoned(&runs, pipeline, id, occasion).await;
            if let Err(error) = self.stop_what_was_left_behind(&runs, pipeline, id, occasion).await {
                looked.failures.push(error.to_string());
            }
        }
        let waits = waits(&runs, pipeline, &occasion.settings.function_name);
        if let Some(reason) = occasion
            .changed
            .and_then(|changed| not_listed_yet(changed, &runs, &waits))
        {
            return looked.failures.push(reason.to_owned());
        }
        if occasion.is_scheduled() {
            self.remember_machines(&runs, occasion, looked).await;
        }
        let mut answered = BTreeSet::new();
        for wait in waits {
            // What two actions name is answered once.
            if wait.is_shared && !answered.insert(wait.parameters.approval.clone()) {
                continue;
            }
            match self.settle(pipeline, id, &wait, occasion).await {
                Ok(settled) => {
                    tracing::info!(
                        pipeline.name = pipeline,
                        pipeline.execution_id = id,
                        approval = settled.approval,
                        execution.arn = settled.execution.as_deref(),
                        outcome = ?settled.outcome,
                        reason = settled.reason,
                        "approval looked at"
                    );
                    looked.approvals.push(settled);
                }
                Err(failure) => looked.failures.push(failure),
            }
        }
        looked.runs.push(runs);
    }

    /// Remembers the state machines that actions have started executions of, or may have.
    async fn remember_machines(&self, runs: &[ActionExecution], occasion: Occasion<'_>, looked: &mut Looked) {
        let own = &occasion.settings.function_name;
        for run in runs.iter().filter(|run| invokes(run, own)) {
            let started = run.output_variables.get("ExecutionArn");
            if let Some(machine) = started.and_then(|execution| StateMachineArn::of_execution(execution)) {
                looked.machines.insert(machine.unqualified().to_owned());
                continue;
            }
            // One that has not succeeded tells what it was to start, and no more.
            let Ok(parameters) = UserParameters::parse(run.configuration.get("UserParameters").map(String::as_str))
            else {
                continue;
            };
            if looked.references.contains(&parameters.state_machine) {
                continue;
            }
            let since = self.ports.clock().now() - MOVES;
            match self.standard_machines_of(&parameters, since, occasion).await {
                Ok((current, former)) => {
                    looked
                        .machines
                        .extend(current.into_iter().chain(former.iter().cloned()));
                    looked.former.extend(former);
                }
                Err(reason) => looked.failures.push(reason),
            }
            looked.references.push(parameters.state_machine);
        }
    }

    /// The state machine that user parameters name, and those that they have named since a moment. Express ones are
    /// left out. So are former ones that the function's role does not allow any more.
    async fn standard_machines_of(
        &self,
        parameters: &UserParameters,
        since: Timestamp,
        occasion: Occasion<'_>,
    ) -> Result<(Option<String>, Vec<String>), String> {
        let machines = self.machines_since(parameters, since, occasion.context).await;
        let machines = machines.map_err(|problems| problems.to_string())?;
        let (mut current, mut former) = (None, Vec::new());
        for (at, machine) in machines.iter().enumerate() {
            let is_former = at > 0;
            let name = machine.unqualified().to_owned();
            match self.type_of(machine).await {
                Ok(StateMachineType::Standard) if is_former => former.push(name),
                Ok(StateMachineType::Standard) => current = Some(name),
                Ok(StateMachineType::Express) => {}
                Err(error) if error.kind == CallErrorKind::NotFound => {}
                Err(error) if error.kind == CallErrorKind::Denied && is_former => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        former.retain(|name| Some(name) != current.as_ref());
        Ok((current, former))
    }

    /// Stops executions of abandoned actions whose events were lost. If one cannot be stopped now, the next look finds
    /// it.
    async fn stop_what_was_abandoned(
        &self,
        runs: &[ActionExecution],
        pipeline: &str,
        id: &str,
        occasion: Occasion<'_>,
    ) {
        for run in runs.iter().filter(|run| run.status == ActionStatus::Abandoned) {
            let action = AbandonedAction {
                pipeline: pipeline.to_owned(),
                pipeline_execution_id: id.to_owned(),
                stage: run.stage.clone(),
                action: run.action.clone(),
                action_execution_id: Some(run.id.clone()),
            };
            let stopped = boxed(self.stop_abandoned(&action, occasion.context, occasion.metrics)).await;
            if let Err(error) = stopped {
                tracing::info!(pipeline.name = pipeline, pipeline.execution_id = id, reason = %error, "nothing stopped");
            }
        }
    }

    /// Stops executions that earlier runs of actions left: their approvals were over when all actions were retried.
    async fn stop_what_was_left_behind(
        &self,
        runs: &[ActionExecution],
        pipeline: &str,
        id: &str,
        occasion: Occasion<'_>,
    ) -> Result<(), CallError> {
        if !occasion.settings.stop_abandoned_executions {
            return Ok(());
        }
        let states = self.ports.states();
        for left in left_behind(runs, pipeline, &occasion.settings.function_name) {
            let arn = &left.execution;
            let execution = match states.describe_execution(arn).await {
                // No such execution was started, or it is gone.
                Err(error) if error.kind == CallErrorKind::NotFound => continue,
                execution => execution?,
            };
            if left.is_to_be_stopped(&execution) {
                let cause =
                    format!("all actions of its stage in execution {id} of pipeline {pipeline} were retried since");
                states.stop_execution(arn, ABANDONED, &cause).await?;
                let mut metrics = occasion.metrics.lock().unwrap_or_else(PoisonError::into_inner);
                metrics.count("ExecutionsStopped");
                drop(metrics);
                tracing::info!(
                    execution.arn = arn,
                    pipeline.name = pipeline,
                    "execution that was left behind stopped"
                );
            }
        }
        Ok(())
    }

    fn settings_of_events(&self) -> Result<&Settings, HandlerError> {
        self.settings
            .as_ref()
            .map_err(|error| HandlerError::NotSettled(vec![error.to_string()]))
    }
}

/// If an event about one of these approvals says more than the list of actions shows yet, why so.
fn not_listed_yet(changed: &ApprovalChanged, runs: &[ActionExecution], waits: &[Wait<'_>]) -> Option<&'static str> {
    let id = changed.action_execution_id.as_deref()?;
    let Some(run) = runs.iter().find(|run| run.id == id) else {
        let waited_for = waits.iter().any(|wait| !matches!(wait.stage, WaitStage::Approved));
        return waited_for.then_some("CodePipeline does not list this run of the approval yet");
    };
    let name = |wait: &&Wait<'_>| {
        let approval = wait.parameters.approval.as_ref();
        approval.is_some_and(|name| name.stage == run.stage && name.action == run.action)
    };
    let wait = waits.iter().find(name)?;
    match (&wait.stage, run.status) {
        (_, ActionStatus::InProgress) if changed.is_over => {
            Some("CodePipeline does not list the end of this run of the approval yet")
        }
        // The approval comes after the action.
        (WaitStage::NotStarted, ActionStatus::InProgress) => {
            Some("CodePipeline does not list yet that the action has succeeded")
        }
        _ => None,
    }
}

/// What a look found and did.
#[derive(Debug, Default)]
struct Looked {
    /// The executions of pipelines that were looked at.
    ids: BTreeSet<String>,
    /// The state machines that actions have started executions of, or may have.
    machines: BTreeSet<String>,
    /// Those of them that a parameter has named before.
    former: BTreeSet<String>,
    /// How actions name their state machines, as far as that was followed.
    references: Vec<StateMachineReference>,
    /// The runs of their actions.
    runs: Vec<Vec<ActionExecution>>,
    approvals: Vec<Settled>,
    unfollowed: Vec<String>,
    failures: Vec<String>,
}

impl Looked {
    fn report(self) -> Result<Report, HandlerError> {
        if !self.failures.is_empty() {
            return Err(HandlerError::NotSettled(self.failures));
        }
        let outcome = if self.approvals.is_empty() && self.unfollowed.is_empty() {
            Outcome::Ignored
        } else {
            Outcome::Looked
        };
        Ok(Report {
            approvals: self.approvals,
            unfollowed: self.unfollowed,
            ..Report::of(outcome)
        })
    }
}
