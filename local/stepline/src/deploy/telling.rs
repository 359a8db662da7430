//! What tells of what happens: log groups.

use super::maker::{Failure, Maker};
use super::properties::{Properties, number};
use crate::template::Made;
use serde_json::{Map, Value, json};

/// `AWS::Logs::LogGroup`.
pub(super) async fn log_group(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("LogGroupName")?.unwrap_or_else(|| maker.name());
    let retention = properties.take("RetentionInDays").map(number);
    let mut input = json!({"logGroupName": name});
    let tags = properties.take_tags()?;
    if !tags.is_empty() {
        let tags: Map<String, Value> = tags.into_iter().map(|(key, value)| (key, value.into())).collect();
        input["tags"] = tags.into();
    }
    if let Some(class) = properties.take_text("LogGroupClass")? {
        input["logGroupClass"] = class.into();
    }
    properties.finish()?;
    maker.call("logs", "CreateLogGroup", input).await?;
    if let Some(days) = retention {
        let input = json!({"logGroupName": name, "retentionInDays": days});
        maker.call("logs", "PutRetentionPolicy", input).await?;
    }
    // Its ARN ends with the streams in it, unlike any other.
    let arn = maker.cloud.account.arn("logs", format_args!("log-group:{name}:*"));
    Ok(Made::new(name).with("Arn", arn))
}
