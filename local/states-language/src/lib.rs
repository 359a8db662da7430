#![doc = include_str!("docs/guide.md")]
#![warn(missing_docs)]

pub mod docs;
mod driver;
mod execution;
mod expression;
mod fields;
mod finding;
mod flow;
pub mod history;
mod machine;
mod states;
mod test_state;
mod text;

pub use driver::{Clock, SystemClock, TaskHandler, VirtualClock, run_to_end};
pub use execution::{
    ChildExecution, Command, Execution, ExecutionType, Inspection, Integration, ItemSource, MapRun, Pattern,
    ReadRequest, Refused, Retried, StartOptions, Status, TaskId, TaskRequest, WriteRequest,
};
pub use expression::Failure;
pub use finding::{Finding, InvalidDefinition, Severity};
pub use history::HistoryEvent;
pub use jiff::Timestamp;
pub use machine::StateMachine;
pub use test_state::{MockedResult, TestStateError, TestStateOptions, TestStateResult, TestStatus, test_state};
pub use text::{Json, Number, Object, ParseError};
