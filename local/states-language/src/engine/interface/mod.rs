//! What an execution is started with, what it asks of its host, and what it tells.

mod command;
mod options;
mod status;

pub use command::{Command, ReadRequest, Refused, TaskId, TaskRequest, WriteRequest};
pub use options::{Activities, Entry, STOPPED_AFTER_STATE, StartOptions};
pub use status::{ChildExecution, MapRun, Retried, Status};
