//! The [Wait state](https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html).

use jiff::Timestamp;

use crate::definition::common::Common;
use crate::definition::reading::{Amount, Fields};
use crate::expression::{Path, QueryLanguage, Scope, StateError, Template, delimited};
use crate::text::{Json, Number, timestamp};

/// The longest wait, in seconds: a little over three years.
const MAX_SECONDS: f64 = 99_999_999.0;

/// Waits for a while, or until a time.
#[derive(Debug)]
pub(crate) enum Wait {
    Seconds(Amount),
    Until(Timestamp),
    UntilPath(Path),
    UntilTemplate(Template),
}

impl Wait {
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Wait> {
        let given = ["SecondsPath", "Seconds", "TimestampPath", "Timestamp"];
        let count = given.iter().filter(|key| fields.has(key)).count();
        if count != 1 {
            let rule = if count == 0 {
                "A Wait state must have exactly one of the following fields"
            } else {
                "There should only be one of the following fields"
            };
            fields.error_here(format!("{rule}: [{}]", given.join(", ")));
            return None;
        }
        if fields.has("Timestamp") {
            let text = fields.text("Timestamp")?;
            if fields.language == QueryLanguage::Jsonata && delimited(text).is_some() {
                return fields.template("Timestamp", "Timestamp").map(Wait::UntilTemplate);
            }
            let time = timestamp::parse(text);
            if time.is_none() {
                fields.error("Timestamp", "String does not match RFC3339 timestamp");
            }
            return time.map(Wait::Until);
        }
        if fields.has("TimestampPath") {
            if fields.language == QueryLanguage::Jsonata {
                fields.refuse(&["TimestampPath"]);
                return None;
            }
            return fields.path("TimestampPath").map(Wait::UntilPath);
        }
        fields
            .amount("Seconds", Some("SecondsPath"), 0.0, MAX_SECONDS)
            .map(Wait::Seconds)
    }

    /// Until when to wait. Paths start at what `InputPath` leaves.
    pub(crate) fn until(&self, common: &Common, scope: &Scope<'_>) -> Result<Timestamp, StateError> {
        let input = common.effective_input(scope)?;
        let scope = &scope.with_input(&input);
        let seconds = match self {
            Wait::Until(time) => return Ok(*time),
            Wait::UntilPath(path) => return until_path(path, scope),
            Wait::UntilTemplate(template) => return until_expression(template, scope),
            Wait::Seconds(Amount::Literal(seconds)) => *seconds,
            Wait::Seconds(Amount::Path(path)) => seconds_path(path, scope)?,
            Wait::Seconds(Amount::Query(query)) => {
                let value = query.evaluate(scope)?;
                match value.as_i64() {
                    Some(_) => value
                        .as_f64()
                        .filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds))
                        .ok_or_else(|| StateError::Query {
                            cause: format!(
                                "The value for the field 'Seconds' must be from 0 to {MAX_SECONDS}, but was: {value}"
                            ),
                            location: Some("Seconds".to_owned()),
                        })?,
                    None => return Err(query.wrong_type("integer", &value)),
                }
            }
        };
        Ok(timestamp::after(scope.now, seconds))
    }
}

fn seconds_path(path: &Path, scope: &Scope<'_>) -> Result<f64, StateError> {
    let value = scope.parameter(path, "SecondsPath")?;
    match &value {
        Json::Number(Number::Int(seconds)) if *seconds >= 0 => Ok(value.as_f64().unwrap_or_default()),
        Json::Number(Number::Int(_)) => Err(StateError::Runtime(format!(
            "The SecondsPath parameter references a negative value: {path} == {value}"
        ))),
        _ => Err(StateError::Runtime(format!(
            "The SecondsPath parameter cannot be parsed as a long value: {path} == {}",
            value.plain()
        ))),
    }
}

fn until_path(path: &Path, scope: &Scope<'_>) -> Result<Timestamp, StateError> {
    let value = scope.parameter(path, "TimestampPath")?;
    value.as_str().and_then(timestamp::parse).ok_or_else(|| {
        StateError::Runtime(format!(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: \
             {path} == {}",
            value.plain()
        ))
    })
}

fn until_expression(template: &Template, scope: &Scope<'_>) -> Result<Timestamp, StateError> {
    let value = template.evaluate(scope)?;
    let Json::String(text) = &value else {
        return Err(match template {
            Template::Query(query) => query.wrong_type("string", &value),
            _ => StateError::Runtime(format!("The field 'Timestamp' must be a string, but was: {value}")),
        });
    };
    timestamp::parse(text).ok_or_else(|| StateError::Query {
        cause: match template {
            Template::Query(query) => format!(
                "The JSONata expression '{}' specified for the field 'Timestamp' was not a valid ISO-8601 extended offset \
                 date-time format string: {text}",
                query.text()
            ),
            _ => format!("The field 'Timestamp' is not a valid time: {text}"),
        },
        location: Some("Timestamp".to_owned()),
    })
}
