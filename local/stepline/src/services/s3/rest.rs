//! S3 over HTTP: buckets by path or by host name, objects as bodies, answers in XML.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAPI.html>.

use super::listing::ListObjects;
use super::object::{Encryption, NewObject, Object, Range};
use super::{Listing, S3};
use crate::cloud::Cloud;
use crate::error::ServiceError;
use crate::gateway::{Incoming, decode_chunks, is_chunked, request_id, xml};
use crate::principal::Principal;
use axum::body::Body;
use axum::http::response::Builder;
use axum::http::{Method, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Query parameters that go with the plain operations; any other one makes it an operation that is not here.
const PARAMETERS: &[&str] = &[
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "list-type",
    "max-keys",
    "prefix",
    "start-after",
    "x-id",
];

/// Headers that are stored with an object and come back with it.
const KEPT_HEADERS: &[&str] = &[
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
];

/// Answers a request to S3.
pub(crate) fn answer(cloud: &Cloud, caller: &Principal, incoming: &Incoming) -> Response<Body> {
    let (bucket, key) = address(incoming);
    let result = dispatch(cloud, caller, incoming, &bucket, &key);
    let response = result.and_then(|(builder, body)| {
        builder
            .header("x-amz-request-id", request_id())
            .body(body)
            .map_err(|_| ServiceError::new("InternalError", "a stored header cannot be sent").with_status(500))
    });
    response.unwrap_or_else(|error| error_response(&error, incoming, &bucket, &key))
}

/// Whether a request that cannot be identified is one to S3, by the scope of its credential.
pub(crate) fn is_meant(incoming: &Incoming) -> bool {
    let scope = incoming
        .header("authorization")
        .or_else(|| incoming.query("X-Amz-Credential"));
    scope.is_some_and(|scope| scope.contains("/s3/aws4_request"))
}

/// An error in S3's form, where the request came no further.
pub(crate) fn refusal(error: &ServiceError, incoming: &Incoming) -> Response<Body> {
    let (bucket, key) = address(incoming);
    error_response(error, incoming, &bucket, &key)
}

type Reply = Result<(Builder, Body), ServiceError>;

fn dispatch(cloud: &Cloud, caller: &Principal, incoming: &Incoming, bucket: &str, key: &str) -> Reply {
    let s3 = &cloud.s3;
    let unknown = incoming
        .query
        .iter()
        .find(|(name, _)| !PARAMETERS.contains(&name.as_str()) && !name.starts_with("X-Amz-"));
    if let Some((name, _)) = unknown {
        return Err(not_implemented(format_args!("`{} ?{name}`", incoming.method)));
    }
    match (&incoming.method, bucket, key) {
        (&Method::GET, "", _) => Ok(xml_reply(buckets_xml(&s3.list_buckets(cloud, caller)?))),
        (&Method::PUT, _, "") => {
            s3.create_bucket(cloud, caller, bucket)?;
            Ok((
                Response::builder().header("location", format!("/{bucket}")),
                Body::empty(),
            ))
        }
        (&Method::HEAD, _, "") => {
            s3.head_bucket(cloud, caller, bucket)?;
            let region = cloud.account.region.as_str();
            Ok((Response::builder().header("x-amz-bucket-region", region), Body::empty()))
        }
        (&Method::GET, _, "") if incoming.query("list-type") == Some("2") => list(cloud, caller, incoming, bucket),
        (&Method::PUT, _, key) if !key.is_empty() => put(s3, cloud, caller, incoming, bucket, key),
        (&Method::GET | &Method::HEAD, _, key) if !key.is_empty() => get(s3, cloud, caller, incoming, bucket, key),
        (&Method::DELETE, _, key) if !key.is_empty() => {
            s3.delete_object(cloud, caller, bucket, key)?;
            Ok((Response::builder().status(204), Body::empty()))
        }
        (method, _, "") => Err(not_implemented(format_args!("`{method}` of a bucket"))),
        (method, _, _) => Err(not_implemented(format_args!("`{method}` of an object"))),
    }
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

fn put(s3: &S3, cloud: &Cloud, caller: &Principal, incoming: &Incoming, bucket: &str, key: &str) -> Reply {
    if incoming.header("x-amz-copy-source").is_some() {
        return Err(not_implemented("CopyObject"));
    }
    let object = uploaded(incoming)?;
    let if_none_match = incoming.header("if-none-match");
    let if_match = incoming.header("if-match").map(|tag| tag.trim_matches('"'));
    let object = s3.put_object_if(cloud, caller, bucket, key, object, |existing| {
        match (if_none_match, if_match, existing) {
            (Some(_), _, Some(_)) => Err(precondition_failed("If-None-Match")),
            (_, Some(wanted), Some(existing)) if existing.etag != wanted => Err(precondition_failed("If-Match")),
            (_, Some(_), None) => {
                Err(ServiceError::new("NoSuchKey", "The specified key does not exist.").with_status(404))
            }
            _ => Ok(()),
        }
    })?;
    let mut builder = Response::builder().header("etag", quoted(&object));
    builder = encryption_headers(builder, &object);
    if let Some((name, value)) = &object.checksum {
        builder = builder.header(name, value);
    }
    Ok((builder, Body::empty()))
}

/// The object that a request brings, with its frames taken off and its checksums verified.
fn uploaded(incoming: &Incoming) -> Result<NewObject, ServiceError> {
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
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in &incoming.headers {
        headers.extend(
            value
                .to_str()
                .ok()
                .map(|value| (name.as_str().to_owned(), value.to_owned())),
        );
    }
    let checksum = headers.iter().chain(&trailers).find(|(name, _)| {
        let algorithm = name.strip_prefix("x-amz-checksum-");
        algorithm.is_some_and(|algorithm| algorithm != "algorithm" && algorithm != "type")
    });
    if let Some((name, value)) = checksum {
        verify(name, value, &body)?;
    }
    if let Some(expected) = incoming.header("content-md5") {
        let actual = STANDARD.encode(md5::Md5::digest(&body));
        if actual != expected {
            return Err(bad_digest("Content-MD5"));
        }
    }
    let kept = headers.iter().filter_map(|(name, value)| {
        let value = if name == "content-encoding" {
            without_chunks(value)?
        } else {
            value.clone()
        };
        KEPT_HEADERS.contains(&name.as_str()).then(|| (name.clone(), value))
    });
    let metadata = headers
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("x-amz-meta-")?.to_owned(), value.clone())));
    let encryption = incoming
        .header("x-amz-server-side-encryption")
        .map(|algorithm| Encryption {
            algorithm: algorithm.to_owned(),
            kms_key_id: incoming
                .header("x-amz-server-side-encryption-aws-kms-key-id")
                .map(str::to_owned),
        });
    Ok(NewObject {
        checksum: checksum.cloned(),
        content_type: incoming.header("content-type").map(str::to_owned),
        headers: kept.collect(),
        metadata: metadata.collect::<BTreeMap<_, _>>(),
        encryption,
        body,
    })
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

/// Compares a checksum with the body, for the algorithms that SDKs send by themselves; others are kept as they came.
fn verify(name: &str, value: &str, body: &[u8]) -> Result<(), ServiceError> {
    let actual = match name {
        "x-amz-checksum-crc32" => STANDARD.encode(crc32fast::hash(body).to_be_bytes()),
        "x-amz-checksum-sha256" => STANDARD.encode(Sha256::digest(body)),
        _ => return Ok(()),
    };
    if actual == value { Ok(()) } else { Err(bad_digest(name)) }
}

fn get(s3: &S3, cloud: &Cloud, caller: &Principal, incoming: &Incoming, bucket: &str, key: &str) -> Reply {
    let object = s3.get_object(cloud, caller, bucket, key)?;
    let matches = |header: &str| {
        header
            .split(',')
            .any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_matches('"') == object.etag)
    };
    if incoming.header("if-match").is_some_and(|header| !matches(header)) {
        return Err(precondition_failed("If-Match"));
    }
    let mut builder = Response::builder()
        .header("etag", quoted(&object))
        .header("last-modified", http_date(object.last_modified));
    if incoming.header("if-none-match").is_some_and(matches) {
        return Ok((builder.status(304), Body::empty()));
    }
    builder = builder
        .header("accept-ranges", "bytes")
        .header("content-type", &object.content_type);
    for (name, value) in &object.headers {
        builder = builder.header(name, value);
    }
    for (name, value) in &object.metadata {
        builder = builder.header(format!("x-amz-meta-{name}"), value);
    }
    builder = encryption_headers(builder, &object);
    let length = object.body.len();
    let range = match incoming.header("range") {
        Some(range) => Range::read(range, length)?,
        None => None,
    };
    let body = match range {
        Some(Range { first, last }) => {
            builder = builder
                .status(206)
                .header("content-range", format!("bytes {first}-{last}/{length}"));
            object.body.slice(first..=last)
        }
        None => {
            // A checksum is that of the whole object, and goes with the whole object only.
            if let (Some((name, value)), Some("ENABLED")) = (&object.checksum, incoming.header("x-amz-checksum-mode")) {
                builder = builder.header(name, value);
            }
            object.body
        }
    };
    builder = builder.header("content-length", body.len());
    let body = if incoming.method == Method::HEAD {
        Body::empty()
    } else {
        Body::from(body)
    };
    Ok((builder, body))
}

fn list(cloud: &Cloud, caller: &Principal, incoming: &Incoming, bucket: &str) -> Reply {
    let optional = |name: &str| incoming.query(name).map(str::to_owned);
    let max_keys = match incoming.query("max-keys") {
        None => 1000,
        Some(number) => number
            .parse::<usize>()
            .map_err(|_| {
                ServiceError::new(
                    "InvalidArgument",
                    "Provided max-keys not an integer or within integer range",
                )
            })?
            .min(1000),
    };
    let question = ListObjects {
        prefix: optional("prefix").unwrap_or_default(),
        delimiter: optional("delimiter"),
        start_after: optional("start-after"),
        continuation_token: optional("continuation-token"),
        max_keys,
    };
    let listing = cloud.s3.list_objects(cloud, caller, bucket, &question)?;
    let escaped = incoming.query("encoding-type") == Some("url");
    Ok(xml_reply(listing_xml(bucket, &question, &listing, escaped)))
}

fn listing_xml(bucket: &str, question: &ListObjects, listing: &Listing, escaped: bool) -> String {
    let name = |text: &str| {
        if escaped {
            utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
        } else {
            text.to_owned()
        }
    };
    let mut document = xml::Document::new();
    document
        .open_with("ListBucketResult", "xmlns", NAMESPACE)
        .leaf("Name", bucket)
        .leaf("Prefix", &name(&question.prefix))
        .leaf("MaxKeys", &question.max_keys.to_string())
        .leaf(
            "KeyCount",
            &(listing.contents.len() + listing.common_prefixes.len()).to_string(),
        )
        .leaf("IsTruncated", &listing.next_continuation_token.is_some().to_string());
    if escaped {
        document.leaf("EncodingType", "url");
    }
    for (element, value) in [
        ("Delimiter", question.delimiter.as_deref().map(name)),
        ("StartAfter", question.start_after.as_deref().map(name)),
        ("ContinuationToken", question.continuation_token.clone()),
        ("NextContinuationToken", listing.next_continuation_token.clone()),
    ] {
        if let Some(value) = value {
            document.leaf(element, &value);
        }
    }
    for (key, object) in &listing.contents {
        document
            .open("Contents")
            .leaf("Key", &name(key))
            .leaf("LastModified", &iso_date(object.last_modified))
            .leaf("ETag", &quoted(object))
            .leaf("Size", &object.body.len().to_string())
            .leaf("StorageClass", "STANDARD")
            .close("Contents");
    }
    for prefix in &listing.common_prefixes {
        document
            .open("CommonPrefixes")
            .leaf("Prefix", &name(prefix))
            .close("CommonPrefixes");
    }
    document.close("ListBucketResult").text()
}

fn buckets_xml(buckets: &[(String, Timestamp)]) -> String {
    let mut document = xml::Document::new();
    document
        .open_with("ListAllMyBucketsResult", "xmlns", NAMESPACE)
        .open("Buckets");
    for (name, created) in buckets {
        document
            .open("Bucket")
            .leaf("Name", name)
            .leaf("CreationDate", &iso_date(*created))
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

fn encryption_headers(builder: Builder, object: &Object) -> Builder {
    let builder = builder.header("x-amz-server-side-encryption", &object.encryption.algorithm);
    match &object.encryption.kms_key_id {
        Some(key) => builder.header("x-amz-server-side-encryption-aws-kms-key-id", key),
        None => builder,
    }
}

fn not_implemented(what: impl std::fmt::Display) -> ServiceError {
    ServiceError::new(
        "NotImplemented",
        format_args!("A header or query you provided implies functionality that the local run does not have: {what}"),
    )
    .with_status(501)
}

fn precondition_failed(which: &str) -> ServiceError {
    ServiceError::new(
        "PreconditionFailed",
        format_args!("At least one of the pre-conditions you specified did not hold: {which}"),
    )
    .with_status(412)
}

fn bad_digest(which: &str) -> ServiceError {
    ServiceError::new(
        "BadDigest",
        format_args!("The {which} you specified did not match the calculated checksum."),
    )
}

fn quoted(object: &Object) -> String {
    format!("\"{}\"", object.etag)
}

fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn iso_date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
