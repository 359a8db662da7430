//! DescribeParameters: which parameters there are, without their values.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html>.

use super::name;
use super::parameter::{Parameter, Version};
use super::store::Ssm;
use platform::input::page;
use platform::{Call, ServiceError};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeParameters {
    #[serde(default)]
    parameter_filters: Vec<Filter>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

impl Ssm {
    pub(super) fn describe_parameters(&self, call: &Call, input: DescribeParameters) -> Result<Value, ServiceError> {
        for filter in &input.parameter_filters {
            filter.check()?;
        }
        let size = input.max_results.unwrap_or(10);
        if !(1..=50).contains(&size) {
            return Err(ServiceError::validation(
                "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must be between 1 and 50",
            ));
        }
        let parameters = self.parameters().clone();
        let matching = parameters.iter().filter_map(|(name, parameter)| {
            let latest = parameter.latest()?;
            let mut filters = input.parameter_filters.iter();
            filters
                .all(|filter| filter.matches(name, parameter, latest))
                .then_some((name, parameter, latest))
        });
        let page = page(matching, size, input.next_token.as_deref(), "InvalidNextToken")?;
        Ok(page.answer("Parameters", "NextToken", |(name, parameter, latest)| {
            let mut shown = parameter.described(name, latest);
            shown["ARN"] = name::arn(&call.platform.account, name).into();
            shown
        }))
    }
}

impl Filter {
    fn check(&self) -> Result<(), ServiceError> {
        let options: &[&str] = match self.key.as_str() {
            "Name" => &["Equals", "BeginsWith", "Contains"],
            "Path" => &["OneLevel", "Recursive"],
            "KeyId" => &["Equals", "BeginsWith"],
            "DataType" | "Label" | "Tier" | "Type" => &["Equals"],
            key if key.starts_with("tag:") => &["Equals"],
            key => {
                return Err(ServiceError::new(
                    "InvalidFilterKey",
                    format_args!("The following filter key is not valid: {key}"),
                ));
            }
        };
        match self.option.as_deref() {
            Some(option) if !options.contains(&option) => Err(ServiceError::new(
                "InvalidFilterOption",
                format_args!(
                    "The following filter option is not valid: {option}. Valid options include: {}",
                    options.join(", ")
                ),
            )),
            _ => Ok(()),
        }
    }

    fn matches(&self, name: &str, parameter: &Parameter, latest: &Version) -> bool {
        let any = |actual: &str| self.values.iter().any(|value| self.compare(actual, value));
        match self.key.as_str() {
            "Name" => any(name),
            "Path" => self.values.iter().any(|path| {
                let path = path.trim_end_matches('/');
                let below = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
                below.is_some_and(|rest| self.option.as_deref() == Some("Recursive") || !rest.contains('/'))
            }),
            "Type" => any(parameter.kind.name()),
            "Tier" => any(&latest.tier),
            "DataType" => any(&latest.data_type),
            "KeyId" => latest.key_id.as_deref().is_some_and(any),
            "Label" => self.values.iter().any(|label| parameter.with_label(label).is_some()),
            key => key
                .strip_prefix("tag:")
                .and_then(|tag| parameter.tags.get(tag))
                .is_some_and(|value| self.values.is_empty() || any(value)),
        }
    }

    fn compare(&self, actual: &str, wanted: &str) -> bool {
        match self.option.as_deref() {
            Some("BeginsWith") => actual.starts_with(wanted),
            Some("Contains") => actual.contains(wanted),
            _ => actual == wanted,
        }
    }
}
