//! A source that is an object of a bucket with versions.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html>.

use crate::codepipeline::work::{Done, Failure, Work};
use crate::objects;
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeMap;

pub(super) async fn perform(mut work: Work<'_>) -> Result<Done, Failure> {
    let configured = |key: &str| work.configured(key).to_owned();
    let (bucket, key) = (configured("S3Bucket"), configured("S3ObjectKey"));
    let versioning = json!({"Bucket": bucket});
    let versioning = work
        .platform
        .call(&work.caller, "s3", "GetBucketVersioning", versioning);
    if versioning.await?["Status"] != "Enabled" {
        let message = format!("The S3 bucket {bucket} must have versioning enabled");
        return Err(Failure::new("ConfigurationError", message));
    }
    let mut input = json!({"Bucket": bucket, "Key": key});
    let head = work
        .platform
        .call(&work.caller, "s3", "HeadObject", input.clone())
        .await?;
    let of = |member: &str| head[member].as_str().unwrap_or_default().to_owned();
    let (version, etag) = (of("VersionId"), of("ETag"));
    input["VersionId"] = version.as_str().into();
    let got = work.platform.send(&work.caller, "s3", "GetObject", input, Bytes::new());
    let content = got.await?.body.unwrap_or_default();
    if let [artifact] = work.outputs.as_mut_slice() {
        artifact.revision = Some(version.clone());
        let to = (artifact.bucket.as_str(), artifact.key.as_str());
        // Source actions upload with an access control list.
        let acl = json!({"ACL": "bucket-owner-full-control"});
        objects::put(work.platform, &work.caller, to, content, acl).await?;
    }
    Ok(Done {
        variables: BTreeMap::from([
            ("BucketName".to_owned(), bucket),
            ("ObjectKey".to_owned(), key),
            ("ETag".to_owned(), etag.trim_matches('"').to_owned()),
            ("VersionId".to_owned(), version.clone()),
        ]),
        summary: Some(format!("Amazon S3 version id: {version}")),
        external_id: Some(version),
        outputs: work.outputs,
    })
}
