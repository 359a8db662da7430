//! S3 over HTTP: buckets by path or by host name, objects as bodies, answers in XML. A request becomes a call through the
//! door, and the answer's members become headers again.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAPI.html>.

use super::object::{CHECKSUMS, KEPT};
use super::objects::precondition_failed;
use axum::body::Body;
use axum::http::response::Builder;
use axum::http::{Method, Response};
use bytes::Bytes;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::http::{Incoming, decode_chunks, is_chunked, request_id, xml};
use platform::{Answer, Platform, Principal, ServiceError};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Query parameters that go with the operations here, and the members that they are. Any other one makes a request one
/// for an operation that is not here.
const PARAMETERS: &[(&str, &str)] = &[
    ("continuation-token", "ContinuationToken"),
    ("delimiter", "Delimiter"),
    ("encoding-type", "EncodingType"),
    ("fetch-owner", ""),
    ("list-type", ""),
    ("max-keys", "MaxKeys"),
    ("prefix", "Prefix"),
    ("start-after", "StartAfter"),
    ("x-id", ""),
];

/// Headers of requests that are members, beside those that are kept with an object.
const ASKED: &[(&str, &str)] = &[
    ("content-md5", "ContentMD5"),
    ("content-type", "ContentType"),
    ("if-match", "IfMatch"),
    ("if-none-match", "IfNoneMatch"),
    ("x-amz-acl", "ACL"),
    ("x-amz-server-side-encryption", "ServerSideEncryption"),
    ("x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"),
];

/// Headers of answers that are members, beside those that are kept with an object.
const ANSWERED: &[(&str, &str)] = &[
    ("accept-ranges", "AcceptRanges"),
    ("content-length", "ContentLength"),
    ("content-range", "ContentRange"),
    ("content-type", "ContentType"),
    ("etag", "ETag"),
    ("location", "Location"),
    ("x-amz-bucket-region", "BucketRegion"),
    ("x-amz-server-side-encryption", "ServerSideEncryption"),
    ("x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"),
];

/// Answers a request to S3.
pub async fn answer(platform: &Arc<Platform>, caller: &Principal, incoming: &Incoming) -> Response<Body> {
    let (bucket, key) = address(incoming);
    let asked = Asked {
        platform,
        caller,
        incoming,
        bucket: &bucket,
        key: &key,
    };
    let response = asked.reply().await.and_then(|(builder, body)| {
        builder
            .header("x-amz-request-id", request_id())
            .body(body)
            .map_err(|_| ServiceError::new("InternalError", "a stored header cannot be sent").with_status(500))
    });
    response.unwrap_or_else(|error| error_response(&error, incoming, &bucket, &key))
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

type Reply = Result<(Builder, Body), ServiceError>;

/// A request to S3, and who makes it.
struct Asked<'a> {
    platform: &'a Arc<Platform>,
    caller: &'a Principal,
    incoming: &'a Incoming,
    bucket: &'a str,
    key: &'a str,
}

impl Asked<'_> {
    async fn reply(&self) -> Reply {
        let incoming = self.incoming;
        let is_known = |name: &str| PARAMETERS.iter().any(|(known, _)| *known == name) || name.starts_with("X-Amz-");
        if let Some((name, _)) = incoming.query.iter().find(|(name, _)| !is_known(name)) {
            return Err(not_implemented(format_args!("`{} ?{name}`", incoming.method)));
        }
        match (&incoming.method, self.bucket, self.key) {
            (&Method::GET, "", _) => Ok(xml_reply(buckets_xml(
                &self.call("ListBuckets", json!({})).await?.output,
            ))),
            (&Method::PUT, _, "") => self.plain("CreateBucket").await,
            (&Method::HEAD, _, "") => self.plain("HeadBucket").await,
            (&Method::GET, _, "") if incoming.query("list-type") == Some("2") => self.list().await,
            (&Method::PUT, _, _) if !self.key.is_empty() => self.put().await,
            (&Method::GET, _, _) if !self.key.is_empty() => self.get("GetObject").await,
            (&Method::HEAD, _, _) if !self.key.is_empty() => self.get("HeadObject").await,
            (&Method::DELETE, _, _) if !self.key.is_empty() => {
                let (builder, body) = self.plain("DeleteObject").await?;
                Ok((builder.status(204), body))
            }
            (method, _, "") => Err(not_implemented(format_args!("`{method}` of a bucket"))),
            (method, _, _) => Err(not_implemented(format_args!("`{method}` of an object"))),
        }
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Answer, ServiceError> {
        self.send(operation, input, Bytes::new()).await
    }

    async fn send(&self, operation: &str, mut input: Value, body: Bytes) -> Result<Answer, ServiceError> {
        for (member, value) in [("Bucket", self.bucket), ("Key", self.key)] {
            if !value.is_empty() {
                input[member] = value.into();
            }
        }
        self.platform.send(self.caller, "s3", operation, input, body).await
    }

    /// A call without members of its own, whose answer is headers alone.
    async fn plain(&self, operation: &str) -> Reply {
        let output = self.call(operation, json!({})).await?.output;
        Ok((headers(&output, false), Body::empty()))
    }

    async fn put(&self) -> Reply {
        let incoming = self.incoming;
        if incoming.header("x-amz-copy-source").is_some() {
            return Err(not_implemented("CopyObject"));
        }
        let (body, trailers) = uploaded(incoming)?;
        let mut input = Map::new();
        for (header, member) in ASKED.iter().chain(KEPT).chain(CHECKSUMS) {
            let trailer = trailers.iter().find(|(name, _)| name == header);
            let value = incoming
                .header(header)
                .or(trailer.map(|(_, value)| value.as_str()))
                .map(str::to_owned);
            let value = if *header == "content-encoding" {
                value.and_then(|value| without_chunks(&value))
            } else {
                value
            };
            input.extend(value.map(|value| ((*member).to_owned(), value.into())));
        }
        let metadata = incoming.headers.iter().filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix("x-amz-meta-")?;
            Some((name.to_owned(), value.to_str().ok()?.into()))
        });
        input.insert("Metadata".into(), metadata.collect::<Map<_, _>>().into());
        let output = self.send("PutObject", input.into(), body).await?.output;
        Ok((headers(&output, true), Body::empty()))
    }

    async fn get(&self, operation: &str) -> Reply {
        let incoming = self.incoming;
        let mut input = json!({});
        if let Some(range) = incoming.header("range").filter(|_| operation == "GetObject") {
            input["Range"] = range.into();
        }
        let Answer { output, body } = self.call(operation, input).await?;
        let etag = output["ETag"].as_str().unwrap_or_default().trim_matches('"');
        let matches = |header: &str| {
            header
                .split(',')
                .any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_matches('"') == etag)
        };
        if incoming.header("if-match").is_some_and(|header| !matches(header)) {
            return Err(precondition_failed("If-Match"));
        }
        let is_part = output.get("ContentRange").is_some();
        // A checksum is that of the whole object, and goes with the whole object only.
        let with_checksum = !is_part && incoming.header("x-amz-checksum-mode") == Some("ENABLED");
        if incoming.header("if-none-match").is_some_and(matches) {
            let mut few = output.clone();
            if let Some(members) = few.as_object_mut() {
                members.retain(|name, _| matches!(name.as_str(), "ETag" | "LastModified"));
            }
            return Ok((headers(&few, false).status(304), Body::empty()));
        }
        let builder = headers(&output, with_checksum);
        Ok((
            builder.status(if is_part { 206 } else { 200 }),
            body.unwrap_or_default().into(),
        ))
    }

    async fn list(&self) -> Reply {
        let mut input = Map::new();
        for (name, member) in PARAMETERS.iter().filter(|(_, member)| !member.is_empty()) {
            if let Some(value) = self.incoming.query(name) {
                input.insert((*member).to_owned(), value.into());
            }
        }
        if let Some(number) = self.incoming.query("max-keys") {
            let number = number.parse::<usize>().map_err(|_| {
                let message = "Provided max-keys not an integer or within integer range";
                ServiceError::new("InvalidArgument", message)
            })?;
            input.insert("MaxKeys".into(), number.into());
        }
        let output = self.call("ListObjectsV2", input.into()).await?.output;
        let escaped = self.incoming.query("encoding-type") == Some("url");
        Ok(xml_reply(listing_xml(&output, escaped)))
    }
}

/// A response with the headers that an output's members are.
fn headers(output: &Value, with_checksum: bool) -> Builder {
    let checksums = if with_checksum { CHECKSUMS } else { &[] };
    let mut builder = Response::builder();
    for (header, member) in ANSWERED.iter().chain(KEPT).chain(checksums) {
        match output.get(member) {
            Some(Value::String(text)) => builder = builder.header(*header, text),
            Some(number @ Value::Number(_)) => builder = builder.header(*header, number.to_string()),
            _ => {}
        }
    }
    if let Some(at) = time(&output["LastModified"]) {
        builder = builder.header("last-modified", at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    for (name, value) in output["Metadata"].as_object().into_iter().flatten() {
        builder = builder.header(format!("x-amz-meta-{name}"), value.as_str().unwrap_or_default());
    }
    builder
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
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

/// The bytes that a request brings, with their frames taken off, and the headers that came behind them.
fn uploaded(incoming: &Incoming) -> Result<(Bytes, Vec<(String, String)>), ServiceError> {
    let sha256 = incoming.header("x-amz-content-sha256");
    let (body, trailers) = if is_chunked(sha256) {
        let decoded = decode_chunks(&incoming.body)?;
        (decoded.body, decoded.trailers)
    } else {
        (incoming.body.clone(), Vec::new())
    };
    if let Some(length) = incoming.header("x-amz-decoded-content-length")
        && length.parse() != Ok(body.len())
    {
        return Err(ServiceError::new(
            "IncompleteBody",
            "You did not provide the number of bytes specified by the x-amz-decoded-content-length header",
        ));
    }
    if let Some(expected) = sha256.filter(|value| value.len() == 64)
        && hex::encode(Sha256::digest(&body)) != *expected
    {
        return Err(ServiceError::new(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ));
    }
    Ok((body, trailers))
}

/// What remains of `Content-Encoding` once the frames are off; None for nothing.
fn without_chunks(value: &str) -> Option<String> {
    let rest = value
        .split(',')
        .map(str::trim)
        .filter(|coding| *coding != "aws-chunked");
    let rest: Vec<&str> = rest.collect();
    (!rest.is_empty()).then(|| rest.join(", "))
}

fn listing_xml(output: &Value, escaped: bool) -> String {
    let name = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        if escaped {
            utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
        } else {
            text.to_owned()
        }
    };
    let mut document = xml::Document::new();
    document.open_with("ListBucketResult", "xmlns", NAMESPACE);
    for member in ["Name", "ContinuationToken", "NextContinuationToken"] {
        if let Some(text) = output[member].as_str() {
            document.leaf(member, text);
        }
    }
    for member in ["Prefix", "Delimiter", "StartAfter"] {
        if output.get(member).is_some() {
            document.leaf(member, &name(&output[member]));
        }
    }
    for member in ["MaxKeys", "KeyCount", "IsTruncated"] {
        document.leaf(member, &output[member].to_string());
    }
    if escaped {
        document.leaf("EncodingType", "url");
    }
    for object in output["Contents"].as_array().into_iter().flatten() {
        document
            .open("Contents")
            .leaf("Key", &name(&object["Key"]))
            .leaf("LastModified", &iso_date(&object["LastModified"]))
            .leaf("ETag", object["ETag"].as_str().unwrap_or_default())
            .leaf("Size", &object["Size"].to_string())
            .leaf("StorageClass", "STANDARD")
            .close("Contents");
    }
    for prefix in output["CommonPrefixes"].as_array().into_iter().flatten() {
        document
            .open("CommonPrefixes")
            .leaf("Prefix", &name(&prefix["Prefix"]))
            .close("CommonPrefixes");
    }
    document.close("ListBucketResult").text()
}

fn buckets_xml(output: &Value) -> String {
    let mut document = xml::Document::new();
    document
        .open_with("ListAllMyBucketsResult", "xmlns", NAMESPACE)
        .open("Buckets");
    for bucket in output["Buckets"].as_array().into_iter().flatten() {
        document
            .open("Bucket")
            .leaf("Name", bucket["Name"].as_str().unwrap_or_default())
            .leaf("CreationDate", &iso_date(&bucket["CreationDate"]))
            .close("Bucket");
    }
    document.close("Buckets").close("ListAllMyBucketsResult").text()
}

fn xml_reply(document: String) -> (Builder, Body) {
    (
        Response::builder().header("content-type", "application/xml"),
        document.into(),
    )
}

fn iso_date(value: &Value) -> String {
    let at = time(value).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
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
    let body = if incoming.method == Method::HEAD {
        Body::empty()
    } else {
        document.close("Error").text().into()
    };
    let mut response = Response::new(body);
    *response.status_mut() = axum::http::StatusCode::from_u16(error.status).unwrap_or_default();
    for (name, value) in [("content-type", "application/xml"), ("x-amz-request-id", &id)] {
        if let Ok(value) = axum::http::HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn not_implemented(what: impl std::fmt::Display) -> ServiceError {
    ServiceError::new(
        "NotImplemented",
        format_args!("A header or query you provided implies functionality that the local run does not have: {what}"),
    )
    .with_status(501)
}
