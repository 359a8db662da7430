//! Rules and queues.

use super::maker::{Failure, Maker};
use super::properties::{Properties, document, texts};
use crate::template::{Fault, Made};
use platform::error::ServiceError;
use serde_json::{Map, Value, json};

/// `AWS::Events::Rule`.
pub(super) async fn rule(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("Name")?.unwrap_or_else(|| maker.name());
    let targets = properties.take("Targets");
    let pattern = properties.take("EventPattern");
    let mut input = properties.rest();
    input.insert("Name".into(), name.clone().into());
    if let Some(pattern) = pattern {
        input.insert("EventPattern".into(), document(pattern).into());
    }
    let put = maker.call("events", "PutRule", input.into()).await?;
    maker.has_made(name.clone().into());
    if let Some(targets) = targets {
        let answer = maker
            .call("events", "PutTargets", json!({"Rule": name, "Targets": targets}))
            .await?;
        if let Some(failed) = answer.pointer("/FailedEntries/0") {
            let field = |name: &str| failed.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let error = ServiceError::new(field("ErrorCode"), field("ErrorMessage"));
            return Err(maker.refused("events", "PutTargets", error));
        }
    }
    let arn = put.get("RuleArn").cloned().unwrap_or_default();
    Ok(Made::new(name).with("Arn", arn))
}

/// `AWS::SQS::Queue`: all of its properties are attributes of the queue.
pub(super) async fn queue(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("QueueName")?.unwrap_or_else(|| maker.name());
    let tags = properties.take_tags()?;
    let mut attributes = Map::new();
    for (attribute, value) in properties.rest() {
        let value = match value {
            Value::Object(_) => document(value).into(),
            other => other,
        };
        attributes.insert(attribute, value);
    }
    let tags: Map<String, Value> = tags.into_iter().map(|(key, value)| (key, value.into())).collect();
    let attributes = texts(attributes.into(), "Attributes")?;
    let input = json!({"QueueName": name, "Attributes": attributes, "tags": tags});
    let created = maker.call_unless_there("sqs", "CreateQueue", input).await?;
    if let Some(url) = created.get("QueueUrl") {
        maker.has_made(url.clone());
    }
    let found = maker.call("sqs", "GetQueueUrl", json!({"QueueName": name})).await?;
    let url = found.get("QueueUrl").cloned().unwrap_or_default();
    if maker.is_there {
        let input = json!({"QueueUrl": url, "Attributes": attributes});
        maker.call("sqs", "SetQueueAttributes", input).await?;
    }
    Ok(Made::new(url.clone())
        .with("Arn", maker.cloud.account.arn("sqs", &name))
        .with("QueueName", name)
        .with("QueueUrl", url))
}

/// `AWS::SQS::QueuePolicy`.
pub(super) async fn queue_policy(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let queues = properties.take_texts("Queues")?;
    let policy = document(properties.require("PolicyDocument")?);
    properties.finish()?;
    if queues.is_empty() {
        return Err(Fault::new("must name a queue").within("Queues").into());
    }
    for queue in queues {
        let input = json!({"QueueUrl": queue, "Attributes": {"Policy": policy}});
        maker.call("sqs", "SetQueueAttributes", input).await?;
    }
    Ok(Made::new(maker.name()))
}
