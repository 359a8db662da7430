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
}

#[derive(Debug)]
enum Texts {
    One(String),
    /// By protocols; one is `default`.
    Many(Map<String, Value>),
}

impl Message {
    /// The message as it will be delivered, if it can be.
    pub(super) fn publish(self, longest: usize) -> Result<Published, ServiceError> {
        if self.message.is_empty() {
            return Err(invalid("Empty message"));
        }
        let attributes = Value::from(self.message_attributes.clone());
        let bytes = if self.message_attributes.is_empty() {
            0
        } else {
            attributes.to_string().len()
        };
        if self.message.len() + bytes > longest {
            return Err(invalid("Message too long"));
        }
        if let Some(subject) = &self.subject
            && (subject.is_empty() || subject.chars().count() >= 100 || subject.chars().any(char::is_control))
        {
            return Err(invalid("Subject"));
        }
        for (name, attribute) in &self.message_attributes {
            check(name, attribute)?;
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

/// Types and values of attributes: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>.
fn check(name: &str, attribute: &Value) -> Result<(), ServiceError> {
    let text = |member: &str| attribute[member].as_str().unwrap_or_default();
    let kind = text("DataType");
    let refused = |message: String| Err(ServiceError::new("ParameterValueInvalid", message));
    let value = match kind.split('.').next().unwrap_or_default() {
        "String" | "Number" => text("StringValue"),
        "Binary" => text("BinaryValue"),
        _ => {
            return refused(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
            ));
        }
    };
    if value.is_empty() {
        return refused(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{kind}'."
        ));
    }
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
        if to.is_raw {
            let mut input = json!({"MessageBody": self.text(to.protocol)});
            if !self.attributes.is_empty() {
                input["MessageAttributes"] = self.attributes.clone().into();
            }
            return input;
        }
        json!({"MessageBody": self.envelope(account, topic, to).to_string()})
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
