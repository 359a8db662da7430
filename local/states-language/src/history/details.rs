//! What an event says, type by type.

use std::sync::Arc;

use super::payload::{Assigned, Payload};

/// The eight types of states; `PassStateEntered` is [`EventDetails::StateEntered`] of [`StateKind::Pass`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateKind {
    /// Chooses the next state.
    Choice,
    /// Ends in failure.
    Fail,
    /// Runs a branch for each item.
    Map,
    /// Runs branches side by side.
    Parallel,
    /// Passes and reshapes data.
    Pass,
    /// Ends in success.
    Succeed,
    /// Has work done elsewhere.
    Task,
    /// Waits.
    Wait,
}

impl StateKind {
    /// The name in a definition's `Type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StateKind::Choice => "Choice",
            StateKind::Fail => "Fail",
            StateKind::Map => "Map",
            StateKind::Parallel => "Parallel",
            StateKind::Pass => "Pass",
            StateKind::Succeed => "Succeed",
            StateKind::Task => "Task",
            StateKind::Wait => "Wait",
        }
    }

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

/// The details of a `TaskScheduled` event, apart from the other types' because they are much longer.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskScheduled {
    /// The service, such as `sagemaker` or `aws-sdk:s3`.
    pub resource_type: Arc<str>,
    /// The operation with its pattern, such as `createProcessingJob.sync`.
    pub resource: Arc<str>,
    /// The region.
    pub region: Arc<str>,
    /// The call's parameters.
    pub parameters: Payload,
    /// `TimeoutSeconds`.
    pub timeout_in_seconds: Option<u64>,
    /// `HeartbeatSeconds`.
    pub heartbeat_in_seconds: Option<u64>,
    /// The role in `Credentials`.
    pub credentials_role_arn: Option<Arc<str>>,
}

/// What happened: AWS's event types, each with its details.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "the fields are AWS's own, described on the page that the module links"
)]
pub enum EventDetails {
    /// The first event of every execution.
    ExecutionStarted {
        input: Payload,
        role_arn: Arc<str>,
        qualified_arn: Option<Arc<str>>,
    },
    /// The execution ended well.
    ExecutionSucceeded { output: Payload },
    /// The execution failed.
    ExecutionFailed {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    /// The execution took longer than the state machine's `TimeoutSeconds`.
    ExecutionTimedOut {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    /// `StopExecution` was called.
    ExecutionAborted {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    /// `RedriveExecution` was called.
    ExecutionRedriven { redrive_count: u32 },
    /// A state begins: `PassStateEntered`, `TaskStateEntered` …
    StateEntered {
        kind: StateKind,
        name: Arc<str>,
        input: Payload,
    },
    /// A state has ended: `PassStateExited`, `TaskStateExited` …
    StateExited {
        kind: StateKind,
        name: Arc<str>,
        output: Payload,
        assigned: Option<Assigned>,
    },
    /// A JSONata expression failed.
    EvaluationFailed {
        state: Arc<str>,
        location: Option<Arc<str>>,
        error: Arc<str>,
        cause: Arc<str>,
    },
    /// A Lambda function is about to be invoked by its ARN.
    LambdaFunctionScheduled {
        resource: Arc<str>,
        input: Payload,
        timeout_in_seconds: Option<u64>,
        credentials_role_arn: Option<Arc<str>>,
    },
    /// The function is being invoked.
    LambdaFunctionStarted,
    /// The function returned.
    LambdaFunctionSucceeded { output: Payload },
    /// The function raised an error, or could not be invoked.
    LambdaFunctionFailed {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    /// The function took too long.
    LambdaFunctionTimedOut {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    /// A service is about to be called.
    TaskScheduled(Box<TaskScheduled>),
    /// The service is being called.
    TaskStarted {
        resource_type: Arc<str>,
        resource: Arc<str>,
    },
    /// The service could not be called.
    TaskStartFailed {
        resource_type: Arc<str>,
        resource: Arc<str>,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    /// The call was accepted; its work goes on (`.sync`, `.waitForTaskToken`).
    TaskSubmitted {
        resource_type: Arc<str>,
        resource: Arc<str>,
        output: Payload,
    },
    /// The task is done.
    TaskSucceeded {
        resource_type: Arc<str>,
        resource: Arc<str>,
        output: Payload,
    },
    /// The task failed.
    TaskFailed {
        resource_type: Arc<str>,
        resource: Arc<str>,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    /// The task took longer than its `TimeoutSeconds` or fell silent for longer than its `HeartbeatSeconds`.
    TaskTimedOut {
        resource_type: Arc<str>,
        resource: Arc<str>,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
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
    MapRunFailed {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    /// The Map Run was stopped with the execution.
    MapRunAborted,
    /// The Map Run goes on after a redrive.
    MapRunRedriven { map_run_arn: Arc<str>, redrive_count: u32 },
}

impl EventDetails {
    /// AWS's name of the type.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        match self {
            EventDetails::ExecutionStarted { .. } => "ExecutionStarted",
            EventDetails::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            EventDetails::ExecutionFailed { .. } => "ExecutionFailed",
            EventDetails::ExecutionTimedOut { .. } => "ExecutionTimedOut",
            EventDetails::ExecutionAborted { .. } => "ExecutionAborted",
            EventDetails::ExecutionRedriven { .. } => "ExecutionRedriven",
            EventDetails::StateEntered { kind, .. } => kind.entered(),
            EventDetails::StateExited { kind, .. } => kind.exited(),
            EventDetails::EvaluationFailed { .. } => "EvaluationFailed",
            EventDetails::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
            EventDetails::LambdaFunctionStarted => "LambdaFunctionStarted",
            EventDetails::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
            EventDetails::LambdaFunctionFailed { .. } => "LambdaFunctionFailed",
            EventDetails::LambdaFunctionTimedOut { .. } => "LambdaFunctionTimedOut",
            EventDetails::TaskScheduled(_) => "TaskScheduled",
            EventDetails::TaskStarted { .. } => "TaskStarted",
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
            EventDetails::MapRunFailed { .. } => "MapRunFailed",
            EventDetails::MapRunAborted => "MapRunAborted",
            EventDetails::MapRunRedriven { .. } => "MapRunRedriven",
        }
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
