//! Reads the properties of a resource. Each is taken once. A property that is left at the end is refused by name.

use crate::template::Fault;
use serde_json::{Map, Number, Value, json};

/// The properties that have not been read yet.
pub(super) struct Properties(Map<String, Value>);

impl Properties {
    /// All properties of a resource.
    pub(super) fn new(properties: Map<String, Value>) -> Self {
        Self(properties)
    }

    /// What has not been read yet, to be looked at as a whole: it stays to be read.
    pub(super) fn all(&self) -> Value {
        self.0.clone().into()
    }

    /// A property, if it is there.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    /// A property that must be there.
    pub(super) fn require(&mut self, name: &str) -> Result<Value, Fault> {
        self.take(name)
            .ok_or_else(|| Fault::new(format_args!("has no `{name}`")))
    }

    /// A property that is text, if it is there: it stays to be read.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A document that must be there: a map, or its text as JSON.
    pub(super) fn require_json(&mut self, name: &str) -> Result<Value, Fault> {
        match self.require(name)? {
            Value::String(text) => serde_json::from_str(&text)
                .map_err(|error| Fault::new(format_args!("is no JSON: {error}")).within(name)),
            other => Ok(other),
        }
    }

    /// A property that is text, if it is there; numbers and booleans are text too, as in CloudFormation.
    pub(super) fn take_text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        self.take(name)
            .map(|value| text(&value).map_err(|fault| fault.within(name)))
            .transpose()
    }

    /// A property that must be there, and text.
    pub(super) fn require_text(&mut self, name: &str) -> Result<String, Fault> {
        self.take_text(name)?
            .ok_or_else(|| Fault::new(format_args!("has no `{name}`")))
    }

    /// A property that is a list of text, if it is there.
    pub(super) fn take_texts(&mut self, name: &str) -> Result<Vec<String>, Fault> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                let items: Result<Vec<String>, Fault> = items.iter().map(text).collect();
                items.map_err(|fault| fault.within(name))
            }
            Some(_) => Err(Fault::new("must be a list").within(name)),
        }
    }

    /// Drops properties that have no effect here.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.0.shift_remove(*name);
        }
    }

    /// Tags, which most resources write as a list of `Key` and `Value`: as pairs, in order.
    pub(super) fn take_tags(&mut self) -> Result<Vec<(String, String)>, Fault> {
        let read = |tags: &Value| -> Option<Vec<(String, String)>> {
            match tags {
                Value::Object(tags) => tags
                    .iter()
                    .map(|(key, value)| Some((key.clone(), text(value).ok()?)))
                    .collect(),
                Value::Array(tags) => tags
                    .iter()
                    .map(|tag| Some((text(tag.get("Key")?).ok()?, text(tag.get("Value")?).ok()?)))
                    .collect(),
                _ => None,
            }
        };
        match self.take("Tags") {
            None => Ok(Vec::new()),
            Some(tags) => {
                read(&tags).ok_or_else(|| Fault::new("must be a list of `Key` and `Value`, or a map").within("Tags"))
            }
        }
    }

    /// Tags as a list of `Key` and `Value`, if there are any.
    pub(super) fn take_tag_list(&mut self) -> Result<Option<Value>, Fault> {
        let tags = self.take_tags()?;
        let list = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
        let list: Vec<Value> = list.collect();
        Ok((!list.is_empty()).then(|| list.into()))
    }

    /// All that is left, for an operation that has the same names.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.0
    }

    /// Refuses a property that is left.
    pub(super) fn finish(self) -> Result<(), Fault> {
        match self.0.keys().next() {
            Some(name) => Err(Fault::absent("is not in the local run").within(name)),
            None => Ok(()),
        }
    }
}

/// A scalar as text.
pub(super) fn text(value: &Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(Fault::new("must be text")),
    }
}

/// A map's values as text: environment variables, the configuration of an action.
pub(super) fn texts(map: Value, name: &str) -> Result<Value, Fault> {
    match map {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| match text(&value) {
                Ok(text) => Ok((key, Value::String(text))),
                Err(fault) => Err(fault.within(key).within(name)),
            })
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
        _ => Err(Fault::new("must be a map").within(name)),
    }
}

/// A document that an operation takes as text. A template writes it as text or as a map.
pub(super) fn document(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Turns text into a number where it is one: CloudFormation does this too if an operation wants a number.
pub(super) fn number(value: Value) -> Value {
    let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
    number.map_or(value, |number| Value::Number(Number::from(number)))
}

/// Turns CloudFormation's names into those of most JSON services: `RoleArn` becomes `roleArn`, at every depth.
pub(super) fn camel(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (camel_name(&name), camel(value)))
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(camel).collect(),
        other => other,
    }
}

/// A name as APIs spell it.
pub(super) fn camel_name(name: &str) -> String {
    let mut characters = name.chars();
    characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default()
}
