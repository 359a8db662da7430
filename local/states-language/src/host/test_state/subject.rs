//! The state that is tested, and the Maps and Parallels around it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::result::TestStateError;
use crate::definition::{Body, Flow, InvalidDefinition, State, StateMachine};
use crate::text::{Json, Object};

/// What AWS calls a state that is tested.
pub(super) const NAME: &str = "StateName";
/// AWS's sentence about a name that no state has.
pub(super) const NOT_FOUND: &str = "State not found in definition";

/// The state that is tested.
#[derive(Debug)]
pub(super) struct Subject {
    /// The state, then the Map or Parallel that it is in, and so on outwards.
    pub(super) levels: Vec<Level>,
}

/// A state, and the flow that it is of.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) state: Arc<State>,
    flow: Arc<Flow>,
}

impl Level {
    /// The name of a state that this one leads to.
    pub(super) fn name(&self, next: usize) -> Option<String> {
        self.flow.states.get(next).map(|state| state.common.name.to_string())
    }
}

impl Subject {
    /// The state of this name in a state machine; without a name the definition is a state's own.
    pub(super) fn find(definition: &str, name: Option<&str>) -> Result<Subject, TestStateError> {
        let (machine, name) = match name {
            Some(name) => (StateMachine::parse(definition)?, name),
            None => (StateMachine::parse(&alone(definition)?)?, NAME),
        };
        let mut levels = Vec::new();
        if find(&machine.0.flow, name, &mut levels) {
            Ok(Subject { levels })
        } else {
            Err(TestStateError::Validation(NOT_FOUND.to_owned()))
        }
    }

    /// The state itself.
    pub(super) fn state(&self) -> &Arc<State> {
        &self.levels[0].state
    }

    /// Whether a Map is around the state.
    pub(super) fn is_in_map(&self) -> bool {
        let around = self.levels.iter().skip(1);
        around.into_iter().any(|level| matches!(level.state.body, Body::Map(_)))
    }
}

/// Finds a state of this name, and those around it.
fn find(flow: &Arc<Flow>, name: &str, levels: &mut Vec<Level>) -> bool {
    for state in &flow.states {
        let is_found = *state.common.name == *name || state.flows().iter().any(|inner| find(inner, name, levels));
        if is_found {
            levels.push(Level {
                state: Arc::clone(state),
                flow: Arc::clone(flow),
            });
            return true;
        }
    }
    false
}

/// A state machine of a state alone, with an end at each state that it names as next.
fn alone(definition: &str) -> Result<String, TestStateError> {
    let state = match Json::parse(definition) {
        Ok(state @ Json::Object(_)) => state,
        // Neither is a state machine, which says best what is wrong.
        Ok(_) | Err(_) => {
            let findings = StateMachine::validate(definition);
            return Err(TestStateError::InvalidDefinition(InvalidDefinition { findings }));
        }
    };
    let mut states = Object::new();
    states.insert(NAME, state.clone());
    for target in targets(&state).into_iter().filter(|target| **target != *NAME) {
        states.insert(target, Json::object([("Type", "Succeed".into())]));
    }
    Ok(Json::object([("StartAt", NAME.into()), ("States", states.into())]).to_string())
}

/// The states that a state names as next.
fn targets(state: &Json) -> BTreeSet<Arc<str>> {
    let text = |value: Option<&Json>| value.and_then(Json::as_str).map(Arc::from);
    let items = |key: &str| state.get(key).and_then(Json::as_array).unwrap_or_default().iter();
    let listed = items("Choices")
        .chain(items("Catch"))
        .filter_map(|item| text(item.get("Next")));
    text(state.get("Next"))
        .into_iter()
        .chain(text(state.get("Default")))
        .chain(listed)
        .collect()
}
