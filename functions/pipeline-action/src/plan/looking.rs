//! What a look at the execution leads to: it runs, it has ended, or it takes too long.

use std::time::Duration;

use shared::ports::code_pipeline::FailureType;
use shared::ports::step_functions::{Execution, ExecutionStatus, Failure};
use shared::ports::{CallError, CallErrorKind};
use shared::time::{Timestamp, in_words};

use super::answer::{Answer, MAX_MISSES, call_failed, missed};
use super::assignment::Assignment;
use super::lags::LAGS;
use super::retrying::is_unsuccessful;
use super::stops::{ABANDONED, NOT_HANDED_OVER, TIMED_OUT};
use super::variables::execution_name_in;
use crate::failure::{Ending, Standing, retrying};
use crate::history::Destination;
use crate::token::{Retry, Token};
use crate::user_parameters::{OnTimeout, UserParameters};

/// How many polls in a row try to stop an execution that takes too long: about two minutes.
pub(crate) const MAX_STOPS: u32 = 5;
/// How many polls in a row read a history again that does not tell yet why its execution failed: about two minutes.
pub(crate) const MAX_READS: u32 = 5;
/// What to do after a look at the execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is not over: give this answer.
    Answer(Answer),
    /// It has succeeded.
    Conclude {
        /// Its output: JSON text.
        output: String,
        /// When it ended.
        ended: Option<Timestamp>,
    },
    /// It has not succeeded: find out why.
    Explain {
        /// How it ended.
        ending: Ending,
        /// With which error and cause.
        failure: Failure,
        /// How long it ran.
        ran: Option<Duration>,
        /// When it ended.
        ended: Option<Timestamp>,
    },
    /// It takes too long.
    GiveUp {
        /// Whether to stop it.
        on_timeout: OnTimeout,
    },
}

/// What to do after DescribeExecution.
#[must_use]
pub(crate) fn looked(assignment: &Assignment, look: Result<Execution, CallError>, now: Timestamp) -> Next {
    let Assignment { parameters, token } = assignment;
    let overdue = now.since(token.since) >= parameters.timeout;
    match look {
        Ok(execution) => {
            let redriven = redriven_by_others(token, &execution);
            if let Some(next) = ended(assignment, execution, now) {
                return next;
            }
            match (overdue, redriven) {
                (true, None) => Next::GiveUp {
                    on_timeout: parameters.on_timeout,
                },
                // It was put to work again for somebody else: it is not for this job to stop.
                (true, Some(_)) => Next::GiveUp {
                    on_timeout: OnTimeout::Leave,
                },
                (false, redriven) => Next::Answer(Answer::go_on(Token {
                    misses: 0,
                    stops: 0,
                    tries: 0,
                    since: redriven.unwrap_or(token.since),
                    redriven: redriven.or(token.redriven),
                    ..token.clone()
                })),
            }
        }
        // What cannot be looked at is not stopped: it may have been redriven for somebody else.
        Err(error) if error.is_transient() && overdue => Next::Answer(stop_again(assignment, &error)),
        // DescribeExecution is eventually consistent: what was just started may not be found yet.
        Err(error) if error.kind == CallErrorKind::NotFound && token.misses + 1 < MAX_MISSES => {
            Next::Answer(missed(token, &error.to_string()))
        }
        Err(error) => Next::Answer(cannot_follow(token, &error)),
    }
}

/// The answer when an execution cannot be looked at. A failure says that it may still be running.
fn cannot_follow(token: &Token, error: &CallError) -> Answer {
    match (call_failed(token, error), &token.execution) {
        (Answer::Fail(failure), Some(execution)) if !error.is_transient() => Answer::fail(
            failure.kind,
            format!("{} The execution {execution} may still be running.", failure.message),
        ),
        (answer, _) => answer,
    }
}

/// When the execution was redriven, if the token does not know of it: for a later attempt, or by hand.
fn redriven_by_others(token: &Token, execution: &Execution) -> Option<Timestamp> {
    let known = token.redriven.unwrap_or(token.since).max(token.since);
    execution.redriven_at.filter(|at| *at > known)
}

/// What the end of an execution leads to. Nothing, if the execution runs, or if the end that AWS shows is out of date.
///
/// DescribeExecution is eventually consistent. An end is out of date if it lies before the redrive that the token knows
/// of. A failure is out of date if it lies before this attempt began to wait for an execution that it adopted: the
/// execution had not failed then. That is assumed only for as long as AWS may lag.
#[must_use]
pub fn ended(assignment: &Assignment, execution: Execution, now: Timestamp) -> Option<Next> {
    let Assignment { parameters, token } = assignment;
    let is_before = |moment: Timestamp| execution.stopped_at.is_some_and(|ended| ended < moment);
    let was_adopted = execution_name_in(&execution.execution_arn) != assignment.execution_name().as_str();
    let is_old_failure =
        was_adopted && is_unsuccessful(&execution) && is_before(token.since) && now.since(token.since) < LAGS;
    if token.redriven.is_some_and(is_before) || is_old_failure {
        return None;
    }
    let is_overdue = now.since(token.since) >= parameters.timeout;
    let was_stopped_for_others = match &execution.status {
        ExecutionStatus::Aborted(failure) => match failure.error.as_deref() {
            Some(ABANDONED | NOT_HANDED_OVER) => true,
            Some(TIMED_OUT) => token.stops == 0 && !is_overdue,
            _ => false,
        },
        _ => false,
    };
    if was_stopped_for_others {
        return Some(Next::Answer(go_on(&execution, token)));
    }
    end_of(execution)
}

/// What the end of an execution leads to, as AWS shows it. Nothing, if the execution runs.
#[must_use]
pub(crate) fn end_of(execution: Execution) -> Option<Next> {
    let ended = execution.stopped_at;
    let ran = ended.map(|ended| ended.since(execution.started_at));
    let explain = |ending, failure| {
        Some(Next::Explain {
            ending,
            failure,
            ran,
            ended,
        })
    };
    match execution.status {
        ExecutionStatus::Running => None,
        ExecutionStatus::Succeeded { output } => Some(Next::Conclude { output, ended }),
        ExecutionStatus::Failed(failure) => explain(Ending::Failed, failure),
        ExecutionStatus::TimedOut(failure) => explain(Ending::TimedOut, failure),
        ExecutionStatus::Aborted(failure) => explain(Ending::Aborted, failure),
    }
}

/// The answer when this function stopped the execution for another job or attempt, which was over: the action goes on,
/// and its next job redrives the execution.
fn go_on(execution: &Execution, token: &Token) -> Answer {
    Answer::go_on(Token {
        misses: 0,
        stops: 0,
        tries: 0,
        // A redrive that is later than this is the one that is wanted.
        since: execution.stopped_at.unwrap_or(token.since).max(token.since),
        execution: None,
        redriven: None,
        retry: Some(Retry::Redrive(execution.execution_arn.clone())),
        ..token.clone()
    })
}

/// The answer when an execution takes too long, and could not be looked at or stopped. The next poll tries again, up to
/// [`MAX_STOPS`] polls.
#[must_use]
pub(crate) fn stop_again(assignment: &Assignment, error: &CallError) -> Answer {
    let token = &assignment.token;
    let stops = token.stops + 1;
    if stops < MAX_STOPS {
        return Answer::go_on(Token { stops, ..token.clone() });
    }
    let execution = token.execution.as_deref().unwrap_or_default();
    gave_up(assignment, execution, Some(Err(error.clone())))
}

/// The answer when an execution that takes too long was stopped, but AWS does not show its end yet. The next poll sees
/// it.
#[must_use]
pub fn stopped(assignment: &Assignment, execution_arn: &str) -> Answer {
    let token = &assignment.token;
    let stops = token.stops + 1;
    if stops < MAX_STOPS {
        return Answer::go_on(Token { stops, ..token.clone() });
    }
    gave_up(assignment, execution_arn, Some(Ok(())))
}

/// The answer when the history does not show yet why the execution failed: the next poll reads it again. Nothing, if it
/// has been read often enough.
#[must_use]
pub(crate) fn read_again(token: &Token) -> Option<Answer> {
    let tries = token.tries + 1;
    (tries < MAX_READS).then(|| Answer::go_on(Token { tries, ..token.clone() }))
}

/// Whether an execution ended because it took too long and was stopped by this function.
#[must_use]
pub(crate) fn was_stopped(next: &Next) -> bool {
    matches!(next, Next::Explain { ending: Ending::Aborted, failure, .. } if failure.error.as_deref() == Some(TIMED_OUT))
}

/// The failure of a job whose execution took too long. `stopped` is the result of StopExecution, if it was called.
#[must_use]
pub(crate) fn gave_up(assignment: &Assignment, execution_arn: &str, stopped: Option<Result<(), CallError>>) -> Answer {
    let message = gave_up_message(&assignment.parameters, execution_arn, stopped);
    Answer::fail(FailureType::JobFailed, message)
}

/// What people read of an execution that took too long.
#[must_use]
pub(crate) fn gave_up_message(
    parameters: &UserParameters,
    execution_arn: &str,
    stopped: Option<Result<(), CallError>>,
) -> String {
    let limit = in_words(parameters.timeout);
    let standing = match stopped {
        Some(Ok(())) => Standing::Ended(Some(&Destination::Work)),
        Some(Err(_)) | None => Standing::Runs,
    };
    let retrying = retrying(parameters.on_retry, standing);
    let rest = match stopped {
        None if parameters.on_timeout == OnTimeout::Leave => "It was left running, as `onTimeout` says.".to_owned(),
        None => "It was redriven since, which this action did not do, and is left running.".to_owned(),
        Some(Ok(())) => "It was stopped, as `onTimeout` says.".to_owned(),
        Some(Err(error)) => format!("It could not be stopped and may still be running: {error}"),
    };
    let place = shared::console::execution_link(execution_arn).unwrap_or_else(|| execution_arn.to_owned());
    format!("The execution took longer than {limit} (`timeoutMinutes`). {rest}\n{retrying}\nExecution: {place}")
}
