//! Which operations somebody may look through who is not in the account: those that change nothing and show no secret.

use crate::error::ServiceError;
use serde_json::Value;

/// How the names of operations begin that change nothing.
const READING: [&str; 7] = ["BatchGet", "Describe", "Filter", "Get", "Head", "List", "Validate"];

/// Operations that begin so and are none: they hand out credentials, secrets or work.
const NOT_READING: [&str; 7] = [
    "BatchGetSecretValue",
    "GetActivityTask",
    "GetAuthorizationToken",
    "GetDownloadUrlForLayer",
    "GetFederationToken",
    "GetSecretValue",
    "GetSessionToken",
];

/// Refuses what does not only read, and what reads a secret.
pub(crate) fn allow(operation: &str, input: &Value) -> Result<(), ServiceError> {
    let reads = READING.iter().any(|beginning| operation.starts_with(beginning));
    if !reads || NOT_READING.contains(&operation) {
        let message = format_args!("{operation} is not an operation that only reads");
        return Err(ServiceError::access_denied(message));
    }
    match input.get("WithDecryption") {
        None | Some(Value::Null | Value::Bool(false)) => Ok(()),
        Some(_) => Err(ServiceError::access_denied(
            "who only looks does not see the values of SecureStrings: leave out WithDecryption",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_reads_and_shows_no_secret_is_allowed() {
        for (operation, input, expected) in [
            ("GetParameter", json!({"Name": "/a"}), true),
            ("GetParameter", json!({"Name": "/a", "WithDecryption": false}), true),
            ("GetParameter", json!({"Name": "/a", "WithDecryption": true}), false),
            (
                "GetParametersByPath",
                json!({"Path": "/", "WithDecryption": "true"}),
                false,
            ),
            ("BatchGetBuilds", json!({}), true),
            ("HeadObject", json!({}), true),
            ("FilterLogEvents", json!({}), true),
            ("ListObjectsV2", json!({}), true),
            ("GetAuthorizationToken", json!({}), false),
            ("GetActivityTask", json!({}), false),
            ("ReceiveMessage", json!({}), false),
            ("TestState", json!({}), false),
            ("PutParameter", json!({}), false),
            ("DeleteObject", json!({}), false),
            ("StartExecution", json!({}), false),
        ] {
            assert_eq!(allow(operation, &input).is_ok(), expected, "{operation} {input}");
        }
    }
}
