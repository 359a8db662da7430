//! Why no answer could be given, under names that stay.

use lambda_runtime::Diagnostic;
use shared::ports::CallError;
use thiserror::Error;

/// Why no answer could be given. Lambda calls again, and keeps the event if that does not help.
#[derive(Debug, Error)]
pub enum HandlerError {
    /// The event is not one that this function handles.
    #[error("{reason}: there is nobody to answer")]
    UnknownEvent {
        /// What is wrong with it.
        reason: String,
    },
    /// CodePipeline did not take the answer.
    #[error(
        "job `{job_id}` could not be answered: {error}. {}. To have it answered, call the function again with the same event",
        .execution.as_ref().map_or("No execution is known".to_owned(), |arn| format!("Its execution is {arn}"))
    )]
    Unanswered {
        /// The job.
        job_id: String,
        /// Its execution, as far as one is known.
        execution: Option<String>,
        /// Why.
        error: CallError,
    },
    /// A job was answered before, or too late, and nobody follows its execution.
    #[error(
        "job `{job_id}` had its answer, or CodePipeline waits for none any more: {reason}. Execution {execution} may still be \
         running, and nobody follows it: stop it, or retry the stage"
    )]
    Unfollowed {
        /// The job.
        job_id: String,
        /// Its execution.
        execution: String,
        /// Why nobody does.
        reason: String,
    },
    /// The executions of an abandoned action, or of a job that had its answer, could not be found or stopped.
    #[error("an execution that nobody waits for could not be stopped: {0}")]
    NotStopped(String),
    /// Approvals could not be looked at or answered.
    #[error("not settled: {}", .0.join("; "))]
    NotSettled(Vec<String>),
    /// Some events of an array could not be handled; the others were.
    #[error("{} of {of} events could not be handled: {}", .failures.len(), .failures.join("; "))]
    Some {
        /// The id of each such event, and why.
        failures: Vec<String>,
        /// How many events there were.
        of: usize,
    },
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match error {
            HandlerError::UnknownEvent { .. } => "UnknownEvent",
            HandlerError::Unanswered { .. } => "Unanswered",
            HandlerError::Unfollowed { .. } => "Unfollowed",
            HandlerError::NotStopped(_) => "NotStopped",
            HandlerError::NotSettled(_) => "NotSettled",
            HandlerError::Some { .. } => "SomeEventsFailed",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}
