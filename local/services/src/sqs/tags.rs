//! Tags of queues.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_TagQueue.html>.

use super::queue::invalid;
use super::queues::{OnQueue, Sqs, arn, name_of};
use platform::{Call, Nothing, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many tags a queue can have.
const MOST: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TagQueue {
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UntagQueue {
    tag_keys: Vec<String>,
}

/// An action on a queue, with the tags that the request gives.
pub(super) fn giving(action: &str, arn: &str, tags: &BTreeMap<String, String>) -> Requirement {
    let tags = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    Requirement::new(format!("sqs:{action}"), arn).giving(tags)
}

pub(super) fn may_tag(
    _: &Sqs,
    platform: &Platform,
    input: &OnQueue<TagQueue>,
) -> Result<Vec<Requirement>, ServiceError> {
    let arn = arn(platform, &input.target.queue_url);
    Ok(vec![giving("TagQueue", &arn, &input.own.tags)])
}

pub(super) fn may_untag(
    _: &Sqs,
    platform: &Platform,
    input: &OnQueue<UntagQueue>,
) -> Result<Vec<Requirement>, ServiceError> {
    let untag = Requirement::new("sqs:UntagQueue", arn(platform, &input.target.queue_url));
    Ok(vec![untag.taking(&input.own.tag_keys)])
}

/// Refuses more tags than the queue `name` can have.
pub(super) fn check(name: &str, tags: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    if tags.len() > MOST {
        return Err(invalid(format_args!("Too many tags added for queue {name}.")));
    }
    Ok(())
}

impl Sqs {
    pub(super) fn tag(&self, _: &Call, input: OnQueue<TagQueue>) -> Result<Value, ServiceError> {
        let (url, given) = (&input.target.queue_url, input.own.tags);
        self.in_queue(url, |queue| {
            if given.is_empty() {
                let message = "The request must contain the parameter Tags.";
                return Err(ServiceError::new("MissingParameter", message));
            }
            let mut tags = queue.tags.clone();
            tags.extend(given);
            check(name_of(url), &tags)?;
            queue.tags = tags;
            Ok(Value::Null)
        })?
    }

    pub(super) fn untag(&self, _: &Call, input: OnQueue<UntagQueue>) -> Result<Value, ServiceError> {
        let keys = input.own.tag_keys;
        self.in_queue(&input.target.queue_url, |queue| {
            if keys.is_empty() || keys.iter().any(|key| !(1..=128).contains(&key.chars().count())) {
                return Err(invalid("Tag keys must be between 1 and 128 characters in length."));
            }
            queue.tags.retain(|key, _| !keys.contains(key));
            Ok(Value::Null)
        })?
    }

    /// A queue without tags is told without the member.
    pub(super) fn list_tags(&self, _: &Call, input: OnQueue<Nothing>) -> Result<Value, ServiceError> {
        self.in_queue(&input.target.queue_url, |queue| match queue.tags.is_empty() {
            true => json!({}),
            false => json!({ "Tags": queue.tags }),
        })
    }
}
