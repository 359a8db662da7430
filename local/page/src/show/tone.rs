//! What a status means, whichever service says it.

/// What a status means, whichever service says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It ended well.
    Succeeded,
    /// It failed.
    Failed,
    /// It goes on.
    Running,
    /// It waits for somebody.
    Waiting,
    /// Somebody or something stopped it.
    Stopped,
    /// It failed, and something was done about it.
    Caught,
    /// It has not begun.
    Quiet,
}

impl Tone {
    /// The class that a view gives to what has it.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Succeeded => "is-succeeded",
            Self::Failed => "is-failed",
            Self::Running => "is-running",
            Self::Waiting => "is-waiting",
            Self::Stopped => "is-stopped",
            Self::Caught => "is-caught",
            Self::Quiet => "is-quiet",
        }
    }
}
