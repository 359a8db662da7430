//! What the API's model says of a function's values: AWS checks it before anything else.

use platform::ServiceError;
use serde_json::Value;

/// Checks the architectures and the size of `/tmp`.
pub(super) fn check(architectures: Option<&[String]>, storage: Option<&Value>) -> Result<(), ServiceError> {
    if let Some(architectures) = architectures {
        let listed = format!("[{}]", architectures.join(", "));
        if !architectures
            .iter()
            .all(|one| matches!(one.as_str(), "x86_64" | "arm64"))
        {
            let constraint = "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], \
                              Member must not be null]";
            return refuse(&listed, "architectures", constraint);
        }
        if architectures.len() > 1 {
            let constraint = "Member must have length less than or equal to 1";
            return refuse(&listed, "architectures", constraint);
        }
    }
    let (at, size) = (
        "ephemeralStorage.size",
        storage.and_then(|storage| storage["Size"].as_i64()),
    );
    match size {
        Some(size) if size < 512 => refuse(
            &size.to_string(),
            at,
            "Member must have value greater than or equal to 512",
        ),
        Some(size) if size > 10_240 => refuse(
            &size.to_string(),
            at,
            "Member must have value less than or equal to 10240",
        ),
        _ => Ok(()),
    }
}

/// What a role is.
const ROLE: &str = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";

/// Checks that a role is an ARN. Gives its account.
pub(super) fn account_of(role: &str) -> Result<&str, ServiceError> {
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam", "", account, name] if name.starts_with("role") => Ok(account),
        _ => {
            let rule = format!("Member must satisfy regular expression pattern: {ROLE}");
            Err(ServiceError::constraint(role, "role", &rule))
        }
    }
}

fn refuse(value: &str, at: &str, constraint: &str) -> Result<(), ServiceError> {
    Err(ServiceError::constraint(value, at, constraint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_such_as_the_model_has() {
        let both = ["x86_64".to_owned(), "arm64".to_owned()];
        for (architectures, size, refused) in [
            (&both[..1], json!(512), None),
            (&both[1..], json!(10_240), None),
            (
                &both[..],
                json!(512),
                Some("Value '[x86_64, arm64]' at 'architectures'"),
            ),
            (
                &["X86_64".to_owned()],
                json!(512),
                Some("Value '[X86_64]' at 'architectures'"),
            ),
            (&both[..1], json!(511), Some("Value '511' at 'ephemeralStorage.size'")),
            (
                &both[..1],
                json!(10_241),
                Some("Value '10241' at 'ephemeralStorage.size'"),
            ),
        ] {
            let said = check(Some(architectures), Some(&json!({"Size": size}))).err();
            let found = said.is_some_and(|error| refused.is_some_and(|part| error.message.contains(part)));
            assert_eq!(found, refused.is_some(), "{architectures:?} {size}");
        }
    }
}
