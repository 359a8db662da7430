//! Tags of rules.
//!
//! Follows <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TagResource.html>.

use super::EventBridge;
use super::rules::{Rule, not_found};
use crate::tags::Tag;
use platform::{Call, ErrorKind, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfResource {
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TagResource {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    #[serde(rename = "Tags")]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UntagResource {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    #[serde(rename = "TagKeys")]
    keys: Vec<String>,
}

pub(super) fn may_tag(_: &EventBridge, _: &Platform, input: &TagResource) -> Result<Vec<Requirement>, ServiceError> {
    let tag = Requirement::new("events:TagResource", &input.resource_arn);
    Ok(vec![tag.giving(&input.tags)])
}

pub(super) fn may_untag(
    _: &EventBridge,
    _: &Platform,
    input: &UntagResource,
) -> Result<Vec<Requirement>, ServiceError> {
    let untag = Requirement::new("events:UntagResource", &input.resource_arn);
    Ok(vec![untag.taking(&input.keys)])
}

impl EventBridge {
    pub(super) fn tag(&self, _: &Call, input: TagResource) -> Result<Value, ServiceError> {
        self.tagged(&input.resource_arn, |rule| {
            rule.tags.extend(input.tags.into_iter().map(|tag| (tag.key, tag.value)));
            json!({})
        })
    }

    pub(super) fn untag(&self, _: &Call, input: UntagResource) -> Result<Value, ServiceError> {
        self.tagged(&input.resource_arn, |rule| {
            rule.tags.retain(|key, _| !input.keys.contains(key));
            json!({})
        })
    }

    pub(super) fn list_tags(&self, _: &Call, input: OfResource) -> Result<Value, ServiceError> {
        self.tagged(&input.resource_arn, |rule| {
            let tags = rule.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
            json!({ "Tags": tags.collect::<Vec<_>>() })
        })
    }

    /// Finds the rule that an ARN names. Of what else has tags on AWS, nothing is here.
    fn tagged(&self, arn: &str, act: impl FnOnce(&mut Rule) -> Value) -> Result<Value, ServiceError> {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
        match resource.split_once('/') {
            Some(("rule", name)) => {
                let mut rules = self.lock();
                let found = rules.get_mut(name).filter(|rule| rule.arn == arn);
                found.map(act).ok_or_else(|| not_found(name))
            }
            Some(("event-bus", name)) if name != "default" => {
                let message = format_args!("Event bus {name} does not exist.");
                Err(ServiceError::new("ResourceNotFoundException", message).of_kind(ErrorKind::NotFound))
            }
            _ => {
                let message = format_args!("the local run has tags of rules only, not of `{arn}`");
                Err(ServiceError::new("NotInLocalRun", message).with_status(501))
            }
        }
    }
}
