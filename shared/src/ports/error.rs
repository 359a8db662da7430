//! The errors of ports, for all their implementations.

use std::fmt;

use thiserror::Error;

/// A call that failed: which operation, what kind of failure, and what the service said.
///
/// It never has a credential in it: implementations remove credentials from messages that could quote them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{operation}` {kind}{}: {message}", .code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct CallError {
    /// AWS's name of the operation, such as `StartExecution`.
    pub operation: &'static str,
    /// Which kind of failure it is. Most callers need only this.
    pub kind: CallErrorKind,
    /// The error's code on the wire, such as `ExecutionAlreadyExists`, where there was an answer.
    pub code: Option<String>,
    /// What the service said.
    pub message: String,
}

/// The kinds of failure of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallErrorKind {
    /// Too many calls, or too much at once: the same call may work later.
    Throttled,
    /// The caller may not do that.
    Denied,
    /// What the call names does not exist, or not yet.
    NotFound,
    /// What the call names is in a state that does not allow it.
    Conflict,
    /// The call itself is wrong.
    Invalid,
    /// The service did not answer, or answered that it cannot: the same call may work later.
    Unavailable,
}

impl fmt::Display for CallErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "was throttled",
            Self::Denied => "was denied",
            Self::NotFound => "found nothing",
            Self::Conflict => "was in conflict",
            Self::Invalid => "was refused",
            Self::Unavailable => "was not answered",
        })
    }
}

impl CallError {
    /// An error without a code.
    #[must_use]
    pub fn new(operation: &'static str, kind: CallErrorKind, message: impl Into<String>) -> Self {
        Self {
            operation,
            kind,
            code: None,
            message: message.into(),
        }
    }

    /// The same error, with its code on the wire.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Whether it has this code.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether the same call may work later, with nothing changed in between.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind, CallErrorKind::Throttled | CallErrorKind::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_a_sentence() {
        let error = CallError::new("StartExecution", CallErrorKind::Throttled, "Rate exceeded");
        assert_eq!(error.to_string(), "`StartExecution` was throttled: Rate exceeded");
        let error = error.with_code("ThrottlingException");
        assert_eq!(
            error.to_string(),
            "`StartExecution` was throttled (ThrottlingException): Rate exceeded"
        );
        assert!(error.is("ThrottlingException") && error.is_transient());
    }
}
