//! The filters of DescribeParameters: which there are, and what each lets through.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html>.

use super::name;
use super::parameter::{Parameter, Version};
use platform::ServiceError;
use serde::Deserialize;

/// What a filter's key can be, as AWS's model has it. `Label` is for GetParametersByPath alone.
const KEYS: &str = "tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType";

/// A filter.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Filter {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

/// Refuses filters that AWS does not take: first all that its model refuses, then the first that means nothing.
pub(super) fn check(filters: &[Filter]) -> Result<(), ServiceError> {
    let mut faults = Vec::new();
    for (index, filter) in filters.iter().enumerate() {
        filter.check_model(index + 1, &mut faults);
    }
    match faults.len() {
        0 => {}
        1 => {
            return Err(ServiceError::validation(format_args!(
                "1 validation error detected: {}",
                faults[0]
            )));
        }
        several => {
            let said = faults.join("; ");
            return Err(ServiceError::validation(format_args!(
                "{several} validation errors detected: {said}"
            )));
        }
    }
    for (index, filter) in filters.iter().enumerate() {
        filter.check_meaning()?;
        if filters[..index].iter().any(|earlier| earlier.key == filter.key) {
            return Err(ServiceError::new(
                "InvalidFilterKey",
                format_args!(
                    "The following filter is duplicated in the request: {}. A request can contain only one occurrence of a \
                     specific filter.",
                    filter.key
                ),
            ));
        }
    }
    Ok(())
}

impl Filter {
    /// What AWS's model says of the lengths and letters of this filter, the first being number one.
    fn check_model(&self, number: usize, faults: &mut Vec<String>) {
        let mut fault = |member: &str, value: &str, constraint: &str| {
            faults.push(format!(
                "Value '{value}' at 'parameterFilters.{number}.member.{member}' failed to satisfy constraint: {constraint}"
            ));
        };
        let is_tag = self.key.strip_prefix("tag:").is_some_and(|tag| !tag.is_empty());
        if !is_tag && !KEYS.split('|').skip(1).any(|known| known == self.key) {
            let constraint = format!("Member must satisfy regular expression pattern: {KEYS}");
            fault("key", &self.key, &constraint);
        }
        if self.key.len() > 132 {
            fault("key", &self.key, "Member must have length less than or equal to 132");
        }
        if let Some(option) = self.option.as_ref().filter(|option| option.len() > 10) {
            fault("option", option, "Member must have length less than or equal to 10");
        }
        let values = format!("[{}]", self.values.join(", "));
        if self.values.len() > 50 {
            fault("values", &values, "Member must have length less than or equal to 50");
        }
        if self.values.iter().any(|value| !(1..=1024).contains(&value.len())) {
            let constraint = "Member must satisfy constraint: [Member must have length less than or equal to 1024, Member must \
                              have length greater than or equal to 1]";
            fault("values", &values, constraint);
        }
    }

    fn check_meaning(&self) -> Result<(), ServiceError> {
        let (options, values): (&[&str], &[&str]) = match self.key.as_str() {
            "Path" => (&["Recursive", "OneLevel"], &[]),
            "Tier" => (
                &["BeginsWith", "Equals"],
                &["Standard", "Advanced", "Intelligent-Tiering"],
            ),
            "Type" => (&["BeginsWith", "Equals"], &["String", "StringList", "SecureString"]),
            "Label" => {
                let message = "The following filter key is not valid: Label. Valid filter keys include: [Path, Name, Type, KeyId, \
                               Tier].";
                return Err(ServiceError::new("InvalidFilterKey", message));
            }
            _ => (&["BeginsWith", "Equals"], &[]),
        };
        // Of a tag, its being there can be asked for.
        if self.values.is_empty() && !self.key.starts_with("tag:") {
            let message = format_args!(
                "The following filter values are missing : null for filter key {}.",
                self.key
            );
            return Err(ServiceError::new("InvalidFilterValue", message));
        }
        // Its error does not name it, but a name can contain something, too.
        let contains = self.key == "Name" && self.option.as_deref() == Some("Contains");
        if let Some(option) = self
            .option
            .as_deref()
            .filter(|option| !contains && !options.contains(option))
        {
            let message = format_args!(
                "The following filter option is not valid: {option}. Valid options include: [{}].",
                options.join(", ")
            );
            return Err(ServiceError::new("InvalidFilterOption", message));
        }
        if let Some(value) = self
            .values
            .iter()
            .find(|value| !values.is_empty() && !values.contains(&value.as_str()))
        {
            let message = format_args!(
                "The following filter value is not valid: {value}. Valid values include: [{}].",
                values.join(", ")
            );
            return Err(ServiceError::new("InvalidFilterValue", message));
        }
        match self.key.as_str() {
            "Path" => self.values.iter().try_for_each(|path| check_path(path)),
            _ => Ok(()),
        }
    }

    /// Whether it lets a parameter through.
    pub(super) fn matches(&self, name: &str, parameter: &Parameter, latest: &Version) -> bool {
        let any = |actual: &str| self.values.iter().any(|value| self.compare(actual, value));
        match self.key.as_str() {
            // With or without a slash before it, a name is the same name.
            "Name" => {
                let name = name::with_slash(name);
                let is_part = self.option.as_deref() == Some("Contains");
                self.values.iter().any(|value| match is_part {
                    true => name.contains(&**value),
                    false => self.compare(&name, &name::with_slash(value)),
                })
            }
            "Path" => self.values.iter().any(|path| {
                let (name, path) = (name::with_slash(name), path.trim_end_matches('/'));
                let below = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
                below.is_some_and(|rest| self.option.as_deref() == Some("Recursive") || !rest.contains('/'))
            }),
            "Type" => any(parameter.kind.name()),
            "Tier" => any(&latest.tier),
            "DataType" => any(&latest.data_type),
            "KeyId" => latest.key_id.as_deref().is_some_and(any),
            key => key
                .strip_prefix("tag:")
                .and_then(|tag| parameter.tags.get(tag))
                .is_some_and(|value| self.values.is_empty() || any(value)),
        }
    }

    fn compare(&self, actual: &str, wanted: &str) -> bool {
        match self.option.as_deref() {
            Some("BeginsWith") => actual.starts_with(wanted),
            _ => actual == wanted,
        }
    }
}

fn check_path(path: &str) -> Result<(), ServiceError> {
    let lower = path.to_ascii_lowercase();
    if lower.starts_with("/aws") || lower.starts_with("/ssm") {
        return Err(ServiceError::validation(
            "Filters for common parameters can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). When using global \
             parameters, please specify within a global namespace.",
        ));
    }
    let known = |character: char| character.is_ascii_alphanumeric() || "_.-/".contains(character);
    if !path.starts_with('/') || path.contains("//") || !path.chars().all(known) {
        return Err(ServiceError::validation(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \
             \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the \
             following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if \
             specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.",
        ));
    }
    Ok(())
}
