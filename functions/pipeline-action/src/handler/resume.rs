//! A retry of the stage: what is there already is looked for, redriven, or left for a new execution.
//!
//! [`PipelineAction::decide`] changes nothing. Its decision to redrive or to start anew must be written down where it is
//! taken once (a job's is answered to CodePipeline) before [`PipelineAction::resume_or_start`] carries it out: a history
//! that goes on meanwhile would have another delivery of the same event decide otherwise.

use std::time::Duration;

use shared::execution_name::ExecutionName;
use shared::ports::step_functions::{
    DescribeExecution as _, Execution, GetExecutionHistory as _, HistoryEvent, ListExecutions as _,
    RedriveExecution as _, StartExecution as _,
};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::StateMachineArn;
use shared::time::{Clock as _, Timestamp};

use super::PipelineAction;
use crate::history::{Destination, Sight, destination};
use crate::plan::{self, Found, ToRedrive};
use crate::token::Retry;
use crate::user_parameters::UserParameters;
use crate::world::World;

/// How long after its end AWS redrives an execution. Before that, one can have run for as long as it is waited for.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>
const REDRIVABLE: Duration = Duration::from_secs(14 * 24 * 3600);
/// How far the moment of an execution's end and that of its last event may be apart.
const ROUNDING: Duration = Duration::from_secs(1);
/// How many pages of executions are looked through for one to go on with: a thousand executions each.
const MAX_LIST_PAGES: usize = 10;
/// How many pages of a history are read: all of the longest, which has 25,000 events, at 200 a page.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const MAX_HISTORY_PAGES: usize = 125;

/// One try of an action: what may be started or redriven for it, and under which name.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    /// What people want; its `pipelineExecutionId` and the rest of it tell which executions are the action's.
    pub(super) parameters: &'a UserParameters,
    /// The state machine, version or alias included.
    pub(super) machine: &'a StateMachineArn,
    /// The name of the execution that this attempt starts, if it starts one; the client token of its redrive, else.
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
    /// AWS does not redrive the execution, and why. If that stays so, a new one is wanted, which is a decision to write down
    /// first.
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

impl<W: World> PipelineAction<W> {
    /// Decides what to begin an attempt with whose action wants to redrive what failed.
    ///
    /// # Errors
    /// [`CallError`] when something could not be looked at, or cannot be known yet: nothing is guessed.
    pub(super) async fn decide(&self, attempt: Attempt<'_>) -> Result<Decision, CallError> {
        let execution = match self.find(attempt).await? {
            Found::Nothing | Found::Own => return Ok(Decision::Start),
            Found::ToExamine(execution) => execution,
            // The list lags: what it shows as running may be what has just failed.
            Found::ToAdopt(execution) => {
                let described = self.world.states().describe_execution(&execution).await;
                let described = described.map_err(seen_already)?;
                if !plan::is_unsuccessful(&described) {
                    return Ok(Decision::Adopt(execution, described.redriven_at));
                }
                execution
            }
        };
        let destination = self.destination(&execution, None).await?;
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
                self.start_own(attempt, input).await.map(Begun::Follow)
            }
            Decision::Adopt(execution, redriven) => Ok(Begun::Follow(Following {
                execution,
                since: None,
                redriven,
                how: How::Adopted,
            })),
            Decision::Retry(Retry::Redrive(execution)) => self.redrive(attempt, execution).await,
        }
    }

    async fn start_own(&self, attempt: Attempt<'_>, input: &str) -> Result<Following, CallError> {
        let Attempt { machine, name, .. } = attempt;
        let started = self
            .world
            .states()
            .start_execution(&machine.to_string(), name, input)
            .await;
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
    async fn redrive(&self, attempt: Attempt<'_>, execution: String) -> Result<Begun, CallError> {
        let follow = |redriven, how| {
            Begun::Follow(Following {
                execution: execution.clone(),
                since: redriven,
                redriven,
                how,
            })
        };
        let described = match self.world.states().describe_execution(&execution).await {
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
        let redriven = self.world.states().redrive_execution(&execution, client_token.as_str());
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

    /// Where a redrive of an execution leads that did not succeed, as it was `described`. Its history may lag behind that,
    /// and be ahead of it.
    pub(super) async fn destination(
        &self,
        execution: &str,
        described: Option<&Execution>,
    ) -> Result<Destination, CallError> {
        let unknown = |message: &str| CallError::new("GetExecutionHistory", CallErrorKind::Unavailable, message);
        let mut events: Vec<HistoryEvent> = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MAX_HISTORY_PAGES {
            let page = self.world.states().get_execution_history(execution, next.as_deref());
            let page = page.await.map_err(seen_already)?;
            events.extend(page.events);
            next = page.next_token;
            if let (Some(described), Some(end)) = (described, events.first()) {
                if described.redriven_at.is_some_and(|redriven| end.at < redriven) {
                    return Err(unknown("the history does not show yet that the execution was redriven"));
                }
                if described.stopped_at.is_some_and(|stopped| end.at > stopped + ROUNDING) {
                    return Err(unknown("the history goes on behind the end that the execution shows"));
                }
            }
            match destination(&events) {
                Sight::Known(destination) => return Ok(destination),
                Sight::NotEnded => return Err(unknown("the history does not show yet how the execution ended")),
                Sight::NeedsEarlier if next.is_some() => {}
                Sight::NeedsEarlier => break,
            }
        }
        Err(unknown("the history does not show which state the execution ended in"))
    }

    /// What is there of this action already, among the state machine's executions as far back as one could be redriven.
    async fn find(&self, attempt: Attempt<'_>) -> Result<Found, CallError> {
        let machine = attempt.machine.unqualified();
        let oldest = self.world.clock().now() - (attempt.parameters.timeout + REDRIVABLE);
        let mut next: Option<String> = None;
        for _ in 0..MAX_LIST_PAGES {
            let page = self
                .world
                .states()
                .list_executions(machine, false, next.as_deref())
                .await?;
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
}

/// The error of a look at an execution that is listed: what is not found is not to be seen yet.
fn seen_already(mut error: CallError) -> CallError {
    if error.kind == CallErrorKind::NotFound {
        error.kind = CallErrorKind::Unavailable;
    }
    error
}
