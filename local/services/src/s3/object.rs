//! Objects, and parts of them.

use bytes::Bytes;
use jiff::Timestamp;
use md5::{Digest, Md5};
use platform::error::ServiceError;
use std::collections::BTreeMap;

/// Headers that are kept with an object and come back with it, and the members that they are of operations.
pub(super) const KEPT: &[(&str, &str)] = &[
    ("cache-control", "CacheControl"),
    ("content-disposition", "ContentDisposition"),
    ("content-encoding", "ContentEncoding"),
    ("content-language", "ContentLanguage"),
    ("expires", "Expires"),
];

/// The same for checksums. One of them comes with an object.
pub(super) const CHECKSUMS: &[(&str, &str)] = &[
    ("x-amz-checksum-crc32", "ChecksumCRC32"),
    ("x-amz-checksum-crc32c", "ChecksumCRC32C"),
    ("x-amz-checksum-crc64nvme", "ChecksumCRC64NVME"),
    ("x-amz-checksum-sha1", "ChecksumSHA1"),
    ("x-amz-checksum-sha256", "ChecksumSHA256"),
];

/// How an object is encrypted. Nothing is encrypted in the local run: what was asked for is kept and shown, and the
/// key's permissions are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// An object to be stored.
#[derive(Debug, Clone, Default)]
pub(super) struct NewObject {
    /// Its bytes.
    pub body: Bytes,
    /// Its media type.
    pub content_type: Option<String>,
    /// The headers that S3 keeps and gives back, such as `cache-control`, in lower case.
    pub headers: BTreeMap<String, String>,
    /// The caller's own metadata: names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// How to encrypt it; the bucket's default where None.
    pub encryption: Option<Encryption>,
    /// The checksum that came along: its header's name, such as `x-amz-checksum-crc32`, and its value.
    pub checksum: Option<(String, String)>,
}

/// A stored object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Object {
    /// Its bytes.
    pub body: Bytes,
    /// Its entity tag, without the quotes that it has in HTTP.
    pub etag: String,
    /// When it was stored.
    pub last_modified: Timestamp,
    /// Its media type.
    pub content_type: String,
    /// The headers that S3 keeps and gives back, in lower case.
    pub headers: BTreeMap<String, String>,
    /// The caller's own metadata: names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// How it is encrypted.
    pub encryption: Encryption,
    /// The checksum that came with it.
    pub checksum: Option<(String, String)>,
}

impl Object {
    /// Stores a new object's bytes and what goes with them.
    pub(super) fn store(new: NewObject, default: &Encryption) -> Self {
        Self {
            etag: hex::encode(Md5::digest(&new.body)),
            body: new.body,
            last_modified: Timestamp::now(),
            content_type: new.content_type.unwrap_or_else(|| "binary/octet-stream".into()),
            headers: new.headers,
            metadata: new.metadata,
            encryption: new.encryption.unwrap_or_else(|| default.clone()),
            checksum: new.checksum,
        }
    }

    /// The entity tag as HTTP has it.
    pub(super) fn quoted_etag(&self) -> String {
        format!("\"{}\"", self.etag)
    }
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
                Err(ServiceError::new("InvalidRange", "The requested range is not satisfiable").with_status(416))
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
