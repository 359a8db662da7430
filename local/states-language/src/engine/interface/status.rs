//! Where an execution stands, its Map Runs and children with it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::history::HistoryEvent;
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

/// A Map Run, in the words of
/// [DescribeMapRun](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapRun {
    /// Its ARN.
    pub arn: Arc<str>,
    /// The ARN of the execution that it belongs to.
    pub execution_arn: Arc<str>,
    /// Where it stands.
    pub status: Status,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub stopped_at: Option<Timestamp>,
    /// How many child executions there are to be.
    pub total: usize,
    /// How many of them succeeded.
    pub succeeded: usize,
    /// How many of them failed.
    pub failed: usize,
    /// How many of them run.
    pub running: usize,
    /// How often it was redriven.
    pub redrive_count: u32,
}

impl MapRun {
    pub(crate) fn new(arn: Arc<str>, execution_arn: Arc<str>, now: Timestamp) -> MapRun {
        MapRun {
            arn,
            execution_arn,
            status: Status::Running,
            started_at: now,
            stopped_at: None,
            total: 0,
            succeeded: 0,
            failed: 0,
            running: 0,
            redrive_count: 0,
        }
    }
}

/// A child execution of a distributed Map that has ended.
#[derive(Clone, Debug)]
pub struct ChildExecution {
    /// Its ARN.
    pub arn: Arc<str>,
    /// The ARN of its Map Run.
    pub map_run_arn: Arc<str>,
    /// How it ended.
    pub status: Status,
    /// Its history.
    pub history: Vec<HistoryEvent>,
}
