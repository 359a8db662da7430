//! Numbers of a definition. Some are written there; others are looked up or computed when the state runs.

use crate::expression::{Path, Query, Scope, StateError};
use crate::text::{Json, Number};

/// A number, or where it is found.
#[derive(Clone, Debug)]
pub(crate) enum Amount {
    Literal(f64),
    Path(Path),
    Query(Query),
}

/// A whole number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "validated to be whole and in range"
)]
pub(crate) fn whole(amount: Option<&Amount>, key: &str, scope: &Scope<'_>) -> Result<Option<u64>, StateError> {
    let value = match amount {
        None => return Ok(None),
        Some(Amount::Literal(number)) => return Ok(Some(*number as u64)),
        Some(Amount::Path(path)) => {
            let value = scope.data(path)?;
            match &value {
                Json::Number(Number::Int(_)) => value,
                // AWS takes a number that is given as text, too.
                other => match other.as_str().and_then(|text| text.parse::<i64>().ok()) {
                    Some(number) => number.into(),
                    None => {
                        return Err(StateError::Runtime(format!(
                            "The {key}Path field refers to value \"{}\" which is not a valid integer: {path}",
                            other.plain()
                        )));
                    }
                },
            }
        }
        Some(Amount::Query(query)) => {
            let value = query.evaluate(scope)?;
            if value.as_i64().is_none() {
                return Err(query.wrong_type("integer", &value));
            }
            value
        }
    };
    match (value.as_i64().and_then(|number| u64::try_from(number).ok()), amount) {
        (Some(number), _) => Ok(Some(number)),
        (None, Some(Amount::Path(_))) if key == "MaxConcurrency" => {
            Err(StateError::Unrecorded("MaxConcurrency cannot be negative.".to_owned()))
        }
        (None, _) => Err(StateError::Runtime(format!("{key} cannot be negative."))),
    }
}

/// `ToleratedFailurePercentage`.
pub(crate) fn percentage(amount: Option<&Amount>, scope: &Scope<'_>) -> Result<Option<f64>, StateError> {
    let value = match amount {
        None => return Ok(None),
        Some(Amount::Literal(number)) => return Ok(Some(*number)),
        Some(Amount::Path(path)) => {
            let value = scope.data(path)?;
            let number = match &value {
                Json::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
                other => other.as_f64(),
            };
            number.ok_or_else(|| {
                StateError::Runtime(format!(
                    "The ToleratedFailurePercentagePath field refers to value \"{}\" which is not a valid float: {path}",
                    value.plain()
                ))
            })?
        }
        Some(Amount::Query(query)) => {
            let value = query.evaluate(scope)?;
            value.as_f64().ok_or_else(|| query.wrong_type("number", &value))?
        }
    };
    if !(0.0..=100.0).contains(&value) {
        return Err(StateError::Runtime(
            "ToleratedFailurePercentage must be between 0 and 100.".to_owned(),
        ));
    }
    Ok(Some(value))
}

/// A whole, positive number of seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "validated to be whole and in range"
)]
pub(crate) fn seconds(amount: Option<&Amount>, path_key: &str, scope: &Scope<'_>) -> Result<Option<u64>, StateError> {
    let positive = |value: &Json| {
        value
            .as_i64()
            .and_then(|seconds| u64::try_from(seconds).ok())
            .filter(|it| *it > 0)
    };
    match amount {
        None => Ok(None),
        Some(Amount::Literal(seconds)) => Ok(Some(*seconds as u64)),
        Some(Amount::Path(path)) => {
            let value = scope.parameter(path, path_key)?;
            positive(&value).map(Some).ok_or_else(|| {
                StateError::Runtime(format!(
                    "The {path_key} parameter does not reference a valid positive integer: {path} == {value}"
                ))
            })
        }
        Some(Amount::Query(query)) => {
            let value = query.evaluate(scope)?;
            positive(&value)
                .map(Some)
                .ok_or_else(|| query.wrong_type("integer", &value))
        }
    }
}
