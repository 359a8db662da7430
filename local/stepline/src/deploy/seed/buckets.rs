//! What a bucket begins with: the files of `seed/BUCKET/`, where `BUCKET` is what the template calls the bucket.

use crate::cloud::Cloud;
use bytes::Bytes;
use md5::{Digest, Md5};
use platform::Principal;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// The metadata that says that an object is a file of `seed/`.
const SEED: &str = "seed";

/// Puts the files of the bucket that a template calls `id`, as far as it does not have them as they are.
///
/// # Errors
/// A file that cannot be read, or that S3 refuses.
pub(crate) async fn put(cloud: &Arc<Cloud>, id: &str, bucket: &str) -> Result<(), String> {
    let folder = cloud.root.join("seed").join(id);
    if !folder.is_dir() {
        return Ok(());
    }
    let at = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    for file in files(&folder).map_err(|error| at(&folder, &error))? {
        let key = file
            .strip_prefix(&folder)
            .unwrap_or(&file)
            .to_string_lossy()
            .into_owned();
        let object = json!({"Bucket": bucket, "Key": key});
        let body: Bytes = fs::read(&file).map_err(|error| at(&file, &error))?.into();
        let known = cloud.call(&Principal::Administrator, "s3", "HeadObject", object.clone());
        // What somebody else has put there since stays.
        let stays = known.await.is_ok_and(|known| {
            let is_the_same = known["ETag"] == format!("\"{}\"", hex::encode(Md5::digest(&body)));
            is_the_same || known["Metadata"].get(SEED).is_none()
        });
        if !stays {
            let mut object = object;
            object["Metadata"] = json!({SEED: id});
            let put = cloud.send(&Principal::Administrator, "s3", "PutObject", object, body);
            put.await.map_err(|error| at(&file, &error))?;
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
