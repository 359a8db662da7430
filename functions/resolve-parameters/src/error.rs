//! The error that a state machine sees, under the name of what to mend first.

use lambda_runtime::Diagnostic;
use shared::parameters::Problems;

/// Everything that is wrong with a request. Its name in a state machine is its [kind](Problems::kind)'s.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct ResolveError(#[from] pub Problems);

impl From<ResolveError> for Diagnostic {
    fn from(error: ResolveError) -> Self {
        Self {
            error_type: error.0.kind().name().to_owned(),
            error_message: error.to_string(),
        }
    }
}
