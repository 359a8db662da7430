//! DescribeParameters: which parameters there are, without their values.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html>.

use super::filters::{self, Filter};
use super::name;
use super::read::page_size;
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

impl Ssm {
    pub(super) fn describe_parameters(&self, call: &Call, input: DescribeParameters) -> Result<Value, ServiceError> {
        filters::check(&input.parameter_filters)?;
        let size = page_size(input.max_results, 10, 50)?;
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
