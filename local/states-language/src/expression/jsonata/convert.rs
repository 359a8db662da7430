//! Values on their way to `jsonata-core`, and back.

use jsonata_core::value::JValue;

use crate::text::{Json, MAX_DEPTH, Number, Object};

/// A value for the evaluator.
pub(super) fn to_jsonata(value: &Json) -> JValue {
    match value {
        Json::Null => JValue::Null,
        Json::Bool(value) => JValue::Bool(*value),
        Json::Number(number) => JValue::Number(number.as_f64()),
        Json::String(text) => JValue::string(&**text),
        Json::Array(items) => JValue::array(items.iter().map(to_jsonata).collect()),
        Json::Object(object) => JValue::object(
            object
                .iter()
                .map(|(key, value)| (key.to_string(), to_jsonata(value)))
                .collect(),
        ),
    }
}

/// A value from the evaluator; nothing for functions, for what is undefined, and for what nests too deep.
pub(super) fn to_json(value: &JValue, depth: usize) -> Option<Json> {
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match value {
        JValue::Null => Json::Null,
        JValue::Bool(value) => Json::Bool(*value),
        JValue::Number(number) => Json::Number(Number::from_f64(*number)?),
        JValue::String(text) => Json::string(text),
        JValue::Array(items) => Json::array(items.iter().filter_map(|item| to_json(item, depth + 1)).collect()),
        JValue::Object(object) => object
            .iter()
            .filter_map(|(key, value)| Some((key.as_str(), to_json(value, depth + 1)?)))
            .collect::<Object>()
            .into(),
        JValue::Undefined | JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => return None,
    })
}
