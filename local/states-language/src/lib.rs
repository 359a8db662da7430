#![doc = include_str!("docs/guide.md")]
#![warn(missing_docs)]

mod definition;
pub mod docs;
mod driver;
mod execution;
mod expression;
pub mod history;
mod test_state;
mod text;

pub use definition::{
    ExecutionType, Finding, Integration, InvalidDefinition, ItemSource, Pattern, Severity, StateMachine,
};
pub use driver::{Clock, SystemClock, TaskHandler, VirtualClock, run_to_end};
pub use execution::{
    ChildExecution, Command, Execution, Inspection, MapRun, ReadRequest, Refused, Retried, StartOptions, Status,
    TaskId, TaskRequest, WriteRequest,
};
pub use expression::Failure;
pub use history::HistoryEvent;
pub use jiff::Timestamp;
pub use test_state::{MockedResult, TestStateError, TestStateOptions, TestStateResult, TestStatus, test_state};
pub use text::{Json, Number, Object, ParseError};
