//! A definition as it is drawn: read leniently, since what has errors is looked at most.

use crate::condition;
use crate::model::{Flow, Kind, Link, Node, StateOf, Way, WayKind};
use crate::words;
use serde_json::Value;

/// A definition as it is drawn.
#[derive(Clone, Debug)]
pub struct Chart {
    pub(crate) states: Vec<StateOf>,
    pub(crate) ways: Vec<Way>,
    /// The machine's own flow first.
    pub(crate) flows: Vec<Flow>,
}

/// Why a definition cannot be drawn at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON.
    #[error("line {line}, column {column}: {message}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// It has no states.
    #[error("the definition has no `States` object")]
    NoStates,
}

impl Chart {
    /// Reads a definition. What is wrong in it is left out or shown as missing; only what is not JSON, or has no
    /// `States` at all, cannot be drawn.
    pub fn read(definition: &str) -> Result<Self, Unreadable> {
        let value: Value = serde_json::from_str(definition).map_err(|error| {
            let text = error.to_string();
            Unreadable::Json {
                line: error.line(),
                column: error.column(),
                message: text.split(" at line ").next().unwrap_or_default().to_owned(),
            }
        })?;
        if !value.get("States").is_some_and(Value::is_object) {
            return Err(Unreadable::NoStates);
        }
        let mut chart = Self {
            states: Vec::new(),
            ways: Vec::new(),
            flows: Vec::new(),
        };
        chart.read_flow(&value, None, 0, "");
        Ok(chart)
    }

    /// All states, nested ones too, in the order of the text.
    pub fn states(&self) -> impl Iterator<Item = &StateOf> {
        self.states.iter().filter(|state| state.kind != Kind::Missing)
    }

    /// The state of a name.
    pub fn state(&self, name: &str) -> Option<&StateOf> {
        self.states().find(|state| state.name == name)
    }

    /// All ways, in the order of the text.
    pub fn ways(&self) -> impl Iterator<Item = &Way> {
        self.ways.iter()
    }

    /// The flows of a Parallel or Map, in their order.
    pub(crate) fn flows_of(&self, state: usize) -> impl Iterator<Item = &Flow> {
        self.flows.iter().filter(move |flow| flow.owner == Some(state))
    }

    fn read_flow(&mut self, value: &Value, owner: Option<usize>, branch: usize, pointer: &str) {
        let Some(states) = value.get("States").and_then(Value::as_object) else {
            return;
        };
        let index = self.flows.len();
        self.flows.push(Flow {
            owner,
            ..Flow::default()
        });
        let mut own = Vec::new();
        for (name, state) in states {
            let pointer = format!("{pointer}/States/{}", token(name));
            let parent = owner.map(|owner| self.states[owner].name.clone());
            own.push((self.states.len(), state));
            self.flows[index].states.push(self.states.len());
            self.states.push(read_state(name, state, parent, branch, &pointer));
            self.read_children(self.states.len() - 1, state, &pointer);
        }
        if let Some(Value::String(start)) = value.get("StartAt") {
            self.add(index, Node::Start, Some(start), WayKind::Start, None);
        }
        for (at, state) in own {
            self.read_ways(index, at, state);
        }
    }

    fn read_children(&mut self, owner: usize, state: &Value, pointer: &str) {
        let branches = state.get("Branches").and_then(Value::as_array);
        for (branch, flow) in branches.into_iter().flatten().enumerate() {
            self.read_flow(flow, Some(owner), branch, &format!("{pointer}/Branches/{branch}"));
        }
        let key = ["ItemProcessor", "Iterator"]
            .into_iter()
            .find(|key| state.get(key).is_some());
        if let Some(key) = key {
            self.read_flow(&state[key], Some(owner), 0, &format!("{pointer}/{key}"));
        }
    }

    fn read_ways(&mut self, flow: usize, at: usize, state: &Value) {
        let from = Node::State(at);
        for rule in array(state, "Choices") {
            let condition = condition::in_words(rule);
            self.add(
                flow,
                from,
                text(rule, "Next"),
                WayKind::Choice { condition },
                comment(rule),
            );
        }
        self.add(flow, from, text(state, "Default"), WayKind::Default, None);
        if self.states[at].kind != Kind::Choice {
            self.add(flow, from, text(state, "Next"), WayKind::Next, None);
        }
        for catcher in array(state, "Catch") {
            let errors = words::errors(catcher);
            self.add(
                flow,
                from,
                text(catcher, "Next"),
                WayKind::Catch { errors },
                comment(catcher),
            );
        }
        let ends = state.get("End") == Some(&Value::Bool(true)) && state.get("Next").is_none();
        if ends && self.states[at].kind != Kind::Fail || self.states[at].kind == Kind::Succeed {
            let from_name = self.states[at].name.clone();
            let way = self.ways.len();
            self.ways.push(Way {
                from: from_name,
                to: String::new(),
                kind: WayKind::End,
                comment: None,
            });
            self.flows[flow].links.push(Link {
                from,
                to: Node::End,
                way,
            });
        }
    }

    /// Adds a way to the state of a name, which it makes if nobody has written it.
    fn add(&mut self, flow: usize, from: Node, to: Option<&str>, kind: WayKind, comment: Option<String>) {
        let Some(name) = to else {
            return;
        };
        let found = self.flows[flow]
            .states
            .iter()
            .copied()
            .find(|at| self.states[*at].name == name);
        let target = found.unwrap_or_else(|| {
            let pointer = String::new();
            let mut missing = read_state(name, &Value::Null, None, 0, &pointer);
            missing.kind = Kind::Missing;
            self.states.push(missing);
            self.flows[flow].states.push(self.states.len() - 1);
            self.states.len() - 1
        });
        let from_name = match from {
            Node::State(at) => self.states[at].name.clone(),
            Node::Start | Node::End => String::new(),
        };
        let way = self.ways.len();
        self.ways.push(Way {
            from: from_name,
            to: name.to_owned(),
            kind,
            comment,
        });
        self.flows[flow].links.push(Link {
            from,
            to: Node::State(target),
            way,
        });
    }
}

fn read_state(name: &str, state: &Value, parent: Option<String>, branch: usize, pointer: &str) -> StateOf {
    let kind = Kind::of(text(state, "Type").unwrap_or("no type"));
    let resource = text(state, "Resource").map(str::to_owned);
    let retriers: Vec<Value> = array(state, "Retry").cloned().collect();
    let does = match &kind {
        Kind::Task => resource.as_deref().map(|resource| words::resource(resource, state)),
        Kind::Wait => words::wait(state),
        Kind::Map => Some(words::map(state)),
        Kind::Fail => text(state, "Error")
            .filter(|error| *error != name)
            .map(condition::expression_in_words),
        Kind::Choice | Kind::Parallel | Kind::Pass | Kind::Succeed | Kind::Missing => None,
        Kind::Unknown(kind) => Some(kind.clone()),
    };
    StateOf {
        name: name.to_owned(),
        kind,
        resource,
        does,
        comment: comment(state),
        parent,
        branch,
        retry: retriers.iter().map(words::retrier).collect(),
        retry_in_short: words::retriers(&retriers),
        pointer: pointer.to_owned(),
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

fn comment(value: &Value) -> Option<String> {
    text(value, "Comment").map(str::to_owned)
}

fn array<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A name as a token of a JSON pointer.
fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
