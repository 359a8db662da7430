//! Why there is no record.

use crate::aws::LookupError;

/// Why there is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineageError {
    /// AWS did not answer.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// Nothing is there that was named.
    #[error("{0}")]
    NotFound(String),
    /// It is not clear what was named.
    #[error(
        "`{0}` is no model (a package's ARN, or the number of its version), no deployment (a service's name or ARN, CLUSTER/SERVICE, or a task definition) and no commit"
    )]
    Unclear(String),
    /// Several commits begin so.
    #[error("`{word}` is short for several commits: {commits}")]
    Ambiguous {
        /// What was given.
        word: String,
        /// The commits.
        commits: String,
    },
}
