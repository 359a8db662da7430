//! S3 over HTTP: buckets by path or by host name, objects as bodies, documents in XML. A request becomes a call through
//! the door (`request`), and the call's output an answer (`answer`).
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAPI.html>.

mod answer;
mod names;
mod request;

use super::buckets::FIRST_REGION;
use axum::body::Body;
use axum::http::{Method, Response, StatusCode};
use platform::http::{self, Incoming, request_id, xml};
use platform::{Platform, Principal, ServiceError};
use request::Asked;
use serde_json::json;
use std::sync::Arc;

/// Answers a request to S3.
pub async fn answer(platform: &Arc<Platform>, caller: &Principal, incoming: &Incoming) -> Response<Body> {
    let (bucket, key) = address(incoming);
    match respond(platform, caller, incoming, (&bucket, &key)).await {
        Ok(response) => response,
        Err(error) => {
            let mut response = error_response(&error, incoming, &bucket, &key);
            if error.code == "PermanentRedirect" {
                say_where(platform, &bucket, &mut response).await;
            }
            response
        }
    }
}

/// Says in which region a bucket is: clients go there then.
async fn say_where(platform: &Arc<Platform>, bucket: &str, response: &mut Response<Body>) {
    let input = json!({"Bucket": bucket});
    if let Ok(answer) = platform.look("s3", "GetBucketLocation", input).await {
        let region = answer.output["LocationConstraint"].as_str().unwrap_or(FIRST_REGION);
        http::header(response, "x-amz-bucket-region", region);
    }
}

async fn respond(
    platform: &Arc<Platform>,
    caller: &Principal,
    incoming: &Incoming,
    (bucket, key): (&str, &str),
) -> Result<Response<Body>, ServiceError> {
    let asked = Asked::read(incoming, bucket, key)?;
    let (input, body) = (asked.input.clone().into(), asked.body.clone());
    let output = platform.send(caller, "s3", asked.operation, input, body).await?;
    let escapes = incoming.query("encoding-type") == Some("url");
    let (builder, body) = answer::answer(&asked, escapes, output);
    builder
        .header("x-amz-request-id", request_id())
        .body(body)
        .map_err(|_| ServiceError::new("InternalError", "a stored header cannot be sent").with_status(500))
}

/// Whether a request that cannot be identified is one to S3, by the scope of its credential.
pub fn is_meant(incoming: &Incoming) -> bool {
    let scope = incoming
        .header("authorization")
        .or_else(|| incoming.query("X-Amz-Credential"));
    scope.is_some_and(|scope| scope.contains("/s3/aws4_request")) || is_of_version_2(incoming) || is_a_form(incoming)
}

/// What S3 answers to whoever cannot be identified, where it has an answer of its own.
pub fn unidentified(error: ServiceError, incoming: &Incoming) -> ServiceError {
    if is_a_form(incoming) {
        return names::not_implemented("`POST` of a form (browser-based uploads)");
    }
    if is_of_version_2(incoming) {
        let message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
        return ServiceError::new("InvalidRequest", message);
    }
    error
}

/// Whether a request has a signature of version 2, which buckets do not take since 2020:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingAWSSDK.html>.
fn is_of_version_2(incoming: &Incoming) -> bool {
    let is_presigned = incoming.query("AWSAccessKeyId").is_some() && incoming.query("Signature").is_some();
    is_presigned
        || incoming
            .header("authorization")
            .is_some_and(|it| it.starts_with("AWS "))
}

/// Whether a page's form is sent, whose fields are signed.
fn is_a_form(incoming: &Incoming) -> bool {
    let kind = incoming.header("content-type").unwrap_or_default();
    incoming.method == Method::POST && kind.starts_with("multipart/form-data")
}

/// An error in S3's form, where the request came no further.
pub fn refusal(error: &ServiceError, incoming: &Incoming) -> Response<Body> {
    let (bucket, key) = address(incoming);
    error_response(error, incoming, &bucket, &key)
}

/// The bucket and the key: from the path, or the bucket from a host name such as `bucket.localhost`.
fn address(incoming: &Incoming) -> (String, String) {
    let path = incoming.path();
    let path = path.strip_prefix('/').unwrap_or(&path);
    let host = incoming.header("host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    match name
        .strip_suffix(".localhost")
        .or_else(|| name.strip_suffix(".s3.localhost"))
    {
        Some(bucket) => (bucket.trim_end_matches(".s3").to_owned(), path.to_owned()),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (bucket.to_owned(), key.to_owned())
        }
    }
}

/// What S3 tells of these errors beside a code and a message.
///
/// See <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
const DETAILS: &[(&str, &[&str])] = &[
    ("BucketAlreadyOwnedByYou", &["BucketName"]),
    ("BucketNotEmpty", &["BucketName"]),
    ("InvalidBucketName", &["BucketName"]),
    ("InvalidPart", &["UploadId"]),
    ("InvalidPartOrder", &["UploadId"]),
    ("InvalidRange", &["RangeRequested"]),
    ("MethodNotAllowed", &["Method", "ResourceType"]),
    ("NoSuchBucket", &["BucketName"]),
    ("NoSuchKey", &["Key"]),
    ("NoSuchTagSet", &["BucketName"]),
    ("NoSuchUpload", &["UploadId"]),
    ("NoSuchVersion", &["Key", "VersionId"]),
];

/// The details of an error: its own, and what the request says.
fn details(error: &ServiceError, incoming: &Incoming, bucket: &str, key: &str) -> Vec<(&'static str, String)> {
    let mut details = error.details.to_vec();
    let known = DETAILS.iter().find(|(code, _)| *code == error.code);
    for name in known.map_or(&[][..], |(_, names)| names) {
        let value = match *name {
            "BucketName" => Some(bucket),
            "Key" => Some(key),
            "Method" => Some(incoming.method.as_str()),
            "RangeRequested" => incoming.header("range"),
            // A version that cannot be asked for is a delete marker.
            "ResourceType" => Some("DeleteMarker"),
            "UploadId" => incoming.query("uploadId"),
            "VersionId" => incoming.query("versionId"),
            _ => None,
        };
        if let Some(value) = value.filter(|_| details.iter().all(|(own, _)| own != name)) {
            details.push((name, value.to_owned()));
        }
    }
    details
}

fn error_response(error: &ServiceError, incoming: &Incoming, bucket: &str, key: &str) -> Response<Body> {
    let id = request_id();
    let mut document = xml::Document::new();
    document
        .open("Error")
        .leaf("Code", &error.code)
        .leaf("Message", &error.message);
    // What has a small letter at its beginning is a header.
    let is_header = |name: &str| name.starts_with(|first: char| first.is_ascii_lowercase());
    for (name, value) in details(error, incoming, bucket, key) {
        if !is_header(name) {
            document.leaf(name, &value);
        }
    }
    document.leaf("RequestId", &id).leaf("HostId", &id);
    let body = if incoming.method == Method::HEAD || error.status == 304 {
        Body::empty()
    } else {
        document.close("Error").text().into()
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(error.status).unwrap_or_default();
    for (name, value) in [("content-type", "application/xml"), ("x-amz-request-id", &id)] {
        http::header(&mut response, name, value);
    }
    for (name, value) in error.details.iter().filter(|(name, _)| is_header(name)) {
        http::header(&mut response, name, value);
    }
    response
}
