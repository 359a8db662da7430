//! Amazon States Language.
#![warn(missing_docs)]

mod execution;
mod finding;
pub mod history;
mod json;
mod machine;

pub use execution::{
    Command, Execution, ExecutionType, Failure, Integration, ItemSource, Pattern, ReadRequest, Refused, StartOptions,
    Status, TaskId, TaskRequest, WriteRequest,
};
pub use finding::{Finding, InvalidDefinition, Severity};
pub use history::HistoryEvent;
pub use jiff::Timestamp;
pub use json::{Json, Number, Object, ParseError};
pub use machine::StateMachine;
