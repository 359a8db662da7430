//! S3: buckets and objects in memory.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>. Everybody comes in through the door: SDKs by
//! way of [`rest`], services and state machines directly. There are no versions, no multipart uploads and no copies:
//! those operations are refused by name.

mod buckets;
mod listing;
mod object;
mod objects;
pub mod rest;

use jiff::Timestamp;
use object::{Encryption, Object};
use platform::{Operation, Operations, Platform, Requirement, Served, ServiceError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// S3 in this account and region.
#[derive(Debug, Default)]
pub struct S3 {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    created: Timestamp,
    encryption: Encryption,
    /// What the template configures and the local run only keeps, by the name of the operation that put it.
    settings: BTreeMap<String, Value>,
    objects: BTreeMap<String, Object>,
}

impl Served for S3 {
    const SIGNING_NAME: &'static str = "s3";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<S3>> = LazyLock::new(|| {
            let rows = [
                Operation::new("CreateBucket", buckets::may_create, S3::create_bucket),
                Operation::new("DeleteObject", objects::may_delete, S3::delete_object),
                Operation::new("GetObject", S3::may_get, S3::get_object),
                Operation::new("HeadBucket", S3::may_head, S3::head_bucket),
                Operation::new("HeadObject", S3::may_get, S3::head_object),
                Operation::new("ListBuckets", buckets::may_list, S3::list_buckets),
                Operation::new("ListObjectsV2", S3::may_list_objects, S3::list_objects),
                Operation::new("PutObject", S3::may_put, S3::put_object),
            ];
            Operations::new(rows.into_iter().chain(buckets::settings()))
        });
        &TABLE
    }

    /// S3's AccessDenied has another code and another status than that of the JSON services.
    fn refusal(denied: ServiceError) -> ServiceError {
        ServiceError::new("AccessDenied", denied.message).with_status(403)
    }
}

impl S3 {
    fn buckets(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_bucket<T>(&self, bucket: &str, work: impl FnOnce(&mut Bucket) -> T) -> Result<T, ServiceError> {
        self.buckets()
            .get_mut(bucket)
            .map(work)
            .ok_or_else(|| ServiceError::new("NoSuchBucket", "The specified bucket does not exist").with_status(404))
    }
}

/// An action on a bucket, or on an object in it.
fn on(platform: &Platform, action: &str, bucket: &str, key: Option<&str>) -> Requirement {
    Requirement::new(action, platform.account.s3_arn(bucket, key))
}
