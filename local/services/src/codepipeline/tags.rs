//! Tags of pipelines: what they may be.

use crate::tags::SmallTag;
use platform::ServiceError;

/// The tags that a pipeline may have:
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>.
const MOST: usize = 50;

/// Checks the tags of the resource with this ARN.
pub(super) fn check(arn: &str, tags: &[SmallTag]) -> Result<(), ServiceError> {
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
