//! Why the function failed, under names that stay.

use lambda_runtime::Diagnostic;
use shared::parameters::Problems;
use thiserror::Error;

use crate::event::EventError;
use crate::rule::RulesError;

/// Why an event was not handled. Lambda delivers it again, and then puts it into the queue for failed events.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ImagePushError {
    /// The event cannot be read, now or later.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The rules cannot be read from their parameter.
    #[error("the rules cannot be read: {0}")]
    Parameter(#[from] Problems),
    /// The rules are ill-formed.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// Something that should have been started was not, or could not be looked at.
    #[error("{}", .0.join("; "))]
    Incomplete(Vec<String>),
}

impl From<ImagePushError> for Diagnostic {
    fn from(error: ImagePushError) -> Self {
        let error_type = match &error {
            ImagePushError::Event(_) => "EventInvalid",
            ImagePushError::Parameter(problems) => problems.kind().name(),
            ImagePushError::Rules(_) => "RulesInvalid",
            ImagePushError::Incomplete(_) => "ImagePushIncomplete",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}
