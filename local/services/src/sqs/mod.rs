//! SQS, as far as the chain needs it: standard queues, whose messages come back until they are deleted, or move on to
//! a dead-letter queue.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>.

mod messages;
mod queue;

use crate::by_name::ByName;
use platform::error::ServiceError;
use platform::input::{page, read, required};
use platform::principal::Principal;
use platform::{Platform, Requirement};
use queue::Queue;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// SQS in this account and region.
#[derive(Debug, Default)]
pub struct Sqs {
    queues: Mutex<BTreeMap<String, Queue>>,
    /// Woken when a message may have become visible, for those who wait for one.
    arrived: Notify,
}

impl Sqs {
    fn queues(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_queue<T>(&self, url: &str, work: impl FnOnce(&mut Queue) -> T) -> Result<T, ServiceError> {
        self.queues().get_mut(name_of(url)).map(work).ok_or_else(no_queue)
    }
}

/// The name at the end of a queue's URL.
fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn url_of(platform: &Platform, name: &str) -> String {
    format!(
        "https://sqs.{}.amazonaws.com/{}/{name}",
        platform.account.region, platform.account.id
    )
}

fn no_queue() -> ServiceError {
    ServiceError::new("QueueDoesNotExist", "The specified queue does not exist.")
}

crate::by_name::by_name!(Sqs);

#[async_trait::async_trait]
impl ByName for Sqs {
    fn signing_name(&self) -> &'static str {
        "sqs"
    }

    fn requirements(
        &self,
        platform: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let name = match operation {
            "CreateQueue" | "GetQueueUrl" => required(input, "QueueName")?,
            "ListQueues" => {
                return Ok(vec![Requirement::new(
                    "sqs:ListQueues",
                    platform.account.arn("sqs", "*"),
                )]);
            }
            "ChangeMessageVisibility"
            | "DeleteMessage"
            | "DeleteQueue"
            | "GetQueueAttributes"
            | "PurgeQueue"
            | "ReceiveMessage"
            | "SendMessage"
            | "SetQueueAttributes" => name_of(required(input, "QueueUrl")?),
            _ => return Err(ServiceError::not_in_local_run("sqs", operation)),
        };
        Ok(vec![Requirement::new(
            format!("sqs:{operation}"),
            platform.account.arn("sqs", name),
        )])
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        _caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "CreateQueue" => self.create_queue(platform, &input),
            "GetQueueUrl" => {
                let name = required(&input, "QueueName")?;
                self.in_queue(name, |_| json!({"QueueUrl": url_of(platform, name)}))
            }
            "ListQueues" => self.list_queues(platform, &input),
            "DeleteQueue" => {
                let removed = self.queues().remove(name_of(required(&input, "QueueUrl")?));
                removed.map(|_| Value::Null).ok_or_else(no_queue)
            }
            "GetQueueAttributes" => self.get_attributes(platform, &input),
            "SetQueueAttributes" => self.set_attributes(platform, &input),
            "PurgeQueue" => self.in_queue(required(&input, "QueueUrl")?, |queue| {
                queue.messages.clear();
                Value::Null
            }),
            "SendMessage" => self.send(&input),
            "ReceiveMessage" => self.receive(&input).await,
            "DeleteMessage" => self.delete(&input),
            "ChangeMessageVisibility" => self.change_visibility(&input),
            _ => Err(ServiceError::not_in_local_run("sqs", operation)),
        }
    }
}

impl Sqs {
    fn create_queue(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct CreateQueue {
            queue_name: String,
            #[serde(default)]
            attributes: BTreeMap<String, String>,
            #[serde(rename = "tags", default)]
            _tags: Map<String, Value>,
        }
        let create: CreateQueue = read(input)?;
        let name = create.queue_name;
        let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        if name.ends_with(".fifo") || create.attributes.contains_key("FifoQueue") {
            return Err(ServiceError::new("NotInLocalRun", "the local run has no FIFO queues").with_status(501));
        }
        if !(1..=80).contains(&name.len()) || !name.chars().all(plain) {
            return Err(ServiceError::new(
                "InvalidParameterValue",
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            ));
        }
        let queue = Queue::new(create.attributes)?;
        let existing = self.queues().get(&name).map(|existing| existing.attributes.clone());
        match existing {
            // The same queue again is no error.
            Some(existing) if existing == queue.attributes => {}
            Some(_) => {
                return Err(ServiceError::new(
                    "QueueNameExists",
                    "A queue already exists with the same name and a different value for an attribute",
                ));
            }
            None => {
                self.keep_policy(platform, &name, &queue)?;
                self.queues().insert(name.clone(), queue);
            }
        }
        Ok(json!({"QueueUrl": url_of(platform, &name)}))
    }

    fn list_queues(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct ListQueues {
            #[serde(default)]
            queue_name_prefix: String,
            max_results: Option<usize>,
            next_token: Option<String>,
        }
        let list: ListQueues = read(input)?;
        let queues = self.queues();
        let names = queues.keys().filter(|name| name.starts_with(&list.queue_name_prefix));
        let size = list.max_results.unwrap_or(1000);
        let page = page(names, size, list.next_token.as_deref(), "InvalidParameterValue")?;
        let urls: Vec<String> = page.items.into_iter().map(|name| url_of(platform, name)).collect();
        let mut answer = json!({ "QueueUrls": urls });
        if let Some(token) = page.next_token {
            answer["NextToken"] = token.into();
        }
        Ok(answer)
    }

    fn get_attributes(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct GetQueueAttributes {
            queue_url: String,
            #[serde(default)]
            attribute_names: Vec<String>,
        }
        let get: GetQueueAttributes = read(input)?;
        let arn = platform.account.arn("sqs", name_of(&get.queue_url));
        let all = self.in_queue(&get.queue_url, |queue| queue.described(&arn))?;
        let wanted = |name: &String| get.attribute_names.iter().any(|asked| asked == "All" || asked == name);
        let attributes: Map<String, Value> = all.into_iter().filter(|(name, _)| wanted(name)).collect();
        Ok(json!({ "Attributes": attributes }))
    }

    fn set_attributes(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct SetQueueAttributes {
            queue_url: String,
            attributes: BTreeMap<String, String>,
        }
        let set: SetQueueAttributes = read(input)?;
        let name = name_of(&set.queue_url);
        let mut attributes = self.in_queue(name, |queue| queue.attributes.clone())?;
        attributes.extend(set.attributes);
        let changed = Queue::new(attributes)?;
        self.keep_policy(platform, name, &changed)?;
        self.in_queue(name, |queue| {
            queue.attributes = changed.attributes;
            Value::Null
        })
    }

    fn keep_policy(&self, platform: &Platform, name: &str, queue: &Queue) -> Result<(), ServiceError> {
        match queue.attributes.get("Policy").filter(|policy| !policy.is_empty()) {
            None => Ok(()),
            Some(policy) => {
                let invalid = |why: &dyn std::fmt::Display| {
                    ServiceError::new(
                        "InvalidAttributeValue",
                        format_args!("Invalid value for the parameter Policy: {why}"),
                    )
                };
                let document = serde_json::from_str(policy).map_err(|error| invalid(&error))?;
                let arn = platform.account.arn("sqs", name);
                platform
                    .iam
                    .put_resource_policy(&arn, &document)
                    .map_err(|error| invalid(&error.message))
            }
        }
    }
}
