//! A flow: the `States` and the `StartAt` of a state machine, a branch or an item processor.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::reading::{Fields, Names, code};
use super::state::State;
use crate::text::{Json, Object, pointer};

/// How deep flows may nest.
const MAX_DEPTH: usize = 50;
/// The longest name of a state.
const MAX_NAME: usize = 80;

/// States that lead to each other.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) start: usize,
    pub(crate) states: Vec<Arc<State>>,
}

/// Both that a flow must have, in one finding, as AWS has it.
fn require_fields(fields: &Fields<'_>) {
    let missing: Vec<&str> = ["States", "StartAt"]
        .into_iter()
        .filter(|key| !fields.has(key))
        .collect();
    if !missing.is_empty() {
        fields.error_here(format!("These fields are required: [{}]", missing.join(", ")));
    }
}

impl Flow {
    /// Reads `StartAt` and `States`. The outermost flow checks what holds throughout the definition: the names of states
    /// and of variables.
    pub(crate) fn parse(fields: &Fields<'_>, is_outermost: bool) -> Option<Flow> {
        if fields.pointer.matches("/States/").count() > MAX_DEPTH {
            fields.error_here(format!("States nest more than {MAX_DEPTH} levels deep"));
            return None;
        }
        require_fields(fields);
        let start_at = fields.text("StartAt");
        let Some(Json::Object(states)) = fields.get("States") else {
            if fields.has("States") {
                fields.error("States", "The field 'States' must be an object");
            }
            return None;
        };
        if states.is_empty() {
            fields.error("States", "There must be at least one state");
            return None;
        }
        let names = Names::new(states.keys());
        let mut parsed = Vec::with_capacity(states.len());
        let mut complete = true;
        for (name, value) in states.iter() {
            let pointer = format!("{}/{}", fields.at("States"), pointer::escape(name));
            if name.chars().count() > MAX_NAME {
                fields.findings.error(
                    code::SCHEMA,
                    &pointer,
                    format!("A state's name can have {MAX_NAME} characters at most"),
                );
            }
            let what = format!("the state '{name}'");
            match fields
                .sub(value, pointer, what)
                .and_then(|fields| State::parse(name, fields, &names))
            {
                Some(state) => parsed.push(Arc::new(state)),
                None => complete = false,
            }
        }
        let start = start_at.and_then(|_| names.resolve(fields, "StartAt"));
        let can_end = check_end(fields, states);
        if !complete {
            return None;
        }
        let flow = Flow {
            start: start?,
            states: parsed,
        };
        if can_end {
            flow.check(fields);
        }
        if is_outermost {
            flow.check_names(fields, &mut HashSet::new());
            flow.check_variables(fields, &HashSet::new());
        }
        Some(flow)
    }

    /// The place of the state that has this name, or that has it inside of itself.
    pub(crate) fn position_around(&self, name: &str) -> Option<usize> {
        let is_around = |state: &Arc<State>| {
            *state.common.name == *name || state.flows().iter().any(|flow| flow.position_around(name).is_some())
        };
        self.states.iter().position(is_around)
    }

    /// Whether every state can be reached.
    fn check(&self, fields: &Fields<'_>) {
        let mut reached = vec![false; self.states.len()];
        let mut open = vec![self.start];
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut reached[index], true) {
                open.extend(self.states[index].targets());
            }
        }
        for (state, reached) in self.states.iter().zip(&reached) {
            if !reached {
                let pointer = format!("{}/{}", fields.at("States"), pointer::escape(&state.common.name));
                let message = format!("State \"{}\" is not reachable.", state.common.name);
                fields.findings.error(code::MISSING_TARGET, &pointer, message);
            }
        }
    }

    /// Whether a name stands for two states.
    fn check_names(&self, fields: &Fields<'_>, seen: &mut HashSet<Arc<str>>) {
        for state in &self.states {
            if !seen.insert(state.common.name.clone()) {
                let message = format!("Duplicate state name: {}", state.common.name);
                fields
                    .findings
                    .error(code::DUPLICATE_NAME, &fields.at("States"), message);
            }
            state.flows().iter().for_each(|flow| flow.check_names(fields, seen));
        }
    }

    /// Whether a variable of a scope around is assigned in this one.
    fn check_variables<'f>(&'f self, fields: &Fields<'_>, outer: &HashSet<&'f str>) {
        let mut known = outer.clone();
        for state in &self.states {
            for variable in state.variables() {
                known.insert(variable);
                if outer.contains(&**variable) {
                    let name = &state.common.name;
                    let message = format!(
                        "The state \"{name}\" assigns the variable '{variable}', which an outer scope assigns as well"
                    );
                    fields.findings.error(code::SCHEMA, &fields.at("States"), message);
                }
            }
        }
        for state in self.states.iter().filter(|state| !state.flows().is_empty()) {
            let mut around = Cow::Borrowed(&known);
            for variable in state.caught_variables() {
                let mut others = self.states.iter().filter(|other| !std::ptr::eq(*other, state));
                let is_assigned_by_others = others.any(|other| other.variables().any(|name| name == variable));
                // What a state's own Catch alone assigns comes after all that is within the state.
                if !is_assigned_by_others && !state.assigns(variable) && !outer.contains(&**variable) {
                    around.to_mut().remove(&**variable);
                }
            }
            for flow in state.flows() {
                flow.check_variables(fields, &around);
            }
        }
    }
}

/// Whether one of the states is an end, or does not yet say what follows, which is an error of its own.
fn check_end(fields: &Fields<'_>, states: &Object) -> bool {
    let can_end = states.values().any(|state| {
        let text = |key| state.get(key).and_then(Json::as_str);
        match text("Type") {
            Some("Succeed" | "Fail") => true,
            Some("Choice") => false,
            _ => state.get("Next").is_none(),
        }
    });
    if !can_end {
        let message = "Workflow has no terminal state";
        fields.findings.error(code::NO_TERMINAL, &fields.pointer, message);
    }
    can_end
}
