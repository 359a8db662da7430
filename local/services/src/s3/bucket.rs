//! What S3 keeps.

use super::object::{Encryption, Object};
use jiff::Timestamp;
use platform::{Platform, Requirement, ServiceError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// S3 in this account and region.
#[derive(Debug, Default)]
pub struct S3 {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) created: Timestamp,
    pub(super) encryption: Encryption,
    /// What the template configures and the local run only keeps, by the name of the operation that put it.
    pub(super) settings: BTreeMap<String, Value>,
    pub(super) objects: BTreeMap<String, Object>,
}

impl S3 {
    pub(super) fn buckets(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn in_bucket<T>(&self, bucket: &str, work: impl FnOnce(&mut Bucket) -> T) -> Result<T, ServiceError> {
        self.buckets()
            .get_mut(bucket)
            .map(work)
            .ok_or_else(|| ServiceError::new("NoSuchBucket", "The specified bucket does not exist").with_status(404))
    }
}

/// An action on a bucket, or on an object in it.
pub(super) fn on(platform: &Platform, action: &str, bucket: &str, key: Option<&str>) -> Requirement {
    Requirement::new(action, platform.account.s3_arn(bucket, key))
}
