//! Tags: what they may be, and what policies can ask about them.

use super::checks::{count, length};
use crate::tags::Tag;
use platform::{Requirement, ServiceError};

/// Checks tags as AWS does.
pub(super) fn check(tags: &[Tag]) -> Result<(), ServiceError> {
    count(tags.len(), "tags", 50)?;
    for (at, tag) in tags.iter().enumerate() {
        length(&tag.key, "tags.1.member.key", 1..=128)?;
        length(&tag.value, "tags.1.member.value", 0..=256)?;
        if tags[..at].iter().any(|other| other.key == tag.key) {
            let rule = "Tag keys must be unique per resource";
            return Err(ServiceError::constraint(&tag.key, "tags", rule));
        }
    }
    Ok(())
}

/// What the creation of a resource needs of IAM: the action itself, with the tags it is made with, and AddTags.
pub(super) fn creating(create: Requirement, tags: &[Tag]) -> Vec<Requirement> {
    if tags.is_empty() {
        return vec![create];
    }
    let add = Requirement::new("sagemaker:AddTags", create.resource.as_str());
    vec![create.giving(tags), add.giving(tags)]
}

/// An action on a resource that is there, which policies can look at the tags of.
pub(super) fn on_tagged(action: &str, arn: &str, tags: Option<Vec<Tag>>) -> Requirement {
    let requirement = Requirement::new(format!("sagemaker:{action}"), arn);
    tags.into_iter().flatten().fold(requirement, |requirement, tag| {
        requirement.with(format!("aws:ResourceTag/{}", tag.key), tag.value)
    })
}
