//! Objects of S3, as services read and write them: through the door, each time as some role.

use bytes::Bytes;
use platform::{Platform, Principal, ServiceError};
use serde_json::{Value, json};
use std::sync::Arc;

/// The bytes of an object.
///
/// # Errors
/// Those of GetObject.
pub(crate) async fn get(
    platform: &Arc<Platform>,
    role: &Principal,
    bucket: &str,
    key: &str,
) -> Result<Bytes, ServiceError> {
    let input = json!({"Bucket": bucket, "Key": key});
    let answer = platform.send(role, "s3", "GetObject", input, Bytes::new()).await?;
    Ok(answer.body.unwrap_or_default())
}

/// Puts an object; `members` are those of PutObject beside its bucket, key and body.
///
/// # Errors
/// Those of PutObject.
pub(crate) async fn put(
    platform: &Arc<Platform>,
    role: &Principal,
    (bucket, key): (&str, &str),
    body: impl Into<Bytes>,
    mut members: Value,
) -> Result<(), ServiceError> {
    members["Bucket"] = bucket.into();
    members["Key"] = key.into();
    let put = platform.send(role, "s3", "PutObject", members, body.into());
    put.await.map(drop)
}

/// All objects whose keys have a prefix, page by page, as ListObjectsV2 shows them.
///
/// # Errors
/// Those of ListObjectsV2.
pub(crate) async fn list(
    platform: &Arc<Platform>,
    role: &Principal,
    bucket: &str,
    prefix: &str,
) -> Result<Vec<Value>, ServiceError> {
    let mut input = json!({"Bucket": bucket, "Prefix": prefix});
    let mut objects = Vec::new();
    loop {
        let mut page = platform.call(role, "s3", "ListObjectsV2", input.clone()).await?;
        if let Value::Array(contents) = page["Contents"].take() {
            objects.extend(contents);
        }
        match page["NextContinuationToken"].take() {
            Value::String(token) => input["ContinuationToken"] = token.into(),
            _ => return Ok(objects),
        }
    }
}
