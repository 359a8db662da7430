//! Buckets: what is in one, and which versions it keeps.

use super::object::{Encryption, Object, etag};
use super::store::{NULL, Store, Version};
use super::upload::Upload;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use jiff::Timestamp;
use platform::store::{Body, Held, Rows, Store as Lasting, StoreError};
use platform::{Platform, Requirement, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long the version ids that are given here are.
const ID_LENGTH: usize = 32;

/// S3 in this account: one for all regions, each bucket in one of them.
#[derive(Debug, Default)]
pub struct S3 {
    buckets: Rows<Bucket>,
    /// Where the objects' bytes are.
    pub(super) lasting: Lasting,
}

/// Whether a bucket keeps versions.
///
/// See <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Versioning {
    /// It never has.
    Never,
    /// It does.
    Enabled,
    /// It has those that came while it did.
    Suspended,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Bucket {
    pub(super) created: Timestamp,
    /// Where it is. None where an earlier version made it: then it is wherever it is looked for.
    #[serde(default)]
    pub(super) region: Option<String>,
    pub(super) encryption: Encryption,
    pub(super) versioning: Versioning,
    /// What the template configures and the local run only keeps, by the name of the operation that put it.
    pub(super) settings: BTreeMap<String, Value>,
    /// The objects, which are rows of their own.
    #[serde(skip)]
    pub(super) store: Store,
    /// Multipart uploads that have not ended, by their keys and ids.
    #[serde(with = "super::pairs")]
    pub(super) uploads: BTreeMap<(String, String), Upload>,
    /// The latest uploads that were completed, for those who ask once more.
    #[serde(default)]
    pub(super) completed: Vec<EndedUpload>,
}

/// An upload that was completed, and what was answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EndedUpload {
    pub(super) key: String,
    pub(super) upload_id: String,
    pub(super) answer: Value,
}

/// How many completed uploads a bucket remembers.
const MOST_COMPLETED: usize = 100;

/// What became of a deletion.
#[derive(Debug, Default)]
pub(super) struct Deleted {
    /// The version that was removed, or that the delete marker is.
    pub(super) version: Option<String>,
    /// Whether a delete marker was made, or removed.
    pub(super) is_marker: bool,
}

impl S3 {
    /// S3 with what this store keeps of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(lasting: &Lasting) -> Result<Self, StoreError> {
        let buckets: Rows<Bucket> = Rows::open(lasting, "s3/buckets")?;
        let mut held = buckets.lock();
        let names: Vec<String> = held.keys().cloned().collect();
        for name in names {
            if let Some(bucket) = held.get_mut(&name) {
                bucket.store = Store::open(lasting, &name)?;
            }
        }
        drop(held);
        Ok(Self {
            buckets,
            lasting: lasting.clone(),
        })
    }

    pub(super) fn buckets(&self) -> Held<'_, Bucket> {
        self.buckets.lock()
    }

    /// Keeps bytes; with their entity tag.
    pub(super) fn keep(&self, bytes: Bytes) -> Result<(Body, String), ServiceError> {
        let etag = etag(&bytes);
        Ok((self.lasting.keep(bytes)?, etag))
    }

    pub(super) fn in_bucket<T>(&self, bucket: &str, work: impl FnOnce(&mut Bucket) -> T) -> Result<T, ServiceError> {
        self.buckets()
            .get_mut(bucket)
            .map(work)
            .ok_or_else(|| ServiceError::new("NoSuchBucket", "The specified bucket does not exist").with_status(404))
    }
}

impl Bucket {
    pub(super) fn new(region: String, store: Store) -> Self {
        Self {
            created: Timestamp::now(),
            region: Some(region),
            encryption: Encryption::by_s3(),
            versioning: Versioning::Never,
            settings: BTreeMap::new(),
            store,
            uploads: BTreeMap::new(),
            completed: Vec::new(),
        }
    }

    /// Puts an object. Gives the version's id, where S3 tells one.
    pub(super) fn put(&mut self, key: &str, object: Object) -> Option<String> {
        let id = self.next_id();
        let version = Version {
            id: id.clone(),
            at: object.last_modified,
            object: Some(Arc::new(object)),
        };
        self.store.put(key, version);
        (self.versioning == Versioning::Enabled).then_some(id)
    }

    /// Remembers that an upload was completed.
    pub(super) fn remember(&mut self, completed: EndedUpload) {
        if self.completed.len() == MOST_COMPLETED {
            self.completed.remove(0);
        }
        self.completed.push(completed);
    }

    /// Why there is no object under a key: a delete marker in front of it is told.
    pub(super) fn missing(&self, key: &str) -> ServiceError {
        match self.store.latest(key) {
            Some(marker) => no_such_key()
                .with_detail("x-amz-delete-marker", "true")
                .with_detail("x-amz-version-id", &marker.id),
            None => no_such_key(),
        }
    }

    /// Finds a version: this one, or the newest. None where there is none, or a delete marker in front.
    ///
    /// # Errors
    /// There is no such version, or it is a delete marker.
    pub(super) fn find(&self, key: &str, id: Option<&str>) -> Result<Option<&Version>, ServiceError> {
        let Some(id) = id else {
            return Ok(self.store.latest(key).filter(|version| version.object.is_some()));
        };
        check_id(id)?;
        match self.store.version(key, id) {
            Some(version) if version.object.is_some() => Ok(Some(version)),
            Some(marker) => Err(ServiceError::new(
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            )
            .with_status(405)
            .with_detail("allow", "DELETE")
            .with_detail("x-amz-delete-marker", "true")
            .with_detail("x-amz-version-id", &marker.id)),
            None => Err(ServiceError::new("NoSuchVersion", "The specified version does not exist.").with_status(404)),
        }
    }

    /// Deletes a version for good, or the newest one as the bucket's versioning has it. What is not there is deleted too.
    ///
    /// # Errors
    /// The version's id cannot be one.
    pub(super) fn delete(&mut self, key: &str, id: Option<&str>) -> Result<Deleted, ServiceError> {
        if let Some(id) = id {
            check_id(id)?;
            let removed = self.store.remove(key, id);
            return Ok(Deleted {
                version: Some(id.to_owned()),
                is_marker: removed.is_some_and(|version| version.object.is_none()),
            });
        }
        if self.versioning == Versioning::Never {
            self.store.remove(key, NULL);
            return Ok(Deleted::default());
        }
        let id = self.next_id();
        let marker = Version {
            id: id.clone(),
            at: Timestamp::now(),
            object: None,
        };
        self.store.put(key, marker);
        Ok(Deleted {
            version: Some(id),
            is_marker: true,
        })
    }

    fn next_id(&self) -> String {
        match self.versioning {
            Versioning::Enabled => new_id(),
            Versioning::Never | Versioning::Suspended => NULL.to_owned(),
        }
    }
}

/// A new id of a version, or of an upload: as opaque as S3's.
pub(super) fn new_id() -> String {
    let [first, second] = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(uuid::Uuid::into_bytes);
    let mut id = URL_SAFE_NO_PAD.encode([first, second].concat());
    id.truncate(ID_LENGTH);
    id
}

pub(super) fn no_such_key() -> ServiceError {
    ServiceError::new("NoSuchKey", "The specified key does not exist.").with_status(404)
}

fn check_id(id: &str) -> Result<(), ServiceError> {
    if id == NULL || id.len() == ID_LENGTH {
        Ok(())
    } else {
        Err(ServiceError::new("InvalidArgument", "Invalid version id specified")
            .with_detail("ArgumentName", "versionId")
            .with_detail("ArgumentValue", id))
    }
}

/// An action on a bucket, or on an object in it.
pub(super) fn on(platform: &Platform, action: &str, bucket: &str, key: Option<&str>) -> Requirement {
    Requirement::new(action, platform.account.s3_arn(bucket, key))
}

/// An action on an object, or the one like it on a version of it.
pub(super) fn on_version(
    platform: &Platform,
    (action, of_version): (&str, &str),
    (bucket, key): (&str, &str),
    version: Option<&str>,
) -> Requirement {
    match version {
        None => on(platform, action, bucket, Some(key)),
        Some(id) => on(platform, of_version, bucket, Some(key)).with("s3:versionid", id),
    }
}
