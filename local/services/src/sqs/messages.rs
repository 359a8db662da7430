//! Receiving and deleting messages.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>.

use super::attributes;
use super::queue::{Message, Queue, invalid, milliseconds};
use super::queues::{OnQueue, Sqs, name_of, no_queue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use platform::{Call, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// How long a message can be invisible at most, in seconds.
const LONGEST_INVISIBLE: u64 = 43_200;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ReceiveMessage {
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<u64>,
    wait_time_seconds: Option<u64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteMessage {
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ChangeMessageVisibility {
    receipt_handle: String,
    /// A batch can leave it out, which is 0.
    visibility_timeout: Option<u64>,
}

impl Sqs {
    /// Waits for a message where the input or the queue asks for it.
    pub(super) async fn receive(
        self: Arc<Self>,
        _: Call,
        input: OnQueue<ReceiveMessage>,
    ) -> Result<Value, ServiceError> {
        let (url, receive) = (input.target.queue_url, input.own);
        let most = receive.max_number_of_messages.unwrap_or(1);
        if !(1..=10).contains(&most) {
            return Err(invalid(
                "Value for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
            ));
        }
        within("VisibilityTimeout", receive.visibility_timeout, LONGEST_INVISIBLE)?;
        within("WaitTimeSeconds", receive.wait_time_seconds, 20)?;
        let wait = self.in_queue(&url, |queue| {
            let own = receive.wait_time_seconds.map(Duration::from_secs);
            own.unwrap_or_else(|| queue.seconds("ReceiveMessageWaitTimeSeconds", 0))
        })?;
        let until = Instant::now() + wait;
        let names: Vec<&String> = receive
            .attribute_names
            .iter()
            .chain(&receive.message_system_attribute_names)
            .collect();
        loop {
            let arrived = self.arrived.notified();
            let timeout = receive.visibility_timeout.map(Duration::from_secs);
            let (taken, next) = self.take(&url, most, timeout)?;
            if !taken.is_empty() {
                let asked = &receive.message_attribute_names;
                let messages = taken.iter().map(|message| delivered(message, &names, asked));
                return Ok(json!({ "Messages": messages.collect::<Vec<_>>() }));
            }
            if Instant::now() >= until {
                return Ok(json!({}));
            }
            // Until something arrives, becomes visible again, or the wait is over.
            let _ = tokio::time::timeout_at(next.map_or(until, |next| next.min(until)), arrived).await;
        }
    }

    /// Takes visible messages and makes them invisible. Says when the next message becomes visible.
    fn take(
        &self,
        url: &str,
        most: usize,
        timeout: Option<Duration>,
    ) -> Result<(Vec<Message>, Option<Instant>), ServiceError> {
        let now = Instant::now();
        let mut queues = self.queues();
        let queue = queues.get_mut(name_of(url)).ok_or_else(no_queue)?;
        let timeout = timeout.unwrap_or_else(|| queue.seconds("VisibilityTimeout", 30));
        let redrive = queue.redrive()?;
        forget_old(queue);
        let mut taken = Vec::new();
        let mut dead = Vec::new();
        for message in &mut queue.messages {
            if message.visible_from > now || taken.len() == most {
                continue;
            }
            if redrive.as_ref().is_some_and(|(_, most)| message.received >= *most) {
                dead.push(message.clone());
                continue;
            }
            message.received += 1;
            message.first_received.get_or_insert_with(SystemTime::now);
            message.visible_from = now + timeout;
            message.receipt = Some(receipt(&message.id));
            taken.push(message.clone());
        }
        queue
            .messages
            .retain(|message| dead.iter().all(|dead| dead.id != message.id));
        let next = queue.messages.iter().map(|message| message.visible_from).min();
        if let Some(target) = redrive.and_then(|(name, _)| queues.get_mut(&name)) {
            target.messages.extend(dead.into_iter().map(|message| Message {
                receipt: None,
                received: 0,
                ..message
            }));
        }
        Ok((taken, next))
    }

    /// Deletes a message by the handle of its latest delivery. To delete it twice is no error, and neither is an older
    /// handle, which deletes nothing.
    pub(super) fn delete(&self, _: &Call, input: OnQueue<DeleteMessage>) -> Result<Value, ServiceError> {
        self.in_queue(&input.target.queue_url, |queue| input.own.act(queue))??;
        Ok(Value::Null)
    }

    pub(super) fn change_visibility(
        &self,
        _: &Call,
        input: OnQueue<ChangeMessageVisibility>,
    ) -> Result<Value, ServiceError> {
        input.own.check()?;
        self.in_queue(&input.target.queue_url, |queue| input.own.act(queue))??;
        self.arrived.notify_waiters();
        Ok(Value::Null)
    }
}

impl DeleteMessage {
    pub(super) fn act(&self, queue: &mut Queue) -> Result<(), ServiceError> {
        let handle = &self.receipt_handle;
        message_of(handle)?;
        queue
            .messages
            .retain(|message| message.receipt.as_ref() != Some(handle));
        Ok(())
    }
}

impl ChangeMessageVisibility {
    /// What SQS looks at before it looks for the message.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        within("VisibilityTimeout", self.visibility_timeout, LONGEST_INVISIBLE)
    }

    pub(super) fn act(&self, queue: &mut Queue) -> Result<(), ServiceError> {
        self.check()?;
        let id = message_of(&self.receipt_handle)?;
        let now = Instant::now();
        let mut in_flight = queue.messages.iter_mut().filter(|message| message.visible_from > now);
        let found = in_flight.find(|message| message.id == id).ok_or_else(|| {
            invalid(format_args!(
                "Value {} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for \
                 visibility timeout change.",
                self.receipt_handle
            ))
        })?;
        found.visible_from = now + Duration::from_secs(self.visibility_timeout.unwrap_or_default());
        Ok(())
    }
}

/// A number of seconds that is not more than SQS takes.
pub(super) fn within(parameter: &str, seconds: Option<u64>, most: u64) -> Result<(), ServiceError> {
    match seconds {
        Some(seconds) if seconds > most => Err(invalid(format_args!(
            "Value {seconds} for parameter {parameter} is invalid. Reason: Must be >= 0 and <= {most}, if provided."
        ))),
        _ => Ok(()),
    }
}

fn forget_old(queue: &mut Queue) {
    let longest = queue.seconds("MessageRetentionPeriod", 345_600);
    queue
        .messages
        .retain(|message| message.sent.elapsed().is_ok_and(|age| age <= longest));
}

/// The handle of a delivery of a message: the message's id, and one of its own.
fn receipt(message: &str) -> String {
    STANDARD.encode(format!("{message} {}", uuid::Uuid::new_v4()))
}

/// The id of the message that a handle was given out for.
fn message_of(handle: &str) -> Result<String, ServiceError> {
    let decoded = STANDARD
        .decode(handle)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let message = decoded.and_then(|decoded| decoded.split_once(' ').map(|(message, _)| message.to_owned()));
    message.ok_or_else(|| {
        let why = format_args!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
        ServiceError::new("ReceiptHandleIsInvalid", why)
    })
}

fn delivered(message: &Message, names: &[&String], asked: &[String]) -> Value {
    let mut delivered = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": hex::encode(Md5::digest(&message.body)),
        "Body": message.body,
    });
    let wanted = |name: &str| names.iter().any(|asked| *asked == name || *asked == "All");
    let mut system = Map::new();
    for (name, value) in [
        ("SenderId", message.sender.clone()),
        ("ApproximateReceiveCount", message.received.to_string()),
        ("SentTimestamp", milliseconds(message.sent)),
        (
            "ApproximateFirstReceiveTimestamp",
            milliseconds(message.first_received.unwrap_or(message.sent)),
        ),
    ] {
        if wanted(name) {
            system.insert(name.to_owned(), value.into());
        }
    }
    for (name, value) in [("MessageGroupId", &message.group), ("AWSTraceHeader", &message.trace)] {
        if let Some(value) = value.as_deref().filter(|_| wanted(name)) {
            system.insert(name.to_owned(), value.into());
        }
    }
    if !system.is_empty() {
        delivered["Attributes"] = system.into();
    }
    let own = message.attributes.iter();
    let own = own.filter(|(name, _)| attributes::is_asked_for(name, asked));
    if let Some(digest) = attributes::digest(own.clone()) {
        delivered["MD5OfMessageAttributes"] = digest.into();
        delivered["MessageAttributes"] = own
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Map<_, _>>()
            .into();
    }
    delivered
}
