//! Images without a tag: whether one is complete in itself, or part of an index.
//!
//! A push of an index puts the images of the index first, without tags. So an untagged image that has just arrived may
//! belong to an index that comes a moment later. Only time tells.

use std::time::Duration;

use shared::ports::images::ImageDetail;
use shared::time::{Timestamp, in_words};

use crate::manifest::is_index;

/// How long after an image its index may come. A younger image is left to a look.
const SETTLED_AFTER: Duration = Duration::from_secs(120);

/// Nothing, if the image has no tag now; otherwise what is said of it.
pub(crate) fn has_no_tag(image: &ImageDetail) -> Result<(), String> {
    match image.tags.first() {
        None => Ok(()),
        Some(tag) => Err(format!("it has a tag by now, `{tag}`")),
    }
}

/// The digests of the indexes that may list an image: a registry takes an index only after its images.
pub(crate) fn indexes_since<'a>(image: &ImageDetail, all: &'a [ImageDetail]) -> Vec<&'a str> {
    let later = |index: &&ImageDetail| index.pushed_at.is_none() || index.pushed_at >= image.pushed_at;
    let index = |image: &&ImageDetail| image.manifest_media_type.as_deref().is_some_and(is_index);
    let indexes = all.iter().filter(index).filter(later);
    indexes.map(|image| image.digest.as_str()).collect()
}

/// Nothing, if the image is so old that no index for it comes any more; otherwise what is said of it.
pub(crate) fn has_settled(image: &ImageDetail, now: Timestamp) -> Result<(), String> {
    match image.pushed_at.map(|pushed_at| now.since(pushed_at)) {
        Some(age) if age < SETTLED_AFTER => {
            let age = in_words(age);
            Err(format!(
                "it was pushed {age} ago and may belong to an index that comes: a look decides"
            ))
        }
        _ => Ok(()),
    }
}
