//! Beginning in the midst of a definition, and stopping there: for whoever tries a change.

use std::sync::Arc;

use jiff::Timestamp;

use super::advance::Engine;
use super::history::EventDetails;
use super::interface::{Refused, STOPPED_AFTER_STATE, Status};
use super::parts::Place;
use crate::definition::{Flow, State};
use crate::expression::Failure;
use crate::text::{Json, Object};

impl Engine {
    /// Has the first thread begin where the options say, once the execution is made.
    pub(super) fn enter_in_the_midst(&mut self) -> Result<(), Refused> {
        let place = Place { run: 0, thread: 0 };
        let flow = Arc::clone(&self.thread(place).flow);
        if let Some(until) = &self.options.until {
            outermost(&flow, until)?;
        }
        let Some(entry) = self.options.entry.clone() else {
            return Ok(());
        };
        let state = outermost(&flow, &entry.state)?;
        let variables: Vec<_> = entry
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let thread = self.thread_mut(place);
        thread.state = state;
        thread.input = entry.input;
        thread.variables.assign(&variables);
        if let Json::Object(execution) = &mut self.run_mut(0).execution {
            Arc::<Object>::make_mut(execution).insert("RedriveCount", i64::from(entry.redrive_count));
        }
        Ok(())
    }

    /// Whether the execution is to be stopped after this state.
    pub(super) fn is_last(&self, place: Place, state: &State) -> bool {
        place.run == 0 && self.options.until.as_ref() == Some(&state.common.name) && self.thread(place).parent.is_none()
    }

    /// Stops the execution after the state that its options name.
    pub(super) fn stop_after(&mut self, state: &State, now: Timestamp) {
        let cause = format!(
            "The execution is stopped after the state '{}', as it was asked for.",
            state.common.name
        );
        let failure = Failure::new(STOPPED_AFTER_STATE, cause);
        self.event(0, 0, EventDetails::ExecutionAborted(failure.clone()), now);
        self.end_run(0, Status::Aborted, Some(failure), now);
    }
}

/// The place of a state in the outermost flow.
fn outermost(flow: &Flow, name: &Arc<str>) -> Result<usize, Refused> {
    let Some(place) = flow.position_around(name) else {
        return Err(Refused::UnknownState(Arc::clone(name)));
    };
    let found = &flow.states[place].common.name;
    if found == name {
        return Ok(place);
    }
    Err(Refused::InnerState {
        state: Arc::clone(name),
        outer: Arc::clone(found),
    })
}
