//! An execution as the operations find it.

use super::past::Past;
use super::running::Running;
use platform::ServiceError;
use serde_json::Value;
use std::ops::Range;
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

    /// How many events there are.
    pub(crate) fn length(&self) -> Result<usize, ServiceError> {
        match self {
            Self::Running(running) => Ok(running.lock().execution.history().len()),
            Self::Past(past) => past.length(),
        }
    }

    /// Some of the events as GetExecutionHistory answers them, by their places from 0.
    pub(crate) fn events(&self, places: Range<usize>) -> Result<Vec<Value>, ServiceError> {
        match self {
            Self::Running(running) => {
                let state = running.lock();
                let history = state.execution.history();
                let end = places.end.min(history.len());
                let events = history[places.start.min(end)..end].iter();
                Ok(events
                    .map(|event| serde_json::to_value(event).unwrap_or_default())
                    .collect())
            }
            Self::Past(past) => past.events(places),
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
