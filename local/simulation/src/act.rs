//! What people do.

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    RetryAll,
    RetryFailed,
    Abandon,
    Approve,
    Reject,
    MoveParameter,
    MendPolicy(&'static str),
    InsertRule,
    Deploy,
    PushImage,
    PushIndex,
    PushSignature,
    MoveTag,
    RedriveByHand,
    StopByHand,
    Redeliver,
    Release,
}
