//! Why the function failed, under names that stay.

use lambda_runtime::Diagnostic;
use shared::parameters::Problems;
use thiserror::Error;

use crate::event::EventError;
use crate::rule::RulesError;

/// Why an event was not handled. Lambda delivers it again, and then puts it into the queue for failed events.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum HandlerError {
    /// The event cannot be read, now or later.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The rules cannot be read from their parameter.
    #[error("the rules cannot be read: {0}")]
    Parameter(#[from] Problems),
    /// The rules are not written correctly.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// An execution could not be started, or an image could not be looked at.
    #[error("{}", .0.join("; "))]
    Incomplete(Vec<String>),
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Event(_) => "EventInvalid",
            HandlerError::Parameter(problems) => problems.kind().name(),
            HandlerError::Rules(_) => "RulesInvalid",
            HandlerError::Incomplete(_) => "ImagePushIncomplete",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}
