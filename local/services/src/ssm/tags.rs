//! Tags of parameters.

use super::Ssm;
use super::name;
use super::parameter::Parameter;
use super::write::{Tag, tag_map};
use platform::error::ServiceError;
use platform::input::{read, required};
use platform::{Platform, Requirement};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the operations on tags need of IAM.
pub(super) fn requirements(
    platform: &Platform,
    operation: &str,
    input: &Value,
) -> Result<Vec<Requirement>, ServiceError> {
    let id = required(input, "ResourceId")?;
    Ok(vec![Requirement::new(
        format!("ssm:{operation}"),
        name::arn(&platform.account, id),
    )])
}

impl Ssm {
    /// AddTagsToResource.
    pub(super) fn add_tags(&self, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct AddTagsToResource {
            resource_type: String,
            resource_id: String,
            tags: Vec<Tag>,
        }
        let add: AddTagsToResource = read(input)?;
        self.tagged(&add.resource_type, &add.resource_id, |parameter| {
            parameter.tags.extend(tag_map(add.tags));
            json!({})
        })
    }

    /// RemoveTagsFromResource.
    pub(super) fn remove_tags(&self, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct RemoveTagsFromResource {
            resource_type: String,
            resource_id: String,
            tag_keys: Vec<String>,
        }
        let remove: RemoveTagsFromResource = read(input)?;
        self.tagged(&remove.resource_type, &remove.resource_id, |parameter| {
            parameter.tags.retain(|key, _| !remove.tag_keys.contains(key));
            json!({})
        })
    }

    /// ListTagsForResource.
    pub(super) fn list_tags(&self, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct ListTagsForResource {
            resource_type: String,
            resource_id: String,
        }
        let list: ListTagsForResource = read(input)?;
        self.tagged(&list.resource_type, &list.resource_id, |parameter| {
            let tags = parameter
                .tags
                .iter()
                .map(|(key, value)| json!({"Key": key, "Value": value}));
            json!({ "TagList": tags.collect::<Vec<_>>() })
        })
    }

    fn tagged(
        &self,
        resource_type: &str,
        id: &str,
        work: impl FnOnce(&mut Parameter) -> Value,
    ) -> Result<Value, ServiceError> {
        if resource_type != "Parameter" {
            return Err(ServiceError::new(
                "InvalidResourceType",
                format_args!("the local run has tags of parameters only, not of {resource_type}"),
            ));
        }
        let mut parameters = self.parameters();
        parameters
            .get_mut(id)
            .map(work)
            .ok_or_else(|| ServiceError::new("InvalidResourceId", format_args!("The resource ID is not valid: {id}")))
    }
}
