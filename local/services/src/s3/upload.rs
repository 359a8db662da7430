//! Multipart uploads that have not ended, and the objects that they become.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>.

use super::checksum::{Algorithm, Checksum, Kind, bad_digest};
use super::object::{About, Encryption, Object, Tags, now};
use bytes::BytesMut;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use platform::ServiceError;
use platform::store::{Body, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The fewest bytes of a part, unless it is the last one.
const SMALLEST_PART: usize = 5 << 20;

/// What an upload's checksum will be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Checked {
    pub(super) algorithm: Algorithm,
    pub(super) kind: Kind,
    /// Whether the caller has chosen it.
    pub(super) is_asked: bool,
}

/// An upload, and what goes with its object.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) initiated: Timestamp,
    pub(super) about: About,
    pub(super) encryption: Encryption,
    pub(super) tags: Tags,
    pub(super) checked: Checked,
    pub(super) parts: BTreeMap<u16, Part>,
}

/// A part that has arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) body: Body,
    pub(super) etag: String,
    pub(super) at: Timestamp,
    pub(super) checksum: Checksum,
}

/// A part as the one who completes an upload names it.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) number: u16,
    pub(super) etag: String,
    pub(super) checksum: Option<(Algorithm, String)>,
}

impl Part {
    pub(super) fn new((body, etag): (Body, String), checksum: Checksum) -> Self {
        Self {
            etag,
            body,
            at: now(),
            checksum,
        }
    }

    pub(super) fn quoted_etag(&self) -> String {
        format!("\"{}\"", self.etag)
    }
}

impl Upload {
    /// Takes a part whose checksum came along as `given`.
    pub(super) fn put(&mut self, number: u16, part: Part, given: Option<Algorithm>) -> Result<(), ServiceError> {
        if let Some(given) = given.filter(|given| *given != self.checked.algorithm && self.checked.is_asked) {
            return Err(ServiceError::new(
                "InvalidRequest",
                format_args!(
                    "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                    self.checked.algorithm.name().to_lowercase(),
                    given.name().to_lowercase()
                ),
            ));
        }
        self.parts.insert(number, part);
        Ok(())
    }

    /// Lets go of the parts: the upload has ended.
    pub(super) fn forget(&self, store: &Store) {
        self.parts.values().for_each(|part| store.forget(&part.body));
    }

    /// The object that these parts are.
    pub(super) fn complete(&self, store: &Store, named: &[Named]) -> Result<Object, ServiceError> {
        let parts = self.chosen(named)?;
        let size = parts.iter().map(|part| part.body.len()).sum();
        let mut body = BytesMut::with_capacity(size);
        let mut digests = Md5::new();
        for part in &parts {
            body.extend_from_slice(&store.bytes(&part.body)?);
            digests.update(hex::decode(&part.etag).unwrap_or_default());
        }
        let checksum = match self.checked.kind {
            Kind::FullObject => Checksum::of(self.checked.algorithm, &body),
            Kind::Composite => Checksum::of_parts(self.checked.algorithm, parts.iter().map(|part| &part.checksum)),
        };
        Ok(Object {
            body: store.keep(body.freeze())?,
            etag: format!("{}-{}", hex::encode(digests.finalize()), parts.len()),
            last_modified: now(),
            about: self.about.clone(),
            encryption: self.encryption.clone(),
            tags: self.tags.clone(),
            checksum,
            parts: parts.iter().map(|part| part.body.len()).collect(),
        })
    }

    fn chosen(&self, named: &[Named]) -> Result<Vec<&Part>, ServiceError> {
        if !named.is_sorted_by(|one, next| one.number < next.number) {
            return Err(ServiceError::new(
                "InvalidPartOrder",
                "The list of parts was not in ascending order. Parts must be ordered by part number.",
            ));
        }
        let mut parts = Vec::new();
        for wanted in named {
            let found = self.parts.get(&wanted.number);
            let part = found
                .filter(|part| part.etag == wanted.etag.trim_matches('"'))
                .ok_or_else(|| invalid_part(wanted))?;
            self.check(wanted, part)?;
            parts.push(part);
        }
        let all_but_the_last = parts.split_last().map_or(&[][..], |(_, others)| others);
        let small = named.iter().zip(all_but_the_last);
        if let Some((wanted, part)) = small.into_iter().find(|(_, part)| part.body.len() < SMALLEST_PART) {
            let message = "Your proposed upload is smaller than the minimum allowed size";
            return Err(ServiceError::new("EntityTooSmall", message)
                .with_detail("ETag", &part.etag)
                .with_detail("MinSizeAllowed", SMALLEST_PART.to_string())
                .with_detail("PartNumber", wanted.number.to_string())
                .with_detail("ProposedSize", part.body.len().to_string()));
        }
        Ok(parts)
    }

    fn check(&self, wanted: &Named, part: &Part) -> Result<(), ServiceError> {
        let Checked {
            algorithm,
            kind,
            is_asked,
        } = self.checked;
        match &wanted.checksum {
            Some((given, _)) if is_asked && *given != algorithm => Err(bad_digest(given.name())),
            Some((_, value)) if *value != part.checksum.value => Err(invalid_part(wanted)),
            None if is_asked && kind == Kind::Composite => Err(ServiceError::new(
                "InvalidRequest",
                format_args!(
                    "The upload was created using a {} checksum. The complete request must include the checksum for each part. It was missing for part {} in the request.",
                    algorithm.name().to_lowercase(),
                    wanted.number
                ),
            )),
            _ => Ok(()),
        }
    }
}

fn invalid_part(wanted: &Named) -> ServiceError {
    ServiceError::new(
        "InvalidPart",
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    )
    .with_detail("ETag", wanted.etag.trim_matches('"'))
    .with_detail("PartNumber", wanted.number.to_string())
}
