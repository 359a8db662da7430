//! Publishing: a message goes to everybody who has subscribed.

use super::message::{Message, Published};
use super::topic::{Protocol, Subscription, invalid};
use super::topics::{OnTopic, Sns};
use platform::input::{On, Target};
use platform::journal::Happening;
use platform::{Call, Platform, Principal, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most messages of a batch, and the most bytes of it.
const MOST_MESSAGES: usize = 10;
const MOST_BYTES: usize = 262_144;

/// Where a message is published to.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct To {
    topic_arn: Option<String>,
    target_arn: Option<String>,
}

impl Target for To {
    const MEMBERS: &'static [&'static str] = &["TopicArn", "TargetArn"];
}

pub(super) type Publish = On<To, Message>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PublishBatch {
    publish_batch_request_entries: Vec<On<Entry, Message>>,
}

/// The id of a message in its batch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    id: String,
}

impl Target for Entry {
    const MEMBERS: &'static [&'static str] = &["Id"];
}

impl To {
    fn topic(&self) -> Result<&str, ServiceError> {
        match (&self.topic_arn, &self.target_arn) {
            (Some(arn), None) | (None, Some(arn)) => Ok(arn),
            (None, None) => Err(invalid("TopicArn or TargetArn Reason: no value for required parameter")),
            (Some(_), Some(_)) => Err(invalid("Only one of TopicArn and TargetArn can be specified")),
        }
    }
}

impl Sns {
    pub(super) fn may_publish(&self, _: &Platform, input: &Publish) -> Result<Vec<Requirement>, ServiceError> {
        self.may_publish_to(input.target.topic()?)
    }

    pub(super) fn may_publish_batch(
        &self,
        _: &Platform,
        input: &OnTopic<PublishBatch>,
    ) -> Result<Vec<Requirement>, ServiceError> {
        self.may_publish_to(&input.target.topic_arn)
    }

    fn may_publish_to(&self, topic: &str) -> Result<Vec<Requirement>, ServiceError> {
        self.in_topic(topic, |_| Ok(()))?;
        Ok(vec![Requirement::new("sns:Publish", topic)])
    }

    pub(super) async fn publish(self: Arc<Self>, call: Call, input: Publish) -> Result<Value, ServiceError> {
        let topic = input.target.topic()?;
        let (longest, subscriptions) = self.subscribed(topic)?;
        let published = input.own.publish(longest)?;
        deliver(&call.platform, topic, &subscriptions, &published).await;
        Ok(json!({"MessageId": published.id}))
    }

    /// See <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html>.
    pub(super) async fn publish_batch(
        self: Arc<Self>,
        call: Call,
        input: OnTopic<PublishBatch>,
    ) -> Result<Value, ServiceError> {
        let (topic, entries) = (&input.target.topic_arn, input.own.publish_batch_request_entries);
        check(&entries)?;
        let (longest, subscriptions) = self.subscribed(topic)?;
        // One that is none is refused with all the others.
        let mut all = Vec::new();
        for entry in entries {
            all.push((entry.target.id, entry.own.publish(longest)?));
        }
        let mut successful = Vec::new();
        for (id, published) in all {
            deliver(&call.platform, topic, &subscriptions, &published).await;
            successful.push(json!({"Id": id, "MessageId": published.id}));
        }
        Ok(json!({"Successful": successful, "Failed": []}))
    }

    fn subscribed(&self, topic: &str) -> Result<(usize, Vec<Subscription>), ServiceError> {
        self.in_topic(topic, |topic| {
            Ok((topic.longest_message(), topic.subscriptions.clone()))
        })
    }
}

fn check(entries: &[On<Entry, Message>]) -> Result<(), ServiceError> {
    let refused = |code: &str, message: &str| Err(ServiceError::new(code, message));
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let ids: BTreeSet<&String> = entries.iter().map(|entry| &entry.target.id).collect();
    let named = |what: &str, id: &str| {
        let message = format!("The Id of a batch entry in the batch request {what}: {id}");
        refused("InvalidBatchEntryId", &message)
    };
    if entries.is_empty() {
        return refused("EmptyBatchRequest", "The batch request doesn't contain any entries.");
    }
    if entries.len() > MOST_MESSAGES {
        let message = "The batch request contains more entries than permissible.";
        return refused("TooManyEntriesInBatchRequest", message);
    }
    for id in &ids {
        if id.len() > 80 {
            return named("is too long", id);
        }
        if id.is_empty() || !id.chars().all(plain) {
            return named("contains an impermissible character", id);
        }
    }
    if entries.len() != ids.len() {
        let message = "Two or more batch entries in the request have the same Id.";
        return refused("BatchEntryIdsNotDistinct", message);
    }
    let bytes: usize = entries.iter().map(|entry| entry.own.bytes()).sum();
    if bytes > MOST_BYTES {
        let message = "The length of all the messages put together is more than the limit.";
        return refused("BatchRequestTooLong", message);
    }
    Ok(())
}

/// Delivers a message to each subscription that is confirmed. SNS acts by itself: a queue's policy must let it.
async fn deliver(platform: &Arc<Platform>, topic: &str, subscriptions: &[Subscription], published: &Published) {
    let sns = Principal::service("sns.amazonaws.com", topic);
    for to in subscriptions.iter().filter(|to| to.protocol == Protocol::Sqs) {
        let account = &platform.account;
        let mut input = published.for_queue(account, topic, to);
        let mut parts = to.endpoint.split(':').skip(3);
        let [region, owner, name] = [(); 3].map(|()| parts.next().unwrap_or_default());
        input["QueueUrl"] = format!("https://sqs.{region}.amazonaws.com/{owner}/{name}").into();
        if let Err(error) = platform.call(&sns, "sqs", "SendMessage", input).await {
            platform.journal.record(Happening::DeliveryFailed {
                target: to.endpoint.clone(),
                reason: error.to_string(),
            });
        }
    }
}
