//! The statuses of stacks and of their resources.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The status of a stack, or of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// There is a change set that would create it, and nothing else yet.
    ReviewInProgress,
    /// It is being made.
    CreateInProgress,
    /// It was made.
    CreateComplete,
    /// It could not be made.
    CreateFailed,
    /// What was made of it is being removed again.
    RollbackInProgress,
    /// Nothing is left of it.
    RollbackComplete,
    /// Something of it could not be removed.
    RollbackFailed,
    /// It is being changed.
    UpdateInProgress,
    /// It was changed, and what it does not need any more is being removed.
    UpdateCompleteCleanupInProgress,
    /// It was changed.
    UpdateComplete,
    /// It could not be changed, and is left as it is.
    UpdateFailed,
    /// It is being made what it was before.
    UpdateRollbackInProgress,
    /// It is what it was before, and what is left of the change is being removed.
    UpdateRollbackCompleteCleanupInProgress,
    /// It is what it was before.
    UpdateRollbackComplete,
    /// It could not be made what it was before.
    UpdateRollbackFailed,
    /// It is being removed.
    DeleteInProgress,
    /// It is gone.
    DeleteComplete,
    /// It could not be removed.
    DeleteFailed,
    /// It stays, as its template wants it.
    DeleteSkipped,
}

impl Status {
    /// Whether something is under way.
    pub(super) fn is_under_way(self) -> bool {
        self.to_string().ends_with("IN_PROGRESS") && self != Self::ReviewInProgress
    }

    /// Whether it is about a removal.
    pub(super) fn is_removal(self) -> bool {
        self.to_string().starts_with("DELETE")
    }

    /// Whether a stack of this status can be changed.
    pub(super) fn can_be_updated(self) -> bool {
        matches!(
            self,
            Self::CreateComplete
                | Self::UpdateComplete
                | Self::UpdateRollbackComplete
                | Self::CreateFailed
                | Self::UpdateFailed
        )
    }

    /// What becomes of it where the local run has ended in the middle.
    pub(super) fn cut_off(self) -> Self {
        match self {
            Self::CreateInProgress => Self::CreateFailed,
            Self::RollbackInProgress => Self::RollbackFailed,
            Self::DeleteInProgress => Self::DeleteFailed,
            Self::UpdateRollbackInProgress | Self::UpdateRollbackCompleteCleanupInProgress => {
                Self::UpdateRollbackFailed
            }
            _ => Self::UpdateFailed,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_written_as_aws_writes_it() {
        assert_eq!(
            Status::UpdateCompleteCleanupInProgress.to_string(),
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        );
        assert!(Status::DeleteInProgress.is_under_way());
        assert!(!Status::ReviewInProgress.is_under_way());
        assert!(!Status::RollbackComplete.can_be_updated());
    }
}
