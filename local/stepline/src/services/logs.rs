//! CloudWatch Logs, as far as one asks which log groups there are: those that a stack made. Lines go to the
//! [journal](crate::journal). Follows
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>.

use crate::cloud::{Cloud, Requirement, Service};
use crate::error::ServiceError;
use crate::principal::Principal;
use crate::services::input::read;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// CloudWatch Logs in this account and region.
#[derive(Debug, Default)]
pub struct Logs {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DescribeLogGroups {
    #[serde(default)]
    log_group_name_prefix: String,
}

#[async_trait::async_trait]
impl Service for Logs {
    fn signing_name(&self) -> &'static str {
        "logs"
    }

    fn requirements(&self, cloud: &Cloud, operation: &str, _input: &Value) -> Result<Vec<Requirement>, ServiceError> {
        if operation != "DescribeLogGroups" {
            return Err(ServiceError::not_in_local_run("logs", operation));
        }
        Ok(vec![Requirement::new(
            "logs:DescribeLogGroups",
            cloud.account.arn("logs", "log-group:*"),
        )])
    }

    async fn call(
        &self,
        cloud: &Arc<Cloud>,
        _caller: &Principal,
        _operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        let input: DescribeLogGroups = read(&input)?;
        let names = cloud.cloudformation.physical_ids("AWS::Logs::LogGroup");
        let groups: Vec<Value> = names
            .into_iter()
            .filter(|name| name.starts_with(&input.log_group_name_prefix))
            .map(|name| {
                let arn = cloud.account.arn("logs", format_args!("log-group:{name}:*"));
                json!({"logGroupName": name, "arn": arn})
            })
            .collect();
        Ok(json!({"logGroups": groups}))
    }
}
