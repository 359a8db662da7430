//! Files of an artifact that become objects of a bucket.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3Deploy.html>.

use super::archive;
use crate::codepipeline::work::{Done, Failure, Work};
use crate::objects;
use serde_json::{Value, json};

pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    let [artifact] = work.inputs.as_slice() else {
        return Err(Failure::new("ConfigurationError", "it needs an input artifact"));
    };
    let (bucket, key) = (work.configured("BucketName"), work.configured("ObjectKey"));
    let content = archive::bytes(&work, artifact).await?;
    let members = members(&work);
    let put = async |key: &str, content: Vec<u8>| {
        objects::put(work.platform, &work.caller, (bucket, key), content, members.clone()).await
    };
    if work.configured("Extract") != "true" {
        put(key, content.to_vec()).await?;
        return Ok(Done::default());
    }
    let files = tokio::task::spawn_blocking(move || archive::files(&content)).await;
    let files = files.map_err(|error| Failure::new("SystemUnavailable", error.to_string()))?;
    let files = files.map_err(|error| {
        let message = format!("the artifact `{}` cannot be unzipped: {error}", artifact.name);
        Failure::new("ConfigurationError", message)
    })?;
    let prefix = match key.trim_end_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    for (name, content) in files {
        put(&format!("{prefix}{name}"), content).await?;
    }
    Ok(Done::default())
}

/// What the objects get beside their content.
fn members(work: &Work<'_>) -> Value {
    let mut members = json!({});
    for (key, member) in [("CannedACL", "ACL"), ("CacheControl", "CacheControl")] {
        if let Some(value) = work.configuration.get(key) {
            members[member] = value.as_str().into();
        }
    }
    if let Some(key) = work.configuration.get("KMSEncryptionKeyARN") {
        members["ServerSideEncryption"] = "aws:kms".into();
        members["SSEKMSKeyId"] = key.as_str().into();
    }
    members
}
