//! Sending messages: what can be one, and what is answered of it.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.

use super::attributes;
use super::messages::within;
use super::queue::{Message, Queue, invalid};
use super::queues::{OnQueue, Sqs};
use md5::{Digest as _, Md5};
use platform::{Call, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// The one attribute that a message can have of the system's.
const TRACE: &str = "AWSTraceHeader";

/// A message, alone or in a batch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SendMessage {
    message_body: String,
    delay_seconds: Option<u64>,
    #[serde(default)]
    message_attributes: Map<String, Value>,
    #[serde(default)]
    message_system_attributes: Map<String, Value>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

impl Sqs {
    pub(super) fn send(&self, call: &Call, input: OnQueue<SendMessage>) -> Result<Value, ServiceError> {
        let send = input.own;
        send.check()?;
        let answer = self.in_queue(&input.target.queue_url, |queue| {
            if send.bytes() > queue.longest_message() {
                return Err(too_long("are invalid", queue));
            }
            Ok(send.put(queue, call))
        })??;
        self.arrived.notify_waiters();
        Ok(answer)
    }
}

/// What SQS says of a message that is too long for its queue.
pub(super) fn too_long(are: &str, queue: &Queue) -> ServiceError {
    let most = queue.longest_message();
    invalid(format_args!(
        "One or more parameters {are}. Reason: Message must be shorter than {most} bytes."
    ))
}

impl SendMessage {
    /// Refuses what is no message, in any queue.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        within("DelaySeconds", self.delay_seconds, 900)?;
        attributes::check(&self.message_attributes)?;
        if let Some(id) = &self.message_group_id {
            check_id("MessageGroupId", id)?;
        }
        if let Some(id) = &self.message_deduplication_id {
            check_id("MessageDeduplicationId", id)?;
            return Err(invalid(format_args!(
                "Value {id} for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is \
                 not valid for this queue type."
            )));
        }
        attributes::check(&self.message_system_attributes)?;
        for (name, attribute) in &self.message_system_attributes {
            if name != TRACE || attribute["DataType"] != "String" {
                return Err(invalid(format_args!(
                    "Message system attribute name '{name}' is invalid. The only one is {TRACE}, and its type is String."
                )));
            }
        }
        if self.message_body.is_empty() {
            let message = "The request must contain the parameter MessageBody.";
            return Err(ServiceError::new("MissingParameter", message));
        }
        Ok(())
    }

    /// How long it is: its attributes count, with their names and types. The system's do not.
    pub(super) fn bytes(&self) -> usize {
        self.message_body.len() + attributes::bytes(&self.message_attributes)
    }

    /// Puts it into the queue, and says what is answered of it.
    pub(super) fn put(self, queue: &mut Queue, call: &Call) -> Value {
        let id = uuid::Uuid::new_v4().to_string();
        let mut answer = json!({
            "MessageId": id,
            "MD5OfMessageBody": hex::encode(Md5::digest(&self.message_body)),
        });
        for (member, given) in [
            ("MD5OfMessageAttributes", &self.message_attributes),
            ("MD5OfMessageSystemAttributes", &self.message_system_attributes),
        ] {
            if let Some(digest) = attributes::digest(given.iter()) {
                answer[member] = digest.into();
            }
        }
        let own = self.delay_seconds.map(Duration::from_secs);
        let delay = own.unwrap_or_else(|| queue.seconds("DelaySeconds", 0));
        let trace = self.message_system_attributes.get(TRACE);
        queue.messages.push(Message {
            id,
            body: self.message_body,
            attributes: self.message_attributes,
            group: self.message_group_id,
            trace: trace.and_then(|trace| trace["StringValue"].as_str().map(str::to_owned)),
            sender: call.platform.iam.user_id(&call.caller),
            sent: SystemTime::now(),
            first_received: None,
            received: 0,
            visible_from: Instant::now() + delay,
            receipt: None,
        });
        answer
    }
}

fn check_id(parameter: &str, id: &str) -> Result<(), ServiceError> {
    if (1..=128).contains(&id.len()) && id.chars().all(|character| character.is_ascii_graphic()) {
        return Ok(());
    }
    Err(invalid(format_args!(
        "Value {id} for parameter {parameter} is invalid. Reason: {parameter} can only include alphanumeric and punctuation \
         characters. 1 to 128 in length."
    )))
}
