//! Up to ten messages in one call: each succeeds or fails by itself.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.

use super::messages::{ChangeMessageVisibility, DeleteMessage};
use super::queue::Queue;
use super::queues::{OnQueue, Sqs};
use super::sending::{SendMessage, too_long};
use platform::input::{On, Target};
use platform::{Call, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many entries a batch can have.
const MOST: usize = 10;
/// How many bytes the messages of a batch can have together, whatever the queue says of one.
const MOST_BYTES: usize = 1 << 20;

/// The name of an entry within its batch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    id: String,
}

impl Target for Named {
    const MEMBERS: &'static [&'static str] = &["Id"];
}

/// A batch of entries that are each the input of the operation for one message.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[serde(bound = "I: serde::de::DeserializeOwned")]
pub(super) struct Batch<I> {
    entries: Vec<On<Named, I>>,
}

impl<I> Batch<I> {
    /// Refuses the batch as a whole; `entry` is what AWS calls one of its entries.
    fn check(&self, entry: &str) -> Result<(), ServiceError> {
        let refused = |code: &str, message: String| Err(ServiceError::new(code, message));
        let count = self.entries.len();
        if count == 0 {
            let message = format!("There should be at least one {entry} in the request.");
            return refused("EmptyBatchRequest", message);
        }
        if count > MOST {
            let message = format!("Maximum number of entries per request are {MOST}. You have sent {count}.");
            return refused("TooManyEntriesInBatchRequest", message);
        }
        let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        let mut known = BTreeSet::new();
        for id in self.entries.iter().map(|entry| &entry.target.id) {
            if !(1..=80).contains(&id.len()) || !id.chars().all(plain) {
                let message = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be \
                               at most 80 letters long.";
                return refused("InvalidBatchEntryId", message.to_owned());
            }
            if !known.insert(id) {
                return refused("BatchEntryIdsNotDistinct", format!("Id {id} repeated."));
            }
        }
        Ok(())
    }

    /// What each entry comes to. Lists without members are left out.
    fn each(self, queue: &mut Queue, mut act: impl FnMut(I, &mut Queue) -> Result<Value, ServiceError>) -> Value {
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for On { target, own } in self.entries {
            match act(own, queue) {
                Ok(mut answer) => {
                    answer["Id"] = target.id.into();
                    successful.push(answer);
                }
                Err(error) => failed.push(json!({
                    "Id": target.id,
                    "Code": error.code,
                    "Message": error.message,
                    "SenderFault": error.status < 500,
                })),
            }
        }
        let mut answer = json!({});
        for (member, list) in [("Successful", successful), ("Failed", failed)] {
            if !list.is_empty() {
                answer[member] = list.into();
            }
        }
        answer
    }
}

impl Sqs {
    pub(super) fn send_batch(&self, call: &Call, input: OnQueue<Batch<SendMessage>>) -> Result<Value, ServiceError> {
        let (url, batch) = (&input.target.queue_url, input.own);
        // The queue comes first.
        self.in_queue(url, |_| ())?;
        batch.check("SendMessageBatchRequestEntry")?;
        let bytes: usize = batch.entries.iter().map(|entry| entry.own.bytes()).sum();
        if bytes > MOST_BYTES {
            let message =
                format_args!("Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {bytes} bytes.");
            return Err(ServiceError::new("BatchRequestTooLong", message));
        }
        let answer = self.in_queue(url, |queue| {
            batch.each(queue, |send, queue| {
                send.check()?;
                if send.bytes() > queue.longest_message() {
                    return Err(too_long("cannot be validated", queue));
                }
                Ok(send.put(queue, call))
            })
        })?;
        self.arrived.notify_waiters();
        Ok(answer)
    }

    pub(super) fn delete_batch(&self, _: &Call, input: OnQueue<Batch<DeleteMessage>>) -> Result<Value, ServiceError> {
        let batch = input.own;
        self.in_queue(&input.target.queue_url, |queue| {
            batch.check("DeleteMessageBatchRequestEntry")?;
            Ok(batch.each(queue, |delete, queue| delete.act(queue).map(|()| json!({}))))
        })?
    }

    pub(super) fn change_visibility_batch(
        &self,
        _: &Call,
        input: OnQueue<Batch<ChangeMessageVisibility>>,
    ) -> Result<Value, ServiceError> {
        let batch = input.own;
        let answer = self.in_queue(&input.target.queue_url, |queue| {
            batch.check("ChangeMessageVisibilityBatchRequestEntry")?;
            Ok(batch.each(queue, |change, queue| change.act(queue).map(|()| json!({}))))
        })?;
        self.arrived.notify_waiters();
        answer
    }
}
