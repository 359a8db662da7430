//! What a bucket begins with: the files of `seed/BUCKET/`, where `BUCKET` is what the template calls the bucket.
//!
//! On AWS `sam/seed` puts the same files there. What a bucket has already stays.

use super::{DeployError, DeployedStack};
use crate::cloud::Cloud;
use bytes::Bytes;
use platform::Principal;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// Puts the files of a stack's buckets.
///
/// # Errors
/// A file that cannot be read, or that S3 refuses.
pub(super) async fn put(cloud: &Arc<Cloud>, stack: &DeployedStack) -> Result<(), DeployError> {
    for (id, (kind, made)) in &stack.resources {
        let folder = cloud.root.join("seed").join(id);
        if kind != "AWS::S3::Bucket" || !folder.is_dir() {
            continue;
        }
        let bucket = made.reference.as_str().unwrap_or_default();
        let unreadable = |path: &Path, error: io::Error| DeployError::Seed(format!("{}: {error}", path.display()));
        for file in files(&folder).map_err(|error| unreadable(&folder, error))? {
            let key = file
                .strip_prefix(&folder)
                .unwrap_or(&file)
                .to_string_lossy()
                .into_owned();
            let object = json!({"Bucket": bucket, "Key": key});
            let known = cloud.call(&Principal::Administrator, "s3", "HeadObject", object.clone());
            if known.await.is_ok() {
                continue;
            }
            let body: Bytes = fs::read(&file).map_err(|error| unreadable(&file, error))?.into();
            let put = cloud.send(&Principal::Administrator, "s3", "PutObject", object, body);
            put.await
                .map_err(|error| DeployError::Seed(format!("{}: {error}", file.display())))?;
        }
    }
    Ok(())
}

/// All files below a folder, but for hidden ones.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let paths = if entry.file_type()?.is_dir() {
                &mut waiting
            } else {
                &mut found
            };
            paths.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
