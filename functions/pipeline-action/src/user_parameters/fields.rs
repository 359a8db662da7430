//! The fields of the object. An unknown field is refused.

use serde_json::{Map, Value};

use super::error::ParametersError;
use crate::suggest::nearest;

/// Every field that there is.
const FIELDS: [&str; 10] = [
    "stateMachine",
    "action",
    "input",
    "inputFile",
    "pipelineExecutionId",
    "outputVariables",
    "timeoutMinutes",
    "onTimeout",
    "onRetry",
    "approval",
];

/// An object of which every field is known.
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value) -> Result<Self, ParametersError> {
        let object = value.as_object().ok_or(ParametersError::NoObject)?;
        match object.keys().find(|field| !FIELDS.contains(&field.as_str())) {
            None => Ok(Self(object)),
            Some(field) => Err(ParametersError::UnknownField {
                field: field.clone(),
                nearest: nearest(field, &FIELDS).unwrap_or("stateMachine"),
            }),
        }
    }

    pub(super) fn value(&self, field: &str) -> Option<&'a Value> {
        self.0.get(field)
    }

    pub(super) fn text(&self, field: &'static str) -> Result<Option<&'a str>, ParametersError> {
        let text = |value: &'a Value| {
            value.as_str().ok_or(ParametersError::WrongType {
                field,
                expected: "a string",
            })
        };
        self.value(field).map(text).transpose()
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(
        &self,
        field: &'static str,
        allowed: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<Option<T>, ParametersError> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*choice));
        }
        let words: Vec<&'static str> = choices.iter().map(|(word, _)| *word).collect();
        let nearest = nearest(text, &words).unwrap_or_default();
        Err(ParametersError::Choice {
            field,
            allowed,
            found: text.to_owned(),
            nearest,
        })
    }
}
