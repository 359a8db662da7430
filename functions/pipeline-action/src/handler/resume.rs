//! A retry of the stage: the execution of an earlier run is looked for, and followed or redriven, or a new one starts.
//!
//! [`PipelineAction::decide`] changes nothing. Its decision to redrive or to start anew is answered to CodePipeline
//! before [`PipelineAction::resume_or_start`] carries it out. Otherwise another delivery of the same event could read a
//! longer history and decide differently.

use std::time::Duration;

use shared::execution_name::ExecutionName;
use shared::ports::step_functions::{DescribeExecution, ListExecutions, RedriveExecution, StartExecution};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::StateMachineArn;
use shared::time::{Clock as _, Timestamp};

use super::function::PipelineAction;
use super::history::{destination, seen_already};
use crate::history::Destination;
use crate::plan::{self, Found, ToRedrive};
use crate::ports::Ports;
use crate::token::Retry;
use crate::user_parameters::UserParameters;

/// How long after its end AWS allows an execution to be redriven.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>
const REDRIVABLE: Duration = Duration::from_secs(14 * 24 * 3600);
/// How many pages of executions are looked through for one to go on with: a thousand executions each.
const MAX_LIST_PAGES: usize = 10;
/// One try of an action: what may be started or redriven for it, and under which name.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    /// What people want; its `pipelineExecutionId` and the rest of it tell which executions are the action's.
    pub(super) parameters: &'a UserParameters,
    /// The state machine, version or alias included.
    pub(super) machine: &'a StateMachineArn,
    /// The name of the execution, if this attempt starts one. If it redrives one, the client token comes from this
    /// name.
    pub(super) name: &'a ExecutionName,
    /// When the attempt began: no earlier attempt redrives anything after that.
    pub(super) since: Timestamp,
}

/// What to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing is there to go on with, or the attempt has started its own already: it starts its execution.
    Start,
    /// This execution runs, or has ended well since: it is followed. Then, when it was redriven last.
    Adopt(String, Option<Timestamp>),
    /// This one did not succeed.
    Retry(Retry),
}

/// What came of carrying a decision out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Begun {
    /// There is an execution to follow.
    Follow(Following),
    /// AWS does not redrive the execution, and why. If that does not change, a new one is started, after that decision
    /// was answered to CodePipeline.
    NotRedrivable(CallError),
}

/// An execution to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Following {
    pub(super) execution: String,
    /// When it was started or redriven, as far as this call learnt it.
    pub(super) since: Option<Timestamp>,
    /// When it was redriven last: for this attempt, or before it was adopted.
    pub(super) redriven: Option<Timestamp>,
    pub(super) how: How,
}

/// How an execution came to be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// This attempt started it; not necessarily this call.
    Started,
    /// It was there.
    Adopted,
    /// This attempt redrove it.
    Redriven,
}

impl<P: Ports> PipelineAction<P> {
    /// Decides what an attempt begins with, for an action with `onRetry` `redrive`.
    ///
    /// # Errors
    /// [`CallError`] when something could not be looked at, or cannot be known yet: nothing is guessed.
    pub(super) async fn decide(&self, attempt: Attempt<'_>) -> Result<Decision, CallError> {
        let execution = match find(self.ports.states(), attempt, self.ports.clock().now()).await? {
            Found::Nothing | Found::Own => return Ok(Decision::Start),
            Found::ToExamine(execution) => execution,
            // The list lags: what it shows as running may be what has just failed.
            Found::ToAdopt(execution) => {
                let described = self.ports.states().describe_execution(&execution).await;
                let described = described.map_err(seen_already)?;
                if !plan::is_unsuccessful(&described) {
                    return Ok(Decision::Adopt(execution, described.redriven_at));
                }
                execution
            }
        };
        let destination = destination(self.ports.states(), &execution, None).await?;
        match &destination {
            Destination::FailState(state) => tracing::info!(
                execution.arn = execution,
                state.name = state,
                "a new execution is wanted: the last one ended in a Fail state, which a redrive would only enter again"
            ),
            Destination::SameError(error) => tracing::info!(
                execution.arn = execution,
                error,
                "a new execution is wanted: the last one's error comes of its definition and input, which a redrive \
                 would take again"
            ),
            Destination::Work => tracing::info!(execution.arn = execution, "the last execution is redriven"),
        }
        Ok(Decision::Retry(plan::retry(&execution, &destination)))
    }

    /// Carries a decision out, once for each attempt however often it is called.
    ///
    /// # Errors
    /// [`CallError`] when a call failed.
    pub(super) async fn resume_or_start(
        &self,
        attempt: Attempt<'_>,
        decision: Decision,
        input: &str,
    ) -> Result<Begun, CallError> {
        match decision {
            Decision::Start | Decision::Retry(Retry::StartAnew) => {
                start_own(self.ports.states(), attempt, input).await.map(Begun::Follow)
            }
            Decision::Adopt(execution, redriven) => Ok(Begun::Follow(Following {
                execution,
                since: None,
                redriven,
                how: How::Adopted,
            })),
            Decision::Retry(Retry::Redrive(execution)) => redrive(self.ports.states(), attempt, execution).await,
        }
    }
}

/// Starts the attempt's own execution, unless it exists.
async fn start_own(states: &impl StartExecution, attempt: Attempt<'_>, input: &str) -> Result<Following, CallError> {
    let Attempt { machine, name, .. } = attempt;
    let started = states.start_execution(&machine.to_string(), name, input).await;
    let (execution, since) = match started {
        Ok(started) => (started.execution_arn, Some(started.started_at)),
        // The name is derived from the attempt: what has it is ours, from an event that was delivered before.
        Err(error) if error.is("ExecutionAlreadyExists") => (machine.execution_arn(name), None),
        Err(error) => return Err(error),
    };
    Ok(Following {
        execution,
        since,
        redriven: None,
        how: How::Started,
    })
}

/// Redrives an execution, unless that has been done for this attempt.
async fn redrive(
    states: &(impl DescribeExecution + RedriveExecution),
    attempt: Attempt<'_>,
    execution: String,
) -> Result<Begun, CallError> {
    let follow = |redriven, how| {
        Begun::Follow(Following {
            execution: execution.clone(),
            since: redriven,
            redriven,
            how,
        })
    };
    let described = match states.describe_execution(&execution).await {
        // It has been seen: either AWS lags, or it is gone.
        Err(error) if error.kind == CallErrorKind::NotFound => return Ok(Begun::NotRedrivable(error)),
        described => described?,
    };
    match plan::to_redrive(&described, attempt.since) {
        ToRedrive::Nothing(redriven) => return Ok(follow(redriven, How::Adopted)),
        ToRedrive::Redrive => {}
    }
    // What DescribeExecution does not show yet, the client token still knows: one for each decision to redrive.
    let decided = attempt.since.as_millis().to_string();
    let client_token = ExecutionName::derive("redrive", &[attempt.name.as_str(), &decided]);
    let redriven = states.redrive_execution(&execution, client_token.as_str());
    match redriven.await {
        Ok(redriven) => Ok(follow(Some(redriven), How::Redriven)),
        Err(error)
            if matches!(
                error.kind,
                CallErrorKind::Conflict | CallErrorKind::NotFound | CallErrorKind::Invalid
            ) =>
        {
            tracing::warn!(execution.arn = execution, reason = %error, "execution cannot be redriven");
            Ok(Begun::NotRedrivable(error))
        }
        Err(error) => Err(error),
    }
}

/// Looks for an execution of this action among the executions of the state machine, as far back as AWS allows a
/// redrive.
async fn find(states: &impl ListExecutions, attempt: Attempt<'_>, now: Timestamp) -> Result<Found, CallError> {
    let machine = attempt.machine.unqualified();
    let oldest = now - (attempt.parameters.timeout + REDRIVABLE);
    let mut next: Option<String> = None;
    for _ in 0..MAX_LIST_PAGES {
        let page = states.list_executions(machine, false, next.as_deref()).await?;
        let found = plan::found(&page.executions, attempt.name, attempt.parameters);
        let is_far_back = page.executions.last().is_some_and(|last| last.started_at < oldest);
        next = page.next_token;
        if found != Found::Nothing || is_far_back || next.is_none() {
            return Ok(found);
        }
    }
    let message = format!(
        "{machine} has more executions of late than are looked through for the one to redrive: give the action \
         `onRetry` `restart`, or a state machine of its own"
    );
    Err(CallError::new("ListExecutions", CallErrorKind::Invalid, message))
}
