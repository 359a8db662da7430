//! The answer to a job, and which answer each kind of failure leads to.

use std::collections::BTreeMap;

use shared::parameters::{ProblemKind, Problems};
use shared::ports::code_pipeline::{FailureType, JobFailure};
use shared::ports::{CallError, CallErrorKind};
use shared::state_machine::NotResolved;

use crate::artifact::ArtifactError;
use crate::failure::{MAX_MESSAGE, clip};
use crate::token::Token;

/// How many times in a row AWS may give no answer. CodePipeline calls every half minute, so this is about ten minutes.
pub const MAX_MISSES: u32 = 20;

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
    pub(crate) fn fail(kind: FailureType, message: impl AsRef<str>) -> Self {
        let mut message = clip(message.as_ref().trim(), MAX_MESSAGE);
        if message.is_empty() {
            message.push_str("no reason is known");
        }
        Self::Fail(JobFailure { kind, message })
    }
}

/// The answer when AWS did not answer a call: the action goes on, unless that has happened too often in a row.
#[must_use]
pub(crate) fn missed(token: &Token, reason: &str) -> Answer {
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

/// The failure of an action that does not know yet what it has started: another delivery of its job may have started
/// the execution.
#[must_use]
pub(crate) fn may_have_started(failure: JobFailure, execution: &str) -> Answer {
    if failure.message.contains(execution) {
        return Answer::Fail(failure);
    }
    let rest = format!("If another call has put {execution} to work, it may still be running.");
    Answer::fail(
        failure.kind,
        format!("{}. {rest}", failure.message.trim_end_matches('.')),
    )
}

/// The answer when a call failed that the job needs.
#[must_use]
pub(crate) fn call_failed(token: &Token, error: &CallError) -> Answer {
    match error.kind {
        CallErrorKind::Throttled | CallErrorKind::Unavailable => missed(token, &error.to_string()),
        CallErrorKind::Denied => Answer::fail(FailureType::PermissionError, error.to_string()),
        CallErrorKind::NotFound | CallErrorKind::Invalid | CallErrorKind::Conflict => {
            Answer::fail(FailureType::ConfigurationError, error.to_string())
        }
    }
}

/// The answer when it could not be found out which state machine is meant, or what a parameter in the input holds.
#[must_use]
pub(crate) fn not_resolved(token: &Token, error: &NotResolved) -> Answer {
    match error {
        NotResolved::Parameter(problems) => parameters_failed(token, problems),
        NotResolved::NoStateMachine(_) | NotResolved::NoPlace | NotResolved::OtherRegion { .. } => {
            let message = error.to_string();
            let (first, rest) = message.split_at(1);
            Answer::fail(FailureType::ConfigurationError, first.to_uppercase() + rest)
        }
    }
}

fn parameters_failed(token: &Token, problems: &Problems) -> Answer {
    let message = format!("Parameters cannot be resolved: {problems}");
    match problems.kind() {
        ProblemKind::ParameterStoreUnavailable => missed(token, &message),
        ProblemKind::ParameterAccessDenied => Answer::fail(FailureType::PermissionError, message),
        ProblemKind::SecureParameterRefused | ProblemKind::ParameterNotFound | ProblemKind::ParameterInvalid => {
            Answer::fail(FailureType::ConfigurationError, message)
        }
    }
}

/// The answer when a file of an artifact could not be read, or an artifact could not be written.
#[must_use]
pub(crate) fn artifact_failed(token: &Token, what: &str, error: &ArtifactError) -> Answer {
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
