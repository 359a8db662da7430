//! What a service answers when it does not do what it was asked.

use crate::store::StoreError;
use std::fmt;

/// An error as AWS's services send it: a code that callers match, and a message for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// What it means to a caller.
    pub kind: ErrorKind,
    /// The error's code, such as `ParameterNotFound`.
    pub code: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The HTTP status it travels with.
    pub status: u16,
    /// The member of the input that the local run does not have, where that is what is wrong.
    pub unknown_member: Option<String>,
    /// What else is told of it, by names: S3's errors have such elements.
    pub details: Box<[(&'static str, String)]>,
}

/// What an error means to a caller, whatever the service calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was asked about is not there.
    NotFound,
    /// IAM, or a policy of the resource, does not allow it.
    Denied,
    /// Too much was asked at once: the same may work later.
    Throttled,
    /// AWS has it, and the local run does not.
    NotInLocalRun,
    /// The service refuses it for another reason.
    Refused,
}

impl ErrorKind {
    /// The kind that a code of AWS's names. Its services have a code of their own for the same thing, but word it alike.
    fn of(code: &str) -> Self {
        let name = code.strip_suffix("Exception").unwrap_or(code);
        if name == "NotInLocalRun" {
            Self::NotInLocalRun
        } else if name.starts_with("AccessDenied") {
            Self::Denied
        } else if name.starts_with("Throttling") || name == "TooManyRequests" {
            Self::Throttled
        } else if name.ends_with("NotFound") || name.ends_with("DoesNotExist") || name.starts_with("NoSuch") {
            Self::NotFound
        } else {
            Self::Refused
        }
    }
}

impl ServiceError {
    /// An error that is the caller's: HTTP status 400. Its kind is the one that the code names.
    pub fn new(code: impl Into<String>, message: impl fmt::Display) -> Self {
        let code = code.into();
        Self {
            kind: ErrorKind::of(&code),
            code,
            message: message.to_string(),
            status: 400,
            unknown_member: None,
            details: Box::default(),
        }
    }

    /// The same error with one more detail.
    pub fn with_detail(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let mut details = self.details.into_vec();
        details.push((name, value.into()));
        self.details = details.into();
        self
    }

    /// The same error of another kind, where AWS's code does not tell.
    pub fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Whether the same request may work later: the service was too busy, or failed.
    pub fn can_pass(&self) -> bool {
        self.kind == ErrorKind::Throttled || self.status >= 500 && self.kind != ErrorKind::NotInLocalRun
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

    /// A member whose value breaks a constraint of the API's model, in AWS's words.
    pub fn constraint(value: impl fmt::Display, member: impl fmt::Display, rule: impl fmt::Display) -> Self {
        Self::validation(format_args!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}"
        ))
    }

    /// An operation that AWS has and the local run does not: refused by name, never guessed.
    pub fn not_in_local_run(service: &str, operation: &str) -> Self {
        Self::new("NotInLocalRun", format!("the local run has no `{service}:{operation}`")).with_status(501)
    }

    /// What lasts cannot be read or written, such as on a full disk: nothing of the caller's is wrong.
    pub fn store(error: &StoreError) -> Self {
        Self::new("InternalFailure", error).with_status(500)
    }

    /// What IAM answers to a call that no policy allows.
    pub fn access_denied(message: impl fmt::Display) -> Self {
        Self::new("AccessDeniedException", message)
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        Self::store(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_kinds() {
        for (code, kind) in [
            ("ResourceNotFoundException", ErrorKind::NotFound),
            ("ParameterNotFound", ErrorKind::NotFound),
            ("StateMachineDoesNotExist", ErrorKind::NotFound),
            ("QueueDoesNotExist", ErrorKind::NotFound),
            ("NoSuchBucket", ErrorKind::NotFound),
            ("AccessDenied", ErrorKind::Denied),
            ("AccessDeniedException", ErrorKind::Denied),
            ("ThrottlingException", ErrorKind::Throttled),
            ("TooManyRequestsException", ErrorKind::Throttled),
            ("NotInLocalRun", ErrorKind::NotInLocalRun),
            ("ValidationException", ErrorKind::Refused),
        ] {
            assert_eq!(ServiceError::new(code, "").kind, kind, "{code}");
        }
        let missing = ServiceError::validation("Stack with id s does not exist").of_kind(ErrorKind::NotFound);
        assert_eq!((missing.kind, missing.can_pass()), (ErrorKind::NotFound, false));
        assert!(ServiceError::new("TooManyRequestsException", "").can_pass());
        assert!(ServiceError::new("ServiceException", "").with_status(500).can_pass());
        assert!(!ServiceError::not_in_local_run("s3", "CopyObject").can_pass());
    }
}
