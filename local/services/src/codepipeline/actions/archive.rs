//! Artifacts as actions read and write them: zips in the pipeline's bucket.

use crate::codepipeline::execution::Artifact;
use crate::codepipeline::work::{Failure, Work};
use crate::objects;
use bytes::Bytes;
use serde_json::json;
use std::io::{self, Cursor, Read, Write};
use zip::ZipArchive;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

/// The bytes of an artifact. One that nobody has written reads to AWS like one that the role may not read.
pub(super) async fn bytes(work: &Work<'_>, artifact: &Artifact) -> Result<Bytes, Failure> {
    let found = objects::get(work.platform, &work.caller, &artifact.bucket, &artifact.key).await;
    found.map_err(|error| {
        let message = format!(
            "Unable to access the artifact with Amazon S3 object key '{}' located in the Amazon S3 artifact bucket '{}'. \
             The provided role does not have sufficient permissions. ({error})",
            artifact.key, artifact.bucket
        );
        Failure::new("PermissionError", message)
    })
}

/// One file of an artifact.
pub(super) async fn file(work: &Work<'_>, artifact: &Artifact, path: &str) -> Result<Vec<u8>, Failure> {
    let bytes = bytes(work, artifact).await?;
    let name = path.trim_start_matches("./").to_owned();
    let read = tokio::task::spawn_blocking(move || read(&bytes, &name)).await;
    let read = read.map_err(|error| Failure::new("SystemUnavailable", error.to_string()))?;
    read.map_err(|error| {
        let message = match error {
            ZipError::FileNotFound => format!("the artifact `{}` has no file `{path}`", artifact.name),
            other => format!("the file `{path}` of the artifact `{}`: {other}", artifact.name),
        };
        Failure::new("ConfigurationError", message)
    })
}

fn read(archive: &[u8], name: &str) -> Result<Vec<u8>, ZipError> {
    let mut archive = ZipArchive::new(Cursor::new(archive))?;
    let mut content = Vec::new();
    archive.by_name(name)?.read_to_end(&mut content)?;
    Ok(content)
}

/// All files, by their paths.
pub(super) fn files(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ZipError> {
    let mut archive = ZipArchive::new(Cursor::new(archive))?;
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        if file.is_file() {
            let mut content = Vec::new();
            file.read_to_end(&mut content)?;
            files.push((file.name()?.into_owned(), content));
        }
    }
    Ok(files)
}

/// Puts an artifact of one file.
pub(super) async fn put_file(work: &Work<'_>, artifact: &Artifact, name: &str, content: &[u8]) -> Result<(), Failure> {
    let zip = of_file(name, content).map_err(|error| {
        let message = format!("cannot zip `{name}`: {error}");
        Failure::new("SystemUnavailable", message)
    })?;
    let to = (artifact.bucket.as_str(), artifact.key.as_str());
    objects::put(work.platform, &work.caller, to, zip, json!({})).await?;
    Ok(())
}

fn of_file(name: &str, content: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, SimpleFileOptions::default())?;
    writer.write_all(content)?;
    Ok(writer.finish()?.into_inner())
}
