//! What becomes of a stack that cannot be created.

use serde::{Deserialize, Serialize};

/// What becomes of a stack that cannot be created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum OnFailure {
    /// What was made is removed, and the stack stays to be looked at.
    #[default]
    Rollback,
    /// All of it is removed.
    Delete,
    /// All of it stays.
    DoNothing,
}
