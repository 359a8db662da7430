//! The data in events. It is kept as a value, and turned into text when somebody reads the event.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::text::Json;

/// Input, output or parameters in an event.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Text exactly as it was given, such as an execution's input.
    Text(Arc<str>),
    /// A value of the execution's own, written as compact JSON.
    Json(Json),
}

impl Payload {
    /// The JSON text that AWS shows.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Payload::Text(text) => Cow::Borrowed(text),
            Payload::Json(value) => Cow::Owned(value.to_string()),
        }
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

/// Payloads are equal when they read the same.
impl PartialEq for Payload {
    fn eq(&self, other: &Payload) -> bool {
        match (self, other) {
            (Payload::Json(a), Payload::Json(b)) => a == b,
            _ => self.text() == other.text(),
        }
    }
}

impl From<Json> for Payload {
    fn from(value: Json) -> Payload {
        Payload::Json(value)
    }
}

impl From<Arc<str>> for Payload {
    fn from(text: Arc<str>) -> Payload {
        Payload::Text(text)
    }
}
