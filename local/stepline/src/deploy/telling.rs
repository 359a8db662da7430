//! What tells of what happens: log groups, topics and those who hear of them.

use super::maker::{Failure, Maker};
use super::properties::{Properties, document, number, text};
use crate::template::{Fault, Made};
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
    maker.call_unless_there("logs", "CreateLogGroup", input).await?;
    maker.has_made(name.clone().into());
    if let Some(days) = retention {
        let input = json!({"logGroupName": name, "retentionInDays": days});
        maker.call("logs", "PutRetentionPolicy", input).await?;
    }
    // Its ARN ends with the streams in it, unlike any other.
    let arn = maker.cloud.account.arn("logs", format_args!("log-group:{name}:*"));
    Ok(Made::new(name).with("Arn", arn))
}

/// `AWS::SNS::Topic`, with the subscriptions that are written in it.
pub(super) async fn topic(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("TopicName")?.unwrap_or_else(|| maker.name());
    let mut attributes = Map::new();
    for attribute in [
        "DisplayName",
        "KmsMasterKeyId",
        "SignatureVersion",
        "MaximumMessageSize",
    ] {
        if let Some(value) = properties.take_text(attribute)? {
            attributes.insert(attribute.to_owned(), value.into());
        }
    }
    let mut input = json!({"Name": name, "Attributes": attributes});
    if let Some(tags) = properties.take_tag_list()? {
        input["Tags"] = tags;
    }
    let subscriptions = properties.take("Subscription");
    properties.finish()?;
    let attributes = input["Attributes"].clone();
    let arn = Value::from(maker.cloud.account.arn("sns", &name));
    maker.call_unless_there("sns", "CreateTopic", input).await?;
    maker.has_made(arn.clone());
    for (attribute, value) in attributes.as_object().into_iter().flatten().filter(|_| maker.is_there) {
        let input = json!({"TopicArn": arn, "AttributeName": attribute, "AttributeValue": value});
        maker.call("sns", "SetTopicAttributes", input).await?;
    }
    for subscription in subscriptions.iter().filter_map(Value::as_array).flatten() {
        let field = |name: &str| {
            let fault = || Fault::new(format_args!("has no `{name}`")).within("Subscription");
            subscription.get(name).map_or_else(|| Err(fault()), text)
        };
        subscribe(maker, &arn, (field("Protocol")?, field("Endpoint")?), Map::new()).await?;
    }
    Ok(Made::new(arn.clone()).with("TopicArn", arn).with("TopicName", name))
}

/// `AWS::SNS::Subscription`.
pub(super) async fn subscription(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let topic = properties.require_text("TopicArn")?.into();
    let (protocol, endpoint) = (
        properties.require_text("Protocol")?,
        properties.require_text("Endpoint")?,
    );
    let mut attributes = Map::new();
    if let Some(raw) = properties.take_text("RawMessageDelivery")? {
        attributes.insert("RawMessageDelivery".to_owned(), raw.into());
    }
    for attribute in ["FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "DeliveryPolicy"] {
        if let Some(value) = properties.take(attribute) {
            attributes.insert(attribute.to_owned(), document(value).into());
        }
    }
    properties.finish()?;
    let arn = subscribe(maker, &topic, (protocol, endpoint), attributes).await?;
    Ok(Made::new(arn.clone()).with("Arn", arn))
}

async fn subscribe(
    maker: &Maker<'_>,
    topic: &Value,
    (protocol, endpoint): (String, String),
    attributes: Map<String, Value>,
) -> Result<Value, Failure> {
    let input = json!({
        "TopicArn": topic,
        "Protocol": protocol,
        "Endpoint": endpoint,
        "Attributes": attributes,
        "ReturnSubscriptionArn": true,
    });
    let mut subscribed = maker.call("sns", "Subscribe", input).await?;
    Ok(subscribed["SubscriptionArn"].take())
}

/// `AWS::SNS::TopicPolicy`.
pub(super) async fn topic_policy(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let topics = properties.take_texts("Topics")?;
    let policy = document(properties.require("PolicyDocument")?);
    properties.finish()?;
    for topic in topics {
        let input = json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy});
        maker.call("sns", "SetTopicAttributes", input).await?;
    }
    Ok(Made::new(maker.name()))
}
