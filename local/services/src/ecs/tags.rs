//! Tags: what they may be, and what policies can ask about them.

use super::errors::invalid;
use platform::{Requirement, ServiceError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

impl<'t> From<&'t Tag> for (&'t str, &'t str) {
    fn from(tag: &'t Tag) -> Self {
        (&tag.key, &tag.value)
    }
}

/// Checks tags as AWS does.
pub(super) fn check(tags: &[Tag]) -> Result<(), ServiceError> {
    if tags.len() > 50 {
        return Err(invalid("A resource has 50 tags at most."));
    }
    for (at, tag) in tags.iter().enumerate() {
        if !(1..=128).contains(&tag.key.chars().count()) || tag.value.chars().count() > 256 {
            return Err(invalid(format_args!(
                "The tag '{}' is too long, or has no key.",
                tag.key
            )));
        }
        if tags[..at].iter().any(|other| other.key == tag.key) {
            return Err(invalid(format_args!("Duplicate tag key '{}'.", tag.key)));
        }
    }
    Ok(())
}

/// What the creation of a resource needs of IAM: the action itself with the tags, and TagResource.
pub(super) fn creating(action: &str, resource: &str, tags: &[Tag]) -> Vec<Requirement> {
    let create = Requirement::new(format!("ecs:{action}"), resource).giving(tags);
    if tags.is_empty() {
        return vec![create];
    }
    let tagging = Requirement::new("ecs:TagResource", resource).with("ecs:CreateAction", action);
    vec![create, tagging.giving(tags)]
}

/// An action on a resource whose tags policies can look at.
pub(super) fn on_tagged(action: &str, arn: &str, tags: &[Tag]) -> Requirement {
    let requirement = Requirement::new(format!("ecs:{action}"), arn);
    tags.iter().fold(requirement, |requirement, tag| {
        let requirement = requirement.with(format!("aws:ResourceTag/{}", tag.key), &tag.value);
        requirement.with(format!("ecs:ResourceTag/{}", tag.key), &tag.value)
    })
}

/// Adds tags, or replaces their values.
pub(super) fn add(to: &mut Vec<Tag>, tags: Vec<Tag>) {
    for new in tags {
        to.retain(|tag| tag.key != new.key);
        to.push(new);
    }
}
