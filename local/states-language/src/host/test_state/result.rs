//! What comes of a test.

use super::inspection::Inspection;
use crate::definition::InvalidDefinition;
use crate::expression::Failure;

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TestStatus {
    /// The state succeeded.
    Succeeded,
    /// The state failed, and nothing is to be done about it.
    Failed,
    /// The state failed, and would be tried again.
    Retriable,
    /// The state failed, and a catcher leads on.
    CaughtError,
}

impl TestStatus {
    /// AWS's word: `SUCCEEDED`, `FAILED`, `RETRIABLE` or `CAUGHT_ERROR`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TestStatus::Succeeded => "SUCCEEDED",
            TestStatus::Failed => "FAILED",
            TestStatus::Retriable => "RETRIABLE",
            TestStatus::CaughtError => "CAUGHT_ERROR",
        }
    }
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestStateResult {
    /// How it ended.
    pub status: TestStatus,
    /// What the state hands on.
    pub output: Option<String>,
    /// The error and its cause.
    pub failure: Option<Failure>,
    /// The state that would come next.
    pub next_state: Option<String>,
    /// The data on its way through the state.
    pub inspection: Inspection,
}

/// Why a state cannot be tested.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TestStateError {
    /// The definition is not valid: `InvalidDefinition`.
    #[error(transparent)]
    InvalidDefinition(#[from] InvalidDefinition),
    /// Such a state is not tested without a mock: `InvalidDefinition`.
    #[error("{0}")]
    Unsupported(String),
    /// The input is not JSON: `InvalidExecutionInput`.
    #[error("Invalid State Machine Execution Input: '{0}'")]
    InvalidExecutionInput(String),
    /// Anything else that was given is not valid, or does not go together: `ValidationException`.
    #[error("{0}")]
    Validation(String),
}

impl TestStateError {
    /// The error's name in the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            TestStateError::InvalidDefinition(_) | TestStateError::Unsupported(_) => "InvalidDefinition",
            TestStateError::InvalidExecutionInput(_) => "InvalidExecutionInput",
            TestStateError::Validation(_) => "ValidationException",
        }
    }
}
