//! S3, over its SDK, for a job's artifacts: every call with the job's own credentials.

use std::ops::Range;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, IdentityCache, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;

use super::error::classify;
use crate::ports::artifacts::{GetObject, JobCredentials, ObjectRange, PutObject, S3Location};
use crate::ports::{CallError, CallErrorKind};

/// The adapter: its ports are those of [`crate::ports::artifacts`].
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    client: Client,
}

impl ArtifactStore {
    pub(super) fn new(config: &SdkConfig, path_style: bool) -> Self {
        let config = Builder::from(config)
            .force_path_style(path_style)
            // TLS keeps the bytes whole; S3's further checksums would only grow the requests.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            // Each call brings other credentials: none are kept.
            .identity_cache(IdentityCache::no_cache())
            .build();
        Self {
            client: Client::from_conf(config),
        }
    }
}

/// The configuration of one call: the job's credentials.
fn on_behalf_of(job: &JobCredentials) -> Builder {
    let [key_id, secret, token] =
        [&job.access_key_id, &job.secret_access_key, &job.session_token].map(|secret| secret.expose().clone());
    let token = Some(token).filter(|token| !token.is_empty());
    Builder::new().credentials_provider(Credentials::new(key_id, secret, token, None, "job"))
}

/// S3's errors can quote what it was sent.
fn scrubbed(mut error: CallError, job: &JobCredentials) -> CallError {
    error.message = job.scrub(&error.message);
    error
}

impl GetObject for ArtifactStore {
    async fn get_object(
        &self,
        credentials: &JobCredentials,
        location: &S3Location,
        range: Range<u64>,
    ) -> Result<ObjectRange, CallError> {
        const OPERATION: &str = "GetObject";
        let answer = self
            .client
            .get_object()
            .bucket(&location.bucket)
            .key(&location.key)
            .range(format!("bytes={}-{}", range.start, range.end.saturating_sub(1)))
            .customize()
            .config_override(on_behalf_of(credentials))
            .send()
            .await
            .map_err(|error| scrubbed(classify(OPERATION, error), credentials))?;
        let unreadable = |reason: &str| CallError::new(OPERATION, CallErrorKind::Unavailable, reason);
        let total = match &answer.content_range {
            Some(range) => range
                .rsplit('/')
                .next()
                .and_then(|total| total.parse().ok())
                .ok_or_else(|| unreadable("the answer's Content-Range cannot be read"))?,
            None => u64::try_from(answer.content_length.unwrap_or_default()).unwrap_or_default(),
        };
        let etag = answer.e_tag.unwrap_or_default();
        let bytes = answer
            .body
            .collect()
            .await
            .map_err(|_| unreadable("the answer broke off"))?
            .to_vec();
        Ok(ObjectRange { bytes, total, etag })
    }
}

impl PutObject for ArtifactStore {
    async fn put_object(
        &self,
        credentials: &JobCredentials,
        location: &S3Location,
        bytes: Vec<u8>,
        kms_key_id: Option<&str>,
    ) -> Result<(), CallError> {
        self.client
            .put_object()
            .bucket(&location.bucket)
            .key(&location.key)
            .content_type("application/zip")
            .set_server_side_encryption(kms_key_id.map(|_| ServerSideEncryption::AwsKms))
            .set_ssekms_key_id(kms_key_id.map(str::to_owned))
            .body(ByteStream::from(bytes))
            .customize()
            .config_override(on_behalf_of(credentials))
            .send()
            .await
            .map_err(|error| scrubbed(classify("PutObject", error), credentials))?;
        Ok(())
    }
}
