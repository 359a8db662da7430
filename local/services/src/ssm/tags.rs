//! Tags of parameters.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html>.

use super::name;
use super::store::Ssm;
use crate::tags::Tag;
use platform::input::{On, Target};
use platform::{Call, Nothing, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The resource that an operation is on. Only parameters are here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Resource {
    resource_type: String,
    resource_id: String,
}

impl Target for Resource {
    const MEMBERS: &'static [&'static str] = &["ResourceType", "ResourceId"];
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AddTagsToResource {
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RemoveTagsFromResource {
    tag_keys: Vec<String>,
}

pub(super) fn may_add(
    _: &Ssm,
    platform: &Platform,
    input: &On<Resource, AddTagsToResource>,
) -> Result<Vec<Requirement>, ServiceError> {
    let arn = name::arn(&platform.account, &input.target.resource_id);
    let add = Requirement::new("ssm:AddTagsToResource", arn);
    Ok(vec![add.giving(&input.own.tags)])
}

pub(super) fn may_remove(
    _: &Ssm,
    platform: &Platform,
    input: &On<Resource, RemoveTagsFromResource>,
) -> Result<Vec<Requirement>, ServiceError> {
    let arn = name::arn(&platform.account, &input.target.resource_id);
    let remove = Requirement::new("ssm:RemoveTagsFromResource", arn);
    Ok(vec![remove.taking(&input.own.tag_keys)])
}

/// A row of ListTagsForResource.
pub(super) fn listing() -> Operation<Ssm> {
    Operation::on(
        "ListTagsForResource",
        |platform, input: &On<Resource, Nothing>| name::arn(&platform.account, &input.target.resource_id),
        Ssm::list_tags,
    )
}

impl Ssm {
    pub(super) fn add_tags(&self, _: &Call, input: On<Resource, AddTagsToResource>) -> Result<Value, ServiceError> {
        let given = input.own.tags.into_iter().map(|tag| (tag.key, tag.value));
        self.tagged(&input.target, |tags| {
            tags.extend(given);
            json!({})
        })
    }

    pub(super) fn remove_tags(
        &self,
        _: &Call,
        input: On<Resource, RemoveTagsFromResource>,
    ) -> Result<Value, ServiceError> {
        self.tagged(&input.target, |tags| {
            tags.retain(|key, _| !input.own.tag_keys.contains(key));
            json!({})
        })
    }

    pub(super) fn list_tags(&self, _: &Call, input: On<Resource, Nothing>) -> Result<Value, ServiceError> {
        self.tagged(&input.target, |tags| {
            let tags = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
            json!({ "TagList": tags.collect::<Vec<_>>() })
        })
    }

    fn tagged(
        &self,
        Resource {
            resource_type,
            resource_id,
        }: &Resource,
        work: impl FnOnce(&mut BTreeMap<String, String>) -> Value,
    ) -> Result<Value, ServiceError> {
        if resource_type != "Parameter" {
            let message = format_args!("the local run has tags of parameters only, not of {resource_type}");
            return Err(ServiceError::new("InvalidResourceType", message));
        }
        let name = self.kept(resource_id);
        let mut parameters = self.parameters();
        let found = parameters.get_mut(&name);
        found.map(|parameter| work(&mut parameter.tags)).ok_or_else(|| {
            let message = format_args!("The resource ID is not valid: {resource_id}");
            ServiceError::new("InvalidResourceId", message)
        })
    }
}
