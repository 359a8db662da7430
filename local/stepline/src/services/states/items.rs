//! The items and results of distributed Maps, in S3.

use super::drive::Running;
use super::tasks::{Failed, session};
use crate::cloud::Cloud;
use crate::services::s3::ListObjects;
use serde_json::{Value, json};
use states_language::{ItemSource, Json, ReadRequest, WriteRequest};
use std::sync::Arc;

/// Reads what an ItemReader names.
pub(super) fn read(cloud: &Arc<Cloud>, running: &Running, request: &ReadRequest) -> Result<ItemSource, Failed> {
    let role = session(running, &running.chosen.revision.role_arn);
    let text = |field: &str| request.parameters.get(field).and_then(Json::as_str).unwrap_or_default();
    let bucket = text("Bucket");
    let fail = |error: crate::error::ServiceError| {
        Failed::new(
            "States.ItemReaderFailed",
            format_args!("Error: S3, {}: {}", error.code, error.message),
        )
    };
    if &*request.operation == "getObject" {
        let object = cloud.s3.get_object(cloud, &role, bucket, text("Key")).map_err(fail)?;
        return Ok(ItemSource::Object(object.body.to_vec()));
    }
    let mut question = ListObjects {
        prefix: text("Prefix").to_owned(),
        ..ListObjects::default()
    };
    let mut listing: Vec<Json> = Vec::new();
    loop {
        let page = cloud.s3.list_objects(cloud, &role, bucket, &question).map_err(fail)?;
        listing.extend(page.contents.iter().map(|(key, object)| {
            let item: Value = json!({
                "Etag": format!("\"{}\"", object.etag),
                "Key": key,
                "LastModified": object.last_modified.as_second(),
                "Size": object.body.len(),
                "StorageClass": "STANDARD",
            });
            Json::from(item)
        }));
        question.continuation_token = page.next_continuation_token;
        if question.continuation_token.is_none() {
            return Ok(ItemSource::Listing(listing));
        }
    }
}

/// Writes what a ResultWriter has.
pub(super) fn write(cloud: &Arc<Cloud>, running: &Running, request: &WriteRequest) -> Result<(), Failed> {
    let role = session(running, &running.chosen.revision.role_arn);
    for (key, text) in &request.files {
        let put = cloud.s3.put_object(cloud, &role, &request.bucket, key, text.clone());
        put.map_err(|error| {
            Failed::new(
                "States.ResultWriterFailed",
                format_args!("Error: S3, {}: {}", error.code, error.message),
            )
        })?;
    }
    Ok(())
}
