//! The operations on the tags of pipelines.

use super::pipeline::{CodePipeline, lock};
use super::tags::check;
use crate::tags::{SmallTag, merged};
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TagResource {
    resource_arn: String,
    tags: Vec<SmallTag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

/// All tags come at once: AWS reads neither of the members that would ask for pages.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OfResource {
    resource_arn: String,
    #[serde(rename = "nextToken")]
    _next_token: Option<String>,
    #[serde(rename = "maxResults")]
    _max_results: Option<u32>,
}

/// The pipeline that an ARN names.
fn name<'a>(platform: &Platform, arn: &'a str) -> Result<&'a str, ServiceError> {
    let here = platform.account.arn("codepipeline", "");
    let name = arn.strip_prefix(&here).filter(|name| !name.is_empty());
    name.ok_or_else(|| ServiceError::new("InvalidArnException", format_args!("Invalid ARN: {arn}")))
}

fn missing(platform: &Platform, name: &str) -> ServiceError {
    ServiceError::new(
        "ResourceNotFoundException",
        format_args!(
            "The account with id '{}' does not include a pipeline with the name '{name}'",
            platform.account.id
        ),
    )
}

pub(super) fn may_tag(
    _: &CodePipeline,
    platform: &Platform,
    input: &TagResource,
) -> Result<Vec<Requirement>, ServiceError> {
    name(platform, &input.resource_arn)?;
    let requirement = Requirement::new("codepipeline:TagResource", input.resource_arn.as_str());
    Ok(vec![requirement.giving(&input.tags)])
}

pub(super) fn may_untag(
    _: &CodePipeline,
    platform: &Platform,
    input: &UntagResource,
) -> Result<Vec<Requirement>, ServiceError> {
    name(platform, &input.resource_arn)?;
    let requirement = Requirement::new("codepipeline:UntagResource", input.resource_arn.as_str());
    Ok(vec![requirement.taking(&input.tag_keys)])
}

pub(super) fn may_list(
    _: &CodePipeline,
    platform: &Platform,
    input: &OfResource,
) -> Result<Vec<Requirement>, ServiceError> {
    name(platform, &input.resource_arn)?;
    let arn = input.resource_arn.as_str();
    Ok(vec![Requirement::new("codepipeline:ListTagsForResource", arn)])
}

impl CodePipeline {
    fn tags<T>(
        &self,
        call: &Call,
        arn: &str,
        then: impl FnOnce(&mut Vec<SmallTag>) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let name = name(&call.platform, arn)?;
        let found = lock(&self.pipelines).get(name).cloned();
        let pipeline = found.ok_or_else(|| missing(&call.platform, name))?;
        then(&mut lock(&pipeline.tags))
    }

    /// Adds tags; those whose keys are there have other values.
    pub(super) fn tag(&self, call: &Call, input: TagResource) -> Result<Value, ServiceError> {
        let arn = &input.resource_arn;
        self.tags(call, arn, |tags| {
            check(arn, &input.tags)?;
            let all = merged(tags, input.tags);
            check(arn, &all)?;
            *tags = all;
            Ok(json!({}))
        })
    }

    /// Takes tags away; those that are not there are no error.
    pub(super) fn untag(&self, call: &Call, input: UntagResource) -> Result<Value, ServiceError> {
        self.tags(call, &input.resource_arn, |tags| {
            tags.retain(|tag| !input.tag_keys.contains(&tag.key));
            Ok(json!({}))
        })
    }

    pub(super) fn list_tags(&self, call: &Call, input: OfResource) -> Result<Value, ServiceError> {
        self.tags(call, &input.resource_arn, |tags| Ok(json!({"tags": tags})))
    }
}
