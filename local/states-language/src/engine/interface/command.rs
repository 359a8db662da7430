//! What an execution asks of its host.

use std::fmt;
use std::sync::Arc;

use crate::definition::Integration;
use crate::text::Json;

/// A piece of work that the host was given; unique within its execution, distributed Maps' children included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub(crate) u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.0)
    }
}

/// What the host is to do next. The order is that in which things happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Have a task done; the answer is `task_succeeded` or `task_failed`.
    StartTask(TaskRequest),
    /// The execution no longer waits for this task: it timed out, a sibling branch failed, or it was stopped. An answer
    /// to it would be refused. A `.sync` job should be stopped, as AWS does.
    AbortTask {
        /// The task.
        task: TaskId,
    },
    /// Read the items of a distributed Map; the answer is `items_read` or `task_failed`.
    ReadItems(ReadRequest),
    /// Write the results of a distributed Map; the answer is `task_succeeded` (the output is ignored) or `task_failed`.
    WriteResults(WriteRequest),
}

/// A task to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRequest {
    /// Its id, to answer with.
    pub id: TaskId,
    /// The state's name.
    pub state: Arc<str>,
    /// How often it was tried before (0 the first time).
    pub retry_count: u32,
    /// `Resource` as written.
    pub resource: Arc<str>,
    /// The same, taken apart.
    pub integration: Integration,
    /// The event of a function, or the parameters of a service's operation.
    pub parameters: Json,
    /// The token that `SendTaskSuccess` and its kin will bring, for
    /// [`Pattern::WaitForTaskToken`](crate::Pattern::WaitForTaskToken), and for an activity's task, whose worker gets it from
    /// `GetActivityTask`.
    pub token: Option<Arc<str>>,
    /// The role in `Credentials`, to be assumed for the call.
    pub credentials_role_arn: Option<Arc<str>>,
    /// After how many seconds the execution will stop waiting. The execution keeps this time itself.
    pub timeout_seconds: Option<u64>,
    /// After how many seconds of silence it will. The execution keeps this time itself.
    pub heartbeat_seconds: Option<u64>,
    /// The ARN of the execution that asks: the execution's own, or that of a distributed Map's child.
    pub execution_arn: Arc<str>,
}

/// Items to be read from S3 for a distributed Map.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadRequest {
    /// Its id, to answer with.
    pub id: TaskId,
    /// The Map state's name.
    pub state: Arc<str>,
    /// The operation: `getObject` or `listObjectsV2`.
    pub operation: Arc<str>,
    /// Its parameters: `Bucket` and `Key`, or `Bucket` and `Prefix`. An object that a manifest lists is asked for in the same
    /// way.
    pub parameters: Json,
    /// Whether the object is compressed with gzip, as the files of an S3 inventory are. The answer has it decompressed.
    pub is_gzip: bool,
}

/// Results of a distributed Map to be written to S3.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteRequest {
    /// Its id, to answer with.
    pub id: TaskId,
    /// The Map state's name.
    pub state: Arc<str>,
    /// The bucket.
    pub bucket: Arc<str>,
    /// The objects' keys and texts.
    pub files: Vec<(String, String)>,
}

/// Why an answer or a call was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The task is not, or no longer, waited for: `TaskDoesNotExist`, or `TaskTimedOut` for a token.
    #[error("{0} is not waited for")]
    UnknownTask(TaskId),
    /// The token is not, or no longer, waited for.
    #[error("no task waits for this token")]
    UnknownToken,
    /// The output is not JSON: `InvalidOutput`.
    #[error("the output is not JSON: {0}")]
    InvalidOutput(crate::text::ParseError),
    /// The input is not JSON, or longer than 262,144 bytes: `InvalidExecutionInput`.
    #[error("the input is not valid: {0}")]
    InvalidInput(String),
    /// The execution is not in a state for this: it has ended, or has not, or cannot be redriven.
    #[error("the execution {0}")]
    WrongStatus(&'static str),
    /// The definition has no state of this name.
    #[error("the definition has no state `{0}`")]
    UnknownState(Arc<str>),
    /// The state is inside of another one, which has a flow of its own.
    #[error("the state `{state}` is inside of `{outer}`: take that one")]
    InnerState {
        /// The state's name.
        state: Arc<str>,
        /// The Map or the Parallel of the outermost flow that it is in.
        outer: Arc<str>,
    },
}
