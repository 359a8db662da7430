//! The topics of the account, and the operations on them.

use super::topic::{Topic, check_attribute, invalid, is_attribute, tags_of};
use crate::tags::Tag;
use platform::input::{On, Target, page};
use platform::store::{Held, Rows, Store, StoreError};
use platform::{Call, Nothing, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many topics or subscriptions are on a page.
pub(super) const PAGE: usize = 100;

/// SNS in this account and region.
#[derive(Debug, Default)]
pub struct Sns {
    /// By their ARNs.
    topics: Rows<Topic>,
}

/// The topic that an operation is on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InTopic {
    pub(super) topic_arn: String,
}

impl Target for InTopic {
    const MEMBERS: &'static [&'static str] = &["TopicArn"];
}

pub(super) type OnTopic<I> = On<InTopic, I>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateTopic {
    name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Paged {
    pub(super) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SetAttribute {
    attribute_name: String,
    #[serde(default)]
    attribute_value: String,
}

pub(super) fn may_create(_: &Sns, platform: &Platform, input: &CreateTopic) -> Result<Vec<Requirement>, ServiceError> {
    let name = input.name.as_str();
    if name.ends_with(".fifo") || input.attributes.contains_key("FifoTopic") {
        return Err(ServiceError::new("NotInLocalRun", "the local run has no FIFO topics").with_status(501));
    }
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    if !(1..=256).contains(&name.len()) || !name.chars().all(plain) {
        return Err(invalid("Topic Name"));
    }
    let arn = platform.account.arn("sns", name);
    let create = Requirement::new("sns:CreateTopic", &arn).giving(&input.tags);
    let tags = Requirement::new("sns:TagResource", &arn).giving(&input.tags);
    Ok([create]
        .into_iter()
        .chain((!input.tags.is_empty()).then_some(tags))
        .collect())
}

impl Sns {
    /// SNS with what this store keeps of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let topics = Rows::open(store, "sns/topics")?;
        Ok(Self { topics })
    }

    pub(super) fn topics(&self) -> Held<'_, Topic> {
        self.topics.lock()
    }

    pub(super) fn in_topic<T>(
        &self,
        arn: &str,
        work: impl FnOnce(&mut Topic) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let mut topics = self.topics();
        match topics.get_mut(arn) {
            Some(topic) => work(topic),
            None => Err(no_topic("TopicArn", arn)),
        }
    }

    /// The same topic again is no error, if it is to be as it is.
    pub(super) fn create_topic(&self, call: &Call, input: CreateTopic) -> Result<Value, ServiceError> {
        let platform = &call.platform;
        for (name, value) in &input.attributes {
            check_attribute(name, value)?;
        }
        let arn = platform.account.arn("sns", &input.name);
        let tags = tags_of(input.tags)?;
        let owner = &platform.account.id;
        let existing = self
            .topics()
            .get(&arn)
            .map(|topic| (topic.described(&arn, owner), topic.tags.clone()));
        // Less than it has may be said of it.
        let differs = |given: &BTreeMap<String, String>, existing: &BTreeMap<String, String>| {
            given.iter().any(|(name, value)| existing.get(name) != Some(value))
        };
        match existing {
            Some((attributes, _)) if differs(&input.attributes, &attributes) => {
                return Err(invalid(
                    "Attributes Reason: Topic already exists with different attributes",
                ));
            }
            Some((_, existing)) if differs(&tags, &existing) => {
                return Err(invalid("Tags Reason: Topic already exists with different tags"));
            }
            Some(_) => {}
            None => {
                keep_policy(platform, &arn, input.attributes.get("Policy"))?;
                let topic = Topic {
                    attributes: input.attributes,
                    tags,
                    ..Topic::default()
                };
                self.topics().insert(arn.clone(), topic);
            }
        }
        Ok(json!({"TopicArn": arn}))
    }

    /// What is not there is deleted too.
    pub(super) fn delete_topic(&self, call: &Call, input: OnTopic<Nothing>) -> Result<Value, ServiceError> {
        let arn = &input.target.topic_arn;
        self.topics().remove(arn);
        call.platform.iam.delete_resource_policy(arn);
        Ok(json!({}))
    }

    pub(super) fn list_topics(&self, _: &Call, input: Paged) -> Result<Value, ServiceError> {
        let topics = self.topics();
        let page = page(topics.keys(), PAGE, input.next_token.as_deref(), "InvalidParameter")?;
        Ok(page.answer("Topics", "NextToken", |arn| json!({"TopicArn": arn})))
    }

    pub(super) fn get_attributes(&self, call: &Call, input: OnTopic<Nothing>) -> Result<Value, ServiceError> {
        let arn = &input.target.topic_arn;
        let owner = &call.platform.account.id;
        self.in_topic(arn, |topic| Ok(json!({"Attributes": topic.described(arn, owner)})))
    }

    pub(super) fn set_attribute(&self, call: &Call, input: OnTopic<SetAttribute>) -> Result<Value, ServiceError> {
        let (arn, name, value) = (
            &input.target.topic_arn,
            input.own.attribute_name,
            input.own.attribute_value,
        );
        self.in_topic(arn, |_| Ok(()))?;
        if !is_attribute(&name) {
            return Err(invalid("AttributeName"));
        }
        check_attribute(&name, &value)?;
        if name == "Policy" {
            keep_policy(&call.platform, arn, Some(&value))?;
        }
        self.in_topic(arn, |topic| {
            topic.attributes.insert(name, value);
            Ok(json!({}))
        })
    }
}

/// Why there is no topic under an ARN.
fn no_topic(member: &str, arn: &str) -> ServiceError {
    let count = arn.split(':').count();
    if count < 6 {
        return invalid(format_args!(
            "{member} Reason: An ARN must have at least 6 elements, not {count}"
        ));
    }
    if arn.split(':').nth(2) != Some("sns") {
        return invalid(member);
    }
    ServiceError::new("NotFound", "Topic does not exist").with_status(404)
}

fn keep_policy(platform: &Platform, arn: &str, policy: Option<&String>) -> Result<(), ServiceError> {
    let Some(policy) = policy.filter(|policy| !policy.is_empty()) else {
        return Ok(());
    };
    let document = serde_json::from_str(policy).map_err(|_| invalid("Policy Error: null"))?;
    let kept = platform.iam.put_resource_policy(arn, &document);
    kept.map_err(|error| invalid(format_args!("Policy statement: {}", error.message)))
}
