//! What SageMaker checks of an input before it does anything, in its own words, and what the local run refuses by name.

use platform::{Platform, ServiceError};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// The names of jobs, groups and models.
pub(super) const NAME: &str = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
pub(super) const S3_URI: &str = "(https|s3)://([^/]+)/?(.*)";

/// Refuses a role that SageMaker may not assume for the thing with this ARN.
pub(super) fn trusted(platform: &Platform, role: &str, arn: &str) -> Result<(), ServiceError> {
    let trusted = platform
        .iam
        .trusts_service(&platform.account, role, "sagemaker.amazonaws.com", Some(arn));
    if trusted.unwrap_or(false) {
        return Ok(());
    }
    Err(ServiceError::validation(format_args!(
        "Could not assume role {role}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role."
    )))
}

/// What SageMaker has and the local run does not.
pub(super) fn refused(what: impl Display) -> ServiceError {
    ServiceError::new("NotInLocalRun", format_args!("the local run does not have {what}")).with_status(501)
}

/// A text that has to look like `pattern` from its beginning to its end.
pub(super) fn pattern(value: &str, field: &str, pattern: &str) -> Result<(), ServiceError> {
    let whole = Regex::new(&format!("^(?:{pattern})$"));
    if whole.is_ok_and(|whole| whole.is_match(value)) {
        return Ok(());
    }
    let rule = format_args!("Member must satisfy regular expression pattern: {pattern}");
    Err(ServiceError::constraint(value, field, rule))
}

pub(super) fn length(value: &str, field: &str, allowed: RangeInclusive<usize>) -> Result<(), ServiceError> {
    let length = value.chars().count();
    if length > *allowed.end() {
        let rule = format_args!("Member must have length less than or equal to {}", allowed.end());
        return Err(ServiceError::constraint(value, field, rule));
    }
    if length < *allowed.start() {
        let rule = format_args!("Member must have length greater than or equal to {}", allowed.start());
        return Err(ServiceError::constraint(value, field, rule));
    }
    Ok(())
}

/// How many members a list or a map may have.
pub(super) fn count(members: usize, field: &str, most: usize) -> Result<(), ServiceError> {
    if members > most {
        let rule = format_args!("Member must have length less than or equal to {most}");
        return Err(ServiceError::constraint(
            format_args!("[{members} members]"),
            field,
            rule,
        ));
    }
    Ok(())
}

pub(super) fn number(value: u64, field: &str, allowed: RangeInclusive<u64>) -> Result<(), ServiceError> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let rule = format_args!(
        "Member must have value between {} and {}",
        allowed.start(),
        allowed.end()
    );
    Err(ServiceError::constraint(value, field, rule))
}

pub(super) fn one_of(value: &str, field: &str, allowed: &[&str]) -> Result<(), ServiceError> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let rule = format_args!("Member must satisfy enum value set: [{}]", allowed.join(", "));
    Err(ServiceError::constraint(value, field, rule))
}

/// Types of instances are too many to be listed: whether one exists, only AWS knows.
pub(super) fn instance_type(value: &str, field: &str) -> Result<(), ServiceError> {
    if value.starts_with("ml.") && value.split('.').count() == 3 {
        return Ok(());
    }
    let rule = "Member must satisfy enum value set: [ml.t3.medium, …]";
    Err(ServiceError::constraint(value, field, rule))
}

pub(super) fn one_instance(count: u64) -> Result<(), ServiceError> {
    if count == 1 {
        return Ok(());
    }
    Err(refused(format_args!("jobs on {count} instances: it has jobs on one")))
}

/// The environment of a container that serves a model.
pub(super) fn served_environment(environment: &BTreeMap<String, String>, field: &str) -> Result<(), ServiceError> {
    count(environment.len(), field, 100)?;
    for (name, value) in environment {
        pattern(name, field, "[a-zA-Z_][a-zA-Z0-9_]*")?;
        length(value, &format!("{field}.{name}"), 0..=1024)?;
    }
    Ok(())
}

/// Where in a VPC something runs. Taken as it is: there are no VPCs here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct VpcConfig {
    pub(super) security_group_ids: Vec<String>,
    pub(super) subnets: Vec<String>,
}

impl VpcConfig {
    /// What policies can ask about it.
    pub(super) fn conditions(&self) -> impl Iterator<Item = (&'static str, String)> + use<'_> {
        let groups = self.security_group_ids.iter();
        let groups = groups.map(|id| ("sagemaker:VpcSecurityGroupIds", id.clone()));
        let subnets = self.subnets.iter();
        groups.chain(subnets.map(|id| ("sagemaker:VpcSubnets", id.clone())))
    }
}

/// An experiment that a job belongs to. Taken as it is: there are no experiments here.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ExperimentConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    experiment_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trial_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trial_component_display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, right) in [
            ("a", true),
            ("a--b-1", true),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("a_b", false),
            (&"a".repeat(63), true),
            (&"a".repeat(64), false),
        ] {
            assert_eq!(pattern(name, "name", NAME).is_ok(), right, "{name}");
        }
    }
}
