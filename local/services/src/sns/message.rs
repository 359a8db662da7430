//! Messages: checked as they are published, and put in the form that a subscriber gets.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>.

use super::topic::{Protocol, Subscription, invalid};
use jiff::Timestamp;
use platform::{Account, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The members of a message, alone or in a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Message {
    pub(super) message: String,
    pub(super) subject: Option<String>,
    message_structure: Option<String>,
    #[serde(default)]
    message_attributes: Map<String, Value>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

/// A message that can be delivered.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) id: String,
    at: Timestamp,
    subject: Option<String>,
    /// The text, or a text for each protocol.
    texts: Texts,
    attributes: Map<String, Value>,
    group: Option<String>,
}

#[derive(Debug)]
enum Texts {
    One(String),
    /// By protocols; one is `default`.
    Many(Map<String, Value>),
}

impl Message {
    /// How long it is: its attributes count, with their names, types and values.
    pub(super) fn bytes(&self) -> usize {
        let of = |attribute: &Value| {
            let members = attribute.as_object().into_iter().flatten();
            let texts = members.filter_map(|(_, value)| value.as_str().map(str::len));
            texts.sum::<usize>()
        };
        let attributes = self.message_attributes.iter();
        self.message.len()
            + attributes
                .map(|(name, attribute)| name.len() + of(attribute))
                .sum::<usize>()
    }

    /// The message as it will be delivered, if it can be.
    pub(super) fn publish(self, longest: usize) -> Result<Published, ServiceError> {
        if self.message.is_empty() {
            return Err(invalid("Empty message"));
        }
        if self.bytes() > longest {
            return Err(invalid("Message too long"));
        }
        if let Some(subject) = &self.subject
            && (subject.is_empty() || subject.chars().count() >= 100 || subject.chars().any(char::is_control))
        {
            return Err(invalid("Subject"));
        }
        for (name, attribute) in &self.message_attributes {
            check_name(name)?;
            check(name, attribute)?;
        }
        if self.message_deduplication_id.is_some() {
            return Err(invalid(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for \
                 this topic type",
            ));
        }
        let texts = match self.message_structure.as_deref() {
            None => Texts::One(self.message),
            Some("json") => Texts::Many(by_protocol(&self.message)?),
            Some(_) => return Err(invalid("MessageStructure")),
        };
        Ok(Published {
            id: uuid::Uuid::new_v4().to_string(),
            at: Timestamp::now(),
            subject: self.subject,
            texts,
            attributes: self.message_attributes,
            group: self.message_group_id,
        })
    }
}

/// Texts for each protocol; for those without one there must be a `default`.
fn by_protocol(message: &str) -> Result<Map<String, Value>, ServiceError> {
    let Ok(Value::Object(texts)) = serde_json::from_str(message) else {
        return Err(invalid("Message Structure - JSON message body failed to parse"));
    };
    if !texts.get("default").is_some_and(Value::is_string) {
        return Err(invalid("Message Structure - No default entry in JSON message body"));
    }
    Ok(texts)
}

fn refused(message: String) -> Result<(), ServiceError> {
    Err(ServiceError::new("ParameterValueInvalid", message))
}

/// What an attribute can be called.
fn check_name(name: &str) -> Result<(), ServiceError> {
    let plain = |character: &char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let other = name.chars().find(|character| !plain(character));
    if name.len() > 256 {
        return refused("Length of message attribute name must be less than 256 bytes.".into());
    }
    if let Some(other) = other {
        return refused(format!(
            "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can only include \
             alphanumeric characters, hyphens, underscores, or dots.",
            u32::from(other)
        ));
    }
    if name.starts_with('.') {
        return refused("Invalid message attribute name starting with character '.' was found.".into());
    }
    if name.ends_with('.') {
        return refused("Invalid message attribute name ending with character '.' was found.".into());
    }
    if name.contains("..") {
        return refused("Message attribute name can not have successive '.' character.".into());
    }
    Ok(())
}

/// Types and values of attributes: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>.
fn check(name: &str, attribute: &Value) -> Result<(), ServiceError> {
    let Some(kind) = attribute["DataType"].as_str() else {
        return Err(ServiceError::validation(format_args!(
            "1 validation error detected: Value null at 'messageAttributes.{name}.member.dataType' failed to satisfy \
             constraint: Member must not be null"
        )));
    };
    let (field, other) = match kind.split('.').next().unwrap_or_default() {
        "String" | "Number" => ("String", "Binary"),
        "Binary" => ("Binary", "String"),
        _ => {
            return refused(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
            ));
        }
    };
    let value = |field: &str| {
        let value = attribute[format!("{field}Value")].as_str();
        value.filter(|value| !value.is_empty())
    };
    let Some(value) = value(field) else {
        return refused(match value(other) {
            Some(_) => format!("The message attribute '{name}' with type '{kind}' must use field '{field}'."),
            None => format!(
                "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{kind}'."
            ),
        });
    };
    if kind.starts_with("Number") && value.parse::<f64>().is_err() {
        return refused(format!("Could not cast message attribute '{name}' value to number."));
    }
    Ok(())
}

impl Published {
    fn text(&self, protocol: Protocol) -> &str {
        match &self.texts {
            Texts::One(text) => text,
            Texts::Many(texts) => {
                let own = texts.get(protocol.name()).and_then(Value::as_str);
                own.or_else(|| texts["default"].as_str()).unwrap_or_default()
            }
        }
    }

    /// The members of SendMessage beside the queue.
    pub(super) fn for_queue(&self, account: &Account, topic: &str, to: &Subscription) -> Value {
        let mut input = match to.is_raw {
            true => json!({"MessageBody": self.text(to.protocol)}),
            false => json!({"MessageBody": self.envelope(account, topic, to).to_string()}),
        };
        if to.is_raw && !self.attributes.is_empty() {
            input["MessageAttributes"] = self.attributes.clone().into();
        }
        if let Some(group) = &self.group {
            input["MessageGroupId"] = group.as_str().into();
        }
        input
    }

    /// See <https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html>. Nothing is signed here.
    fn envelope(&self, account: &Account, topic: &str, to: &Subscription) -> Value {
        let host = format!("https://sns.{}.amazonaws.com", account.region);
        let mut envelope = json!({
            "Type": "Notification",
            "MessageId": self.id,
            "TopicArn": topic,
        });
        if let Some(subject) = &self.subject {
            envelope["Subject"] = subject.as_str().into();
        }
        envelope["Message"] = self.text(to.protocol).into();
        envelope["Timestamp"] = format!("{:.3}", self.at).into();
        envelope["SignatureVersion"] = "1".into();
        envelope["Signature"] = "EXAMPLE".into();
        envelope["SigningCertURL"] = format!("{host}/SimpleNotificationService-local.pem").into();
        envelope["UnsubscribeURL"] = format!("{host}/?Action=Unsubscribe&SubscriptionArn={}", to.arn).into();
        if !self.attributes.is_empty() {
            let shown = self.attributes.iter().map(|(name, attribute)| {
                let value = attribute.get("StringValue").or_else(|| attribute.get("BinaryValue"));
                (name.clone(), json!({"Type": attribute["DataType"], "Value": value}))
            });
            envelope["MessageAttributes"] = shown.collect::<Map<_, _>>().into();
        }
        envelope
    }
}
