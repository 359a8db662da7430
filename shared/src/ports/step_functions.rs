//! Step Functions: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html>.

use std::future::Future;

use super::CallError;
use crate::execution_name::ExecutionName;
use crate::time::Timestamp;

/// The answer to StartExecution and RedriveExecution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The execution's ARN.
    pub execution_arn: String,
    /// When it was started. If the same call was made before, the time of that call.
    pub started_at: Timestamp,
}

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
pub trait StartExecution: Send + Sync {
    /// Starts a Standard state machine (also by the ARN of a version or an alias).
    ///
    /// With the name and input of an execution that runs, it answers as it did before. With the name of one that has
    /// ended, or another input, it is a `Conflict` with the code `ExecutionAlreadyExists`.
    fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &ExecutionName,
        input: &str,
    ) -> impl Future<Output = Result<Started, CallError>> + Send;
}

/// The end of an execution that the caller waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncExecution {
    /// The execution's ARN.
    pub execution_arn: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub stopped_at: Timestamp,
    /// How: never [`ExecutionStatus::Running`].
    pub status: ExecutionStatus,
}

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html>
pub trait StartSyncExecution: Send + Sync {
    /// Starts an Express state machine and waits for its end. Not idempotent: a call that is made twice runs twice.
    fn start_sync_execution(
        &self,
        state_machine_arn: &str,
        name: &ExecutionName,
        input: &str,
    ) -> impl Future<Output = Result<SyncExecution, CallError>> + Send;
}

/// How an execution stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// It runs, or waits to be redriven.
    Running,
    /// It has ended well, with this output.
    Succeeded {
        /// The output: JSON text.
        output: String,
    },
    /// It has failed.
    Failed(Failure),
    /// It took longer than its definition allows.
    TimedOut(Failure),
    /// It was stopped.
    Aborted(Failure),
}

/// An error's name and cause, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    /// The error's name, such as `States.TaskFailed`.
    pub error: Option<String>,
    /// Its cause: any text, often JSON.
    pub cause: Option<String>,
}

/// What DescribeExecution says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The execution's ARN.
    pub execution_arn: String,
    /// How it stands.
    pub status: ExecutionStatus,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended, if it has.
    pub stopped_at: Option<Timestamp>,
    /// When it was redriven last, if it was.
    pub redriven_at: Option<Timestamp>,
    /// What it was started with: JSON text, where it is told.
    pub input: Option<String>,
}

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>
pub trait DescribeExecution: Send + Sync {
    /// How a Standard execution stands. Eventually consistent: one that was just started may not be found.
    fn describe_execution(&self, execution_arn: &str) -> impl Future<Output = Result<Execution, CallError>> + Send;
}

/// A state machine's type: it never changes in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateMachineType {
    /// Runs up to a year, exactly once.
    Standard,
    /// Runs up to five minutes.
    Express,
}

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html>
pub trait DescribeStateMachine: Send + Sync {
    /// The type of the state machine with this ARN (without version or alias).
    fn describe_state_machine(
        &self,
        state_machine_arn: &str,
    ) -> impl Future<Output = Result<StateMachineType, CallError>> + Send;
}

/// The status of an execution in a list: as [`ExecutionStatus`], without the output and the failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListedStatus {
    /// It runs, or waits to be redriven.
    Running,
    /// It has ended well.
    Succeeded,
    /// It has failed, was stopped or took too long.
    Unsuccessful,
}

/// An execution in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedExecution {
    /// Its ARN.
    pub execution_arn: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub status: ListedStatus,
    /// When it was started.
    pub started_at: Timestamp,
}

/// A page of executions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecutionPage {
    /// The executions, those started last first.
    pub executions: Vec<ListedExecution>,
    /// Where the next page begins, if there is one.
    pub next_token: Option<String>,
}

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html>
pub trait ListExecutions: Send + Sync {
    /// A page of a Standard state machine's executions, optionally only of those that run.
    fn list_executions(
        &self,
        state_machine_arn: &str,
        only_running: bool,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<ExecutionPage, CallError>> + Send;
}

/// An event of an execution's history, with the fields that tell of a failure.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// Its number.
    pub id: i64,
    /// The number of the event before it in its branch; 0 for none.
    pub previous_id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// AWS's name of its type, such as `TaskFailed`.
    pub kind: String,
    /// The state, where it is an event of entering or leaving one.
    pub state: Option<String>,
    /// The error and its cause, where it is an event of something failing.
    pub failure: Option<Failure>,
}

/// A page of a history, the last events first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryPage {
    /// The events.
    pub events: Vec<HistoryEvent>,
    /// Where the next page begins, if there is one.
    pub next_token: Option<String>,
}

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html>
pub trait GetExecutionHistory: Send + Sync {
    /// A page of a Standard execution's history, from its end backwards.
    fn get_execution_history(
        &self,
        execution_arn: &str,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<HistoryPage, CallError>> + Send;
}

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html>
pub trait RedriveExecution: Send + Sync {
    /// Has a Standard execution that did not succeed go on from where it failed. It answers with the time of the
    /// redrive.
    ///
    /// The client token makes the call idempotent for 15 minutes: the same call gets the same answer. An execution that
    /// cannot be redriven is a `Conflict` with the code `ExecutionNotRedrivable`.
    fn redrive_execution(
        &self,
        execution_arn: &str,
        client_token: &str,
    ) -> impl Future<Output = Result<Timestamp, CallError>> + Send;
}

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html>
pub trait StopExecution: Send + Sync {
    /// Stops a Standard execution, giving an error and a cause.
    fn stop_execution(
        &self,
        execution_arn: &str,
        error: &str,
        cause: &str,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}
