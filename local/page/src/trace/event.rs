//! An event of a history, and what its details say.

use super::visit::{Attempt, Payload};
use jiff::Timestamp;
use serde_json::Value;
use state_graph::Status;
use std::sync::Arc;

/// An event as GetExecutionHistory answers it.
pub(crate) struct Event<'a> {
    /// Its number, from 1.
    pub(crate) id: u64,
    /// The number of the event before it on its thread; 0 for the first.
    pub(crate) previous: u64,
    /// Its type, such as `TaskScheduled`.
    pub(crate) kind: &'a str,
    /// When it was.
    pub(crate) at: Timestamp,
    details: &'a Value,
}

/// The details of an event: the one member whose name ends so.
pub(crate) fn details(raw: &Value) -> &Value {
    let members = raw.as_object().into_iter().flatten();
    let mut found = members.filter(|(name, _)| name.ends_with("EventDetails"));
    found.next().map_or(&Value::Null, |(_, details)| details)
}

/// A moment as the protocol writes it: seconds with a fraction.
fn moment(value: &Value) -> Timestamp {
    let seconds = value.as_f64().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of any year fit")]
    let milliseconds = (seconds * 1000.0).round() as i64;
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl<'a> Event<'a> {
    pub(crate) fn new(raw: &'a Value) -> Self {
        Self {
            id: raw["id"].as_u64().unwrap_or_default(),
            previous: raw["previousEventId"].as_u64().unwrap_or_default(),
            kind: raw["type"].as_str().unwrap_or_default(),
            at: moment(&raw["timestamp"]),
            details: details(raw),
        }
    }

    /// A member of the details, as text; empty where it is not there.
    pub(super) fn detail(&self, name: &str) -> &'a str {
        self.details[name].as_str().unwrap_or_default()
    }

    /// A member of the details, if it is there.
    pub(super) fn text(&self, name: &str) -> Option<Arc<str>> {
        self.details[name].as_str().map(Arc::from)
    }

    /// A payload of the details: JSON as text.
    pub(super) fn payload(&self, name: &str) -> Payload {
        self.text(name)
    }

    /// The iteration of a Map.
    pub(super) fn index(&self) -> usize {
        let index = self.details["index"].as_u64().unwrap_or_default();
        usize::try_from(index).unwrap_or(usize::MAX)
    }

    /// How many items a Map has.
    pub(super) fn length(&self) -> usize {
        let length = self.details["length"].as_u64().unwrap_or_default();
        usize::try_from(length).unwrap_or(usize::MAX)
    }

    /// The variables that were assigned, each as JSON.
    pub(super) fn assigned(&self) -> Vec<(String, Arc<str>)> {
        let assigned = self.details["assignedVariables"].as_object().into_iter().flatten();
        let read = |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap_or_default().into());
        assigned.map(read).collect()
    }
}

impl Attempt {
    /// Work that was just scheduled.
    pub(super) fn scheduled(event: &Event<'_>) -> Self {
        let (service, resource) = (event.detail("resourceType"), event.detail("resource"));
        let service = match event.kind {
            "LambdaFunctionScheduled" => "lambda",
            "ActivityScheduled" => "activity",
            _ => service,
        };
        Self {
            from: event.at,
            to: None,
            status: Status::Running,
            resource: Some((service.into(), resource.into())),
            parameters: event.payload("parameters").or_else(|| event.payload("input")),
            submitted: None,
            output: None,
            error: None,
            cause: None,
        }
    }
}
