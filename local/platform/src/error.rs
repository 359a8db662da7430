//! What a service answers when it does not do what it was asked.

use std::fmt;

/// An error as AWS's services send it: a code that callers match, and a message for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// The error's code, such as `ParameterNotFound`.
    pub code: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The HTTP status it travels with.
    pub status: u16,
}

impl ServiceError {
    /// An error that is the caller's: HTTP status 400.
    pub fn new(code: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            code: code.into(),
            message: message.to_string(),
            status: 400,
        }
    }

    /// The same error with another HTTP status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Input that does not have the shape or the values that the operation takes.
    pub fn validation(message: impl fmt::Display) -> Self {
        Self::new("ValidationException", message)
    }

    /// An operation that AWS has and the local run does not: refused by name, never guessed.
    pub fn not_in_local_run(service: &str, operation: &str) -> Self {
        Self::new("NotInLocalRun", format!("the local run has no `{service}:{operation}`")).with_status(501)
    }

    /// What IAM answers to a call that no policy allows.
    pub fn access_denied(message: impl fmt::Display) -> Self {
        Self::new("AccessDeniedException", message)
    }
}
