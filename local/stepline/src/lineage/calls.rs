//! The one way in which lineage asks: an operation of a service, and the bytes of an object.

use crate::aws::services::{ALL, Protocol, S3};
use crate::aws::{Access, Looked, LookupError};
use crate::cloud::Cloud;
use async_trait::async_trait;
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use platform::error::{ErrorKind, ServiceError};
use platform::principal::Principal;
use serde_json::{Value, json};

/// The questions to an account. Each only reads.
#[async_trait]
pub trait Calls: Send + Sync {
    /// Calls an operation, such as `ecr`, `DescribeImages`, with its input; its output.
    async fn ask(&self, service: &str, operation: &str, input: Value) -> Looked<Value>;

    /// How many bytes a version of an object has, without reading it:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
    async fn head_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Looked<u64>;

    /// The bytes of a version of an object, or of the newest one:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
    async fn get_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Looked<Bytes>;
}

/// The local account, as the person at the keyboard.
#[async_trait]
impl Calls for Cloud {
    async fn ask(&self, service: &str, operation: &str, input: Value) -> Looked<Value> {
        let called = self.call(&Principal::Administrator, service, operation, input);
        called.await.map_err(|error| refused(service, operation, error))
    }

    async fn head_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Looked<u64> {
        let output = self.ask("s3", "HeadObject", on(bucket, key, version)).await?;
        Ok(output["ContentLength"].as_u64().unwrap_or_default())
    }

    async fn get_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Looked<Bytes> {
        let input = on(bucket, key, version);
        let sent = self.send(&Principal::Administrator, "s3", "GetObject", input, Bytes::new());
        let answer = sent.await.map_err(|error| refused("s3", "GetObject", error))?;
        Ok(answer.body.unwrap_or_default())
    }
}

fn on(bucket: &str, key: &str, version: Option<&str>) -> Value {
    let mut input = json!({"Bucket": bucket, "Key": key});
    if let Some(version) = version {
        input["VersionId"] = version.into();
    }
    input
}

fn refused(service: &str, operation: &str, error: ServiceError) -> LookupError {
    LookupError {
        call: format!("{service}:{operation}"),
        code: match error.kind {
            ErrorKind::NotInLocalRun => "NotInLocalRun".to_owned(),
            _ => error.code,
        },
        message: error.message,
    }
}

/// AWS, with the caller's credentials.
#[async_trait]
impl Calls for Access {
    async fn ask(&self, service: &str, operation: &str, input: Value) -> Looked<Value> {
        let known = ALL
            .iter()
            .find(|known| known.signing_name == service && matches!(known.protocol, Protocol::Json { .. }));
        match known {
            Some(known) => self.json(known, operation, input).await,
            None => Err(LookupError {
                call: format!("{service}:{operation}"),
                code: "Unknown".to_owned(),
                message: "no such service is asked here".to_owned(),
            }),
        }
    }

    async fn head_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Looked<u64> {
        let answer = self.rest(&S3, READ, "HEAD", &path(bucket, key, version)).await?;
        match answer.status {
            200 => Ok(answer.length.unwrap_or_default()),
            _ => Err(answer.xml_error(READ)),
        }
    }

    async fn get_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Looked<Bytes> {
        let answer = self.rest(&S3, READ, "GET", &path(bucket, key, version)).await?;
        match answer.status {
            200 => Ok(answer.body),
            _ => Err(answer.xml_error(READ)),
        }
    }
}

/// What a person must be allowed to, to read an object by its version.
const READ: &str = "s3:GetObjectVersion";

/// What stands in an object's path as it is.
const IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

fn path(bucket: &str, key: &str, version: Option<&str>) -> String {
    let path = format!("/{bucket}/{}", utf8_percent_encode(key, IN_PATHS));
    match version {
        Some(version) => format!("{path}?versionId={}", utf8_percent_encode(version, NON_ALPHANUMERIC)),
        None => path,
    }
}
