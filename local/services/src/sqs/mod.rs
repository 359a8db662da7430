//! SQS: standard queues. A message comes back until it is deleted, or moves to a dead-letter queue.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>.

mod attributes;
mod batches;
mod messages;
mod queue;
mod queues;
mod sending;
mod tags;
#[cfg(test)]
mod tests;
mod wall_clock;

use messages::ReceiveMessage;
use platform::input::{Page, page};
use platform::{Call, Nothing, Operation, Operations, Platform, Requirement, Served, ServiceError};
use queue::{Queue, invalid, unknown_attribute};
pub use queues::Sqs;
use queues::{OnQueue, arn, name_of, no_queue, url_of};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateQueue {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(rename = "tags", default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueUrl {
    queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListQueues {
    #[serde(default)]
    queue_name_prefix: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListDeadLetterSourceQueues {
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueAttributes {
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetQueueAttributes {
    attributes: BTreeMap<String, String>,
}

impl Served for Sqs {
    const SIGNING_NAME: &'static str = "sqs";

    /// A queue's URL says its region. One of the gateway's own says none.
    fn is_here(&self, platform: &Platform, _operation: &str, input: &Value) -> Result<(), ServiceError> {
        let url = input["QueueUrl"].as_str().unwrap_or_default();
        let region = url.strip_prefix("https://sqs.").and_then(|rest| rest.split('.').next());
        match region {
            Some(region) if region != platform.account.region => Err(no_queue()),
            _ => Ok(()),
        }
    }

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Sqs>> = LazyLock::new(|| {
            Operations::new([
                on_queue("ChangeMessageVisibility", Sqs::change_visibility),
                as_one(
                    "ChangeMessageVisibilityBatch",
                    "ChangeMessageVisibility",
                    Sqs::change_visibility_batch,
                ),
                Operation::new("CreateQueue", CreateQueue::requirements, Sqs::create_queue),
                on_queue("DeleteMessage", Sqs::delete),
                as_one("DeleteMessageBatch", "DeleteMessage", Sqs::delete_batch),
                on_queue("DeleteQueue", Sqs::delete_queue),
                on_queue("GetQueueAttributes", Sqs::get_attributes),
                Operation::on(
                    "GetQueueUrl",
                    |platform, input: &GetQueueUrl| arn(platform, &input.queue_name),
                    Sqs::get_queue_url,
                ),
                on_queue("ListDeadLetterSourceQueues", Sqs::list_sources),
                Operation::on(
                    "ListQueues",
                    |platform, _: &ListQueues| arn(platform, "*"),
                    Sqs::list_queues,
                ),
                on_queue("ListQueueTags", Sqs::list_tags),
                on_queue("PurgeQueue", Sqs::purge),
                Operation::waiting(
                    "ReceiveMessage",
                    |_, platform, input: &OnQueue<ReceiveMessage>| {
                        let arn = arn(platform, &input.target.queue_url);
                        Ok(vec![Requirement::new("sqs:ReceiveMessage", arn)])
                    },
                    Sqs::receive,
                ),
                on_queue("SendMessage", Sqs::send),
                as_one("SendMessageBatch", "SendMessage", Sqs::send_batch),
                on_queue("SetQueueAttributes", Sqs::set_attributes),
                Operation::new("TagQueue", tags::may_tag, Sqs::tag),
                Operation::new("UntagQueue", tags::may_untag, Sqs::untag),
            ])
        });
        &TABLE
    }
}

/// A row of an operation on a queue.
fn on_queue<I: DeserializeOwned + Send + 'static>(
    operation: &'static str,
    does: fn(&Sqs, &Call, OnQueue<I>) -> Result<Value, ServiceError>,
) -> Operation<Sqs> {
    Operation::on(
        operation,
        |platform, input: &OnQueue<I>| arn(platform, &input.target.queue_url),
        does,
    )
}

/// A row of a batch, which needs the action of the operation for one message.
fn as_one<I: DeserializeOwned + Send + 'static>(
    operation: &'static str,
    one: &'static str,
    does: fn(&Sqs, &Call, OnQueue<I>) -> Result<Value, ServiceError>,
) -> Operation<Sqs> {
    let requires = move |_: &Sqs, platform: &Platform, input: &OnQueue<I>| {
        let arn = arn(platform, &input.target.queue_url);
        Ok(vec![Requirement::new(format!("sqs:{one}"), arn)])
    };
    Operation::new(operation, requires, does)
}

impl CreateQueue {
    fn requirements(_: &Sqs, platform: &Platform, it: &Self) -> Result<Vec<Requirement>, ServiceError> {
        let arn = arn(platform, &it.queue_name);
        let tags = (!it.tags.is_empty()).then(|| tags::giving("TagQueue", &arn, &it.tags));
        let create = tags::giving("CreateQueue", &arn, &it.tags);
        Ok([create].into_iter().chain(tags).collect())
    }
}

impl Sqs {
    fn create_queue(&self, call: &Call, input: CreateQueue) -> Result<Value, ServiceError> {
        let name = input.queue_name;
        let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        if name.ends_with(".fifo") || input.attributes.contains_key("FifoQueue") {
            return Err(ServiceError::new("NotInLocalRun", "the local run has no FIFO queues").with_status(501));
        }
        if !(1..=80).contains(&name.len()) || !name.chars().all(plain) {
            return Err(invalid(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            ));
        }
        let mut queue = Queue::new(input.attributes)?;
        self.check_redrive(&queue)?;
        tags::check(&name, &input.tags)?;
        queue.tags = input.tags;
        let arn = arn(&call.platform, &name);
        let existing = self.queues().get(&name).map(|existing| existing.described(&arn));
        match existing {
            // The same queue again is no error, and neither is one of which less is said.
            Some(existing) => {
                let mut given = queue.attributes.iter();
                if let Some((differs, _)) =
                    given.find(|(name, value)| existing.get(*name).and_then(Value::as_str) != Some(value))
                {
                    let message = format_args!(
                        "A queue already exists with the same name and a different value for attribute {differs}"
                    );
                    return Err(ServiceError::new("QueueNameExists", message));
                }
            }
            None => {
                self.keep_policy(&call.platform, &name, &queue)?;
                self.queues().insert(name.clone(), queue);
            }
        }
        Ok(json!({"QueueUrl": url_of(&call.platform, &name)}))
    }

    fn get_queue_url(&self, call: &Call, input: GetQueueUrl) -> Result<Value, ServiceError> {
        let name = input.queue_name;
        self.in_queue(&name, |_| json!({"QueueUrl": url_of(&call.platform, &name)}))
    }

    fn list_queues(&self, call: &Call, input: ListQueues) -> Result<Value, ServiceError> {
        let queues = self.queues();
        let names = queues.keys().filter(|name| name.starts_with(&input.queue_name_prefix));
        let page = page_of(names, input.max_results, input.next_token.as_deref())?;
        Ok(page.answer("QueueUrls", "NextToken", |name| url_of(&call.platform, name).into()))
    }

    /// The queues whose messages move to this one.
    fn list_sources(&self, call: &Call, input: OnQueue<ListDeadLetterSourceQueues>) -> Result<Value, ServiceError> {
        let (dead, asked) = (name_of(&input.target.queue_url), input.own);
        let queues = self.queues();
        if !queues.contains_key(dead) {
            return Err(no_queue());
        }
        let mut sources = Vec::new();
        for (name, queue) in queues.iter() {
            if queue.redrive()?.is_some_and(|(target, _)| target == dead) {
                sources.push(name);
            }
        }
        let page = page_of(sources, asked.max_results, asked.next_token.as_deref())?;
        // The list has a small letter, unlike that of ListQueues.
        Ok(page.answer("queueUrls", "NextToken", |name| url_of(&call.platform, name).into()))
    }

    fn delete_queue(&self, call: &Call, input: OnQueue<Nothing>) -> Result<Value, ServiceError> {
        let queue = arn(&call.platform, &input.target.queue_url);
        call.platform.iam.delete_resource_policy(&queue);
        let removed = self.queues().remove(name_of(&input.target.queue_url));
        removed.map(|_| Value::Null).ok_or_else(no_queue)
    }

    fn purge(&self, _: &Call, input: OnQueue<Nothing>) -> Result<Value, ServiceError> {
        self.in_queue(&input.target.queue_url, |queue| queue.messages.clear())?;
        Ok(Value::Null)
    }

    fn get_attributes(&self, call: &Call, input: OnQueue<GetQueueAttributes>) -> Result<Value, ServiceError> {
        let url = &input.target.queue_url;
        let all = self.in_queue(url, |queue| queue.described(&arn(&call.platform, url)))?;
        let asked = input.own.attribute_names;
        if let Some(unknown) = asked.iter().find(|name| *name != "All" && !Queue::has_attribute(name)) {
            return Err(unknown_attribute(unknown));
        }
        let wanted = |name: &String| asked.iter().any(|asked| asked == "All" || asked == name);
        let attributes: Map<String, Value> = all.into_iter().filter(|(name, _)| wanted(name)).collect();
        // Who asks for none, or for what is not set, is told of none.
        Ok(match attributes.is_empty() {
            true => json!({}),
            false => json!({ "Attributes": attributes }),
        })
    }

    fn set_attributes(&self, call: &Call, input: OnQueue<SetQueueAttributes>) -> Result<Value, ServiceError> {
        let name = name_of(&input.target.queue_url);
        let mut attributes = self.in_queue(name, |queue| queue.attributes.clone())?;
        attributes.extend(input.own.attributes);
        let changed = Queue::new(attributes)?;
        self.check_redrive(&changed)?;
        self.keep_policy(&call.platform, name, &changed)?;
        self.in_queue(name, |queue| {
            queue.attributes = changed.attributes;
            queue.modified = changed.modified;
        })?;
        Ok(Value::Null)
    }

    /// Messages can only move to a queue that there is.
    fn check_redrive(&self, queue: &Queue) -> Result<(), ServiceError> {
        match queue.redrive()? {
            Some((target, _)) if !self.queues().contains_key(&target) => Err(invalid(format_args!(
                "Value {} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
                queue.attributes.get("RedrivePolicy").map_or("", String::as_str)
            ))),
            _ => Ok(()),
        }
    }

    fn keep_policy(&self, platform: &Platform, name: &str, queue: &Queue) -> Result<(), ServiceError> {
        let policy = match queue.attributes.get("Policy") {
            None => {
                platform.iam.delete_resource_policy(&arn(platform, name));
                return Ok(());
            }
            Some(policy) => policy,
        };
        let invalid = |why: String| {
            let message = format!("Invalid value for the parameter Policy: {why}");
            ServiceError::new("InvalidAttributeValue", message)
        };
        let document = serde_json::from_str(policy).map_err(|error| invalid(error.to_string()))?;
        let kept = platform.iam.put_resource_policy(&arn(platform, name), &document);
        kept.map_err(|error| invalid(error.message))
    }
}

/// A page of a list of queues. Only who asks for pages is told of the next one.
fn page_of<T>(
    items: impl IntoIterator<Item = T>,
    size: Option<usize>,
    token: Option<&str>,
) -> Result<Page<T>, ServiceError> {
    if !size.is_none_or(|size| (1..=1000).contains(&size)) {
        return Err(invalid(
            "Value for parameter MaxResults is invalid. Reason: Must be between 1 and 1000, if provided.",
        ));
    }
    let mut page = page(items, size.unwrap_or(1000), token, "InvalidParameterValue")?;
    page.next_token = page.next_token.filter(|_| size.is_some());
    Ok(page)
}
