//! Where an execution stands.

use std::sync::Arc;

use crate::expression::Failure;

/// An execution's status, in the words of
/// [DescribeExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It goes on.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended in an error.
    Failed,
    /// It took longer than the state machine allows.
    TimedOut,
    /// It was stopped.
    Aborted,
}

impl Status {
    /// AWS's word: `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::TimedOut => "TIMED_OUT",
            Status::Aborted => "ABORTED",
        }
    }
}

/// A failed state that will be tried again, as its `Retry` says. AWS's histories do not tell it.
#[derive(Clone, Debug, PartialEq)]
pub struct Retried {
    /// The state's name.
    pub state: Arc<str>,
    /// What it failed with.
    pub failure: Failure,
    /// Which attempt of its retrier comes next, from 1.
    pub attempt: u32,
    /// How many attempts the retrier makes at most.
    pub max_attempts: u32,
    /// In how many seconds it comes.
    pub delay_seconds: f64,
}
