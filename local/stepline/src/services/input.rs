//! Reading an operation's input: what is missing, ill-typed or unknown is refused by name.

use crate::error::ServiceError;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The input as a type whose fields are the operation's.
///
/// # Errors
/// `NotInLocalRun` for a field that the type does not know, ValidationException for what is missing or ill-typed.
pub fn decode<T: DeserializeOwned>(service: &str, operation: &str, input: Value) -> Result<T, ServiceError> {
    serde_json::from_value(input).map_err(|error| {
        let message = error.to_string();
        if message.starts_with("unknown field") {
            ServiceError::new(
                "NotInLocalRun",
                format_args!("the local run of `{service}:{operation}` has an {message}"),
            )
            .with_status(501)
        } else {
            ServiceError::validation(format_args!("{operation}: {message}"))
        }
    })
}

/// A string that must be there.
///
/// # Errors
/// ValidationException, naming the field.
pub fn required<'v>(input: &'v Value, field: &str) -> Result<&'v str, ServiceError> {
    match input.get(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(Value::String(_)) => Err(ServiceError::validation(format_args!("`{field}` must not be empty"))),
        Some(_) => Err(ServiceError::validation(format_args!("`{field}` must be a string"))),
        None => Err(ServiceError::validation(format_args!("`{field}` is missing"))),
    }
}
