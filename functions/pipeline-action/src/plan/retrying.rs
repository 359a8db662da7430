//! How the retry of a stage begins: with what is there already, redriven or left alone, or with a new execution.

use shared::execution_name::ExecutionName;
use shared::ports::CallError;
use shared::ports::code_pipeline::FailureType;
use shared::ports::step_functions::{Execution, ExecutionStatus, ListedExecution, ListedStatus};
use shared::time::Timestamp;

use super::{Answer, Assignment, execution_name_in};
use crate::history::Destination;
use crate::token::{Retry, Token};
use crate::user_parameters::UserParameters;

/// How many polls in a row AWS may refuse to redrive an execution before that is believed: what was redriven a moment ago
/// is refused, too, and DescribeExecution may not show it yet.
pub const MAX_REFUSALS: u32 = 4;

/// What is there already for a job whose action is to redrive what failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing: the job starts its execution.
    Nothing,
    /// What this job has started itself.
    Own,
    /// An execution that runs, or has ended well since: it is followed.
    ToAdopt(String),
    /// One that did not succeed: its history tells where a redrive leads.
    ToExamine(String),
}

/// What is there already, by the executions listed, those started last first. `own` is what the job names its own.
#[must_use]
pub fn found(listed: &[ListedExecution], own: &ExecutionName, parameters: &UserParameters) -> Found {
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

/// How a retry of the stage begins after an execution that did not succeed: a redrive is of use only where it leads to
/// work.
#[must_use]
pub fn retry(execution_arn: &str, destination: &Destination) -> Retry {
    match destination {
        Destination::Work => Retry::Redrive(execution_arn.to_owned()),
        Destination::FailState(_) | Destination::SameError(_) => Retry::StartAnew,
    }
}

/// The answer when AWS refuses to redrive an execution. It refuses one that runs, too, which may not show yet: only what
/// is refused again is given up, and then a new execution is wanted. An execution of this attempt's own has no other.
#[must_use]
pub fn not_redrivable(assignment: &Assignment, error: &CallError) -> Answer {
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
pub const fn is_unsuccessful(execution: &Execution) -> bool {
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
    /// Nothing: it runs, has ended well, or was redriven for this attempt before; then, when.
    Nothing(Option<Timestamp>),
}

/// What is left to do to redrive an execution. `decided` is no later than the decision to redrive it, and later than
/// any redrive for an earlier attempt.
#[must_use]
pub fn to_redrive(execution: &Execution, decided: Timestamp) -> ToRedrive {
    let redriven = execution.redriven_at.filter(|at| *at > decided);
    if is_unsuccessful(execution) && redriven.is_none() {
        ToRedrive::Redrive
    } else {
        ToRedrive::Nothing(redriven)
    }
}
