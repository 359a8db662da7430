//! Objects, and parts of them.

use super::checksum::Checksum;
use jiff::Timestamp;
use md5::{Digest, Md5};
use platform::error::ServiceError;
use platform::store::Body;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Headers that are kept with an object and come back with it, and the members that they are of operations.
pub(super) const KEPT: &[(&str, &str)] = &[
    ("cache-control", "CacheControl"),
    ("content-disposition", "ContentDisposition"),
    ("content-encoding", "ContentEncoding"),
    ("content-language", "ContentLanguage"),
    ("expires", "Expires"),
];

/// How an object is encrypted. Nothing is encrypted in the local run: what was asked for is kept and shown, and the
/// key's permissions are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The KMS key, where one is named.
    pub kms_key_id: Option<String>,
}

impl Encryption {
    /// What S3 does where nothing is asked for.
    pub(super) fn by_s3() -> Self {
        Self {
            algorithm: "AES256".into(),
            kms_key_id: None,
        }
    }

    /// Sets the members that it is in an output.
    pub(super) fn show(&self, output: &mut Map<String, Value>) {
        output.insert("ServerSideEncryption".into(), self.algorithm.as_str().into());
        if let Some(key) = &self.kms_key_id {
            output.insert("SSEKMSKeyId".into(), key.as_str().into());
        }
    }
}

/// An object's tags.
pub(super) type Tags = BTreeMap<String, String>;

/// What goes with an object and is told again as it came.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct About {
    /// Its media type.
    pub content_type: Option<String>,
    /// The headers that S3 keeps and gives back, by their members.
    pub headers: BTreeMap<Cow<'static, str>, String>,
    /// The caller's own metadata: names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
}

/// A stored object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Object {
    /// Its bytes.
    pub body: Body,
    /// Its entity tag, without the quotes that it has in HTTP.
    pub etag: String,
    /// When it was stored: to the second, as S3 has it.
    pub last_modified: Timestamp,
    /// What goes with it.
    pub about: About,
    /// How it is encrypted.
    pub encryption: Encryption,
    /// Its tags.
    pub tags: Tags,
    /// Its checksum.
    pub checksum: Checksum,
    /// How many bytes each of its parts has, where it came in parts.
    pub parts: Vec<usize>,
}

impl Object {
    /// An object that came in one piece.
    pub(super) fn whole(
        (body, etag): (Body, String),
        about: About,
        encryption: Encryption,
        tags: Tags,
        checksum: Checksum,
    ) -> Self {
        Self {
            body,
            etag,
            last_modified: now(),
            about,
            encryption,
            tags,
            checksum,
            parts: Vec::new(),
        }
    }

    /// The entity tag as HTTP has it.
    pub(super) fn quoted_etag(&self) -> String {
        format!("\"{}\"", self.etag)
    }
}

/// The entity tag of bytes that came in one piece.
pub(super) fn etag(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// The time, to the second.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// A range of an object's bytes: first and last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// The first byte.
    pub first: usize,
    /// The last byte.
    pub last: usize,
}

impl Range {
    /// Reads a `Range` header for an object of `length` bytes; None where S3 gives the whole object, because the
    /// header has several ranges or is not in bytes.
    ///
    /// # Errors
    /// InvalidRange where the range begins behind the object's end.
    pub(super) fn read(header: &str, length: usize) -> Result<Option<Self>, ServiceError> {
        let bounds = header.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
        let range = match bounds.map(|(first, last)| (first.trim(), last.trim())) {
            Some(("", suffix)) => suffix
                .parse::<usize>()
                .ok()
                .map(|suffix| (length.saturating_sub(suffix), length)),
            Some((first, "")) => first.parse().ok().map(|first| (first, length)),
            Some((first, last)) => match (first.parse::<usize>(), last.parse::<usize>()) {
                (Ok(first), Ok(last)) if first <= last => Some((first, last.saturating_add(1))),
                _ => None,
            },
            None => None,
        };
        match range {
            Some((first, end)) if first < length.min(end) => Ok(Some(Self {
                first,
                last: end.min(length) - 1,
            })),
            Some(_) => {
                let error = ServiceError::new("InvalidRange", "The requested range is not satisfiable");
                Err(error
                    .with_status(416)
                    .with_detail("ActualObjectSize", length.to_string()))
            }
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (header, length, expected) in [
            ("bytes=0-4", 10, Ok(Some((0, 4)))),
            ("bytes=5-", 10, Ok(Some((5, 9)))),
            ("bytes=-3", 10, Ok(Some((7, 9)))),
            ("bytes=-30", 10, Ok(Some((0, 9)))),
            ("bytes=8-100", 10, Ok(Some((8, 9)))),
            ("bytes=10-", 10, Err("InvalidRange")),
            ("bytes=-0", 10, Err("InvalidRange")),
            ("bytes=0-0", 0, Err("InvalidRange")),
            ("bytes=4-2", 10, Ok(None)),
            ("bytes=0-1,3-4", 10, Ok(None)),
            ("lines=0-1", 10, Ok(None)),
        ] {
            let range = Range::read(header, length)
                .map(|range| range.map(|range| (range.first, range.last)))
                .map_err(|error| error.code);
            assert_eq!(range, expected.map_err(str::to_owned), "{header} of {length}");
        }
    }
}
