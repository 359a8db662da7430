//! A job: <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html#action-reference-Lambda-event>.

use shared::ports::artifacts::{JobCredentials, S3Location};
use shared::secret::Secret;

use super::reader::Reader;

/// A job of CodePipeline, as a Lambda Invoke action hands it out.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id: each continuation has another.
    pub id: String,
    /// The account of the pipeline.
    pub account_id: Option<String>,
    /// What the action is configured with: JSON text that people write.
    pub user_parameters: Option<String>,
    /// What the action reads.
    pub input_artifacts: Vec<Artifact>,
    /// What the action writes.
    pub output_artifacts: Vec<Artifact>,
    /// The credentials for the artifacts.
    pub credentials: Option<JobCredentials>,
    /// What this function answered the job before with; absent on the first call.
    pub continuation_token: Option<String>,
    /// The key that the artifacts are encrypted with, where it is not S3's own.
    pub encryption_key: Option<EncryptionKey>,
}

/// An artifact: an object in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its name in the pipeline.
    pub name: String,
    /// Which revision it is: a commit, for one; unknown for what is yet to be written.
    pub revision: Option<String>,
    /// Where it is.
    pub location: S3Location,
}

/// A KMS key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionKey {
    /// Its id, ARN or alias.
    pub id: String,
}

impl Job {
    /// Reads all but the id, which the caller has found already.
    pub(super) fn read(id: &str, job: &Reader<'_>) -> Result<Self, String> {
        let data = job.field("data")?;
        let configuration = data.field("actionConfiguration")?.field("configuration")?;
        let artifacts = |name| data.list_of(name)?.iter().map(artifact).collect::<Result<_, _>>();
        Ok(Self {
            id: id.to_owned(),
            account_id: job.optional_text_of("accountId")?,
            user_parameters: configuration.optional_text_of("UserParameters")?,
            input_artifacts: artifacts("inputArtifacts")?,
            output_artifacts: artifacts("outputArtifacts")?,
            credentials: data
                .optional("artifactCredentials")?
                .as_ref()
                .map(credentials)
                .transpose()?,
            continuation_token: data.optional_text_of("continuationToken")?,
            encryption_key: data
                .optional("encryptionKey")?
                .as_ref()
                .map(encryption_key)
                .transpose()?,
        })
    }
}

fn artifact(artifact: &Reader<'_>) -> Result<Artifact, String> {
    let name = artifact.text_of("name")?;
    let location = artifact.field("location")?.field("s3Location")?;
    Ok(Artifact {
        name,
        revision: artifact.optional_text_of("revision")?,
        location: S3Location {
            bucket: location.text_of("bucketName")?,
            key: location.text_of("objectKey")?,
        },
    })
}

fn credentials(credentials: &Reader<'_>) -> Result<JobCredentials, String> {
    Ok(JobCredentials {
        access_key_id: Secret::new(credentials.text_of("accessKeyId")?),
        secret_access_key: Secret::new(credentials.text_of("secretAccessKey")?),
        session_token: Secret::new(credentials.optional_text_of("sessionToken")?.unwrap_or_default()),
    })
}

fn encryption_key(key: &Reader<'_>) -> Result<EncryptionKey, String> {
    Ok(EncryptionKey { id: key.text_of("id")? })
}
