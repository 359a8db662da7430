//! What the sample events in `events/` speak of, so that a function finds it: jobs, artifacts and images.
//!
//! A sample names a job that no pipeline made and images that nobody pushed. Here they come to be, without the events that
//! a push would set off.

mod images;

use crate::cloud::Cloud;
use platform::error::ServiceError;
use platform::principal::Principal;
use serde_json::{Value, json};
use services::codepipeline::Answer;
use services::s3;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Why an event's world cannot be provided.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// A sample cannot be read.
    #[error("cannot read the event `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A sample is not JSON.
    #[error("the event `{}` is not JSON: {source}", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: serde_json::Error,
    },
    /// The working tree cannot be packed as the source artifact.
    #[error("cannot pack the working tree: {0}")]
    Source(String),
    /// A service does not take it.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Provides what one event speaks of. Where that is a job, its answer will arrive on the receiver.
///
/// # Errors
/// See [`SampleError`].
pub async fn provide(cloud: &Arc<Cloud>, event: &Value) -> Result<Option<oneshot::Receiver<Answer>>, SampleError> {
    let events = event.as_array().map_or(std::slice::from_ref(event), Vec::as_slice);
    let is_about_images = |event: &Value| event["source"] == "aws.ecr" || event["detail-type"] == "Scheduled Event";
    if events.iter().any(is_about_images) {
        images::provide(cloud)?;
    }
    let job = &event["CodePipeline.job"];
    let Some(id) = job["id"].as_str() else {
        return Ok(None);
    };
    let administrator = Principal::Administrator;
    for (bucket, key) in locations(&job["data"]["inputArtifacts"]) {
        make_bucket(cloud, bucket).await;
        let place = json!({"Bucket": bucket, "Key": key});
        let found = cloud.call(&administrator, "s3", "HeadObject", place.clone()).await;
        if found.is_err() {
            let zip = cloud
                .codepipeline
                .source_zip(cloud)
                .await
                .map_err(SampleError::Source)?;
            cloud.send(&administrator, "s3", "PutObject", place, zip.into()).await?;
        }
    }
    for (bucket, _) in locations(&job["data"]["outputArtifacts"]) {
        make_bucket(cloud, bucket).await;
    }
    Ok(Some(cloud.codepipeline.open_job(id)))
}

/// The samples of the cloud's repository: each one's file name without its ending, and what it holds.
///
/// # Errors
/// See [`SampleError`].
pub fn read(cloud: &Cloud) -> Result<Vec<(String, Value)>, SampleError> {
    let folder = cloud.root.join("events");
    let unreadable = |source| SampleError::Unreadable {
        path: folder.clone(),
        source,
    };
    let entries = std::fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<PathBuf> = entries
        .map_err(unreadable)?
        .into_iter()
        .map(|entry| entry.path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let samples = paths.into_iter().map(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, read_one(path)?))
    });
    samples.collect()
}

/// The event in a file.
///
/// # Errors
/// See [`SampleError`].
pub(crate) fn read_one(path: PathBuf) -> Result<Value, SampleError> {
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(SampleError::Unreadable { path, source }),
    };
    serde_json::from_str(&text).map_err(|source| SampleError::NotJson { path, source })
}

/// Where artifacts lie: buckets and keys.
fn locations(artifacts: &Value) -> impl Iterator<Item = (&str, &str)> {
    let artifacts = artifacts.as_array().into_iter().flatten();
    artifacts.filter_map(|artifact| {
        let location = &artifact["location"]["s3Location"];
        Some((location["bucketName"].as_str()?, location["objectKey"].as_str()?))
    })
}

async fn make_bucket(cloud: &Cloud, bucket: &str) {
    let input = s3::create_here(cloud, bucket);
    // The templates may have made it already.
    let _ = cloud.call(&Principal::Administrator, "s3", "CreateBucket", input).await;
}
