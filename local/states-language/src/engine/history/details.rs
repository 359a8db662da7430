//! What an event says, type by type.

use std::sync::Arc;

use serde::Serialize;

use super::payload::Payload;
use super::write;
use crate::definition::StateKind;
use crate::expression::{Assigned, Failure};

impl StateKind {
    fn entered(self) -> &'static str {
        match self {
            StateKind::Choice => "ChoiceStateEntered",
            StateKind::Fail => "FailStateEntered",
            StateKind::Map => "MapStateEntered",
            StateKind::Parallel => "ParallelStateEntered",
            StateKind::Pass => "PassStateEntered",
            StateKind::Succeed => "SucceedStateEntered",
            StateKind::Task => "TaskStateEntered",
            StateKind::Wait => "WaitStateEntered",
        }
    }

    fn exited(self) -> &'static str {
        match self {
            StateKind::Choice => "ChoiceStateExited",
            StateKind::Fail => "FailStateExited",
            StateKind::Map => "MapStateExited",
            StateKind::Parallel => "ParallelStateExited",
            StateKind::Pass => "PassStateExited",
            StateKind::Succeed => "SucceedStateExited",
            StateKind::Task => "TaskStateExited",
            StateKind::Wait => "WaitStateExited",
        }
    }
}

/// The resource of a service's task, as events name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskResource {
    /// The service, such as `sagemaker` or `aws-sdk:s3`.
    pub resource_type: Arc<str>,
    /// The operation with its pattern, such as `createProcessingJob.sync`.
    pub resource: Arc<str>,
}

/// The details of a `TaskScheduled` event, apart from the other types' because they are much longer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskScheduled {
    /// The service and its operation.
    #[serde(flatten)]
    pub resource: TaskResource,
    /// The region.
    pub region: Arc<str>,
    /// The call's parameters.
    pub parameters: Payload,
    /// `TimeoutSeconds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_in_seconds: Option<u64>,
    /// `HeartbeatSeconds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_in_seconds: Option<u64>,
    /// The role in `Credentials`.
    #[serde(flatten, serialize_with = "write::role")]
    pub credentials_role_arn: Option<Arc<str>>,
}

/// What happened: AWS's event types, each with its details. Serde writes the details' fields alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
#[expect(
    missing_docs,
    reason = "the fields are AWS's own, described on the page that the module links"
)]
pub enum EventDetails {
    /// The first event of every execution.
    ExecutionStarted {
        #[serde(flatten, serialize_with = "write::input")]
        input: Payload,
        role_arn: Arc<str>,
        #[serde(flatten, serialize_with = "write::qualified")]
        qualified_arn: Option<Arc<str>>,
    },
    /// The execution ended well.
    ExecutionSucceeded {
        #[serde(flatten, serialize_with = "write::output")]
        output: Payload,
    },
    /// The execution failed.
    ExecutionFailed(Failure),
    /// The execution took longer than the state machine's `TimeoutSeconds`.
    ExecutionTimedOut(Failure),
    /// `StopExecution` was called.
    ExecutionAborted(Failure),
    /// `RedriveExecution` was called.
    ExecutionRedriven { redrive_count: u32 },
    /// A state begins: `PassStateEntered`, `TaskStateEntered` …
    StateEntered {
        #[serde(skip)]
        kind: StateKind,
        name: Arc<str>,
        #[serde(flatten, serialize_with = "write::input")]
        input: Payload,
    },
    /// A state has ended: `PassStateExited`, `TaskStateExited` …
    StateExited {
        #[serde(skip)]
        kind: StateKind,
        name: Arc<str>,
        #[serde(flatten, serialize_with = "write::output")]
        output: Payload,
        #[serde(flatten, serialize_with = "write::assigned")]
        assigned: Option<Assigned>,
    },
    /// A JSONata expression failed.
    EvaluationFailed {
        error: Arc<str>,
        cause: Arc<str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        location: Option<Arc<str>>,
        state: Arc<str>,
    },
    /// A Lambda function is about to be invoked by its ARN.
    LambdaFunctionScheduled {
        resource: Arc<str>,
        #[serde(flatten, serialize_with = "write::input")]
        input: Payload,
        #[serde(skip_serializing_if = "Option::is_none")]
        timeout_in_seconds: Option<u64>,
        #[serde(flatten, serialize_with = "write::role")]
        credentials_role_arn: Option<Arc<str>>,
    },
    /// The function is being invoked.
    LambdaFunctionStarted,
    /// The function returned.
    LambdaFunctionSucceeded {
        #[serde(flatten, serialize_with = "write::output")]
        output: Payload,
    },
    /// The function raised an error, or could not be invoked.
    LambdaFunctionFailed(Failure),
    /// The function took too long.
    LambdaFunctionTimedOut(Failure),
    /// An activity's task is there for a worker.
    ActivityScheduled {
        resource: Arc<str>,
        #[serde(flatten, serialize_with = "write::input")]
        input: Payload,
        #[serde(skip_serializing_if = "Option::is_none")]
        timeout_in_seconds: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        heartbeat_in_seconds: Option<u64>,
    },
    /// A worker has taken it.
    ActivityStarted {
        #[serde(skip_serializing_if = "Option::is_none")]
        worker_name: Option<Arc<str>>,
    },
    /// The worker sent its output.
    ActivitySucceeded {
        #[serde(flatten, serialize_with = "write::output")]
        output: Payload,
    },
    /// The worker sent an error.
    ActivityFailed(Failure),
    /// The worker took too long.
    ActivityTimedOut(Failure),
    /// A service is about to be called.
    TaskScheduled(Box<TaskScheduled>),
    /// The service is being called.
    TaskStarted(TaskResource),
    /// The service could not be called.
    TaskStartFailed {
        #[serde(flatten)]
        resource: TaskResource,
        #[serde(flatten)]
        failure: Failure,
    },
    /// The call was accepted; its work goes on (`.sync`, `.waitForTaskToken`).
    TaskSubmitted {
        #[serde(flatten)]
        resource: TaskResource,
        #[serde(flatten, serialize_with = "write::output")]
        output: Payload,
    },
    /// The task is done.
    TaskSucceeded {
        #[serde(flatten)]
        resource: TaskResource,
        #[serde(flatten, serialize_with = "write::output")]
        output: Payload,
    },
    /// The task failed.
    TaskFailed {
        #[serde(flatten)]
        resource: TaskResource,
        #[serde(flatten)]
        failure: Failure,
    },
    /// The task took longer than its `TimeoutSeconds` or fell silent for longer than its `HeartbeatSeconds`.
    TaskTimedOut {
        #[serde(flatten)]
        resource: TaskResource,
        #[serde(flatten)]
        failure: Failure,
    },
    /// A Parallel state's branches begin.
    ParallelStateStarted,
    /// All branches ended well.
    ParallelStateSucceeded,
    /// A branch failed, and nothing retries.
    ParallelStateFailed,
    /// The branches were stopped.
    ParallelStateAborted,
    /// A Task state was stopped, because a sibling failed.
    TaskStateAborted,
    /// A Wait state was stopped, because a sibling failed.
    WaitStateAborted,
    /// A Map state's iterations begin.
    MapStateStarted { length: u64 },
    /// All iterations ended well.
    MapStateSucceeded,
    /// An iteration failed, and nothing retries.
    MapStateFailed,
    /// The iterations were stopped with the execution.
    MapStateAborted,
    /// An iteration of an inline Map begins.
    MapIterationStarted { name: Arc<str>, index: u64 },
    /// An iteration ended well.
    MapIterationSucceeded { name: Arc<str>, index: u64 },
    /// An iteration failed.
    MapIterationFailed { name: Arc<str>, index: u64 },
    /// An iteration was stopped, because another one failed or the execution was stopped.
    MapIterationAborted { name: Arc<str>, index: u64 },
    /// The child executions of a distributed Map begin.
    MapRunStarted { map_run_arn: Arc<str> },
    /// The Map Run ended well, failures within its tolerance.
    MapRunSucceeded,
    /// The Map Run failed.
    MapRunFailed(Failure),
    /// The Map Run was stopped with the execution.
    MapRunAborted,
    /// The Map Run goes on after a redrive.
    MapRunRedriven { map_run_arn: Arc<str>, redrive_count: u32 },
}

impl EventDetails {
    /// Whether this is an execution's last event, for which there is always room.
    pub(crate) fn is_last(&self) -> bool {
        matches!(
            self,
            EventDetails::ExecutionSucceeded { .. }
                | EventDetails::ExecutionFailed(_)
                | EventDetails::ExecutionTimedOut(_)
                | EventDetails::ExecutionAborted(_)
                | EventDetails::ExecutionRedriven { .. }
        )
    }

    /// AWS's name of the type.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        match self {
            EventDetails::ExecutionStarted { .. } => "ExecutionStarted",
            EventDetails::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            EventDetails::ExecutionFailed(_) => "ExecutionFailed",
            EventDetails::ExecutionTimedOut(_) => "ExecutionTimedOut",
            EventDetails::ExecutionAborted(_) => "ExecutionAborted",
            EventDetails::ExecutionRedriven { .. } => "ExecutionRedriven",
            EventDetails::StateEntered { kind, .. } => kind.entered(),
            EventDetails::StateExited { kind, .. } => kind.exited(),
            EventDetails::EvaluationFailed { .. } => "EvaluationFailed",
            EventDetails::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
            EventDetails::LambdaFunctionStarted => "LambdaFunctionStarted",
            EventDetails::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
            EventDetails::LambdaFunctionFailed(_) => "LambdaFunctionFailed",
            EventDetails::LambdaFunctionTimedOut(_) => "LambdaFunctionTimedOut",
            EventDetails::ActivityScheduled { .. } => "ActivityScheduled",
            EventDetails::ActivityStarted { .. } => "ActivityStarted",
            EventDetails::ActivitySucceeded { .. } => "ActivitySucceeded",
            EventDetails::ActivityFailed(_) => "ActivityFailed",
            EventDetails::ActivityTimedOut(_) => "ActivityTimedOut",
            EventDetails::TaskScheduled(_) => "TaskScheduled",
            EventDetails::TaskStarted(_) => "TaskStarted",
            EventDetails::TaskStartFailed { .. } => "TaskStartFailed",
            EventDetails::TaskSubmitted { .. } => "TaskSubmitted",
            EventDetails::TaskSucceeded { .. } => "TaskSucceeded",
            EventDetails::TaskFailed { .. } => "TaskFailed",
            EventDetails::TaskTimedOut { .. } => "TaskTimedOut",
            EventDetails::ParallelStateStarted => "ParallelStateStarted",
            EventDetails::ParallelStateSucceeded => "ParallelStateSucceeded",
            EventDetails::ParallelStateFailed => "ParallelStateFailed",
            EventDetails::ParallelStateAborted => "ParallelStateAborted",
            EventDetails::TaskStateAborted => "TaskStateAborted",
            EventDetails::WaitStateAborted => "WaitStateAborted",
            EventDetails::MapStateStarted { .. } => "MapStateStarted",
            EventDetails::MapStateSucceeded => "MapStateSucceeded",
            EventDetails::MapStateFailed => "MapStateFailed",
            EventDetails::MapStateAborted => "MapStateAborted",
            EventDetails::MapIterationStarted { .. } => "MapIterationStarted",
            EventDetails::MapIterationSucceeded { .. } => "MapIterationSucceeded",
            EventDetails::MapIterationFailed { .. } => "MapIterationFailed",
            EventDetails::MapIterationAborted { .. } => "MapIterationAborted",
            EventDetails::MapRunStarted { .. } => "MapRunStarted",
            EventDetails::MapRunSucceeded => "MapRunSucceeded",
            EventDetails::MapRunFailed(_) => "MapRunFailed",
            EventDetails::MapRunAborted => "MapRunAborted",
            EventDetails::MapRunRedriven { .. } => "MapRunRedriven",
        }
    }

    /// The member of an event that has the details; nothing for types without any.
    pub(super) fn member(&self) -> Option<String> {
        let name = match self {
            EventDetails::StateEntered { .. } => "StateEntered",
            EventDetails::StateExited { .. } => "StateExited",
            EventDetails::LambdaFunctionStarted
            | EventDetails::ParallelStateStarted
            | EventDetails::ParallelStateSucceeded
            | EventDetails::ParallelStateFailed
            | EventDetails::ParallelStateAborted
            | EventDetails::TaskStateAborted
            | EventDetails::WaitStateAborted
            | EventDetails::MapStateSucceeded
            | EventDetails::MapStateFailed
            | EventDetails::MapStateAborted
            | EventDetails::MapRunSucceeded
            | EventDetails::MapRunAborted => return None,
            _ => self.event_type(),
        };
        let (first, rest) = name.split_at(1);
        Some(format!("{}{rest}EventDetails", first.to_ascii_lowercase()))
    }

    /// Takes the data out of an event that tells of any: an empty text is left in its place.
    pub fn take_payload(&mut self) -> Option<Payload> {
        let payload = match self {
            EventDetails::ExecutionStarted { input, .. }
            | EventDetails::StateEntered { input, .. }
            | EventDetails::LambdaFunctionScheduled { input, .. }
            | EventDetails::ActivityScheduled { input, .. } => input,
            EventDetails::ExecutionSucceeded { output }
            | EventDetails::StateExited { output, .. }
            | EventDetails::LambdaFunctionSucceeded { output }
            | EventDetails::ActivitySucceeded { output }
            | EventDetails::TaskSubmitted { output, .. }
            | EventDetails::TaskSucceeded { output, .. } => output,
            EventDetails::TaskScheduled(scheduled) => &mut scheduled.parameters,
            _ => return None,
        };
        Some(std::mem::replace(payload, Payload::Text(Arc::from(""))))
    }

    /// What tells that a state of this type was stopped; most types end too quickly for that.
    pub(crate) fn aborted(kind: StateKind) -> Option<EventDetails> {
        match kind {
            StateKind::Map => Some(EventDetails::MapStateAborted),
            StateKind::Parallel => Some(EventDetails::ParallelStateAborted),
            StateKind::Task => Some(EventDetails::TaskStateAborted),
            StateKind::Wait => Some(EventDetails::WaitStateAborted),
            _ => None,
        }
    }

    /// The name of the state that the event enters, leaves or iterates.
    #[must_use]
    pub fn state_name(&self) -> Option<&str> {
        match self {
            EventDetails::StateEntered { name, .. }
            | EventDetails::StateExited { name, .. }
            | EventDetails::MapIterationStarted { name, .. }
            | EventDetails::MapIterationSucceeded { name, .. }
            | EventDetails::MapIterationFailed { name, .. }
            | EventDetails::MapIterationAborted { name, .. }
            | EventDetails::EvaluationFailed { state: name, .. } => Some(name),
            _ => None,
        }
    }
}
