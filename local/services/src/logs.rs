//! CloudWatch Logs, as far as one asks which log groups there are: those that a stack made. Lines go to the
//! [journal](platform::journal). Follows
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>.

use platform::{Call, Operation, Operations, Platform, Requirement, Served, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// CloudWatch Logs in this account and region.
#[derive(Debug, Default)]
pub struct Logs {
    groups: Mutex<BTreeSet<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateLogGroup {
    log_group_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DescribeLogGroups {
    #[serde(default)]
    log_group_name_prefix: String,
}

impl Served for Logs {
    const SIGNING_NAME: &'static str = "logs";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Logs>> = LazyLock::new(|| {
            Operations::new([
                Operation::new(
                    "CreateLogGroup",
                    |_, platform, input: &CreateLogGroup| {
                        let arn = arn(platform, &input.log_group_name);
                        Ok(vec![Requirement::new("logs:CreateLogGroup", arn)])
                    },
                    Logs::create_log_group,
                ),
                Operation::new(
                    "DescribeLogGroups",
                    |_, platform, _: &DescribeLogGroups| {
                        let all = platform.account.arn("logs", "log-group:*");
                        Ok(vec![Requirement::new("logs:DescribeLogGroups", all)])
                    },
                    Logs::describe_log_groups,
                ),
            ])
        });
        &TABLE
    }
}

impl Logs {
    fn groups(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn create_log_group(&self, _: &Call, input: CreateLogGroup) -> Result<Value, ServiceError> {
        if self.groups().insert(input.log_group_name) {
            return Ok(Value::Null);
        }
        Err(ServiceError::new(
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ))
    }

    fn describe_log_groups(&self, call: &Call, input: DescribeLogGroups) -> Result<Value, ServiceError> {
        let groups = self.groups();
        let wanted = groups
            .iter()
            .filter(|name| name.starts_with(&input.log_group_name_prefix));
        let described = wanted.map(|name| json!({"logGroupName": name, "arn": arn(&call.platform, name)}));
        Ok(json!({"logGroups": described.collect::<Vec<_>>()}))
    }
}

/// The ARN of a log group, which ends with the streams in it, unlike any other.
fn arn(platform: &Platform, name: &str) -> String {
    platform.account.arn("logs", format_args!("log-group:{name}:*"))
}
