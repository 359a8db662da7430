//! How a job goes: its status, and what it is at.

use serde::{Deserialize, Serialize};

/// A job's status, as descriptions have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
}

impl Status {
    /// All of them, as callers write them.
    pub(crate) const NAMES: [&'static str; 5] = ["InProgress", "Completed", "Failed", "Stopping", "Stopped"];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
        }
    }

    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }
}

/// What a job is at: the secondary status of training jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    Starting,
    Downloading,
    Running,
    Uploading,
    Stopping,
    Completed,
    Failed,
    Stopped,
    TimeIsOver,
}
