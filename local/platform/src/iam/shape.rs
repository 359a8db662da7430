//! What policy documents are made of: JSON objects, and texts that may stand alone or in a list.

use crate::error::ServiceError;
use serde_json::{Map, Value};

/// A string, or a list of strings.
pub(super) fn one_or_many(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        other => text(other).map(|text| vec![text]),
    }
}

/// An object, or an error that says what should have been one.
pub(super) fn object<'v>(value: &'v Value, what: &str) -> Result<&'v Map<String, Value>, ServiceError> {
    value
        .as_object()
        .ok_or_else(|| malformed(format_args!("{what} must be an object")))
}

pub(super) fn known(fields: &Map<String, Value>, names: &[&str], what: &str) -> Result<(), ServiceError> {
    match fields.keys().find(|field| !names.contains(&field.as_str())) {
        Some(field) => Err(malformed(format_args!("{what} has no element `{field}`"))),
        None => Ok(()),
    }
}

/// IAM's error for a document that it cannot read.
pub(super) fn malformed(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::new("MalformedPolicyDocument", message)
}
