//! S3: buckets and their objects, in memory.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>. Everybody comes in through the door: SDKs by
//! way of [`rest`], services and state machines directly. What a bucket has is in `store`, which alone puts and removes.

mod attributes;
mod bucket;
mod bucket_tagging;
mod buckets;
mod checksum;
mod conditions;
mod copying;
mod deleting;
mod listing;
mod lists;
mod multipart;
mod object;
mod pairs;
mod reading;
pub mod rest;
mod store;
mod tagging;
#[cfg(test)]
mod tests;
mod upload;
mod writing;

pub use bucket::S3;
pub use buckets::create_here;

use lists::may_list;
use platform::{Operation, Operations, Platform, Served, ServiceError};
use serde_json::Value;
use std::sync::LazyLock;

impl Served for S3 {
    const SIGNING_NAME: &'static str = "s3";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<S3>> = LazyLock::new(|| {
            let rows = of_buckets().chain(of_objects()).chain(of_uploads());
            Operations::new(rows.chain(buckets::settings()))
        });
        &TABLE
    }

    fn refusal(denied: ServiceError) -> ServiceError {
        reading::access_denied(denied)
    }

    fn is_here(&self, platform: &Platform, operation: &str, input: &Value) -> Result<(), ServiceError> {
        buckets::is_here(self, platform, operation, input)
    }
}

fn of_buckets() -> impl Iterator<Item = Operation<S3>> {
    let on = buckets::may;
    [
        Operation::new("CreateBucket", buckets::may_create, S3::create_bucket),
        Operation::new("DeleteBucket", on("s3:DeleteBucket"), S3::delete_bucket),
        Operation::new("DeleteBucketPolicy", on("s3:DeleteBucketPolicy"), S3::delete_policy),
        Operation::new(
            "DeleteBucketTagging",
            on("s3:PutBucketTagging"),
            S3::delete_bucket_tagging,
        ),
        Operation::new("GetBucketLocation", on("s3:GetBucketLocation"), S3::get_location),
        Operation::new("GetBucketTagging", on("s3:GetBucketTagging"), S3::get_bucket_tagging),
        Operation::new("GetBucketVersioning", on("s3:GetBucketVersioning"), S3::get_versioning),
        Operation::new("HeadBucket", on("s3:ListBucket"), S3::head_bucket),
        Operation::new("ListBuckets", buckets::may_list, S3::list_buckets),
        Operation::new("ListObjects", may_list("s3:ListBucket"), S3::list_objects),
        Operation::new("ListObjectsV2", may_list("s3:ListBucket"), S3::list_objects_v2),
        Operation::new(
            "ListObjectVersions",
            may_list("s3:ListBucketVersions"),
            S3::list_versions,
        ),
        Operation::new("PutBucketTagging", S3::may_tag_bucket, S3::put_bucket_tagging),
    ]
    .into_iter()
}

fn of_objects() -> impl Iterator<Item = Operation<S3>> {
    let get_tags = tagging::may(("s3:GetObjectTagging", "s3:GetObjectVersionTagging"));
    let delete_tags = tagging::may(("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"));
    [
        Operation::new("CopyObject", S3::may_copy, S3::copy_object),
        Operation::new("DeleteObject", S3::may_delete, S3::delete_object),
        Operation::new("DeleteObjects", S3::may_delete_objects, S3::delete_objects),
        Operation::new("DeleteObjectTagging", delete_tags, S3::delete_tagging),
        Operation::new("GetObject", S3::may_get, S3::get_object),
        Operation::new("GetObjectTagging", get_tags, S3::get_tagging),
        Operation::new("HeadObject", S3::may_get, S3::head_object),
        Operation::new("PutObject", S3::may_put, S3::put_object),
        Operation::new("PutObjectTagging", S3::may_tag, S3::put_tagging),
    ]
    .into_iter()
}

fn of_uploads() -> impl Iterator<Item = Operation<S3>> {
    let list = may_list("s3:ListBucketMultipartUploads");
    [
        Operation::new("AbortMultipartUpload", S3::may_abort, S3::abort_upload),
        Operation::new("CompleteMultipartUpload", S3::may_upload, S3::complete_upload),
        Operation::new("CreateMultipartUpload", S3::may_create_upload, S3::create_upload),
        Operation::new("ListMultipartUploads", list, S3::list_uploads),
        Operation::new("ListParts", S3::may_list_parts, S3::list_parts),
        Operation::new("UploadPart", S3::may_upload, S3::upload_part),
        Operation::new("UploadPartCopy", S3::may_copy_part, S3::copy_part),
    ]
    .into_iter()
}
