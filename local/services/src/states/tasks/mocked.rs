//! Outcomes of mocks in the place of calls.

use super::errors::{Failed, NO_MOCKED_RESPONSE};
use states_language::{Execution, Integration, MockedResult, Pattern, Refused, TaskRequest, Timestamp};
use std::sync::Arc;

/// Gives an execution the outcome of a mock, as if the call had been made.
pub(crate) fn answer(
    execution: &mut Execution,
    request: &TaskRequest,
    outcome: Result<MockedResult, String>,
    now: Timestamp,
) -> Result<(), Refused> {
    let id = request.id;
    execution.task_started(id, now)?;
    let waits = matches!(
        &request.integration,
        Integration::Service {
            pattern: Pattern::Sync | Pattern::WaitForTaskToken,
            ..
        }
    );
    let failed = match outcome {
        Err(missing) => Failed::ending(NO_MOCKED_RESPONSE, missing),
        Ok(outcome) => {
            if waits {
                execution.task_submitted(id, "{}", now)?;
            }
            match outcome {
                MockedResult::Result(result) => return execution.task_succeeded(id, &result, now),
                MockedResult::Error(failure) => {
                    let text = |text: Option<Arc<str>>| text.unwrap_or_default().to_string();
                    Failed::new(&text(failure.error), text(failure.cause))
                }
            }
        }
    };
    match failed.ends {
        true => execution.give_up(id, &failed.error, &failed.cause, now),
        false => execution.task_failed(id, &failed.error, &failed.cause, now),
    }
}
