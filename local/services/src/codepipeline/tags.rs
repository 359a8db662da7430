//! Tags of pipelines: what they may be, and what policies can ask about them.

use platform::{Requirement, ServiceError};
use serde::{Deserialize, Serialize};

/// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_Tag.html>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) key: String,
    value: String,
}

/// The tags that a pipeline may have:
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>.
const MOST: usize = 50;

/// Checks the tags of the resource with this ARN.
pub(super) fn check(arn: &str, tags: &[Tag]) -> Result<(), ServiceError> {
    let invalid = |message: String| Err(ServiceError::new("InvalidTagsException", message));
    for (at, tag) in tags.iter().enumerate() {
        if tag.key.to_lowercase().starts_with("aws:") {
            return invalid(
                "Not allowed to modify system tags. System tags start with 'aws:'. \
                 msg=[Caller is an end user and not allowed to mutate system tags]"
                    .into(),
            );
        }
        if !(1..=128).contains(&tag.key.chars().count()) || tag.value.chars().count() > 256 {
            let rule = "a key has 1 to 128 characters, a value up to 256";
            return invalid(format!("The tag '{}' cannot be: {rule}", tag.key));
        }
        if tags[..at].iter().any(|other| other.key == tag.key) {
            return invalid(format!("The tag key '{}' is given twice", tag.key));
        }
    }
    if tags.len() > MOST {
        let message = format_args!("Tag limit exceeded for resource [{arn}].");
        return Err(ServiceError::new("TooManyTagsException", message));
    }
    Ok(())
}

/// The requirement with the tags that a request gives.
pub(super) fn giving(requirement: Requirement, tags: &[Tag]) -> Requirement {
    requirement.giving(tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))
}
