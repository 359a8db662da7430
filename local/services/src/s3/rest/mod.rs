//! S3 over HTTP: buckets by path or by host name, objects as bodies, documents in XML. A request becomes a call through
//! the door (`request`), and the call's output an answer (`answer`).
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAPI.html>.

mod answer;
mod names;
mod request;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use platform::http::{Incoming, request_id, xml};
use platform::{Platform, Principal, ServiceError};
use request::Asked;
use std::sync::Arc;

/// Answers a request to S3.
pub async fn answer(platform: &Arc<Platform>, caller: &Principal, incoming: &Incoming) -> Response<Body> {
    let (bucket, key) = address(incoming);
    let response = respond(platform, caller, incoming, (&bucket, &key)).await;
    response.unwrap_or_else(|error| error_response(&error, incoming, &bucket, &key))
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
    scope.is_some_and(|scope| scope.contains("/s3/aws4_request"))
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

fn error_response(error: &ServiceError, incoming: &Incoming, bucket: &str, key: &str) -> Response<Body> {
    let id = request_id();
    let mut document = xml::Document::new();
    document
        .open("Error")
        .leaf("Code", &error.code)
        .leaf("Message", &error.message)
        .leaf("BucketName", bucket)
        .leaf("Key", key)
        .leaf("RequestId", &id);
    let body = if incoming.method == Method::HEAD || error.status == 304 {
        Body::empty()
    } else {
        document.close("Error").text().into()
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(error.status).unwrap_or_default();
    for (name, value) in [("content-type", "application/xml"), ("x-amz-request-id", &id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
