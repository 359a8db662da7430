//! How the retry of a stage begins: with the execution that exists, as it is or redriven, or with a new execution.

use shared::execution_name::ExecutionName;
use shared::ports::CallError;
use shared::ports::code_pipeline::FailureType;
use shared::ports::step_functions::{Execution, ExecutionStatus, ListedExecution, ListedStatus};
use shared::time::Timestamp;

use super::answer::Answer;
use super::assignment::Assignment;
use super::variables::execution_name_in;
use crate::history::Destination;
use crate::token::{Retry, Token};
use crate::user_parameters::UserParameters;

/// How many polls in a row AWS may refuse to redrive an execution before the function gives up. AWS also refuses an
/// execution that was redriven a moment ago, and DescribeExecution may not show that yet.
pub(crate) const MAX_REFUSALS: u32 = 4;

/// Which execution exists already, for an action with `onRetry` `redrive`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing: the job starts its execution.
    Nothing,
    /// The execution that this job has started itself.
    Own,
    /// An execution that runs or has succeeded: it is followed.
    ToAdopt(String),
    /// An execution that did not succeed: its history shows where a redrive leads.
    ToExamine(String),
}

/// Which execution exists already, in a list with the newest first. `own` is the name of the job's own execution.
#[must_use]
pub(crate) fn found(listed: &[ListedExecution], own: &ExecutionName, parameters: &UserParameters) -> Found {
    let own_or_earlier = listed
        .iter()
        .find(|execution| execution.name == own.as_str() || parameters.is_own_execution(&execution.name));
    match own_or_earlier {
        None => Found::Nothing,
        Some(execution) if execution.name == own.as_str() => Found::Own,
        Some(execution) => {
            let arn = execution.execution_arn.clone();
            match execution.status {
                ListedStatus::Running | ListedStatus::Succeeded => Found::ToAdopt(arn),
                ListedStatus::Unsuccessful => Found::ToExamine(arn),
            }
        }
    }
}

/// How a retry of the stage begins after an execution that did not succeed. A redrive helps only if it leads to work.
#[must_use]
pub fn retry(execution_arn: &str, destination: &Destination) -> Retry {
    match destination {
        Destination::Work => Retry::Redrive(execution_arn.to_owned()),
        Destination::FailState(_) | Destination::SameError(_) => Retry::StartAnew,
    }
}

/// The answer when AWS refuses to redrive an execution. AWS also refuses an execution that runs, and may not show yet
/// that it runs. So the redrive is tried a few times, and then a new execution is started. If the execution is this
/// attempt's own, there is no other name for a new one: the job fails.
#[must_use]
pub(crate) fn not_redrivable(assignment: &Assignment, error: &CallError) -> Answer {
    let token = &assignment.token;
    let tries = token.tries + 1;
    if tries < MAX_REFUSALS {
        return Answer::go_on(Token { tries, ..token.clone() });
    }
    let own = assignment.execution_name();
    match &token.retry {
        Some(Retry::Redrive(execution)) if execution_name_in(execution) == own.as_str() => Answer::fail(
            FailureType::JobFailed,
            format!("The execution was stopped, and cannot go on: {error}\nExecution: {execution}"),
        ),
        Some(Retry::Redrive(_) | Retry::StartAnew) | None => Answer::go_on(token.decided(Some(Retry::StartAnew))),
    }
}

/// Whether an execution has ended without success.
#[must_use]
pub(crate) const fn is_unsuccessful(execution: &Execution) -> bool {
    match execution.status {
        ExecutionStatus::Running | ExecutionStatus::Succeeded { .. } => false,
        ExecutionStatus::Failed(_) | ExecutionStatus::TimedOut(_) | ExecutionStatus::Aborted(_) => true,
    }
}

/// What is left to do to redrive an execution, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToRedrive {
    /// It did not succeed: redrive it.
    Redrive,
    /// Nothing: it runs, has succeeded, or was redriven for this attempt before. The time of that redrive, if any.
    Nothing(Option<Timestamp>),
}

/// What is left to do to redrive an execution. A redrive after the moment `decided` was for this attempt; one before it
/// was for an earlier attempt.
#[must_use]
pub fn to_redrive(execution: &Execution, decided: Timestamp) -> ToRedrive {
    let redriven = execution.redriven_at.filter(|at| *at > decided);
    if is_unsuccessful(execution) && redriven.is_none() {
        ToRedrive::Redrive
    } else {
        ToRedrive::Nothing(redriven)
    }
}
