//! The settings of asynchronous invocations.

use platform::ServiceError;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How asynchronous invocations are retried, and where their outcomes go.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html>.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct EventInvokeConfig {
    #[serde(skip_serializing)]
    pub(super) function_name: String,
    /// When it was put.
    #[serde(skip)]
    pub(super) modified: jiff::Timestamp,
    #[serde(default, skip_serializing)]
    pub(super) qualifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) maximum_retry_attempts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) maximum_event_age_in_seconds: Option<u32>,
    #[serde(default)]
    pub(super) destination_config: DestinationConfig,
}

/// The destinations of asynchronous invocations.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DestinationConfig {
    #[serde(default)]
    pub(super) on_success: Destination,
    #[serde(default)]
    pub(super) on_failure: Destination,
}

/// One destination: the ARN of a queue, a function or an event bus. It can be left empty.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Destination {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
}

impl Destination {
    /// Where outcomes go, if anywhere.
    pub(super) fn arn(&self) -> Option<&str> {
        self.destination.as_deref().filter(|arn| !arn.is_empty())
    }
}

/// Checks how asynchronous invocations are retried, and that their outcomes go to what is an ARN.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html>.
pub(super) fn check(config: &EventInvokeConfig) -> Result<(), ServiceError> {
    within(config.maximum_retry_attempts, 0..=2, "maximumRetryAttempts")?;
    within(
        config.maximum_event_age_in_seconds,
        60..=21_600,
        "maximumEventAgeInSeconds",
    )?;
    for (on, destination) in [
        ("onSuccess", &config.destination_config.on_success),
        ("onFailure", &config.destination_config.on_failure),
    ] {
        let given = destination.arn().unwrap_or_default();
        let is_arn = given.starts_with("arn:") && given.split(':').count() >= 6;
        if !(given.is_empty() || is_arn || given.starts_with("kafka://")) {
            let at = format!("destinationConfig.{on}.destination");
            let rule = format!("Member must satisfy regular expression pattern: {DESTINATION}");
            return Err(ServiceError::constraint(given, &at, &rule));
        }
    }
    Ok(())
}

/// What a destination is.
const DESTINATION: &str = r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)";

fn within(given: Option<u32>, range: RangeInclusive<u32>, at: &str) -> Result<(), ServiceError> {
    let Some(given) = given.filter(|given| !range.contains(given)) else {
        return Ok(());
    };
    let rule = if given < *range.start() {
        format!("Member must have value greater than or equal to {}", range.start())
    } else {
        format!("Member must have value less than or equal to {}", range.end())
    };
    Err(ServiceError::constraint(given, at, &rule))
}
