//! Tags of clusters, services, tasks and task definitions.

use super::account::Ecs;
use super::errors::invalid;
use super::rows::Rows;
use super::tags::{self, Tag, on_tagged};
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OfResource {
    resource_arn: String,
}

impl Rows<'_> {
    /// The tags of whatever has this ARN.
    fn tags_mut(&mut self, arn: &str) -> Result<&mut Vec<Tag>, ServiceError> {
        let found = if arn.contains(":cluster/") {
            self.clusters.get_mut(arn).map(|cluster| &mut cluster.tags)
        } else if arn.contains(":service/") {
            self.services.get_mut(arn).map(|service| &mut service.tags)
        } else if arn.contains(":task/") {
            self.tasks.get_mut(arn).map(|task| &mut task.tags)
        } else {
            self.definitions.get_mut(arn).map(|definition| &mut definition.tags)
        };
        found.ok_or_else(|| {
            invalid(format_args!(
                "The specified resource '{arn}' was not found. Specify a valid ARN."
            ))
        })
    }
}

fn on(ecs: &Ecs, action: &str, arn: &str) -> Requirement {
    let mut rows = ecs.rows();
    let tags = rows.tags_mut(arn).map_or_else(|_| Vec::new(), |tags| tags.clone());
    on_tagged(action, arn, &tags)
}

pub(super) fn may_tag(ecs: &Ecs, _: &Platform, input: &TagResource) -> Result<Vec<Requirement>, ServiceError> {
    let requirement = on(ecs, "TagResource", &input.resource_arn);
    Ok(vec![requirement.giving(&input.tags)])
}

pub(super) fn may_untag(ecs: &Ecs, _: &Platform, input: &UntagResource) -> Result<Vec<Requirement>, ServiceError> {
    let requirement = on(ecs, "UntagResource", &input.resource_arn);
    Ok(vec![requirement.taking(&input.tag_keys)])
}

pub(super) fn may_list(ecs: &Ecs, _: &Platform, input: &OfResource) -> Result<Vec<Requirement>, ServiceError> {
    Ok(vec![on(ecs, "ListTagsForResource", &input.resource_arn)])
}

impl Ecs {
    pub(super) fn tag(&self, _: &Call, input: TagResource) -> Result<Value, ServiceError> {
        let mut rows = self.rows();
        let tags = rows.tags_mut(&input.resource_arn)?;
        let mut changed = tags.clone();
        tags::add(&mut changed, input.tags);
        tags::check(&changed)?;
        *tags = changed;
        Ok(json!({}))
    }

    pub(super) fn untag(&self, _: &Call, input: UntagResource) -> Result<Value, ServiceError> {
        let mut rows = self.rows();
        let tags = rows.tags_mut(&input.resource_arn)?;
        tags.retain(|tag| !input.tag_keys.contains(&tag.key));
        Ok(json!({}))
    }

    pub(super) fn list_tags(&self, _: &Call, input: OfResource) -> Result<Value, ServiceError> {
        let mut rows = self.rows();
        let tags = rows.tags_mut(&input.resource_arn)?;
        Ok(json!({"tags": tags}))
    }
}
