//! What to do about one approval, now that its execution was looked at.

use std::time::Duration;

use shared::ports::step_functions::{Execution, ExecutionStatus, Failure};
use shared::time::Timestamp;

use super::wait::{Attempt, Wait, WaitStage};
use crate::failure::Ending;
use crate::plan::lags::{LAGS, SETTLES};
use crate::plan::stops::{ABANDONED, NOT_HANDED_OVER};
use crate::user_parameters::{OnRetry, OnTimeout, UserParameters};

/// The execution that an attempt waits for, or goes on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// How it stands.
    pub execution: Execution,
    /// Whether it was started for this attempt: by the action, if the attempt is the first, or else by this function.
    pub is_own: bool,
}

/// What else is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// Now.
    pub now: Timestamp,
    /// Whether the settings say to stop an execution that nobody waits for.
    pub stops: bool,
    /// When this execution ended, as an event says.
    pub told_end: Option<Timestamp>,
}

/// What to do about an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, and why.
    Nothing(&'static str),
    /// What AWS shows does not fit together yet, and why: look again soon.
    LookAgain(&'static str),
    /// The execution has succeeded: approve.
    Approve {
        /// Its output: JSON text.
        output: String,
        /// How long it ran.
        ran: Option<Duration>,
    },
    /// The execution has not succeeded: reject.
    Reject {
        /// How it ended.
        ending: Ending,
        /// With which error and cause.
        failure: Failure,
        /// How long it ran.
        ran: Option<Duration>,
    },
    /// It takes too long: stop it, if that is wanted, and reject.
    GiveUp {
        /// Whether to stop it.
        on_timeout: OnTimeout,
    },
    /// The stage was retried, but only the approval of it: redrive the execution from its failed state.
    Redrive,
    /// The stage was retried, but only the approval of it: start a new execution.
    StartAnew {
        /// Whether to stop the execution before, which still runs.
        stop_first: bool,
    },
    /// Nobody waits for it any more: stop it.
    Stop,
}

impl Wait<'_> {
    /// What to do, now that the execution was looked at.
    #[must_use]
    pub fn decide(&self, carrier: &Carrier, circumstances: Circumstances) -> Decision {
        match &self.stage {
            WaitStage::NotStarted => Decision::Nothing("the action has not succeeded"),
            WaitStage::NotAsked => Decision::Nothing("the approval is not asked for yet"),
            WaitStage::Approved => Decision::Nothing("the approval has its answer"),
            WaitStage::Asked(attempt) => self.asked(attempt, carrier, circumstances),
            WaitStage::Over(attempt) => self.over(attempt, &carrier.execution, circumstances),
        }
    }

    fn asked(&self, attempt: &Attempt<'_>, carrier: &Carrier, circumstances: Circumstances) -> Decision {
        let execution = &carrier.execution;
        if !carrier.is_own && self.parameters.on_retry == OnRetry::Restart {
            let runs = execution.status == ExecutionStatus::Running;
            let left = self.was_left(attempt.began(), execution, circumstances.now);
            return Decision::StartAnew {
                stop_first: runs && circumstances.stops && !left,
            };
        }
        let since = execution.redriven_at.unwrap_or(execution.started_at);
        let failed = |ending, failure| self.failed(attempt, execution, circumstances.now, ending, failure);
        match &execution.status {
            ExecutionStatus::Running => {
                let was_told_ended = circumstances.told_end.is_some_and(|ended| since <= ended);
                let waited = circumstances.now.since(since.max(attempt.began()));
                if was_told_ended {
                    Decision::LookAgain("an event says that the execution has ended, and it does not show yet")
                } else if waited >= self.parameters.timeout {
                    Decision::GiveUp {
                        on_timeout: self.parameters.on_timeout,
                    }
                } else {
                    Decision::Nothing("the execution runs")
                }
            }
            ExecutionStatus::Succeeded { output } => Decision::Approve {
                output: output.clone(),
                ran: ran(execution),
            },
            ExecutionStatus::Failed(failure) => failed(Ending::Failed, failure),
            ExecutionStatus::TimedOut(failure) => failed(Ending::TimedOut, failure),
            ExecutionStatus::Aborted(failure) => failed(Ending::Aborted, failure),
        }
    }

    /// What to do about an execution that has not succeeded: reject, unless this is the end of an earlier attempt.
    fn failed(
        &self,
        attempt: &Attempt<'_>,
        execution: &Execution,
        now: Timestamp,
        ending: Ending,
        failure: &Failure,
    ) -> Decision {
        // This function stops what an approval that is over waited for, and no other. Such a stop that comes in an
        // attempt that is waited for was meant for an earlier one.
        let was_stopped_for_an_earlier_one = failure.error.as_deref() == Some(ABANDONED);
        // A job had its answer when this was started for it, which another delivery had handed over.
        let was_stopped_by_mistake = failure.error.as_deref() == Some(NOT_HANDED_OVER);
        let ended_before = execution.stopped_at.is_some_and(|ended| ended < attempt.began());
        // The action has redriven it since, or taken over what ran: AWS does not show that yet.
        let handed_over = attempt.action.updated_at;
        let was_going_on = execution.stopped_at.is_some_and(|ended| ended < handed_over)
            && (was_stopped_for_an_earlier_one || was_stopped_by_mistake)
            && now.since(handed_over) < LAGS;
        let is_old_news = attempt.is_first() && (ended_before || was_going_on);
        match self.parameters.on_retry {
            OnRetry::Redrive | OnRetry::Restart if is_old_news => {
                Decision::LookAgain("the execution shows an end that lies before the action began")
            }
            OnRetry::Redrive | OnRetry::Restart if was_stopped_by_mistake => Decision::Redrive,
            OnRetry::Redrive if was_stopped_for_an_earlier_one => Decision::Redrive,
            OnRetry::Redrive if ended_before => Decision::Redrive,
            OnRetry::Redrive | OnRetry::Restart => Decision::Reject {
                ending,
                failure: failure.clone(),
                ran: ran(execution),
            },
        }
    }

    fn over(&self, attempt: &Attempt<'_>, execution: &Execution, circumstances: Circumstances) -> Decision {
        let put_to_work = execution.redriven_at.unwrap_or(execution.started_at);
        let is_new = circumstances.now.since(put_to_work) < SETTLES;
        match &execution.status {
            ExecutionStatus::Succeeded { .. }
            | ExecutionStatus::Failed(_)
            | ExecutionStatus::TimedOut(_)
            | ExecutionStatus::Aborted(_) => Decision::Nothing("the approval is over, and so is the execution"),
            ExecutionStatus::Running if !circumstances.stops => Decision::Nothing("STOP_ABANDONED_EXECUTIONS is false"),
            ExecutionStatus::Running if self.was_left(attempt.began(), execution, attempt.approval.updated_at) => {
                Decision::Nothing("the execution was left running, as `onTimeout` says")
            }
            // It was put to work after this run of the approval was over: by a newer one, which may not be listed yet.
            ExecutionStatus::Running if put_to_work > attempt.approval.updated_at && is_new => {
                Decision::LookAgain("the execution went on after this approval was over")
            }
            ExecutionStatus::Running => Decision::Stop,
        }
    }

    /// Whether the execution had its full time by `moment`, and `onTimeout` says to leave it running.
    fn was_left(&self, began: Timestamp, execution: &Execution, moment: Timestamp) -> bool {
        was_left(&self.parameters, began, execution, moment)
    }
}

/// How long an execution that has ended ran.
fn ran(execution: &Execution) -> Option<Duration> {
    let ended = execution.stopped_at?;
    Some(ended.since(execution.started_at))
}

/// Whether an execution had its full time by `moment`, and `onTimeout` says to leave it running. `began` is when the
/// attempt began to wait for it.
pub(super) fn was_left(
    parameters: &UserParameters,
    began: Timestamp,
    execution: &Execution,
    moment: Timestamp,
) -> bool {
    let since = execution.redriven_at.unwrap_or(execution.started_at).max(began);
    parameters.on_timeout == OnTimeout::Leave && moment.since(since) >= parameters.timeout
}
