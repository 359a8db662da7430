//! Answers to tasks that wait for a token.

use super::running::{Running, State};
use crate::states::registry::StepFunctions;
use crate::states::rows::on_all;
use jiff::Timestamp;
use platform::{Call, Operation, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use states_language::{Refused, TaskId};
use std::sync::{Arc, Weak};

/// The rows of these operations.
pub(super) fn operations() -> [Operation<StepFunctions>; 3] {
    [
        on_all("SendTaskSuccess", StepFunctions::send_task_success),
        on_all("SendTaskFailure", StepFunctions::send_task_failure),
        on_all("SendTaskHeartbeat", StepFunctions::send_task_heartbeat),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Success {
    task_token: String,
    output: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Failure {
    task_token: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    cause: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Heartbeat {
    task_token: String,
}

fn timed_out() -> ServiceError {
    ServiceError::new("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
}

impl StepFunctions {
    /// Finds who waits for a token, and answers.
    fn with_token(
        &self,
        token: &str,
        then: impl FnOnce(&mut State, TaskId, Timestamp) -> Result<(), Refused>,
    ) -> Result<Value, ServiceError> {
        let found = self.lock().known.tokens.waiting(token).as_ref().map(Weak::upgrade);
        let running: Arc<Running> = match found {
            None => return Err(ServiceError::new("InvalidToken", "Invalid Token: 'Invalid token'")),
            Some(found) => found.ok_or_else(timed_out)?,
        };
        let mut state = running.lock();
        let task = state.execution.task_of_token(token).ok_or_else(timed_out)?;
        let answered = then(&mut state, task, Timestamp::now());
        drop(state);
        running.wake();
        match answered {
            Ok(()) => Ok(json!({})),
            Err(Refused::InvalidOutput(error)) => Err(ServiceError::new(
                "InvalidOutput",
                format_args!("Invalid Output: '{error}'"),
            )),
            Err(_) => Err(timed_out()),
        }
    }

    fn send_task_success(&self, _: &Call, input: Success) -> Result<Value, ServiceError> {
        self.with_token(&input.task_token, |state, task, now| {
            state.execution.task_succeeded(task, &input.output, now)
        })
    }

    fn send_task_failure(&self, _: &Call, input: Failure) -> Result<Value, ServiceError> {
        self.with_token(&input.task_token, |state, task, now| {
            state.execution.task_failed(task, &input.error, &input.cause, now)
        })
    }

    fn send_task_heartbeat(&self, _: &Call, input: Heartbeat) -> Result<Value, ServiceError> {
        self.with_token(&input.task_token, |state, task, now| {
            state.execution.task_heartbeat(task, now)
        })
    }
}
