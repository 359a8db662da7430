//! Tags: what they may be, and what giving them needs of IAM.

use crate::tags::Tag;
use platform::{Requirement, ServiceError};

/// The tags that a resource may have: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html>.
const MOST: usize = 50;

/// Checks the tags of the resource with this ARN.
pub(super) fn check(arn: &str, tags: &[Tag]) -> Result<(), ServiceError> {
    let invalid = |message: String| ServiceError::new("InvalidTagParameterException", message);
    if tags.len() > MOST {
        let message = format_args!("The resource '{arn}' has {} tags; it may have {MOST}", tags.len());
        return Err(ServiceError::new("TooManyTagsException", message));
    }
    for (at, tag) in tags.iter().enumerate() {
        if !(1..=128).contains(&tag.key.chars().count()) || tag.value.chars().count() > 256 {
            let rule = "its key has 1 to 128 characters, its value up to 256";
            return Err(invalid(format!("The tag '{}' cannot be: {rule}", tag.key)));
        }
        if tag.key.to_lowercase().starts_with("aws:") {
            return Err(invalid(format!("The tag '{}' begins as those of AWS do", tag.key)));
        }
        if tags[..at].iter().any(|other| other.key == tag.key) {
            return Err(invalid(format!("The tag key '{}' is given twice", tag.key)));
        }
    }
    Ok(())
}

/// What the creation of a repository needs: the action itself, and TagResource for its tags.
pub(super) fn creating(arn: &str, tags: &[Tag]) -> Vec<Requirement> {
    let create = Requirement::new("ecr:CreateRepository", arn).giving(tags);
    if tags.is_empty() {
        return vec![create];
    }
    vec![create, Requirement::new("ecr:TagResource", arn).giving(tags)]
}
