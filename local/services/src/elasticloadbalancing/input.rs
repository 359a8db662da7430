//! How inputs are read: the query protocol writes numbers and booleans as text.

use super::rows::{Attributes, Tag};
use platform::ServiceError;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fmt::Display;
use std::str::FromStr;

/// A number or a boolean, as itself or as text.
pub(super) fn scalar<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(from: D) -> Result<Option<T>, D::Error> {
    let text = match Value::deserialize(from)? {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        other => other.to_string(),
    };
    let read = text
        .parse()
        .map_err(|error| D::Error::custom(format_args!("`{text}`: {error}")));
    read.map(Some)
}

/// One attribute.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Attribute {
    key: String,
    #[serde(default)]
    value: String,
}

/// Takes over attributes that are known; others are refused by name.
pub(super) fn take_over(to: &mut Attributes, given: Vec<Attribute>) -> Result<(), ServiceError> {
    for Attribute { key, value } in given {
        if !to.contains_key(&key) {
            return Err(refused(format_args!("the attribute `{key}`")));
        }
        to.insert(key, value);
    }
    Ok(())
}

/// Attributes as answers have them.
pub(super) fn shown(attributes: &Attributes) -> Vec<Value> {
    let pairs = attributes.iter();
    pairs
        .map(|(key, value)| serde_json::json!({"Key": key, "Value": value}))
        .collect()
}

/// What Elastic Load Balancing has and the local run does not.
pub(super) fn refused(what: impl Display) -> ServiceError {
    ServiceError::new("NotInLocalRun", format_args!("the local run does not have {what}")).with_status(501)
}

/// A value that breaks a rule.
pub(super) fn invalid(message: impl Display) -> ServiceError {
    ServiceError::new("ValidationError", message)
}

/// The name of a load balancer or a target group.
pub(super) fn check_name(kind: &str, name: &str) -> Result<(), ServiceError> {
    let plain = name
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || character == '-');
    if !(1..=32).contains(&name.len()) || !plain || name.starts_with('-') || name.ends_with('-') {
        return Err(invalid(format_args!(
            "The {kind} name '{name}' must have 1 to 32 characters, only letters, digits and hyphens, and no hyphen at either end"
        )));
    }
    if kind == "load balancer" && name.starts_with("internal-") {
        return Err(invalid("The load balancer name cannot begin with 'internal-'"));
    }
    Ok(())
}

/// Tags, each key once.
pub(super) fn check_tags(tags: &[Tag]) -> Result<(), ServiceError> {
    for (at, tag) in tags.iter().enumerate() {
        if tags[..at].iter().any(|other| other.key == tag.key) {
            let message = format_args!("Tag key '{}' is given twice", tag.key);
            return Err(ServiceError::new("DuplicateTagKeys", message));
        }
    }
    Ok(())
}
