//! A queue: its attributes and its messages.

use platform::error::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// The attributes that a queue can be given. Those that are numbers have a range.
const ATTRIBUTES: &[(&str, Option<(u64, u64)>)] = &[
    ("DelaySeconds", Some((0, 900))),
    ("KmsDataKeyReusePeriodSeconds", Some((60, 86_400))),
    ("KmsMasterKeyId", None),
    ("MaximumMessageSize", Some((1024, 1_048_576))),
    ("MessageRetentionPeriod", Some((60, 1_209_600))),
    ("Policy", None),
    ("ReceiveMessageWaitTimeSeconds", Some((0, 20))),
    ("RedriveAllowPolicy", None),
    ("RedrivePolicy", None),
    ("SqsManagedSseEnabled", None),
    ("VisibilityTimeout", Some((0, 43_200))),
];

/// The attributes that a queue has by itself.
const COUNTED: &[&str] = &[
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

/// A queue.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Queue {
    pub(super) attributes: BTreeMap<String, String>,
    #[serde(default = "SystemTime::now")]
    pub(super) created: SystemTime,
    /// When its attributes were last set.
    #[serde(default = "SystemTime::now")]
    pub(super) modified: SystemTime,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    /// From the oldest to the newest.
    pub(super) messages: Vec<Message>,
}

/// A message in a queue.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) attributes: Map<String, Value>,
    /// Its group: in a standard queue it is told, and orders nothing.
    #[serde(default)]
    pub(super) group: Option<String>,
    /// X-Ray's trace, as it was sent along.
    #[serde(default)]
    pub(super) trace: Option<String>,
    /// The id of who sent it.
    #[serde(default)]
    pub(super) sender: String,
    pub(super) sent: SystemTime,
    pub(super) first_received: Option<SystemTime>,
    pub(super) received: u32,
    #[serde(with = "super::wall_clock")]
    pub(super) visible_from: Instant,
    /// The handle of its latest delivery.
    pub(super) receipt: Option<String>,
}

impl std::fmt::Debug for Message {
    /// Without the body: an event that failed may carry credentials.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Message")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Queue {
    /// An empty queue with these attributes. An empty policy is none.
    pub(super) fn new(mut attributes: BTreeMap<String, String>) -> Result<Self, ServiceError> {
        for (name, value) in &attributes {
            let Some((_, range)) = ATTRIBUTES.iter().find(|(known, _)| known == name) else {
                return Err(unknown_attribute(name));
            };
            let valid = match range {
                Some((low, high)) => value.parse().is_ok_and(|value: u64| (*low..=*high).contains(&value)),
                None => true,
            };
            if !valid {
                return Err(ServiceError::new(
                    "InvalidAttributeValue",
                    format_args!("Invalid value for the parameter {name}."),
                ));
            }
        }
        attributes.retain(|name, value| !name.ends_with("Policy") || !value.is_empty());
        let now = SystemTime::now();
        let mut queue = Self {
            attributes,
            created: now,
            modified: now,
            tags: BTreeMap::new(),
            messages: Vec::new(),
        };
        if let Some((_, most)) = queue.redrive()? {
            queue
                .attributes
                .entry("RedrivePolicy".to_owned())
                .and_modify(|policy| number_in(policy, most));
        }
        Ok(queue)
    }

    /// Whether queues have an attribute of this name.
    pub(super) fn has_attribute(name: &str) -> bool {
        COUNTED.contains(&name) || ATTRIBUTES.iter().any(|(known, _)| *known == name)
    }

    /// A duration that is one of the attributes.
    pub(super) fn seconds(&self, attribute: &str, default: u64) -> Duration {
        let value = self.attributes.get(attribute).and_then(|value| value.parse().ok());
        Duration::from_secs(value.unwrap_or(default))
    }

    /// The longest body, in bytes.
    pub(super) fn longest_message(&self) -> usize {
        let value = self
            .attributes
            .get("MaximumMessageSize")
            .and_then(|value| value.parse().ok());
        value.unwrap_or(1_048_576)
    }

    /// The dead-letter queue's name and how often a message is received before it moves there.
    pub(super) fn redrive(&self) -> Result<Option<(String, u32)>, ServiceError> {
        let Some(policy) = self.attributes.get("RedrivePolicy").filter(|policy| !policy.is_empty()) else {
            return Ok(None);
        };
        let read = || -> Option<(String, u32)> {
            let policy: Value = serde_json::from_str(policy).ok()?;
            let arn = policy.get("deadLetterTargetArn")?.as_str()?;
            let count = policy.get("maxReceiveCount")?;
            let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
            Some((arn.rsplit(':').next()?.to_owned(), u32::try_from(count).ok()?))
        };
        read().map(Some).ok_or_else(|| {
            invalid(
                "Value for parameter RedrivePolicy is invalid. Reason: it needs deadLetterTargetArn and maxReceiveCount.",
            )
        })
    }

    /// All attributes. Those that count messages are among them.
    pub(super) fn described(&self, arn: &str) -> Map<String, Value> {
        let now = Instant::now();
        let visible = self
            .messages
            .iter()
            .filter(|message| message.visible_from <= now)
            .count();
        let in_flight = self
            .messages
            .iter()
            .filter(|message| message.visible_from > now && message.receipt.is_some())
            .count();
        let delayed = self.messages.len() - visible - in_flight;
        let mut described = Map::new();
        for (name, value) in [
            ("QueueArn", arn.to_owned()),
            ("ApproximateNumberOfMessages", visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed", delayed.to_string()),
            ("CreatedTimestamp", seconds_since_1970(self.created)),
            ("LastModifiedTimestamp", seconds_since_1970(self.modified)),
            ("DelaySeconds", "0".to_owned()),
            ("MaximumMessageSize", "1048576".to_owned()),
            ("MessageRetentionPeriod", "345600".to_owned()),
            ("ReceiveMessageWaitTimeSeconds", "0".to_owned()),
            ("SqsManagedSseEnabled", "true".to_owned()),
            ("VisibilityTimeout", "30".to_owned()),
        ] {
            described.insert(name.to_owned(), value.into());
        }
        for (name, value) in &self.attributes {
            described.insert(name.clone(), value.as_str().into());
        }
        described
    }
}

/// `maxReceiveCount` comes back as a number, also where it was given as a text.
fn number_in(policy: &mut String, most: u32) {
    if let Ok(mut read) = serde_json::from_str::<Value>(policy)
        && read["maxReceiveCount"].is_string()
    {
        read["maxReceiveCount"] = most.into();
        *policy = read.to_string();
    }
}

fn seconds_since_1970(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string()
}

/// Milliseconds since 1970, as messages' attributes have them.
pub(super) fn milliseconds(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
        .to_string()
}

pub(super) fn unknown_attribute(name: &str) -> ServiceError {
    ServiceError::new("InvalidAttributeName", format_args!("Unknown Attribute {name}."))
}

/// InvalidParameterValue, with what is wrong.
pub(super) fn invalid(message: impl Display) -> ServiceError {
    ServiceError::new("InvalidParameterValue", message)
}
