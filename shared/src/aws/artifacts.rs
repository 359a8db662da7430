//! S3, for a job's artifacts. Every call uses the job's own credentials.
//!
//! Two operations are needed. They are REST, so their requests are built and signed here; [`super::request`] sends them.

use std::ops::Range;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;

mod address;
mod refusal;

use super::request::{Request, send};
use crate::ports::artifacts::{GetObject, JobCredentials, ObjectRange, PutObject, S3Location};
use crate::ports::{CallError, CallErrorKind};
use address::Address;

/// The adapter: its ports are those of [`crate::ports::artifacts`].
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    config: SdkConfig,
    address: Address,
}

impl ArtifactStore {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self {
            address: Address::of(config),
            config: config.clone(),
        }
    }

    /// A request for an object, neither signed nor sent.
    fn request(
        &self,
        operation: &'static str,
        method: &str,
        location: &S3Location,
        body: SdkBody,
    ) -> Result<HttpRequest, CallError> {
        let uri = self.address.of_object(location);
        let mut request = HttpRequest::new(body);
        (request.set_method(method).is_ok() && request.set_uri(uri.as_str()).is_ok())
            .then_some(request)
            .ok_or_else(|| {
                let reason = format!("`{uri}` is not the address of an object");
                CallError::new(operation, CallErrorKind::Invalid, reason)
            })
    }

    /// Sends a request with the job's credentials, and reads a good answer with `read`.
    async fn call<O: std::fmt::Debug + Send + Sync + 'static>(
        &self,
        operation: &'static str,
        job: &JobCredentials,
        mut request: HttpRequest,
        read: impl Fn(&HttpResponse) -> Result<O, BoxError> + Send + Sync + 'static,
    ) -> Result<O, CallError> {
        let invalid = |error: &dyn std::fmt::Display| {
            CallError::new(operation, CallErrorKind::Invalid, job.scrub(&error.to_string()))
        };
        self.sign(&mut request, job).map_err(|error| invalid(&error))?;
        let request = Request {
            service: "S3",
            operation,
            request,
            read,
            refusal: refusal::of,
        };
        send(&self.config, request).await.map_err(|mut error| {
            // An error of S3 can quote the request.
            error.message = job.scrub(&error.message);
            error
        })
    }

    /// Signs a request for S3. S3 signs the path as it is sent, and wants the hash of the payload in a header:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
    fn sign(&self, request: &mut HttpRequest, job: &JobCredentials) -> Result<(), BoxError> {
        let [key_id, secret, token] =
            [&job.access_key_id, &job.secret_access_key, &job.session_token].map(|secret| secret.expose().clone());
        let token = Some(token).filter(|token| !token.is_empty());
        let identity = Credentials::new(key_id, secret, token, None, "job").into();
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(self.config.region().map_or("", AsRef::as_ref))
            .name("s3")
            .time(SystemTime::now())
            .settings(settings)
            .build()?
            .into();
        let body = request
            .body()
            .bytes()
            .map_or(SignableBody::UnsignedPayload, SignableBody::Bytes);
        let signable = SignableRequest::new(request.method(), request.uri(), request.headers().iter(), body)?;
        let (headers, _) = sign(signable, &parameters)?.into_parts().0.into_parts();
        for header in headers {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(())
    }
}

impl GetObject for ArtifactStore {
    async fn get_object(
        &self,
        credentials: &JobCredentials,
        location: &S3Location,
        range: Range<u64>,
    ) -> Result<ObjectRange, CallError> {
        let mut request = self.request("GetObject", "GET", location, SdkBody::empty())?;
        let bytes = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        request.headers_mut().insert("range", bytes);
        let read = move |answer: &HttpResponse| {
            let etag = tag_of(answer)?;
            let part = part_of(answer, &range).ok_or("the answer is not the part that was asked for")?;
            let (bytes, total) = (part.0.to_vec(), part.1);
            Ok(ObjectRange { bytes, total, etag })
        };
        self.call("GetObject", credentials, request, read).await
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
        let length = bytes.len();
        let mut request = self.request("PutObject", "PUT", location, SdkBody::from(bytes))?;
        let headers = request.headers_mut();
        headers.insert("content-type", "application/zip");
        headers.insert("content-length", length.to_string());
        if let Some(key) = kms_key_id {
            headers.insert("x-amz-server-side-encryption", "aws:kms");
            headers
                .try_insert("x-amz-server-side-encryption-aws-kms-key-id", key.to_owned())
                .map_err(|_| {
                    CallError::new(
                        "PutObject",
                        CallErrorKind::Invalid,
                        "the KMS key's id cannot be sent in a header",
                    )
                })?;
        }
        self.call("PutObject", credentials, request, |answer| tag_of(answer).map(drop))
            .await
    }
}

/// The ETag that every good answer of S3 has. An answer without it may come from a proxy in between.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html>
fn tag_of(answer: &HttpResponse) -> Result<String, BoxError> {
    let header = |name| answer.headers().get(name).unwrap_or_default();
    let is_page = header("content-type").starts_with("text/html") && header("x-amz-request-id").is_empty();
    match header("etag") {
        tag if !tag.is_empty() && !is_page => Ok(tag.to_owned()),
        _ => Err("the answer does not come from S3".into()),
    }
}

/// The bytes of a range, and the length of the whole object. Nothing if the answer has another range, or fewer bytes
/// than it says.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_ResponseSyntax>
fn part_of<'a>(answer: &'a HttpResponse, range: &Range<u64>) -> Option<(&'a [u8], u64)> {
    let bytes = answer.body().bytes().unwrap_or_default();
    let Some(said) = answer.headers().get("content-range") else {
        // The whole object: the server does not know ranges.
        let end = bytes.len().min(range.end.try_into().ok()?);
        return Some((bytes.get(range.start.try_into().ok()?..end)?, bytes.len() as u64));
    };
    let (part, total) = said.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let is_it = first == range.start && last.checked_sub(first)? + 1 == bytes.len() as u64;
    is_it.then_some((bytes, total.parse().ok()?))
}
