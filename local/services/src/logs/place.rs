//! What operations are on: groups and streams, by their names and their ARNs.

use platform::input::{On, Target};
use platform::{Platform, ServiceError};
use serde::Deserialize;
use std::fmt::Display;

/// The group that an operation is on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InGroup {
    pub(super) log_group_name: String,
}

impl Target for InGroup {
    const MEMBERS: &'static [&'static str] = &["logGroupName"];
}

pub(super) type OnGroup<I> = On<InGroup, I>;

impl InGroup {
    /// What IAM must allow for an operation on a group: the action of its name.
    pub(super) fn requires<I>(platform: &Platform, input: &OnGroup<I>) -> String {
        arn(platform, &input.target.log_group_name)
    }
}

/// The group that a read is of, by its name or its ARN.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfGroup {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
}

impl Target for OfGroup {
    const MEMBERS: &'static [&'static str] = &["logGroupName", "logGroupIdentifier"];
}

pub(super) type OfNamed<I> = On<OfGroup, I>;

impl OfGroup {
    /// The group's name.
    pub(super) fn name(&self) -> Result<String, ServiceError> {
        match (&self.log_group_name, &self.log_group_identifier) {
            (Some(name), None) => Ok(name.clone()),
            // A group is named without the streams in it.
            (None, Some(arn)) if arn.ends_with('*') => Err(invalid(
                "1 validation error detected: Value at 'logGroupIdentifier' failed to satisfy constraint: Member must satisfy \
                 regular expression pattern: [\\w#+=/:,.@-]*",
            )),
            (None, Some(arn)) if arn.starts_with("arn:") => name_in(arn).map(str::to_owned),
            (None, Some(name)) => Ok(name.clone()),
            (Some(_), Some(_)) => Err(ServiceError::validation(
                "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
            )),
            (None, None) => Err(invalid(
                "Exactly one of logGroupName and logGroupIdentifier must be specified",
            )),
        }
    }
}

/// The name of a log group in its ARN.
pub(super) fn name_in(arn: &str) -> Result<&str, ServiceError> {
    let name = arn.split(":log-group:").nth(1).map(|name| name.trim_end_matches(":*"));
    name.ok_or_else(|| invalid(format_args!("`{arn}` is not the ARN of a log group")))
}

/// The ARN of a log group, which ends with the streams in it, unlike any other.
pub(super) fn arn(platform: &Platform, name: &str) -> String {
    platform.account.arn("logs", format_args!("log-group:{name}:*"))
}

pub(super) fn stream_arn(platform: &Platform, group: &str, stream: &str) -> String {
    platform
        .account
        .arn("logs", format_args!("log-group:{group}:log-stream:{stream}"))
}

/// A value that breaks a constraint of CloudWatch Logs' model.
pub(super) fn constraint(member: &str, value: impl Display, constraint: &str) -> ServiceError {
    invalid(format_args!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

/// How many there are on a page: as many as asked for, or the most.
pub(super) fn limit_within(asked: Option<usize>, most: usize) -> Result<usize, ServiceError> {
    match asked {
        None => Ok(most),
        Some(0) => Err(constraint(
            "limit",
            0,
            "Member must have value greater than or equal to 1",
        )),
        Some(asked) if asked > most => {
            let said = format!("Member must have value less than or equal to {most}");
            Err(constraint("limit", asked, &said))
        }
        Some(asked) => Ok(asked),
    }
}

pub(super) fn invalid(message: impl Display) -> ServiceError {
    ServiceError::new("InvalidParameterException", message)
}
