//! A request as a call: which operation it is, and the operation's input.

use super::names::{ASKED, NUMBERS, OF_THE_WAY, PARAMETERS, TRUTHS, not_implemented, of_http};
use crate::s3::checksum::{Checksums, check_md5};
use crate::s3::deleting::malformed_xml;
use axum::http::Method;
use bytes::Bytes;
use platform::ServiceError;
use platform::http::{Incoming, decode_chunks, is_chunked, xml};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Account,
    Bucket,
    Object,
}

use Level::{Account, Bucket, Object};

/// Operations by method, by what they are about, and by the parameter that tells them apart. The first one that fits is
/// meant.
const ROUTES: &[(Method, Level, &str, &str)] = &[
    (Method::GET, Account, "", "ListBuckets"),
    (Method::DELETE, Bucket, "policy", "DeleteBucketPolicy"),
    (Method::DELETE, Bucket, "tagging", "DeleteBucketTagging"),
    (Method::DELETE, Bucket, "", "DeleteBucket"),
    (Method::GET, Bucket, "list-type", "ListObjectsV2"),
    (Method::GET, Bucket, "location", "GetBucketLocation"),
    (Method::GET, Bucket, "tagging", "GetBucketTagging"),
    (Method::GET, Bucket, "uploads", "ListMultipartUploads"),
    (Method::GET, Bucket, "versioning", "GetBucketVersioning"),
    (Method::GET, Bucket, "versions", "ListObjectVersions"),
    (Method::GET, Bucket, "", "ListObjects"),
    (Method::HEAD, Bucket, "", "HeadBucket"),
    (Method::POST, Bucket, "delete", "DeleteObjects"),
    (Method::PUT, Bucket, "tagging", "PutBucketTagging"),
    (Method::PUT, Bucket, "versioning", "PutBucketVersioning"),
    (Method::PUT, Bucket, "", "CreateBucket"),
    (Method::DELETE, Object, "tagging", "DeleteObjectTagging"),
    (Method::DELETE, Object, "uploadId", "AbortMultipartUpload"),
    (Method::DELETE, Object, "", "DeleteObject"),
    (Method::GET, Object, "tagging", "GetObjectTagging"),
    (Method::GET, Object, "uploadId", "ListParts"),
    (Method::GET, Object, "", "GetObject"),
    (Method::HEAD, Object, "", "HeadObject"),
    (Method::POST, Object, "uploads", "CreateMultipartUpload"),
    (Method::POST, Object, "uploadId", "CompleteMultipartUpload"),
    (Method::PUT, Object, "tagging", "PutObjectTagging"),
    (Method::PUT, Object, "uploadId", "UploadPart"),
    (Method::PUT, Object, "", "PutObject"),
];

/// Operations whose body is a document, the member that the document is, and whether it has to come with a checksum.
const DOCUMENTS: &[(&str, &str, bool)] = &[
    ("CompleteMultipartUpload", "MultipartUpload", false),
    ("CreateBucket", "CreateBucketConfiguration", false),
    ("DeleteObjects", "Delete", true),
    ("PutBucketTagging", "Tagging", true),
    ("PutBucketVersioning", "VersioningConfiguration", false),
    ("PutObjectTagging", "Tagging", true),
];

/// Lists in documents: the elements that they are, and the members.
const LISTS: &[(&str, &str)] = &[("Object", "Objects"), ("Part", "Parts")];

/// A call that a request is.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) operation: &'static str,
    pub(super) input: Map<String, Value>,
    pub(super) body: Bytes,
}

impl Asked {
    /// Reads a request to a bucket and a key.
    pub(super) fn read(incoming: &Incoming, bucket: &str, key: &str) -> Result<Self, ServiceError> {
        let operation = operation(incoming, bucket, key)?;
        let (body, trailers) = uploaded(incoming)?;
        let mut input = Map::new();
        for (member, value) in [("Bucket", bucket), ("Key", key)] {
            if !value.is_empty() {
                input.insert(member.to_owned(), value.into());
            }
        }
        for (name, member) in PARAMETERS {
            if let Some(text) = incoming.query(name) {
                input.insert((*member).to_owned(), typed(name, member, text)?);
            }
        }
        headers(operation, incoming, &trailers, &mut input)?;
        let document = DOCUMENTS.iter().find(|(of, ..)| *of == operation);
        let Some((_, member, must_be_checked)) = document else {
            return Ok(Self { operation, input, body });
        };
        if operation == "CompleteMultipartUpload" && body.is_empty() {
            return Err(ServiceError::new(
                "InvalidRequest",
                "You must specify at least one part",
            ));
        }
        if operation != "CompleteMultipartUpload" {
            check(incoming, &mut input, &body, *must_be_checked)?;
        }
        if !body.is_empty() || operation != "CreateBucket" {
            input.insert((*member).to_owned(), read(&body)?);
        }
        Ok(Self {
            operation,
            input,
            body: Bytes::new(),
        })
    }
}

fn operation(incoming: &Incoming, bucket: &str, key: &str) -> Result<&'static str, ServiceError> {
    let level = match (bucket, key) {
        ("", _) => Account,
        (_, "") => Bucket,
        _ => Object,
    };
    let route = ROUTES.iter().find(|(method, about, parameter, _)| {
        let fits = parameter.is_empty() || incoming.query(parameter).is_some();
        *method == incoming.method && *about == level && fits
    });
    let Some((.., parameter, operation)) = route else {
        let about = match level {
            Account => "the account",
            Bucket => "a bucket",
            Object => "an object",
        };
        return Err(not_implemented(format_args!("`{}` of {about}", incoming.method)));
    };
    let is_known = |name: &str| {
        let is_member = PARAMETERS.iter().any(|(known, _)| *known == name);
        is_member || name == *parameter || name == "x-id" || name.starts_with("X-Amz-")
    };
    if let Some((name, _)) = incoming.query.iter().find(|(name, _)| !is_known(name)) {
        return Err(not_implemented(format_args!("`{} ?{name}`", incoming.method)));
    }
    Ok(match (*operation, incoming.header("x-amz-copy-source")) {
        ("PutObject", Some(_)) => "CopyObject",
        ("UploadPart", Some(_)) => "UploadPartCopy",
        _ => operation,
    })
}

/// Puts what headers say where the input has it.
fn headers(
    operation: &str,
    incoming: &Incoming,
    trailers: &[(String, String)],
    input: &mut Map<String, Value>,
) -> Result<(), ServiceError> {
    let mut metadata = Map::new();
    let of_http: Vec<_> = of_http(operation).collect();
    let sent = incoming
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().ok()));
    let trailing = trailers
        .iter()
        .map(|(name, value)| (name.as_str(), Some(value.as_str())));
    for (name, value) in sent.chain(trailing) {
        let Some(value) = value else {
            return Err(ServiceError::new(
                "InvalidArgument",
                format_args!("`{name}` is not plain text"),
            ));
        };
        let known = |(header, _): &&&(&str, &str)| *header == name;
        let member = ASKED.iter().find(|(header, _)| *header == name);
        if let Some(name) = name.strip_prefix("x-amz-meta-") {
            metadata.insert(name.to_owned(), value.into());
        } else if let Some((_, member)) = member.or_else(|| of_http.iter().find(known).copied()) {
            let value = match name {
                "content-encoding" => without_chunks(value),
                _ => Some(value.to_owned()),
            };
            if let Some(value) = value {
                input.insert((*member).to_owned(), typed(name, member, &value)?);
            }
        } else if name.starts_with("x-amz-") && !OF_THE_WAY.contains(&name) {
            return Err(not_implemented(format_args!("`{name}`")));
        }
    }
    if !metadata.is_empty() {
        input.insert("Metadata".into(), metadata.into());
    }
    Ok(())
}

fn typed(name: &str, member: &str, text: &str) -> Result<Value, ServiceError> {
    if NUMBERS.contains(&member) {
        let message = match text.parse::<i32>() {
            Ok(number) if number >= 0 => return Ok(number.into()),
            // A part that cannot be is refused where parts are.
            _ if member == "PartNumber" => "Part number must be an integer between 1 and 10000, inclusive".to_owned(),
            Ok(_) => format!("Argument {name} must be an integer between 0 and 2147483647"),
            Err(_) => match text.parse::<u64>() {
                Ok(number) if member == "MpuObjectSize" => return Ok(number.into()),
                _ => format!("Provided {name} not an integer or within integer range"),
            },
        };
        return Err(ServiceError::new("InvalidArgument", message)
            .with_detail("ArgumentName", name)
            .with_detail("ArgumentValue", text));
    }
    if member == "EncodingType" && text != "url" {
        let message = "Invalid Encoding Method specified in Request";
        return Err(ServiceError::new("InvalidArgument", message)
            .with_detail("ArgumentName", "encoding-type")
            .with_detail("ArgumentValue", text));
    }
    if TRUTHS.contains(&member) {
        return Ok((text == "true").into());
    }
    Ok(text.into())
}

/// Checks a document against the checksum that came with it, which is none of the input's members.
fn check(incoming: &Incoming, input: &mut Map<String, Value>, body: &[u8], must: bool) -> Result<(), ServiceError> {
    let names: Vec<String> = input
        .keys()
        .filter(|name| name.starts_with("Checksum"))
        .cloned()
        .collect();
    let given: Map<String, Value> = names.iter().filter_map(|name| input.remove_entry(name)).collect();
    let checksums: Checksums = serde_json::from_value(given.into()).unwrap_or_default();
    let md5 = incoming.header("content-md5");
    check_md5(md5, body)?;
    if must && md5.is_none() && checksums.given()?.is_none() {
        let message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
        return Err(ServiceError::new("InvalidRequest", message));
    }
    checksums.check(body).map(drop)
}

/// A document as the member that it is.
fn read(body: &[u8]) -> Result<Value, ServiceError> {
    let text = std::str::from_utf8(body).map_err(|_| malformed_xml())?;
    let mut document = xml::read(text).ok_or_else(malformed_xml)?;
    if document == "" {
        document = Value::Object(Map::new());
    }
    if let Value::Object(fields) = &mut document {
        for (element, member) in LISTS {
            if let Some(list) = fields.remove(*element) {
                fields.insert((*member).to_owned(), listed(list));
            }
        }
        if let Some(set) = fields.remove("TagSet") {
            let tags = match set {
                Value::Object(mut set) => set.remove("Tag").map_or_else(|| Value::Array(Vec::new()), listed),
                _ => Value::Array(Vec::new()),
            };
            fields.insert("TagSet".into(), tags);
        }
        retype(&mut document)?;
    }
    Ok(document)
}

/// A list of one is not told apart from its one by XML.
fn listed(value: Value) -> Value {
    match value {
        Value::Array(_) => value,
        one => Value::Array(vec![one]),
    }
}

fn retype(value: &mut Value) -> Result<(), ServiceError> {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) => *value = typed(name, name, text).map_err(|_| malformed_xml())?,
                    other => retype(other)?,
                }
            }
            Ok(())
        }
        Value::Array(values) => values.iter_mut().try_for_each(retype),
        _ => Ok(()),
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
