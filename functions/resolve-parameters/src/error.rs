//! The error that a state machine sees. Its name is that of the problem to fix first.

use lambda_runtime::Diagnostic;
use shared::parameters::Problems;

/// Everything that is wrong with a request. A state machine catches it by the name of its [kind](Problems::kind).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct HandlerError(#[from] pub Problems);

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self {
            error_type: error.0.kind().name().to_owned(),
            error_message: error.to_string(),
        }
    }
}
