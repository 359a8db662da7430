//! An execution as the operations find it.

use super::past::Past;
use super::running::Running;
use serde_json::Value;
use std::sync::Arc;

/// An execution, whichever way it is known.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    /// Of this run: the interpreter has it.
    Running(Arc<Running>),
    /// Of an earlier one.
    Past(Arc<Past>),
}

impl Known {
    /// As DescribeExecution answers.
    pub(crate) fn described(&self) -> Value {
        match self {
            Self::Running(running) => running.describe(),
            Self::Past(past) => past.described().clone(),
        }
    }

    /// As DescribeStateMachineForExecution answers.
    pub(crate) fn machine(&self) -> Value {
        match self {
            Self::Running(running) => running.machine(&running.lock()),
            Self::Past(past) => past.machine().clone(),
        }
    }

    /// Its Map Runs, each as ListMapRuns and as DescribeMapRun answers it.
    pub(crate) fn map_runs(&self) -> Vec<(Value, Value)> {
        match self {
            Self::Running(running) => running.map_runs(&running.lock()),
            Self::Past(past) => past.map_runs().to_vec(),
        }
    }
}
