//! For TestState: a result in place of a state's work, and a record of the state's data.

use std::sync::Arc;

use jiff::Timestamp;

use super::advance::Engine;
use super::interface::Inspection;
use super::parts::{Extra, Mock, Phase, Place};
use crate::definition::{Body, Raised, State};
use crate::expression::{MapItem, QueryLanguage, StateError};
use crate::text::Json;

impl Engine {
    /// Puts what a test gives in the place of what an execution would have.
    pub(super) fn set_mock(&mut self, mock: Mock) {
        let place = Place { run: 0, thread: 0 };
        if let Some(variables) = &mock.variables {
            let values: Vec<_> = variables
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            self.thread_mut(place).variables.assign(&values);
        }
        if let Some(context) = &mock.context {
            let run = self.run_mut(0);
            if let Some(execution) = context.get("Execution") {
                run.execution = execution.clone();
            }
            if let Some(state_machine) = context.get("StateMachine") {
                run.state_machine = state_machine.clone();
            }
            if let Some(item) = context.get("Map").and_then(|map| map.get("Item")) {
                let index = item
                    .get("Index")
                    .and_then(Json::as_i64)
                    .and_then(|index| usize::try_from(index).ok());
                let value = item.get("Value").cloned().unwrap_or_default();
                self.thread_mut(place).map_item = Some(Arc::new(MapItem {
                    index: index.unwrap_or_default(),
                    value,
                }));
            }
        }
        self.mock = Some(Box::new(mock));
    }

    /// Takes the mock's result in place of a state's work; says whether there was one, and if so what `step` is to say.
    pub(super) fn take_mock(&mut self, place: Place, state: &State, now: Timestamp) -> Option<bool> {
        if self.mock.as_ref()?.state != state.common.name {
            return None;
        }
        if let Err(error) = self.inspect(place, state, now) {
            return Some(self.state_error(place, state, error, now));
        }
        let is_worker = matches!(state.body, Body::Task(_) | Body::Parallel(_) | Body::Map(_));
        let mock = self.mock.as_mut()?;
        let result = mock.result.clone().filter(|_| is_worker)?;
        if let Ok(result) = &result {
            mock.inspection.result = Some(result.to_string());
        }
        self.thread_mut(place).retry_count = self.mock.as_ref()?.retry_count;
        Some(match result {
            Ok(result) => {
                self.set_phase(place, Phase::Result(result));
                true
            }
            Err(failure) => self.raise(place, Raised::from(failure), now),
        })
    }

    fn inspect(&mut self, place: Place, state: &State, now: Timestamp) -> Result<(), StateError> {
        let mut seen = Inspection {
            input: Some(self.thread(place).input.to_string()),
            ..Inspection::default()
        };
        let is_path = state.common.language == QueryLanguage::JsonPath;
        let token = matches!(state.body, Body::Task(_)).then(|| Arc::from("token"));
        let extra = Extra {
            task_token: token,
            ..Extra::default()
        };
        let (after_input_path, parameters) = self.evaluate(place, state, extra, now, |scope| {
            let after_input_path = if is_path {
                Some(state.common.effective_input(scope)?)
            } else {
                None
            };
            let parameters = match &state.body {
                Body::Task(task) => Some(task.call(&state.common, scope)?.parameters),
                Body::Parallel(parallel) => Some(parallel.input(&state.common, scope)?),
                _ => None,
            };
            Ok((after_input_path, parameters))
        })?;
        seen.after_input_path = after_input_path.map(|value| value.to_string());
        let parameters = parameters.map(|value| value.to_string());
        if is_path {
            seen.after_parameters = parameters;
        } else {
            seen.after_arguments = parameters;
        }
        if let Some(mock) = &mut self.mock {
            mock.inspection = seen;
        }
        Ok(())
    }
}
