//! What can be wrong with user parameters.

use shared::json::JsonError;
use shared::state_machine::ReferenceError;
use thiserror::Error;

use crate::json_path::PathError;

/// Why user parameters are refused. Input is never quoted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum ParametersError {
    #[error("the action has no UserParameters; they must be a JSON object with at least `stateMachine`")]
    Absent,
    #[error("UserParameters are no JSON: line {line}, column {column}")]
    NoJson { line: usize, column: usize },
    #[error("UserParameters: {0}")]
    Flawed(JsonError),
    #[error("UserParameters must be a JSON object")]
    NoObject,
    #[error("UserParameters have an unknown field `{field}`; the nearest known one is `{nearest}`")]
    UnknownField { field: String, nearest: &'static str },
    #[error("UserParameters need the field `{0}`")]
    Missing(&'static str),
    #[error("`{field}` must be {expected}")]
    WrongType {
        field: &'static str,
        expected: &'static str,
    },
    #[error("`stateMachine` cannot be read: {0}")]
    StateMachine(#[from] ReferenceError),
    #[error("`inputFile` must be written `Artifact::path/in/zip.json`")]
    InputFile,
    #[error(
        "`pipelineExecutionId` must be `#{{codepipeline.PipelineExecutionId}}`, which CodePipeline replaces by the id"
    )]
    PipelineExecutionId,
    #[error("output variable `{0}` is always there and cannot be set by `outputVariables`")]
    ReservedVariable(String),
    #[error("output variable `{0}` must be named with letters, digits, `@`, `-` and `_`")]
    VariableName(String),
    #[error("output variable `{name}` must be a path in the execution's output: {error}")]
    VariablePath { name: String, error: PathError },
    #[error("`timeoutMinutes` must be a whole number from 1 to {0}")]
    Timeout(u64),
    #[error("`{field}` must be {allowed}; the nearest to `{found}` is `{nearest}`")]
    Choice {
        field: &'static str,
        allowed: &'static str,
        found: String,
        nearest: &'static str,
    },
    #[error("`onRetry` can only be `redrive` with `pipelineExecutionId`, by which the failed execution is found")]
    RedriveWithoutId,
    #[error(
        "`approval` must name the Manual approval that waits for the execution: {{\"pipeline\": …, \"stage\": …, \"action\": …}}"
    )]
    Approval,
    #[error("`approval` needs `pipelineExecutionId`, by which the approval and its execution are found")]
    ApprovalWithoutId,
}
