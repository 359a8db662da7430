//! Tags of topics.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/api/API_TagResource.html>.

use super::topic::{Topic, check_count, tags_of};
use super::topics::Sns;
use crate::tags::Tag;
use platform::{Call, ErrorKind, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// The input of ListTagsForResource.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfResource {
    pub(super) resource_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) fn may_tag(_: &Sns, _: &Platform, input: &TagResource) -> Result<Vec<Requirement>, ServiceError> {
    let tag = Requirement::new("sns:TagResource", &input.resource_arn);
    Ok(vec![tag.giving(&input.tags)])
}

pub(super) fn may_untag(_: &Sns, _: &Platform, input: &UntagResource) -> Result<Vec<Requirement>, ServiceError> {
    let untag = Requirement::new("sns:UntagResource", &input.resource_arn);
    Ok(vec![untag.taking(&input.tag_keys)])
}

impl Sns {
    pub(super) fn tag(&self, _: &Call, input: TagResource) -> Result<Value, ServiceError> {
        let given = tags_of(input.tags)?;
        self.tagged(&input.resource_arn, |topic| {
            let mut tags = topic.tags.clone();
            tags.extend(given);
            check_count(&tags)?;
            topic.tags = tags;
            Ok(json!({}))
        })
    }

    pub(super) fn untag(&self, _: &Call, input: UntagResource) -> Result<Value, ServiceError> {
        self.tagged(&input.resource_arn, |topic| {
            topic.tags.retain(|key, _| !input.tag_keys.contains(key));
            Ok(json!({}))
        })
    }

    pub(super) fn list_tags(&self, _: &Call, input: OfResource) -> Result<Value, ServiceError> {
        self.tagged(&input.resource_arn, |topic| {
            let tags = topic
                .tags
                .iter()
                .map(|(key, value)| json!({"Key": key, "Value": value}));
            Ok(json!({"Tags": tags.collect::<Vec<_>>()}))
        })
    }

    fn tagged(
        &self,
        arn: &str,
        act: impl FnOnce(&mut Topic) -> Result<Value, ServiceError>,
    ) -> Result<Value, ServiceError> {
        let mut topics = self.topics();
        topics.get_mut(arn).map(act).unwrap_or_else(|| {
            let error = ServiceError::new("ResourceNotFound", "Resource does not exist");
            Err(error.with_status(404).of_kind(ErrorKind::NotFound))
        })
    }
}
