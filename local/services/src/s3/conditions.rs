//! Conditions of requests: on an object's entity tag, and on when it was stored.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>.

use super::bucket::{Bucket, no_such_key};
use super::object::Object;
use jiff::Timestamp;
use platform::ServiceError;

/// The conditions of a read, or of a copy on its source.
#[derive(Debug, Default)]
pub(super) struct Conditions<'i> {
    pub(super) matches: Option<&'i str>,
    pub(super) none_matches: Option<&'i str>,
    pub(super) modified_since: Option<&'i str>,
    pub(super) unmodified_since: Option<&'i str>,
}

impl Conditions<'_> {
    /// Whether an object is as they want it.
    ///
    /// # Errors
    /// PreconditionFailed, or NotModified where a client has the object already.
    pub(super) fn check(&self, object: &Object) -> Result<(), ServiceError> {
        let is_newer = |than: &str| Ok::<_, ServiceError>(object.last_modified > read_time(than)?);
        match (self.matches, self.unmodified_since) {
            (Some(tags), _) if !names(tags, object) => return Err(precondition_failed("If-Match")),
            (None, Some(time)) if is_newer(time)? => return Err(precondition_failed("If-Unmodified-Since")),
            _ => {}
        }
        match (self.none_matches, self.modified_since) {
            (Some(tags), _) if names(tags, object) => Err(not_modified(object)),
            (None, Some(time)) if !is_newer(time)? => Err(not_modified(object)),
            _ => Ok(()),
        }
    }
}

/// Whether an object may be written over what a bucket has.
pub(super) fn check_write(
    bucket: &Bucket,
    key: &str,
    matches: Option<&str>,
    none_matches: Option<&str>,
) -> Result<(), ServiceError> {
    let existing = bucket.find(key, None)?.and_then(|version| version.object.as_deref());
    match (existing, matches, none_matches) {
        (_, _, Some(tags)) if tags != "*" => Err(ServiceError::new(
            "NotImplemented",
            "A header you provided implies functionality that is not implemented: If-None-Match takes `*` alone",
        )
        .with_status(501)),
        (Some(_), _, Some(_)) => Err(precondition_failed("If-None-Match")),
        (Some(existing), Some(tag), _) if existing.etag != tag.trim_matches('"') => {
            Err(precondition_failed("If-Match"))
        }
        (None, Some(_), _) => Err(no_such_key()),
        _ => Ok(()),
    }
}

/// Whether an object may be deleted: if it is there, and the one that is meant.
pub(super) fn check_delete(
    bucket: &Bucket,
    key: &str,
    version: Option<&str>,
    matches: Option<&str>,
) -> Result<(), ServiceError> {
    let Some(tags) = matches else { return Ok(()) };
    let existing = bucket.find(key, version)?.and_then(|version| version.object.as_deref());
    match existing {
        None => Err(no_such_key()),
        Some(existing) if names(tags, existing) => Ok(()),
        Some(_) => Err(precondition_failed("If-Match")),
    }
}

fn names(tags: &str, object: &Object) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_matches('"') == object.etag)
}

/// A time as HTTP has it, or as JSON has it.
fn read_time(text: &str) -> Result<Timestamp, ServiceError> {
    let http = || jiff::fmt::rfc2822::parse(text).map(|zoned| zoned.timestamp());
    text.parse().or_else(|_| http()).map_err(|_| {
        let message = format_args!("`{text}` is not a time");
        ServiceError::new("InvalidArgument", message)
    })
}

fn not_modified(object: &Object) -> ServiceError {
    let at = object.last_modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    ServiceError::new("NotModified", "Not Modified")
        .with_status(304)
        .with_detail("etag", object.quoted_etag())
        .with_detail("last-modified", at)
}

pub(super) fn precondition_failed(which: &str) -> ServiceError {
    ServiceError::new(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    )
    .with_status(412)
    .with_detail("Condition", which)
}
