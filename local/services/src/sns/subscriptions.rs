//! Subscribing, and what subscriptions there are.

use super::topic::{Protocol, Subscription, Topic, invalid};
use super::topics::{InTopic, OnTopic, PAGE, Paged, Sns};
use platform::input::page;
use platform::journal::Happening;
use platform::{Call, ErrorKind, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Subscribe {
    protocol: String,
    #[serde(default)]
    endpoint: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    return_subscription_arn: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfSubscription {
    subscription_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SetAttribute {
    subscription_arn: String,
    attribute_name: String,
    #[serde(default)]
    attribute_value: String,
}

impl Sns {
    pub(super) fn may_subscribe(
        &self,
        _: &Platform,
        input: &OnTopic<Subscribe>,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let InTopic { topic_arn } = &input.target;
        self.in_topic(topic_arn, |_| Ok(()))?;
        let requirement = Requirement::new("sns:Subscribe", topic_arn.as_str())
            .with("sns:Protocol", &input.own.protocol)
            .with("sns:Endpoint", &input.own.endpoint);
        Ok(vec![requirement])
    }

    /// Whoever has subscribed already is told the same subscription.
    pub(super) fn subscribe(&self, call: &Call, input: OnTopic<Subscribe>) -> Result<Value, ServiceError> {
        let (topic_arn, asked) = (input.target.topic_arn, input.own);
        let protocol = Protocol::read(&asked.protocol)?;
        protocol.check(&asked.endpoint)?;
        let mut raw = None;
        for (name, value) in &asked.attributes {
            let read = read_raw(name, value, protocol);
            raw = Some(read.map_err(in_attributes)?);
        }
        let new = Subscription {
            arn: format!("{topic_arn}:{}", uuid::Uuid::new_v4()),
            protocol,
            endpoint: asked.endpoint,
            is_raw: raw.unwrap_or(false),
            principal: call.caller.arn(&call.platform.account),
        };
        let shows_arn = asked
            .return_subscription_arn
            .is_some_and(|value| value == true || value == "true");
        let subscription = self.in_topic(&topic_arn, |topic| {
            let mut known = topic.subscriptions.iter();
            match known.find(|one| one.protocol == protocol && one.endpoint == new.endpoint) {
                // What is not said again stays.
                Some(known) if raw.is_none_or(|raw| raw == known.is_raw) => return Ok(known.clone()),
                Some(_) => {
                    return Err(invalid(
                        "Attributes Reason: Subscription already exists with different attributes",
                    ));
                }
                None => {}
            }
            if new.is_pending() {
                let text = format!(
                    "SNS asks {} to confirm a subscription to {topic_arn}: no email is sent",
                    new.endpoint
                );
                call.platform.journal.record(Happening::Note { text });
            }
            topic.subscriptions.push(new.clone());
            Ok(new)
        })?;
        let told = if subscription.is_pending() && !shows_arn {
            "pending confirmation".to_owned()
        } else {
            subscription.arn
        };
        Ok(json!({"SubscriptionArn": told}))
    }

    /// To leave what is not there is no error.
    pub(super) fn unsubscribe(&self, _: &Call, input: OfSubscription) -> Result<Value, ServiceError> {
        let arn = &input.subscription_arn;
        let topic_arn = topic_of(arn)?;
        let left = self.in_topic(topic_arn, |topic| {
            let Some(position) = topic.subscriptions.iter().position(|one| one.arn == *arn) else {
                return Ok(());
            };
            if topic.subscriptions[position].is_pending() {
                return Err(invalid("This subscription is pending confirmation"));
            }
            topic.subscriptions.remove(position);
            topic.unsubscribed += 1;
            Ok(())
        });
        match left {
            Err(error) if error.kind != ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(json!({})),
        }
    }

    pub(super) fn list_all(&self, call: &Call, input: Paged) -> Result<Value, ServiceError> {
        let (topics, owner) = (self.topics(), &call.platform.account.id);
        let all = topics
            .iter()
            .flat_map(|(arn, topic)| topic.subscriptions.iter().map(move |one| one.shown(arn, owner)));
        let page = page(all, PAGE, input.next_token.as_deref(), "InvalidParameter")?;
        Ok(page.answer("Subscriptions", "NextToken", |one| one))
    }

    pub(super) fn list_of_topic(&self, call: &Call, input: OnTopic<Paged>) -> Result<Value, ServiceError> {
        let (arn, owner) = (&input.target.topic_arn, &call.platform.account.id);
        let all: Vec<Value> = self.in_topic(arn, |topic| {
            Ok(topic.subscriptions.iter().map(|one| one.shown(arn, owner)).collect())
        })?;
        let page = page(all, PAGE, input.own.next_token.as_deref(), "InvalidParameter")?;
        Ok(page.answer("Subscriptions", "NextToken", |one| one))
    }

    pub(super) fn subscription(&self, call: &Call, input: OfSubscription) -> Result<Value, ServiceError> {
        let arn = &input.subscription_arn;
        let topic_arn = topic_of(arn)?;
        self.subscribed_in(topic_arn, |topic| {
            let found = topic.subscriptions.iter().find(|one| one.arn == *arn);
            let found = found.ok_or_else(no_subscription)?;
            let told = |is: bool| if is { "true" } else { "false" };
            Ok(json!({"Attributes": {
                "SubscriptionArn": arn,
                "TopicArn": topic_arn,
                "Owner": call.platform.account.id,
                "Protocol": found.protocol.name(),
                "Endpoint": found.endpoint,
                "RawMessageDelivery": told(found.is_raw),
                "SubscriptionPrincipal": found.principal,
                "PendingConfirmation": told(found.is_pending()),
                "ConfirmationWasAuthenticated": told(!found.is_pending()),
            }}))
        })
    }

    pub(super) fn set_subscription(&self, _: &Call, input: SetAttribute) -> Result<Value, ServiceError> {
        let arn = &input.subscription_arn;
        self.subscribed_in(topic_of(arn)?, |topic| {
            let mut subscriptions = topic.subscriptions.iter_mut();
            let found = subscriptions.find(|one| one.arn == *arn).ok_or_else(no_subscription)?;
            found.is_raw = read_raw(&input.attribute_name, &input.attribute_value, found.protocol)?;
            Ok(json!({}))
        })
    }

    /// A topic that has subscriptions; where there is none, there is no subscription.
    fn subscribed_in<T>(
        &self,
        topic: &str,
        act: impl FnOnce(&mut Topic) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let mut topics = self.topics();
        topics.get_mut(topic).map_or_else(|| Err(no_subscription()), act)
    }
}

/// Attributes that subscriptions have on AWS and not here.
const ABSENT: &[&str] = &[
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RedrivePolicy",
    "ReplayPolicy",
    "SubscriptionRoleArn",
];

/// The one attribute that subscriptions have here.
fn read_raw(name: &str, value: &str, protocol: Protocol) -> Result<bool, ServiceError> {
    if ABSENT.contains(&name) {
        let message = format_args!("the local run does not have the attribute `{name}` of subscriptions");
        return Err(ServiceError::new("NotInLocalRun", message).with_status(501));
    }
    if name != "RawMessageDelivery" {
        return Err(invalid("AttributeName"));
    }
    match value.to_ascii_lowercase().as_str() {
        "true" if protocol != Protocol::Sqs => Err(invalid(format_args!(
            "Delivery protocol [{}] does not support raw message delivery.",
            protocol.name()
        ))),
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid(format_args!(
            "RawMessageDelivery: Invalid value [{value}]. Must be true or false."
        ))),
    }
}

/// Where several attributes are given, SNS says that one of them is what is wrong.
fn in_attributes(error: ServiceError) -> ServiceError {
    match error.message.strip_prefix("Invalid parameter: ") {
        Some(what) => invalid(format_args!("Attributes Reason: {what}")),
        None => error,
    }
}

/// A subscription's ARN is its topic's, and an id.
fn topic_of(arn: &str) -> Result<&str, ServiceError> {
    let count = arn.split(':').count();
    if arn.is_empty() {
        return Err(invalid("SubscriptionArn Reason: no value for required parameter"));
    }
    if count < 6 {
        return Err(invalid(format_args!(
            "SubscriptionArn Reason: An ARN must have at least 6 elements, not {count}"
        )));
    }
    let topic = arn.rsplit_once(':').filter(|_| count == 7).map(|(topic, _)| topic);
    topic.ok_or_else(|| invalid("SubscriptionId"))
}

fn no_subscription() -> ServiceError {
    ServiceError::new("NotFound", "Subscription does not exist").with_status(404)
}
