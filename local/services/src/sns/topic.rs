//! Topics, and those who have subscribed to them.

use crate::tags::Tag;
use platform::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Display;

/// Attributes that a topic can be given. What has to do with other ways of delivery is refused by name.
const GIVEN: &[&str] = &[
    "DisplayName",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "Policy",
    "SignatureVersion",
];

/// Attributes that topics have on AWS and not here. Those of the statuses of deliveries are told by their ends.
const ABSENT: &[&str] = &[
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DeliveryPolicy",
    "FifoThroughputScope",
    "FifoTopic",
    "TracingConfig",
];
const STATUSES: &[&str] = &[
    "SuccessFeedbackRoleArn",
    "SuccessFeedbackSampleRate",
    "FailureFeedbackRoleArn",
];

/// Whether topics have an attribute of this name, on AWS.
pub(super) fn is_attribute(name: &str) -> bool {
    let is_status = STATUSES.iter().any(|end| name.ends_with(end));
    is_status || GIVEN.contains(&name) || ABSENT.contains(&name)
}

/// How many tags a topic can have.
const MOST_TAGS: usize = 50;

/// How a topic's messages travel to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Protocol {
    /// Into a queue of SQS.
    Sqs,
    /// By email, of which nothing is sent: the subscription waits for its confirmation.
    Email,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Topic {
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    /// In the order in which they came, by their ARNs.
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) unsubscribed: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Subscription {
    pub(super) arn: String,
    pub(super) protocol: Protocol,
    pub(super) endpoint: String,
    pub(super) is_raw: bool,
    /// Who has subscribed.
    #[serde(default)]
    pub(super) principal: String,
}

impl Protocol {
    pub(super) fn read(name: &str) -> Result<Self, ServiceError> {
        match name {
            "sqs" => Ok(Self::Sqs),
            "email" => Ok(Self::Email),
            "application" | "email-json" | "firehose" | "http" | "https" | "lambda" | "sms" => {
                let message = format_args!("the local run has no subscriptions with the protocol `{name}`");
                Err(ServiceError::new("NotInLocalRun", message).with_status(501))
            }
            _ => Err(invalid(format_args!(
                "Amazon SNS does not support this protocol string: {name}"
            ))),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Email => "email",
        }
    }

    /// Whether an endpoint can be one of the protocol's.
    pub(super) fn check(self, endpoint: &str) -> Result<(), ServiceError> {
        match self {
            Self::Sqs if endpoint.split(':').nth(2) != Some("sqs") => Err(invalid("SQS endpoint ARN")),
            Self::Sqs if endpoint.ends_with(".fifo") => Err(invalid(
                "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
            )),
            Self::Email if !endpoint.contains('@') => Err(invalid("Email address")),
            _ => Ok(()),
        }
    }
}

impl Subscription {
    pub(super) fn is_pending(&self) -> bool {
        self.protocol == Protocol::Email
    }

    /// As listings show it.
    pub(super) fn shown(&self, topic: &str, owner: &str) -> Value {
        let arn = if self.is_pending() {
            "PendingConfirmation"
        } else {
            &self.arn
        };
        json!({
            "SubscriptionArn": arn,
            "Owner": owner,
            "Protocol": self.protocol.name(),
            "Endpoint": self.endpoint,
            "TopicArn": topic,
        })
    }
}

impl Topic {
    /// The most bytes of a message and its attributes.
    pub(super) fn longest_message(&self) -> usize {
        let own = self
            .attributes
            .get("MaximumMessageSize")
            .and_then(|size| size.parse().ok());
        own.unwrap_or(262_144)
    }

    /// All attributes, of which some are counted.
    pub(super) fn described(&self, arn: &str, owner: &str) -> BTreeMap<String, String> {
        let pending = self.subscriptions.iter().filter(|one| one.is_pending()).count();
        let mut described = BTreeMap::from([
            ("DisplayName".to_owned(), String::new()),
            ("EffectiveDeliveryPolicy".to_owned(), delivery_policy().to_string()),
            ("Owner".to_owned(), owner.to_owned()),
            ("Policy".to_owned(), policy(arn, owner).to_string()),
            (
                "SubscriptionsConfirmed".to_owned(),
                (self.subscriptions.len() - pending).to_string(),
            ),
            ("SubscriptionsDeleted".to_owned(), self.unsubscribed.to_string()),
            ("SubscriptionsPending".to_owned(), pending.to_string()),
            ("TopicArn".to_owned(), arn.to_owned()),
        ]);
        described.extend(self.attributes.clone());
        described
    }
}

/// Whether a topic can have this attribute.
pub(super) fn check_attribute(name: &str, value: &str) -> Result<(), ServiceError> {
    match name {
        "MaximumMessageSize" => match value.parse() {
            Ok(1024..=1_048_576) => Ok(()),
            _ => Err(invalid(
                "Attributes Reason: MaximumMessageSize must be between 1024 and 1048576",
            )),
        },
        "SignatureVersion" if !matches!(value, "1" | "2") => Err(invalid("SignatureVersion")),
        "DisplayName" if value.chars().count() > 100 => Err(invalid("DisplayName")),
        _ if GIVEN.contains(&name) => Ok(()),
        _ => {
            let message = format_args!("the local run does not have the attribute `{name}` of topics");
            Err(ServiceError::new("NotInLocalRun", message).with_status(501))
        }
    }
}

/// What a topic without a policy of its own has: its owner may use it.
fn policy(arn: &str, owner: &str) -> Value {
    let actions = [
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    ];
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": actions.map(|action| format!("SNS:{action}")),
            "Resource": arn,
            "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
        }],
    })
}

/// How SNS delivers by HTTP, unless a topic says otherwise:
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>.
fn delivery_policy() -> Value {
    json!({"http": {
        "defaultHealthyRetryPolicy": {
            "minDelayTarget": 20,
            "maxDelayTarget": 20,
            "numRetries": 3,
            "numMaxDelayRetries": 0,
            "numNoDelayRetries": 0,
            "numMinDelayRetries": 0,
            "backoffFunction": "linear",
        },
        "disableSubscriptionOverrides": false,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
    }})
}

/// The tags that are given, each once.
pub(super) fn tags_of(given: Vec<Tag>) -> Result<BTreeMap<String, String>, ServiceError> {
    let count = given.len();
    let tags: BTreeMap<_, _> = given.into_iter().map(|tag| (tag.key, tag.value)).collect();
    if tags.len() < count {
        return Err(invalid("Duplicated keys are not allowed."));
    }
    check_count(&tags)?;
    Ok(tags)
}

/// Refuses more tags than a topic can have.
pub(super) fn check_count(tags: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    if tags.len() > MOST_TAGS {
        let message = "Could not complete request: tag quota of per resource exceeded";
        return Err(ServiceError::new("TagLimitExceeded", message));
    }
    Ok(())
}

pub(super) fn invalid(what: impl Display) -> ServiceError {
    ServiceError::new("InvalidParameter", format_args!("Invalid parameter: {what}"))
}
