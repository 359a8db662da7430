//! What an execution had come to before a state, as its history tells.

use serde_json::Value;
use states_language::{Json, Object};

/// What a state is entered with.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Results {
    pub(super) input: Json,
    pub(super) variables: Object,
}

impl Results {
    /// What a state of the outermost flow was entered with at last. Where it was not entered, what the last state left, if
    /// that one leads to it: so an execution that was stopped after a state goes on with the next.
    ///
    /// `begun` are the variables that had values when the execution began.
    pub(super) fn before(state: &str, definition: &Json, events: &[Value], begun: Object) -> Option<Self> {
        let (mut found, mut left) = (None, None);
        let mut variables = begun;
        for event in outermost(definition, events) {
            match event {
                Event::Entered { name, input } => {
                    left = None;
                    if name == state {
                        found = Some(Self {
                            input: json(input)?,
                            variables: variables.clone(),
                        });
                    }
                }
                Event::Exited { name, output, assigned } => {
                    for (variable, value) in assigned.as_object().into_iter().flatten() {
                        variables.insert(variable.as_str(), json(value)?);
                    }
                    left = Some((name, output));
                }
            }
        }
        found.or_else(|| {
            let (name, output) = left?;
            leads_to(definition.get("States")?.get(name)?, state).then_some(Self {
                input: json(output)?,
                variables,
            })
        })
    }
}

/// The states of the outermost flow that were entered, each once, in the order in which they were first.
pub(super) fn reached(definition: &Json, events: &[Value]) -> Vec<String> {
    let mut reached = Vec::new();
    for event in outermost(definition, events) {
        if let Event::Entered { name, .. } = event
            && !reached.iter().any(|known| known == name)
        {
            reached.push(name.to_owned());
        }
    }
    reached
}

/// An event of a state.
enum Event<'e> {
    Entered {
        name: &'e str,
        input: &'e Value,
    },
    Exited {
        name: &'e str,
        output: &'e Value,
        assigned: &'e Value,
    },
}

/// The events of the outermost flow's states. The name of a state is that of no other in the whole definition.
fn outermost<'e>(definition: &'e Json, events: &'e [Value]) -> impl Iterator<Item = Event<'e>> {
    let states = definition.get("States").and_then(Json::as_object);
    let known = move |name: &str| states.is_some_and(|states| states.contains_key(name));
    events.iter().filter_map(move |event| {
        let (entered, exited) = (&event["stateEnteredEventDetails"], &event["stateExitedEventDetails"]);
        let name = |details: &'e Value| details["name"].as_str().filter(|name| known(name));
        if let Some(name) = name(entered) {
            let input = &entered["input"];
            return Some(Event::Entered { name, input });
        }
        Some(Event::Exited {
            name: name(exited)?,
            output: &exited["output"],
            assigned: &exited["assignedVariables"],
        })
    })
}

/// The value that a text of the history holds.
fn json(text: &Value) -> Option<Json> {
    Json::parse(text.as_str()?).ok()
}

/// Whether one of the places where a state can lead to is this one.
fn leads_to(from: &Json, state: &str) -> bool {
    let is_it = |fields: &Json, key: &str| fields.get(key).and_then(Json::as_str) == Some(state);
    let among = |key: &str| {
        let rules = from.get(key).and_then(Json::as_array).unwrap_or_default();
        rules.iter().any(|rule| is_it(rule, "Next"))
    };
    is_it(from, "Next") || is_it(from, "Default") || among("Choices") || among("Catch")
}
