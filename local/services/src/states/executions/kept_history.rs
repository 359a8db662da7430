//! The history of an execution as it is kept: its events, and what the data in them share.
//!
//! Most states hand on what they were given, with a little changed. What is long is written once, and named where it comes
//! again: a row costs what has changed.

use platform::store::{Shelf, Store, StoreError};
use serde::Serialize;
use serde_json::Value;
use states_language::history::Payload;
use states_language::{HistoryEvent, Parts};
use std::collections::HashMap;
use std::ops::Range;

/// The rows of one execution's history.
#[derive(Debug, Clone, Default)]
pub(super) struct KeptHistory {
    events: Shelf,
    parts: Shelf,
}

/// An event whose data is a part. One whose data is short is written as it is, and has no such members.
#[derive(Serialize)]
struct WithPart {
    event: HistoryEvent,
    part: usize,
}

/// A row's key: sorted as the numbers are, from 1.
fn key(number: usize) -> String {
    format!("{number:08}")
}

impl KeptHistory {
    pub(super) fn new(store: &Store, arn: &str) -> Self {
        Self {
            events: Shelf::new(store, "states/events", arn),
            parts: Shelf::new(store, "states/parts", arn),
        }
    }

    /// How many events there are.
    pub(super) fn count(&self) -> Result<usize, StoreError> {
        self.events.count()
    }

    /// Puts an event in its place, from 0, with what is new of the parts of its data.
    pub(super) fn put(&self, place: usize, event: &HistoryEvent, parts: &mut Parts) {
        let mut without = event.clone();
        let part = match without.details.take_payload() {
            Some(Payload::Json(value)) => parts.part(&value, |number, pieces| self.parts.put(&key(number), &pieces)),
            _ => None,
        };
        match part {
            Some(part) => self.events.put(&key(place + 1), &WithPart { event: without, part }),
            None => self.events.put(&key(place + 1), event),
        }
    }

    /// Puts an event that is as GetExecutionHistory answers it.
    pub(super) fn put_answer(&self, place: usize, event: &Value) {
        self.events.put(&key(place + 1), event);
    }

    /// Some of the events as GetExecutionHistory answers them, by their places from 0.
    pub(super) fn events(&self, places: Range<usize>) -> Result<Vec<Value>, StoreError> {
        let rows = self.events.read_between(&key(places.start + 1), &key(places.end))?;
        let mut texts = Texts {
            parts: &self.parts,
            known: HashMap::new(),
        };
        rows.into_iter().map(|(_, row)| texts.event(row)).collect()
    }
}

/// The texts of parts, each put together once.
struct Texts<'k> {
    parts: &'k Shelf,
    known: HashMap<u64, String>,
}

impl Texts<'_> {
    /// An event as it was, of a row.
    fn event(&mut self, mut row: Value) -> Result<Value, StoreError> {
        let Some(part) = row["part"].as_u64() else {
            return Ok(row);
        };
        let text = self.part(part)?;
        let mut event = row["event"].take();
        let members = event.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut);
        // An event tells of one of these.
        let payload = members
            .filter_map(Value::as_object_mut)
            .flat_map(serde_json::Map::iter_mut)
            .find(|(name, _)| matches!(name.as_str(), "input" | "output" | "parameters"));
        if let Some((_, payload)) = payload {
            *payload = text.into();
        }
        Ok(event)
    }

    /// The text that pieces make.
    fn together(&mut self, pieces: &Value) -> Result<String, StoreError> {
        let mut text = String::new();
        for piece in pieces.as_array().into_iter().flatten() {
            match (piece.as_str(), piece.as_u64()) {
                (Some(as_it_stands), _) => text.push_str(as_it_stands),
                (None, Some(number)) => text.push_str(self.part(number)?),
                (None, None) => {}
            }
        }
        Ok(text)
    }

    /// The text of a part.
    fn part(&mut self, number: u64) -> Result<&str, StoreError> {
        if !self.known.contains_key(&number) {
            let key = key(usize::try_from(number).unwrap_or(usize::MAX));
            let mut text = String::new();
            for (_, pieces) in self.parts.read_between::<Value>(&key, &key)? {
                text = self.together(&pieces)?;
            }
            self.known.insert(number, text);
        }
        Ok(self.known.get(&number).map_or("", String::as_str))
    }
}
