//! Data types of values. They are checked when a value is written, and not used when it is read.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>.

use platform::error::ServiceError;

/// Checks a value against a data type.
pub(super) fn check(data_type: &str, value: &str) -> Result<(), ServiceError> {
    let holds = match data_type {
        "text" => true,
        "boolean" => matches!(value, "true" | "false"),
        "integer" => value.parse::<i64>().is_ok(),
        "float" => value.parse::<f64>().is_ok_and(f64::is_finite),
        "json" => serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok(),
        "ipv4-address" => value.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6-address" => value.parse::<std::net::Ipv6Addr>().is_ok(),
        "aws:account:id" => value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit()),
        "aws:ec2:image" => value
            .strip_prefix("ami-")
            .is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit())),
        "aws:region" | "aws:ssm:integration" | "binary" | "email" | "hostname" | "jsonc" | "url" => {
            return Err(ServiceError::new(
                "NotInLocalRun",
                format_args!("the local run does not have the data type `{data_type}`"),
            )
            .with_status(501));
        }
        _ => {
            return Err(ServiceError::validation(format_args!(
                "The following data type is not supported: {data_type} (Data type names are all lowercase.)"
            )));
        }
    };
    if holds {
        Ok(())
    } else {
        // Without the value, which may be a secret.
        Err(ServiceError::validation(format_args!(
            "The parameter value is not valid for the data type {data_type}."
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_types() {
        for (data_type, value, code) in [
            ("text", "anything", None),
            ("integer", "-12", None),
            ("integer", "1.5", Some("ValidationException")),
            ("float", "1.5e3", None),
            ("float", "NaN", Some("ValidationException")),
            ("boolean", "true", None),
            ("boolean", "yes", Some("ValidationException")),
            ("json", "{\"a\": [1]}", None),
            ("json", "{", Some("ValidationException")),
            ("ipv4-address", "10.0.0.1", None),
            ("ipv6-address", "10.0.0.1", Some("ValidationException")),
            ("aws:account:id", "123456789012", None),
            ("hostname", "a", Some("NotInLocalRun")),
            ("Text", "a", Some("ValidationException")),
        ] {
            let fault = check(data_type, value).err().map(|error| error.code);
            assert_eq!(fault.as_deref(), code, "{data_type} {value}");
        }
    }
}
