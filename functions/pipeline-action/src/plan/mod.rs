//! What to do next, from what is known: pure, with no clock, no environment and no call in it.
//!
//! A job either begins (no execution is known yet) or follows (one is). Whatever AWS answers then leads to exactly one
//! [`Answer`] to CodePipeline, or to one more thing to do first ([`Next`]).

use std::collections::BTreeMap;

use shared::execution_name::ExecutionName;
use shared::json::Raw;
use shared::parameters::{ProblemKind, Problems};
use shared::ports::code_pipeline::{FailureType, JobFailure};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::StateMachineArn;
use shared::time::Timestamp;

use crate::artifact::ArtifactError;
use crate::event::Job;
use crate::failure::{MAX_MESSAGE, clip};
use crate::token::{Token, TokenError};
use crate::user_parameters::{ParametersError, RESERVED_VARIABLES, UserParameters};

mod looking;
mod retrying;
mod runs;

pub use looking::*;
pub use retrying::*;
pub use runs::*;

/// How many attempts in a row may get no answer: with CodePipeline's half minute between calls, about ten minutes.
pub const MAX_MISSES: u32 = 20;
/// The most bytes that all output variables of an action may have.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>
pub const MAX_VARIABLES: usize = 122_880;

/// What CodePipeline is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The action goes on.
    Continue(Box<Token>),
    /// It has ended well, with these output variables.
    Succeed(BTreeMap<String, String>),
    /// It has failed.
    Fail(JobFailure),
}

impl Answer {
    /// The action goes on, and the next job comes with this token.
    #[must_use]
    pub fn go_on(token: Token) -> Self {
        Self::Continue(Box::new(token))
    }

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
            Some(text) => Token::decode(text).map_err(damaged)?.at(now),
            None => Token::first(&job.id, now),
        };
        Ok(Self { parameters, token })
    }

    /// The same with another token.
    #[must_use]
    pub fn with(&self, token: Token) -> Self {
        Self { token, ..self.clone() }
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
    let missed = token.missed();
    let misses = missed.misses;
    if misses < MAX_MISSES {
        return Answer::go_on(missed);
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

/// The failure of an action that has not come as far as to learn what it has started: an earlier delivery, or one beside
/// this one, may have done so.
#[must_use]
pub fn may_have_started(failure: JobFailure, execution: &str) -> Answer {
    if failure.message.contains(execution) {
        return Answer::Fail(failure);
    }
    let rest = format!("If another call has put {execution} to work, it may still be running.");
    Answer::fail(
        failure.kind,
        format!("{}. {rest}", failure.message.trim_end_matches('.')),
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
