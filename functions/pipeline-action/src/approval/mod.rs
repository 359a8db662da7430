//! What to do about an approval that waits for an execution: pure, with no clock, no environment and no call in it.
//!
//! The action has started the execution and succeeded; a Manual approval of the same pipeline stays open until the
//! execution has ended. Events only say that it is time to look. What is true is read from CodePipeline ([`waits`]) and
//! from Step Functions, and [`Wait::decide`] has one answer to it, however often and however late somebody asks.
//!
//! An **attempt** is one run of the approval. The first one after a run of the action waits for the execution that the
//! action names. A later one exists because only the failed action of the stage was retried, and that was the approval:
//! the execution goes on or is started anew, as `onRetry` says, under a name that is the attempt's own.

use std::time::Duration;

use shared::execution_name::ExecutionName;
use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::{Execution, ExecutionStatus, Failure};
use shared::state_machine::StateMachineArn;
use shared::time::Timestamp;

mod left_behind;
mod summary;

pub use left_behind::{LeftBehind, left_behind};
pub use summary::{approved, rejected};

use crate::abandonment::SETTLES;
use crate::failure::Ending;
use crate::plan::{LAGS, NOT_HANDED_OVER};
use crate::settings::invokes;
use crate::user_parameters::{OnRetry, OnTimeout, UserParameters};

/// The error of an execution that was stopped because nobody waited for it any more.
pub const ABANDONED: &str = "Stepline.ActionAbandoned";

/// An action of this function, and the approval that waits for what it started.
#[derive(Debug, Clone)]
pub struct Wait<'a> {
    /// What people want, as the action was last run with.
    pub parameters: UserParameters,
    /// The action's last run.
    pub action: &'a ActionExecution,
    /// How far it is.
    pub stage: WaitStage<'a>,
    /// Whether another action of the pipeline names the same approval, whose one answer would count for both.
    pub is_shared: bool,
}

/// How far an approval is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitStage<'a> {
    /// The action has not succeeded: no execution is known that an approval could wait for.
    NotStarted,
    /// The execution was started, and the approval is not asked for yet.
    NotAsked,
    /// The approval is waited for.
    Asked(Attempt<'a>),
    /// Its last run failed or was abandoned: nobody waits for the execution any more.
    Over(Attempt<'a>),
    /// Somebody approved, or this function did.
    Approved,
}

/// One run of the approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// That run.
    pub approval: &'a ActionExecution,
    /// The action's last run: it names the execution.
    pub action: &'a ActionExecution,
    /// The approval's runs since, the newest first, but the first of them: those that a retry of it alone made.
    retries: Vec<&'a ActionExecution>,
}

/// The waits of a pipeline's execution: one for each action that invokes this function and names an approval.
#[must_use]
pub fn waits<'a>(runs: &'a [ActionExecution], pipeline: &str, function_name: &str) -> Vec<Wait<'a>> {
    let mut newest_first: Vec<&ActionExecution> = runs.iter().collect();
    newest_first.sort_by_key(|run| std::cmp::Reverse(run.started_at));
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut waits = Vec::new();
    for action in &newest_first {
        let place = (action.stage.as_str(), action.action.as_str());
        if !invokes(action, function_name) || seen.contains(&place) {
            continue;
        }
        seen.push(place);
        let text = action.configuration.get("UserParameters").map(String::as_str);
        let Ok(parameters) = UserParameters::parse(text) else {
            // The job was answered so: it has started nothing.
            continue;
        };
        let Some(name) = parameters.approval.clone().filter(|name| name.pipeline == pipeline) else {
            continue;
        };
        let approvals: Vec<&ActionExecution> = newest_first
            .iter()
            .filter(|run| run.stage == name.stage && run.action == name.action && run.started_at >= action.started_at)
            .copied()
            .collect();
        let stage = WaitStage::of(action, &approvals);
        waits.push(Wait {
            parameters,
            action,
            stage,
            is_shared: false,
        });
    }
    let names: Vec<_> = waits.iter().map(|wait| wait.parameters.approval.clone()).collect();
    for wait in &mut waits {
        wait.is_shared = names.iter().filter(|name| **name == wait.parameters.approval).count() > 1;
    }
    waits
}

impl<'a> WaitStage<'a> {
    /// From the action's last run and the approval's runs since, the newest first.
    fn of(action: &'a ActionExecution, approvals: &[&'a ActionExecution]) -> Self {
        match action.status {
            ActionStatus::InProgress | ActionStatus::Abandoned | ActionStatus::Failed => Self::NotStarted,
            ActionStatus::Succeeded => {
                let Some((first, retries)) = approvals.split_last() else {
                    return Self::NotAsked;
                };
                let approval = retries.first().unwrap_or(first);
                let attempt = Attempt {
                    approval,
                    action,
                    retries: retries.to_vec(),
                };
                match approval.status {
                    ActionStatus::InProgress => Self::Asked(attempt),
                    ActionStatus::Failed | ActionStatus::Abandoned => Self::Over(attempt),
                    ActionStatus::Succeeded => Self::Approved,
                }
            }
        }
    }
}

impl Attempt<'_> {
    /// Whether the approval was asked for only once since the action ran.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.retries.is_empty()
    }

    /// The ARNs of the executions that it may be about, with whether they are its own: those of the retries that needed
    /// one of their own, the newest first, and the one that the action started, as its output variable says.
    ///
    /// Nothing if the action has no such output variable.
    #[must_use]
    pub fn candidates(&self, parameters: &UserParameters) -> Option<Vec<(String, bool)>> {
        let started = self.action.output_variables.get("ExecutionArn")?;
        let machine = StateMachineArn::of_execution(started)?;
        let of = |run: &&ActionExecution| machine.execution_arn(&parameters.execution_name(&run.id));
        let mut candidates: Vec<(String, bool)> = self.retries.iter().map(|run| (of(run), false)).collect();
        candidates.push((started.clone(), false));
        candidates[0].1 = true;
        Some(candidates)
    }

    /// The name of an execution that only this run of the approval starts: the same whenever it is asked for.
    #[must_use]
    pub fn execution_name(&self, parameters: &UserParameters) -> ExecutionName {
        parameters.execution_name(&self.approval.id)
    }

    /// When it began to wait. What ended before that is the end of an earlier attempt.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        if self.is_first() {
            self.action.started_at
        } else {
            self.approval.started_at
        }
    }
}

/// The execution that an attempt waits for, or goes on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// How it stands.
    pub execution: Execution,
    /// Whether it was started for this attempt: by the action, if the attempt is the first, or else by this function.
    pub is_own: bool,
}

/// What is known beside the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// Now.
    pub now: Timestamp,
    /// Whether an execution is stopped that nobody waits for.
    pub stops: bool,
    /// When this execution ended, as an event has it.
    pub told_end: Option<Timestamp>,
}

/// What to do about a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, and why.
    Nothing(&'static str),
    /// AWS is not of one mind yet, and why: look again soon.
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
    /// The stage was retried, and with it only the approval: let the execution go on from its failed state.
    Redrive,
    /// The stage was retried, and with it only the approval: start a new execution.
    StartAnew {
        /// Whether the one before still runs and is to be stopped.
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
        let ran = execution.stopped_at.map(|ended| ended.since(execution.started_at));
        let reject = |ending: Ending, failure: &Failure| {
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
                && circumstances.now.since(handed_over) < LAGS;
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
                    ran,
                },
            }
        };
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
                ran,
            },
            ExecutionStatus::Failed(failure) => reject(Ending::Failed, failure),
            ExecutionStatus::TimedOut(failure) => reject(Ending::TimedOut, failure),
            ExecutionStatus::Aborted(failure) => reject(Ending::Aborted, failure),
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

    /// Whether an execution that is waited for no longer at `moment` had its time by then, and is to go on all the same.
    fn was_left(&self, began: Timestamp, execution: &Execution, moment: Timestamp) -> bool {
        was_left(&self.parameters, began, execution, moment)
    }
}

/// Whether an execution that an attempt began to wait for had its time by `moment`, and is to go on all the same.
fn was_left(parameters: &UserParameters, began: Timestamp, execution: &Execution, moment: Timestamp) -> bool {
    let since = execution.redriven_at.unwrap_or(execution.started_at).max(began);
    parameters.on_timeout == OnTimeout::Leave && moment.since(since) >= parameters.timeout
}
