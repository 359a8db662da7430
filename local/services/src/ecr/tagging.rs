//! The operations on the tags of repositories, and what policies can ask about them.

use super::registry::{Ecr, arn, constraint, not_found};
use super::tags::check;
use crate::tags::{Tag, merged};
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OfResource {
    resource_arn: String,
}

/// The repository that an ARN names.
fn name<'a>(platform: &Platform, resource_arn: &'a str) -> Result<&'a str, ServiceError> {
    let here = arn(platform, "");
    let name = resource_arn.strip_prefix(&here).filter(|name| !name.is_empty());
    name.ok_or_else(|| constraint("resourceArn", "Invalid ARN"))
}

/// An action on a repository, whose tags policies can look at.
pub(super) fn on_tagged(ecr: &Ecr, platform: &Platform, operation: &str, repository: &str) -> Requirement {
    let requirement = Requirement::new(format!("ecr:{operation}"), arn(platform, repository));
    let repositories = ecr.lock();
    let tags = repositories.get(repository).map(|found| found.tags.as_slice());
    tags.unwrap_or_default().iter().fold(requirement, |requirement, tag| {
        let requirement = requirement.with(format!("aws:ResourceTag/{}", tag.key), &tag.value);
        requirement.with(format!("ecr:ResourceTag/{}", tag.key), &tag.value)
    })
}

pub(super) fn may_tag(ecr: &Ecr, platform: &Platform, input: &TagResource) -> Result<Vec<Requirement>, ServiceError> {
    let name = name(platform, &input.resource_arn)?;
    let requirement = on_tagged(ecr, platform, "TagResource", name);
    Ok(vec![requirement.giving(&input.tags)])
}

pub(super) fn may_untag(
    ecr: &Ecr,
    platform: &Platform,
    input: &UntagResource,
) -> Result<Vec<Requirement>, ServiceError> {
    let name = name(platform, &input.resource_arn)?;
    let requirement = on_tagged(ecr, platform, "UntagResource", name);
    Ok(vec![requirement.taking(&input.tag_keys)])
}

pub(super) fn may_list(ecr: &Ecr, platform: &Platform, input: &OfResource) -> Result<Vec<Requirement>, ServiceError> {
    let name = name(platform, &input.resource_arn)?;
    Ok(vec![on_tagged(ecr, platform, "ListTagsForResource", name)])
}

impl Ecr {
    fn tags<T>(
        &self,
        call: &Call,
        resource_arn: &str,
        then: impl FnOnce(&mut Vec<Tag>) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let name = name(&call.platform, resource_arn)?;
        let mut repositories = self.lock();
        let found = repositories.get_mut(name);
        then(&mut found.ok_or_else(|| not_found(&call.platform, name))?.tags)
    }

    /// Adds tags; those whose keys are there have other values.
    pub(super) fn tag(&self, call: &Call, input: TagResource) -> Result<Value, ServiceError> {
        let arn = &input.resource_arn;
        check(arn, &input.tags)?;
        self.tags(call, arn, |tags| {
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
