//! A job's files under `/opt/ml`: what it finds there, and where its outputs go.
//!
//! They are in a folder of this machine, whether the job runs in a container or not.

use super::end::{End, cut, internal};
use super::job::Job;
use crate::objects;
use platform::Platform;
use platform::principal::Principal;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::fs;

/// Where a job finds all that is its own.
pub(super) const ML: &str = "/opt/ml";

/// The files of one job.
pub(super) struct Data<'a> {
    pub(super) platform: &'a Arc<Platform>,
    pub(super) job: &'a Job,
    /// What the job knows as `/opt/ml`.
    pub(super) ml: &'a Path,
}

impl Data<'_> {
    /// Makes the folders of the `/opt/ml` contract.
    pub(super) async fn make(&self) -> std::io::Result<()> {
        for folder in ["config", "output", "processing"] {
            fs::create_dir_all(self.ml.join(folder)).await?;
        }
        Ok(())
    }

    /// The files by which a container learns about its job:
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html#byoc-config>.
    pub(super) async fn configure(&self) -> std::io::Result<()> {
        let request = &self.job.request;
        let mut job = json!(request);
        job["ProcessingJobArn"] = self.job.arn.as_str().into();
        let resources = json!({
            "current_host": "algo-1",
            "hosts": ["algo-1"],
            "network_interface_name": "eth0",
            "current_instance_type": request.processing_resources.cluster_config.instance_type,
        });
        for (name, content) in [("processingjobconfig.json", job), ("resourceconfig.json", resources)] {
            fs::write(self.ml.join("config").join(name), format!("{content:#}\n")).await?;
        }
        Ok(())
    }

    /// Brings the inputs from S3, and makes the outputs' folders.
    pub(super) async fn download(&self, role: &Principal) -> Result<(), End> {
        let fail = |what: &str, error: &dyn std::fmt::Display| {
            End::failed(format_args!("ClientError: Data download failed: {what}: {error}"))
        };
        for input in self
            .job
            .request
            .processing_inputs
            .iter()
            .filter(|input| !input.app_managed)
        {
            let uri = input.s3_input.s3_uri.as_str();
            let (bucket, prefix) = bucket_and_key(uri).ok_or_else(|| fail(uri, &"an S3 URI is s3://bucket/key"))?;
            let into = within(self.ml, &input.s3_input.local_path);
            fs::create_dir_all(&into).await.map_err(internal)?;
            let listed = objects::list(self.platform, role, bucket, prefix).await;
            let listed = listed.map_err(|error| fail(uri, &error))?;
            if listed.is_empty() {
                return Err(fail(uri, &"No S3 objects found under S3 URL"));
            }
            for key in listed.iter().filter_map(|object| object["Key"].as_str()) {
                // The prefix is a folder, or the name of one object.
                let base = prefix.rfind('/').map_or(0, |at| at + 1);
                let rest = key.strip_prefix(prefix).map(|rest| rest.trim_start_matches('/'));
                let name = rest.filter(|rest| !rest.is_empty()).unwrap_or(&key[base..]);
                let body = objects::get(self.platform, role, bucket, key).await;
                let body = body.map_err(|error| fail(uri, &error))?;
                let path = into.join(name);
                if name.split('/').any(|part| part == "..") || name.ends_with('/') {
                    continue;
                }
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent).await.map_err(internal)?;
                }
                fs::write(&path, &body).await.map_err(internal)?;
            }
        }
        for output in self.job.request.outputs() {
            let folder = within(self.ml, &output.s3_output.local_path);
            fs::create_dir_all(&folder).await.map_err(internal)?;
        }
        Ok(())
    }

    /// Puts the outputs to S3.
    pub(super) async fn upload(&self, role: &Principal) -> Result<(), String> {
        let config = self.job.request.processing_output_config.as_ref();
        let encryption = match config.and_then(|config| config.kms_key_id.as_deref()) {
            Some(key) => json!({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}),
            None => json!({}),
        };
        for output in self.job.request.outputs().iter().filter(|output| !output.app_managed) {
            let uri = output.s3_output.s3_uri.as_str();
            let (bucket, prefix) = bucket_and_key(uri).ok_or_else(|| format!("{uri}: an S3 URI is s3://bucket/key"))?;
            let folder = within(self.ml, &output.s3_output.local_path);
            for file in files(folder.clone()).await.map_err(|error| error.to_string())? {
                let name = file.strip_prefix(&folder).unwrap_or(&file).to_string_lossy();
                let key = format!("{}/{name}", prefix.trim_end_matches('/'));
                let body = fs::read(&file).await.map_err(|error| error.to_string())?;
                let place = (bucket, key.trim_start_matches('/'));
                let put = objects::put(self.platform, role, place, body, encryption.clone()).await;
                put.map_err(|error| format!("Data upload failed: {uri}: {error}"))?;
            }
        }
        Ok(())
    }

    /// The paths, as the job knows them, of what it leaves: its message, and its outputs where they are wanted.
    pub(super) fn left(&self, outputs: bool) -> Vec<String> {
        let wanted = self
            .job
            .request
            .outputs()
            .iter()
            .filter(|output| outputs && !output.app_managed);
        let outputs = wanted.map(|output| output.s3_output.local_path.clone());
        std::iter::once(format!("{ML}/output")).chain(outputs).collect()
    }

    /// What the job left for people to read.
    pub(super) async fn exit_message(&self) -> Option<String> {
        let message = fs::read(self.ml.join("output/message")).await.ok()?;
        let message = cut(String::from_utf8_lossy(&message).trim_end());
        Some(message).filter(|message| !message.is_empty())
    }
}

/// `s3://bucket/key`, taken apart.
fn bucket_and_key(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// A path under `/opt/ml`, in the job's own folder.
pub(super) fn within(ml: &Path, path: &str) -> PathBuf {
    let parts = path.trim_start_matches(ML).split('/');
    parts
        .filter(|part| !part.is_empty() && *part != "..")
        .fold(ml.to_owned(), |path, part| path.join(part))
}

/// All files below a folder.
async fn files(folder: PathBuf) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder];
    while let Some(folder) = waiting.pop() {
        let mut entries = fs::read_dir(&folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            if entry.file_type().await?.is_dir() {
                waiting.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
