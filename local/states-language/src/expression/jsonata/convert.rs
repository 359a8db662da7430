//! Values on their way to `jsonata-core`, and back.

use std::collections::HashMap;
use std::rc::Rc;

use jsonata_core::value::JValue;

use super::reads::Part;
use crate::text::{Json, MAX_DEPTH, Number, Object};

/// Values shorter than this are rather made again than found again.
const WORTH_FINDING: usize = 1_000;

/// The values that an expression was given, by the places where the evaluator has them: what it hands on as it is comes back
/// as the value that it was, and is shared with it.
#[derive(Default)]
pub(super) struct Given(HashMap<usize, (JValue, Json)>);

impl Given {
    /// A value for the evaluator.
    pub(super) fn give(&mut self, value: &Json) -> JValue {
        let given = match value {
            Json::Null => return JValue::Null,
            Json::Bool(value) => return JValue::Bool(*value),
            Json::Number(number) => return JValue::Number(number.as_f64()),
            Json::String(text) => return JValue::string(&**text),
            Json::Array(items) => JValue::array(items.iter().map(|item| self.give(item)).collect()),
            Json::Object(object) => {
                let fields = object.iter();
                let fields = fields.map(|(key, value)| (key.to_string(), self.give(value)));
                JValue::object(fields.collect())
            }
        };
        // To the evaluator all numbers are floats: with others, what comes back is another value.
        if value.text_len() >= WORTH_FINDING
            && value.has_floats_alone()
            && let Some(place) = place(&given)
        {
            // Kept, so that no other value gets its place.
            self.0.insert(place, (given.clone(), value.clone()));
        }
        given
    }

    /// That part of a value for the evaluator.
    pub(super) fn give_part(&mut self, value: &Json, part: &Part) -> JValue {
        match (part, value) {
            (Part::Fields(read), Json::Object(object)) => {
                let fields = object.iter().filter_map(|(key, value)| {
                    let part = read.get(key)?;
                    Some((key.to_string(), self.give_part(value, part)))
                });
                JValue::object(fields.collect())
            }
            (Part::Whole | Part::Fields(_), _) => self.give(value),
        }
    }

    /// A value from the evaluator; nothing for functions, for what is undefined, and for what nests too deep.
    pub(super) fn take_back(&self, value: &JValue, depth: usize) -> Option<Json> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some((_, json)) = place(value).and_then(|place| self.0.get(&place)) {
            return Some(json.clone());
        }
        Some(match value {
            JValue::Null => Json::Null,
            JValue::Bool(value) => Json::Bool(*value),
            JValue::Number(number) => Json::Number(Number::from_f64(*number)?),
            JValue::String(text) => Json::string(text),
            JValue::Array(items) => {
                // A group of a regular expression that took no part in a match is an item, and JSON's null.
                let items = items.iter().filter_map(|item| match item {
                    JValue::Undefined => Some(Json::Null),
                    item => self.take_back(item, depth + 1),
                });
                Json::array(items.collect())
            }
            JValue::Object(object) => {
                let fields = object.iter();
                let fields = fields.filter_map(|(key, value)| Some((key.as_str(), self.take_back(value, depth + 1)?)));
                fields.collect::<Object>().into()
            }
            JValue::Undefined | JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => return None,
        })
    }
}

/// Where the evaluator has the insides of an array or an object. No two that live at the same time have the same place, but
/// for empty ones.
fn place(value: &JValue) -> Option<usize> {
    match value {
        JValue::Array(items) => Some(items.as_ptr().addr()),
        JValue::Object(object) => Some(Rc::as_ptr(object).addr()),
        _ => None,
    }
}
