//! The fifth floor: the engine, which carries out what a definition's states decide and writes the history of it.
//!
//! An [`Execution`] does no work, keeps no time and starts no thread. Its host calls [`Execution::run`] with the time
//! of day, does what the returned [`Command`]s ask for, and reports back with `task_succeeded` and its siblings.

mod advance;
mod branches;
mod entry;
mod execution;
pub mod history;
mod interface;
mod map_run;
mod parts;
mod redrive;
mod slots;
mod tasks;
mod threads;

pub use execution::Execution;
pub use interface::{
    Activities, ChildExecution, Command, Entry, MapRun, ReadRequest, Refused, Retried, STOPPED_AFTER_STATE,
    StartOptions, Status, TaskId, TaskRequest, WriteRequest,
};
