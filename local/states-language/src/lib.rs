#![doc = include_str!("docs/guide.md")]
#![warn(missing_docs)]

mod calls;
mod definition;
pub mod docs;
mod engine;
mod expression;
mod host;
mod text;

pub use calls::{
    Call, CallKind, MachineSettings, Misuse, Necessity, Needed, Target, calls, misuse, permissions, signing_name,
    unknown_integration,
};
pub use definition::{
    ExecutionType, Finding, Integration, InvalidDefinition, ItemSource, Pattern, Severity, StateMachine,
};
pub use engine::history::{self, HistoryEvent};
pub use engine::{
    Activities, ChildExecution, Command, Entry, Execution, MapRun, ReadRequest, Refused, Retried, STOPPED_AFTER_STATE,
    StartOptions, Status, TaskId, TaskRequest, WriteRequest,
};
pub use expression::Failure;
pub use host::{
    Clock, ErrorDetails, FieldValidation, Inspection, InvalidMocks, MockedResult, MockedStates, Mocks, ResultCheck,
    StateTest, SystemClock, TaskHandler, TestProgress, TestStateConfiguration, TestStateError, TestStateOptions,
    TestStateResult, TestStatus, VirtualClock, run_to_end, test_state,
};
pub use jiff::Timestamp;
pub use text::{Array, Json, Number, Object, ParseError, Parts, Piece, closest};
