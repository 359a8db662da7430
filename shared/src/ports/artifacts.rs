//! A job's artifacts in S3, reached with the credentials that came with the job.

use std::future::Future;
use std::ops::Range;

use super::CallError;
use crate::secret::{Secret, scrub};

/// The credentials of one job: the pipeline's role, narrowed to the job's artifacts, for some minutes.
#[derive(Debug, Clone)]
pub struct JobCredentials {
    /// The access key's id.
    pub access_key_id: Secret<String>,
    /// The secret access key.
    pub secret_access_key: Secret<String>,
    /// The session token.
    pub session_token: Secret<String>,
}

impl JobCredentials {
    /// A text without these credentials, even if it quoted them.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        let secrets = [&self.access_key_id, &self.secret_access_key, &self.session_token];
        scrub(text, &secrets.map(|secret| secret.expose().as_str()))
    }
}

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
}

/// A part of an object, and how long the whole is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRange {
    /// The bytes: fewer than asked for where the object ends before.
    pub bytes: Vec<u8>,
    /// The length of the whole object.
    pub total: u64,
    /// Which version of the object's content it is: two parts with the same tag belong together.
    pub etag: String,
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub trait GetObject: Send + Sync {
    /// Reads a range of bytes of an object. A range that begins at its end or beyond is `Invalid` with `InvalidRange`.
    fn get_object(
        &self,
        credentials: &JobCredentials,
        location: &S3Location,
        range: Range<u64>,
    ) -> impl Future<Output = Result<ObjectRange, CallError>> + Send;
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
pub trait PutObject: Send + Sync {
    /// Writes an object, encrypted with the given KMS key where there is one.
    fn put_object(
        &self,
        credentials: &JobCredentials,
        location: &S3Location,
        bytes: Vec<u8>,
        kms_key_id: Option<&str>,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}
