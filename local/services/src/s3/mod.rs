//! S3: buckets and objects in memory.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>. Everybody comes in through the door: SDKs by
//! way of [`rest`], services and state machines directly. There are no versions, no multipart uploads and no copies:
//! those operations are refused by name.

mod bucket;
mod buckets;
mod listing;
mod object;
mod objects;
pub mod rest;
#[cfg(test)]
mod tests;

pub use bucket::S3;

use platform::{Operation, Operations, Served, ServiceError};
use std::sync::LazyLock;

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

    fn refusal(denied: ServiceError) -> ServiceError {
        objects::access_denied(denied)
    }
}
