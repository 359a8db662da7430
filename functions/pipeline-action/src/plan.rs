//! What to do next, from what is known: pure, with no clock, no environment and no call in it.
//!
//! A job either begins (no execution is known yet) or follows (one is). Whatever AWS answers then leads to exactly one
//! [`Answer`] to CodePipeline, or to one more thing to do first ([`Next`]).

use std::collections::BTreeMap;
use std::time::Duration;

use shared::execution_name::ExecutionName;
use shared::json::Raw;
use shared::parameters::{ProblemKind, Problems};
use shared::ports::code_pipeline::{FailureType, JobFailure};
use shared::ports::step_functions::{Execution, ExecutionStatus, Failure, ListedExecution, ListedStatus};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::StateMachineArn;
use shared::time::{Timestamp, in_words};

use crate::artifact::ArtifactError;
use crate::event::Job;
use crate::failure::{Ending, MAX_MESSAGE, Standing, clip, retrying};
use crate::history::Destination;
use crate::token::{Retry, Token, TokenError};
use crate::user_parameters::{OnTimeout, ParametersError, RESERVED_VARIABLES, UserParameters};

/// How many attempts in a row may get no answer: with CodePipeline's half minute between calls, about ten minutes.
pub const MAX_MISSES: u32 = 20;
/// How many times in a row an execution that takes too long is tried to be stopped: about two minutes.
pub const MAX_STOPS: u32 = 5;
/// The error that an execution bears which was stopped because it took too long.
pub const TIMED_OUT: &str = "Stepline.ExecutionTimedOut";
/// The most bytes that all output variables of an action may have.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>
pub const MAX_VARIABLES: usize = 122_880;

/// What CodePipeline is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The action goes on.
    Continue(Token),
    /// It has ended well, with these output variables.
    Succeed(BTreeMap<String, String>),
    /// It has failed.
    Fail(JobFailure),
}

impl Answer {
    /// A failure.
    #[must_use]
    pub fn fail(kind: FailureType, message: impl AsRef<str>) -> Self {
        let mut message = clip(message.as_ref().trim(), MAX_MESSAGE);
        if message.is_empty() {
            message.push_str("no reason is known");
        }
        Self::Fail(JobFailure { kind, message })
    }
}

/// A job that can be understood: what is wanted, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// What people want.
    pub parameters: UserParameters,
    /// How far it is.
    pub token: Token,
}

impl Assignment {
    /// Understands a job.
    ///
    /// # Errors
    /// The answer to a job that cannot be understood.
    pub fn of(job: &Job, now: Timestamp) -> Result<Self, Answer> {
        let refused = |error: ParametersError| Answer::fail(FailureType::ConfigurationError, error.to_string());
        let parameters = UserParameters::parse(job.user_parameters.as_deref()).map_err(refused)?;
        if let (Some(_), Some(artifact)) = (&parameters.approval, job.output_artifacts.first()) {
            return Err(Answer::fail(
                FailureType::ConfigurationError,
                format!(
                    "The action declares the output artifact `{}`, but with `approval` it ends before the execution has \
                     an output: declare no output artifact",
                    artifact.name
                ),
            ));
        }
        let damaged = |error: TokenError| Answer::fail(FailureType::ConfigurationError, error.to_string());
        let token = match &job.continuation_token {
            Some(text) => Token::decode(text).map_err(damaged)?,
            None => Token::first(&job.id, now),
        };
        Ok(Self { parameters, token })
    }

    /// The name of the execution: of the pipeline's execution and the first job, never of a clock.
    #[must_use]
    pub fn execution_name(&self) -> ExecutionName {
        self.parameters.execution_name(&self.token.job)
    }
}

/// The answer when something that the function depends on did not answer: the action goes on, unless that has happened
/// too often in a row.
#[must_use]
pub fn missed(token: &Token, reason: &str) -> Answer {
    let misses = token.misses + 1;
    if misses < MAX_MISSES {
        return Answer::Continue(Token {
            misses,
            ..token.clone()
        });
    }
    let rest = match &token.execution {
        Some(arn) => format!("The execution {arn} may still be running."),
        None => "No execution is known to have been started.".to_owned(),
    };
    Answer::fail(
        FailureType::SystemUnavailable,
        format!("No answer {misses} times in a row: {reason}. {rest}"),
    )
}

/// The answer when a call failed that the job cannot do without.
#[must_use]
pub fn call_failed(token: &Token, error: &CallError) -> Answer {
    match error.kind {
        CallErrorKind::Throttled | CallErrorKind::Unavailable => missed(token, &error.to_string()),
        CallErrorKind::Denied => Answer::fail(FailureType::PermissionError, error.to_string()),
        CallErrorKind::NotFound | CallErrorKind::Invalid | CallErrorKind::Conflict => {
            Answer::fail(FailureType::ConfigurationError, error.to_string())
        }
    }
}

/// The answer when parameters could not be resolved.
#[must_use]
pub fn parameters_failed(token: &Token, problems: &Problems) -> Answer {
    let message = format!("Parameters cannot be resolved: {problems}");
    match problems.kind() {
        ProblemKind::ParameterStoreUnavailable => missed(token, &message),
        ProblemKind::ParameterAccessDenied => Answer::fail(FailureType::PermissionError, message),
        ProblemKind::SecureParameterRefused | ProblemKind::ParameterNotFound | ProblemKind::ParameterInvalid => {
            Answer::fail(FailureType::ConfigurationError, message)
        }
    }
}

/// The answer when a file of an artifact could not be read, or an artifact not written.
#[must_use]
pub fn artifact_failed(token: &Token, what: &str, error: &ArtifactError) -> Answer {
    match error {
        // The credentials live a quarter of an hour, and the next call brings new ones.
        ArtifactError::Call(error) if error.is("ExpiredToken") => missed(token, &format!("{what}: {error}")),
        ArtifactError::Call(error) => match call_failed(token, error) {
            Answer::Fail(failure) => Answer::fail(failure.kind, format!("{what}: {}", failure.message)),
            other => other,
        },
        error => Answer::fail(FailureType::ConfigurationError, format!("{what}: {error}")),
    }
}

/// What to do after a look at the execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is not over: answer so.
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
pub fn looked(assignment: &Assignment, look: Result<Execution, CallError>, now: Timestamp) -> Next {
    let Assignment { parameters, token } = assignment;
    let overdue = now.since(token.since) >= parameters.timeout;
    let give_up = Next::GiveUp {
        on_timeout: parameters.on_timeout,
    };
    match look {
        Ok(execution) => match ended(execution, token.redriven) {
            Some(next) => next,
            None if overdue => give_up,
            None => Next::Answer(Answer::Continue(Token {
                misses: 0,
                ..token.clone()
            })),
        },
        Err(error) if error.is_transient() && overdue => give_up,
        // DescribeExecution is eventually consistent: what was just started may not be found yet.
        Err(error) if error.kind == CallErrorKind::NotFound && token.misses + 1 < MAX_MISSES => {
            Next::Answer(missed(token, &error.to_string()))
        }
        Err(error) => Next::Answer(call_failed(token, &error)),
    }
}

/// What the end of an execution leads to; nothing for one that runs.
///
/// An end that lies before the execution was redriven is old news: DescribeExecution is eventually consistent.
#[must_use]
pub fn ended(execution: Execution, redriven: Option<Timestamp>) -> Option<Next> {
    let ended = execution.stopped_at;
    if let (Some(ended), Some(redriven)) = (ended, redriven)
        && ended < redriven
    {
        return None;
    }
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

/// The answer when an execution that takes too long could not be stopped, if that may go well at the next poll.
#[must_use]
pub fn stop_again(token: &Token, error: &CallError) -> Option<Answer> {
    let stops = token.stops + 1;
    let again = error.is_transient() && stops < MAX_STOPS;
    again.then(|| Answer::Continue(Token { stops, ..token.clone() }))
}

/// Whether an execution ended because it took too long and was stopped by this function.
#[must_use]
pub fn was_stopped(next: &Next) -> bool {
    matches!(next, Next::Explain { ending: Ending::Aborted, failure, .. } if failure.error.as_deref() == Some(TIMED_OUT))
}

/// The failure of a job whose execution took too long. `stopped` says what became of stopping it, if it was tried.
#[must_use]
pub fn gave_up(assignment: &Assignment, execution_arn: &str, stopped: Option<Result<(), CallError>>) -> Answer {
    let message = gave_up_message(&assignment.parameters, execution_arn, stopped);
    Answer::fail(FailureType::JobFailed, message)
}

/// What people read of an execution that took too long.
#[must_use]
pub fn gave_up_message(
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
        None => "It was left running, as `onTimeout` says.".to_owned(),
        Some(Ok(())) => "It was stopped, as `onTimeout` says.".to_owned(),
        Some(Err(error)) => format!("It could not be stopped and may still be running: {error}"),
    };
    let place = shared::console::execution_link(execution_arn).unwrap_or_else(|| execution_arn.to_owned());
    format!("The execution took longer than {limit} (`timeoutMinutes`). {rest}\n{retrying}\nExecution: {place}")
}

/// The output variables of an execution that succeeded: those of the user parameters and those that are always there.
///
/// # Errors
/// The answer when a variable is not in the output, or all of them are too long.
pub fn output_variables(
    parameters: &UserParameters,
    state_machine_arn: &str,
    execution_arn: &str,
    output: &str,
) -> Result<BTreeMap<String, String>, Answer> {
    let wrong = |message: String| Answer::fail(FailureType::ConfigurationError, message);
    let mut variables = reserved_variables(state_machine_arn, execution_arn);
    if !parameters.output_variables.is_empty() {
        let output = Raw::parse(output).map_err(|_| {
            wrong("The execution succeeded, but its output is no JSON to take variables from".to_owned())
        })?;
        for (name, path) in &parameters.output_variables {
            let not = |why: &dyn std::fmt::Display| {
                wrong(format!(
                    "The execution succeeded, but `{path}` of output variable `{name}` {why}"
                ))
            };
            let value = path.find(output).ok_or_else(|| not(&"is not in its output"))?;
            variables.insert(name.clone(), value.to_text().map_err(|flaw| not(&flaw))?);
        }
    }
    let length: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if length > MAX_VARIABLES {
        let message = format!("has {length} bytes of output variables, of which CodePipeline takes {MAX_VARIABLES}");
        return Err(wrong(format!("The execution succeeded, but {message}")));
    }
    Ok(variables)
}

/// The output variables that are always there.
#[must_use]
pub fn reserved_variables(state_machine_arn: &str, execution_arn: &str) -> BTreeMap<String, String> {
    let name = execution_name_in(execution_arn);
    RESERVED_VARIABLES
        .into_iter()
        .zip([execution_arn, name, state_machine_arn])
        .map(own)
        .collect()
}

/// The answer to a job whose execution an approval waits for.
#[must_use]
pub fn handed_over(execution_arn: &str) -> Answer {
    let machine = StateMachineArn::of_execution(execution_arn).map(|arn| arn.to_string());
    Answer::Succeed(reserved_variables(&machine.unwrap_or_default(), execution_arn))
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The name in an execution's ARN: `…:execution:MACHINE:NAME`, or `…:express:MACHINE:NAME:ID`.
fn execution_name_in(execution_arn: &str) -> &str {
    execution_arn.split(':').nth(7).unwrap_or_default()
}

/// What is there already for a job whose action is to redrive what failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing of the stage's earlier runs, or what this job has started itself: it starts its execution.
    Nothing,
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
        Some(execution) if execution.name == own.as_str() => Found::Nothing,
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
