//! The errors that a state machine can catch by their names.

use lambda_runtime::Diagnostic;
use thiserror::Error;

/// Why the service is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AskError {
    /// The request is none.
    #[error("{0}")]
    InputInvalid(String),
    /// The service gave no answer.
    #[error("`{url}` gave no answer: {reason}")]
    ServiceNotReached {
        /// What was asked.
        url: String,
        /// Why there is none.
        reason: String,
    },
    /// The service answered, and not as a healthy one does.
    #[error("`{url}` {what}{}", quoted(said))]
    ServiceNotHealthy {
        /// What was asked.
        url: String,
        /// What is wrong with the answer, as a fragment such as `answered 503`.
        what: String,
        /// How the answer begins.
        said: String,
    },
    /// The service serves something else.
    #[error("`{url}` serves something else: {}", differences.join("; "))]
    VersionMismatch {
        /// What was asked.
        url: String,
        /// Each field that differs, with both values.
        differences: Vec<String>,
    },
}

fn quoted(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

impl AskError {
    /// The name by which a state machine catches it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::InputInvalid(_) => "InputInvalid",
            Self::ServiceNotReached { .. } => "ServiceNotReached",
            Self::ServiceNotHealthy { .. } => "ServiceNotHealthy",
            Self::VersionMismatch { .. } => "VersionMismatch",
        }
    }
}

impl From<AskError> for Diagnostic {
    fn from(error: AskError) -> Self {
        Self {
            error_type: error.name().to_owned(),
            error_message: error.to_string(),
        }
    }
}
