//! The sixth floor: hosts of executions. One that runs an execution to its end, and one that tests a single state; and
//! mocks of tasks' work.

mod driver;
mod mocks;
mod test_state;

pub use driver::{Clock, SystemClock, TaskHandler, VirtualClock, run_to_end};
pub use mocks::{InvalidMocks, MockedStates, Mocks};
pub use test_state::{
    ErrorDetails, FieldValidation, Inspection, MockedResult, ResultCheck, StateTest, TestProgress,
    TestStateConfiguration, TestStateError, TestStateOptions, TestStateResult, TestStatus, test_state,
};
