//! Tags: what a resource is given with its creation, and AddTags, ListTags and DeleteTags afterwards.

use super::SageMaker;
use super::checks::{constraint, count, length};
use super::jobs::Kind;
use platform::{Call, Requirement, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// Checks tags as AWS does.
pub(super) fn check(tags: &[Tag]) -> Result<(), ServiceError> {
    count(tags.len(), "tags", 50)?;
    for (at, tag) in tags.iter().enumerate() {
        length(&tag.key, "tags.1.member.key", 1..=128)?;
        length(&tag.value, "tags.1.member.value", 0..=256)?;
        if tags[..at].iter().any(|other| other.key == tag.key) {
            let rule = "Tag keys must be unique per resource";
            return Err(constraint(&tag.key, "tags", rule));
        }
    }
    Ok(())
}

/// What the creation of a resource needs of IAM: the action itself, with the tags it is made with, and AddTags.
pub(super) fn creating(create: Requirement, tags: &[Tag]) -> Vec<Requirement> {
    if tags.is_empty() {
        return vec![create];
    }
    let with = |requirement: Requirement| {
        tags.iter().fold(requirement, |requirement, tag| {
            requirement
                .with(format!("aws:RequestTag/{}", tag.key), &tag.value)
                .with("aws:TagKeys", &tag.key)
        })
    };
    let add = Requirement::new("sagemaker:AddTags", create.resource.as_str());
    vec![with(create), with(add)]
}

/// An action on a resource that is there, which policies can look at the tags of.
pub(super) fn on_tagged(action: &str, arn: &str, tags: Option<Vec<Tag>>) -> Requirement {
    let requirement = Requirement::new(format!("sagemaker:{action}"), arn);
    tags.into_iter().flatten().fold(requirement, |requirement, tag| {
        requirement.with(format!("aws:ResourceTag/{}", tag.key), tag.value)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AddTags {
    pub(super) resource_arn: String,
    pub(super) tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListTags {
    pub(super) resource_arn: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteTags {
    pub(super) resource_arn: String,
    tag_keys: Vec<String>,
}

impl SageMaker {
    /// Does something to the tags of a resource; None if there is no such resource.
    fn with_tags<T>(&self, arn: &str, work: impl FnOnce(&mut Vec<Tag>) -> T) -> Option<T> {
        if let Some(job) = self.processing.get(arn) {
            return Some(work(&mut job.lock().tags));
        }
        if let Some(job) = self.training.get(arn) {
            return Some(work(&mut job.lock().tags));
        }
        if arn.contains(":model-package-group/") {
            return self.registry().tags(arn).map(work);
        }
        self.models().get_mut(arn).map(|model| work(&mut model.tags))
    }

    /// The tags of a resource, for what policies ask of it.
    pub(super) fn tags_of(&self, arn: &str) -> Option<Vec<Tag>> {
        let own = self.with_tags(arn, |tags| tags.clone());
        own.or_else(|| self.registry().inherited_tags(arn))
    }

    fn missing(arn: &str) -> ServiceError {
        if arn.contains(":model-package/") {
            ServiceError::validation(format_args!(
                "{arn} has the tags of its model package group: change those of the group"
            ))
        } else if arn.contains(":processing-job/") {
            super::processing::Request::missing(arn)
        } else {
            ServiceError::validation(format_args!("the local run has no resource `{arn}`"))
        }
    }

    pub(super) fn add_tags(&self, _: &Call, input: AddTags) -> Result<Value, ServiceError> {
        check(&input.tags)?;
        let added = self.with_tags(&input.resource_arn, |tags| {
            let mut all = tags.clone();
            for tag in input.tags {
                all.retain(|known| known.key != tag.key);
                all.push(tag);
            }
            check(&all)?;
            tags.clone_from(&all);
            Ok(json!({"Tags": all}))
        });
        added.unwrap_or_else(|| Err(Self::missing(&input.resource_arn)))
    }

    pub(super) fn list_tags(&self, _: &Call, input: ListTags) -> Result<Value, ServiceError> {
        let tags = self.tags_of(&input.resource_arn);
        let tags = tags.ok_or_else(|| Self::missing(&input.resource_arn))?;
        let size = input.max_results.unwrap_or(50);
        let page = platform::input::page(tags, size, input.next_token.as_deref(), "ValidationException")?;
        Ok(page.answer("Tags", "NextToken", |tag| json!(tag)))
    }

    pub(super) fn delete_tags(&self, _: &Call, input: DeleteTags) -> Result<Value, ServiceError> {
        let deleted = self.with_tags(&input.resource_arn, |tags| {
            tags.retain(|tag| !input.tag_keys.contains(&tag.key));
        });
        deleted
            .map(|()| json!({}))
            .ok_or_else(|| Self::missing(&input.resource_arn))
    }
}
