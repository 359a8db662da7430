//! Why this function stopped an execution: the error that the execution then shows.

/// Nobody waited for it any more.
pub const ABANDONED: &str = "Stepline.ActionAbandoned";
/// It took too long.
pub const TIMED_OUT: &str = "Stepline.ExecutionTimedOut";
/// The job that it was started for had been answered before.
pub const NOT_HANDED_OVER: &str = "Stepline.NotHandedOver";
