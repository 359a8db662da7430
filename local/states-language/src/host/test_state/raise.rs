//! What becomes of an error: the state retries or catches it, or one around it does.

use super::begin::Test;
use super::result::{TestStateResult, TestStatus};
use super::view::Seen;
use crate::definition::{Body, Limits, Raised, State};
use crate::expression::{Failure, StateError};

impl Test {
    /// An error of the state. It goes up to the Maps and Parallels around the state, as in an execution.
    pub(super) fn raise(&mut self, failure: Failure) -> TestStateResult {
        let mut raised = Raised::from(failure);
        // Counted is what the first retrier has tried; those of states around it have not begun.
        let mut attempts = self.options.configuration.retrier_retry_count.unwrap_or_default();
        for at in 0..self.subject.levels.len() {
            let state = self.subject.levels[at].state.clone();
            if at > 0 {
                match self.failed_iteration(&state) {
                    Ok(Iteration::Tolerated) => break,
                    Ok(Iteration::Exceeds) => raised = Raised::from(Limits::exceeded()),
                    Ok(Iteration::Fails) => {}
                    Err(error) => return self.error(error),
                }
            }
            if let Some(index) = state.retry.iter().position(|retrier| retrier.matches(&raised)) {
                let tried = std::mem::take(&mut attempts);
                let delay = state.retry[index].delay(tried, &self.view.random);
                let details = self.inspection.error();
                details.retry_index = Some(index);
                details.retry_backoff_interval_seconds = delay;
                if delay.is_some() {
                    return self.end(TestStatus::Retriable, None, Some(raised.failure), None);
                }
            }
            if let Some(index) = state.catch.iter().position(|catcher| catcher.matches(&raised)) {
                return self.catch(at, &state, index, raised.failure);
            }
        }
        self.failed(raised.failure)
    }

    fn catch(&mut self, level: usize, state: &State, index: usize, failure: Failure) -> TestStateResult {
        let catcher = &state.catch[index];
        let exit = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
            catcher.exit(&state.common, scope, &failure)
        });
        match exit {
            Ok(exit) => {
                self.inspection.error().catch_index = Some(index);
                let next = self.subject.levels[level].name(catcher.next);
                self.end(TestStatus::CaughtError, Some(exit), Some(failure), next)
            }
            // Nothing catches what a catcher gets wrong.
            Err(error) => self.failed(uncaught(error)),
        }
    }

    /// What the failure of one more iteration means for the state around it.
    fn failed_iteration(&self, state: &State) -> Result<Iteration, StateError> {
        let Body::Map(map) = &state.body else {
            return Ok(Iteration::Fails);
        };
        if map.distributed.is_none() {
            return Ok(Iteration::Fails);
        }
        let limits = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
            map.limits(&state.common, scope)
        })?;
        let before = self
            .options
            .configuration
            .map_iteration_failure_count
            .unwrap_or_default();
        // The failed iterations are all that a test of one state knows of.
        let failed = before + 1;
        Ok(if limits.exceeded_by(failed, failed) {
            Iteration::Exceeds
        } else {
            Iteration::Tolerated
        })
    }
}

/// What an iteration's failure means.
enum Iteration {
    /// The Map goes on.
    Tolerated,
    /// The Map fails with an error of its own.
    Exceeds,
    /// The state around fails with the same error.
    Fails,
}

/// An error of an evaluation, as the state's failure.
fn uncaught(error: StateError) -> Failure {
    match error {
        StateError::Runtime(cause) | StateError::Unrecorded(cause) => Failure::new("States.Runtime", cause),
        StateError::TooLong(cause) => Failure::new("States.DataLimitExceeded", cause),
        StateError::Query { cause, .. } => Failure::new("States.QueryEvaluationError", cause),
        StateError::Failure(failure) => failure,
    }
}
