//! The queues of the account.

use super::queue::Queue;
use platform::input::{On, Target};
use platform::store::{Held, Rows, Store, StoreError};
use platform::{Platform, ServiceError};
use serde::Deserialize;
use tokio::sync::Notify;

/// SQS in this account and region.
#[derive(Debug, Default)]
pub struct Sqs {
    pub(super) queues: Rows<Queue>,
    /// Wakes those who wait for a message, when one may have become visible.
    pub(super) arrived: Notify,
}

/// The queue that an operation is on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InQueue {
    pub(super) queue_url: String,
}

impl Target for InQueue {
    const MEMBERS: &'static [&'static str] = &["QueueUrl"];
}

pub(super) type OnQueue<I> = On<InQueue, I>;

/// The name at the end of a queue's URL.
pub(super) fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

/// The ARN of a queue, given by its URL or its name.
pub(super) fn arn(platform: &Platform, queue: &str) -> String {
    platform.account.arn("sqs", name_of(queue))
}

pub(super) fn url_of(platform: &Platform, name: &str) -> String {
    format!(
        "https://sqs.{}.amazonaws.com/{}/{name}",
        platform.account.region, platform.account.id
    )
}

pub(super) fn no_queue() -> ServiceError {
    ServiceError::new("QueueDoesNotExist", "The specified queue does not exist.")
}

impl Sqs {
    /// SQS with what this store keeps of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            queues: Rows::open(store, "sqs/queues")?,
            arrived: Notify::new(),
        })
    }

    pub(super) fn queues(&self) -> Held<'_, Queue> {
        self.queues.lock()
    }

    pub(super) fn in_queue<T>(&self, url: &str, work: impl FnOnce(&mut Queue) -> T) -> Result<T, ServiceError> {
        self.queues().get_mut(name_of(url)).map(work).ok_or_else(no_queue)
    }
}
