//! Errors: those that states can retry and catch, and those of an evaluation.

use std::sync::Arc;

use serde::Serialize;

/// An error as states see it: a name to match, and a text that explains it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The error's name, such as `States.TaskFailed`. A Fail state can leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<str>>,
    /// What is known about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Arc<str>>,
}

impl Failure {
    /// A failure with a name and a cause.
    pub fn new(error: impl Into<Arc<str>>, cause: impl Into<Arc<str>>) -> Failure {
        Failure {
            error: Some(error.into()),
            cause: Some(cause.into()),
        }
    }
}

/// Why a state cannot go on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StateError {
    /// `States.Runtime`: the definition does not fit the data. Ends the execution; nothing catches it.
    Runtime(String),
    /// `States.QueryEvaluationError`: a JSONata expression failed, in this field. Can be caught.
    Query { cause: String, location: Option<String> },
    /// `States.DataLimitExceeded` within the interpreter. Ends the execution, its cause without the usual prefix.
    TooLong(String),
    /// `States.Runtime`, as far as it can be told: AWS ends the execution without a word, and without what it had written
    /// of the state.
    Unrecorded(String),
    /// Any other error. Can be caught.
    Failure(Failure),
}
