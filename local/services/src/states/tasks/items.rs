//! The items and results of distributed Maps, in S3.

use super::errors::Failed;
use crate::objects;
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use platform::{Platform, Principal, ServiceError};
use serde_json::{Value, json};
use states_language::{ItemSource, Json, ReadRequest, WriteRequest};
use std::io::Read;
use std::sync::Arc;

/// Reads what an ItemReader names.
pub(crate) async fn read(
    platform: &Arc<Platform>,
    role: &Principal,
    request: &ReadRequest,
) -> Result<ItemSource, Failed> {
    let text = |field: &str| request.parameters.get(field).and_then(Json::as_str).unwrap_or_default();
    let bucket = text("Bucket");
    if &*request.operation == "getObject" {
        let body = objects::get(platform, role, bucket, text("Key"))
            .await
            .map_err(unreadable)?;
        let body = if request.is_gzip {
            decompressed(&body, text("Key"))?
        } else {
            body.to_vec()
        };
        return Ok(ItemSource::Object(body));
    }
    let listing = objects::list(platform, role, bucket, text("Prefix")).await;
    let items = listing.map_err(unreadable)?.into_iter().map(item).map(Json::from);
    Ok(ItemSource::Listing(items.collect()))
}

/// An object as a Map's item, whose members have names and forms of their own.
fn item(object: Value) -> Value {
    let modified = object["LastModified"]
        .as_str()
        .and_then(|at| at.parse::<Timestamp>().ok());
    json!({
        "Etag": object["ETag"],
        "Key": object["Key"],
        "LastModified": modified.unwrap_or_default().as_second(),
        "Size": object["Size"],
        "StorageClass": object["StorageClass"],
    })
}

/// What was compressed with gzip.
fn decompressed(body: &[u8], key: &str) -> Result<Vec<u8>, Failed> {
    let mut read = Vec::new();
    let decoded = MultiGzDecoder::new(body).read_to_end(&mut read);
    decoded.map_err(|error| {
        let cause = format_args!("The object '{key}', which a manifest lists, cannot be decompressed: {error}");
        Failed::new("States.ItemReaderFailed", cause)
    })?;
    Ok(read)
}

fn unreadable(error: ServiceError) -> Failed {
    let cause = format_args!("Error: S3, {}: {}", error.code, error.message);
    Failed::new("States.ItemReaderFailed", cause)
}

/// Writes what a ResultWriter has.
pub(crate) async fn write(platform: &Arc<Platform>, role: &Principal, request: &WriteRequest) -> Result<(), Failed> {
    for (key, text) in &request.files {
        let place = (&*request.bucket, key.as_ref());
        let put = objects::put(platform, role, place, text.clone(), json!({})).await;
        put.map_err(|error| {
            let cause = format_args!("Error: S3, {}: {}", error.code, error.message);
            Failed::new("States.ResultWriterFailed", cause)
        })?;
    }
    Ok(())
}
