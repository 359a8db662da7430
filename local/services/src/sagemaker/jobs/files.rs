//! A job's files under `/opt/ml`: what it finds there comes from S3, and what it leaves goes there.
//!
//! They are in a folder of this machine, whether the job runs in a container or not.

use super::end::{End, internal};
use crate::objects;
use crate::program::{Own, within};
use bytes::Bytes;
use platform::Platform;
use platform::journal::Happening;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::fs;

/// Where a job finds all that is its own.
const ML: &str = "/opt/ml";

/// A job's own folder.
pub(super) fn own(ml: &Path) -> Own {
    Own {
        path: ML,
        variable: "ML_ROOT",
        folder: ml.to_owned(),
    }
}

/// Where an input comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    /// All objects whose keys begin like this.
    Prefix(&'a str),
    /// The objects that a manifest names:
    /// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html>.
    Manifest(&'a str),
    /// Like a prefix, but it is no failure if there is nothing.
    Checkpoints(&'a str),
}

/// The files of one job, brought and taken as the job's role.
pub(crate) struct Files<'a> {
    pub(super) platform: &'a Arc<Platform>,
    pub(super) role: &'a Principal,
    /// What the job knows as `/opt/ml`.
    pub(super) ml: &'a Path,
}

fn failed(what: &str, error: impl Display) -> End {
    End::failed(format_args!("ClientError: Data download failed: {what}: {error}"))
}

fn place(uri: &str) -> Result<(&str, &str), End> {
    bucket_and_key(uri).ok_or_else(|| failed(uri, "an S3 URI is s3://bucket/key"))
}

impl Files<'_> {
    /// The folder or file that the job knows by this path.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        within(&own(self.ml), path)
    }

    pub(crate) async fn make(&self, paths: &[&str]) -> Result<(), End> {
        for path in paths {
            fs::create_dir_all(self.at(path)).await.map_err(internal)?;
        }
        Ok(())
    }

    pub(crate) async fn write(&self, path: &str, content: &Value) -> Result<(), End> {
        let text = format!("{content:#}\n");
        fs::write(self.at(path), text).await.map_err(internal)
    }

    /// A text that the job has left.
    pub(crate) async fn read(&self, path: &str) -> Option<String> {
        let bytes = fs::read(self.at(path)).await.ok()?;
        let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        Some(text).filter(|text| !text.is_empty())
    }

    /// Brings an input into the folder that the job knows by the path `into`.
    pub(crate) async fn download(&self, source: Source<'_>, into: &str) -> Result<(), End> {
        let into = self.at(into);
        fs::create_dir_all(&into).await.map_err(internal)?;
        let wanted = match source {
            Source::Prefix(uri) => {
                let wanted = self.listed(uri).await?;
                if wanted.is_empty() {
                    return Err(failed(uri, "No S3 objects found under S3 URL"));
                }
                wanted
            }
            Source::Checkpoints(uri) => self.listed(uri).await?,
            Source::Manifest(uri) => self.named(uri).await?,
        };
        for (bucket, key, name) in wanted {
            self.bring(&bucket, &key, &into.join(name)).await?;
        }
        Ok(())
    }

    /// The objects below a prefix: bucket, key, and the name that the job gets each by.
    async fn listed(&self, uri: &str) -> Result<Vec<(String, String, String)>, End> {
        let (bucket, prefix) = place(uri)?;
        let listed = objects::list(self.platform, self.role, bucket, prefix).await;
        let listed = listed.map_err(|error| failed(uri, error))?;
        // The prefix is a folder, or the name of one object.
        let base = prefix.rfind('/').map_or(0, |at| at + 1);
        let keys = listed.iter().filter_map(|object| object["Key"].as_str());
        let named = keys.map(|key| {
            let rest = key.strip_prefix(prefix).map(|rest| rest.trim_start_matches('/'));
            let name = rest.filter(|rest| !rest.is_empty()).unwrap_or(&key[base..]);
            (bucket.to_owned(), key.to_owned(), name.to_owned())
        });
        Ok(named.filter(|(_, _, name)| is_plain(name)).collect())
    }

    /// The objects that a manifest names: `[{"prefix": "s3://bucket/some/"}, "a.csv", "b.csv"]`.
    async fn named(&self, uri: &str) -> Result<Vec<(String, String, String)>, End> {
        let (bucket, key) = place(uri)?;
        let text = objects::get(self.platform, self.role, bucket, key).await;
        let text = text.map_err(|error| failed(uri, error))?;
        let manifest: Vec<Value> = serde_json::from_slice(&text).map_err(|error| failed(uri, error))?;
        let mut members = manifest.iter();
        let prefix = members.next().and_then(|first| first["prefix"].as_str());
        let prefix = prefix.ok_or_else(|| failed(uri, "a manifest begins with {\"prefix\": \"s3://…\"}"))?;
        let (bucket, prefix) = place(prefix)?;
        let names = members.map(|name| {
            let name = name.as_str().filter(|name| is_plain(name));
            let name = name.ok_or_else(|| failed(uri, "a manifest names objects by their paths below the prefix"))?;
            Ok((bucket.to_owned(), format!("{prefix}{name}"), name.to_owned()))
        });
        names.collect()
    }

    async fn bring(&self, bucket: &str, key: &str, to: &Path) -> Result<(), End> {
        let body = objects::get(self.platform, self.role, bucket, key).await;
        let body = body.map_err(|error| failed(&format!("s3://{bucket}/{key}"), error))?;
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).await.map_err(internal)?;
        }
        fs::write(to, &body).await.map_err(internal)
    }

    /// Puts the files of a folder, known to the job by its path, below an S3 URI.
    pub(crate) async fn upload(&self, folder: &str, uri: &str, key: Option<&str>) -> Result<(), String> {
        let folder = self.at(folder);
        for file in self.plain(folder.clone()).await? {
            let name = file.strip_prefix(&folder).unwrap_or(&file).to_string_lossy();
            let body = fs::read(&file).await.map_err(|error| error.to_string())?;
            let to = format!("{}/{name}", uri.trim_end_matches('/'));
            self.put(body, &to, key).await?;
        }
        Ok(())
    }

    /// Puts one object, encrypted with a key of KMS if one is given.
    pub(crate) async fn put(&self, body: impl Into<Bytes>, uri: &str, key: Option<&str>) -> Result<(), String> {
        let (bucket, name) = bucket_and_key(uri).ok_or_else(|| format!("{uri}: an S3 URI is s3://bucket/key"))?;
        let encryption = match key {
            Some(key) => json!({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}),
            None => json!({}),
        };
        let put = objects::put(self.platform, self.role, (bucket, name), body, encryption).await;
        put.map_err(|error| format!("Data upload failed: {uri}: {error}"))
    }

    /// The files below a folder. A link is left out, with a note: it could lead to a file of this machine's.
    pub(crate) async fn plain(&self, folder: PathBuf) -> Result<Vec<PathBuf>, String> {
        let (files, others) = files(folder).await.map_err(|error| error.to_string())?;
        for other in others {
            let path = other.strip_prefix(self.ml).unwrap_or(&other).display();
            self.left_out(format_args!("{ML}/{path}"));
        }
        Ok(files)
    }

    pub(super) fn left_out(&self, what: impl Display) {
        self.note(format_args!(
            "not uploaded, because it is neither a file nor a folder: {what}"
        ));
    }

    pub(crate) fn note(&self, text: impl Display) {
        let text = text.to_string();
        self.platform.journal.record(Happening::Note { text });
    }
}

/// Whether a name stays below its folder, and is a file's.
fn is_plain(name: &str) -> bool {
    !name.split('/').any(|part| part == "..") && !name.ends_with('/') && !name.starts_with('/')
}

/// `s3://bucket/key`, taken apart.
pub(crate) fn bucket_and_key(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// All files below a folder, and what is neither a file nor a folder. A job may have removed the folder.
async fn files(folder: PathBuf) -> std::io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    if !fs::try_exists(&folder).await? {
        return Ok((found, others));
    }
    let mut waiting = vec![folder];
    while let Some(folder) = waiting.pop() {
        let mut entries = fs::read_dir(&folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            let kind = entry.file_type().await?;
            if kind.is_dir() {
                waiting.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            } else {
                others.push(entry.path());
            }
        }
    }
    found.sort();
    Ok((found, others))
}
