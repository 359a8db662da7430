//! An operation's output as an answer: headers, the object's bytes, or a document.

use super::names::{ANSWERED, BESIDE, BESIDE_AN_UPLOAD};
use super::request::Asked;
use crate::s3::object::KEPT;
use axum::body::Body;
use axum::http::Response;
use axum::http::response::Builder;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use platform::Answer;
use platform::http::xml::Document;
use serde_json::{Map, Value};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Operations that answer with a document, the document's root, and the member that is the document where one is.
const DOCUMENTS: &[(&str, &str, &str)] = &[
    ("CompleteMultipartUpload", "CompleteMultipartUploadResult", ""),
    ("CopyObject", "CopyObjectResult", "CopyObjectResult"),
    ("CreateMultipartUpload", "InitiateMultipartUploadResult", ""),
    ("DeleteObjects", "DeleteResult", ""),
    ("GetBucketLocation", "LocationConstraint", "LocationConstraint"),
    ("GetBucketTagging", "Tagging", ""),
    ("GetBucketVersioning", "VersioningConfiguration", ""),
    ("GetObjectTagging", "Tagging", ""),
    ("ListBuckets", "ListAllMyBucketsResult", ""),
    ("ListMultipartUploads", "ListMultipartUploadsResult", ""),
    ("ListObjects", "ListBucketResult", ""),
    ("ListObjectsV2", "ListBucketResult", ""),
    ("ListObjectVersions", "ListVersionsResult", ""),
    ("ListParts", "ListPartsResult", ""),
    ("UploadPartCopy", "CopyPartResult", "CopyPartResult"),
];

/// Lists, and the element that each of their entries is. They stand in no element of their own, but for two.
const LISTS: &[(&str, &str)] = &[
    ("Buckets", "Bucket"),
    ("DeleteMarkers", "DeleteMarker"),
    ("Errors", "Error"),
    ("Parts", "Part"),
    ("TagSet", "Tag"),
    ("Uploads", "Upload"),
    ("Versions", "Version"),
];
const WRAPPED: &[&str] = &["Buckets", "TagSet"];

/// Members that are times.
const TIMES: &[&str] = &["CreationDate", "Initiated", "LastModified"];

/// Members that a listing escapes where it is asked to.
const NAMES: &[&str] = &[
    "Delimiter",
    "Key",
    "KeyMarker",
    "Marker",
    "NextKeyMarker",
    "NextMarker",
    "Prefix",
    "StartAfter",
];

/// What a listing escapes: what no form has as it is, but for the slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'/');

/// The answer that an operation's output is.
pub(super) fn answer(asked: &Asked, escapes: bool, answer: Answer) -> (Builder, Body) {
    let Answer { output, body } = answer;
    if let Some((operation, root, member)) = DOCUMENTS.iter().find(|(of, ..)| *of == asked.operation) {
        let mut builder = headers(Response::builder(), &output, BESIDE);
        if *operation == "CreateMultipartUpload" {
            builder = headers(builder, &output, BESIDE_AN_UPLOAD);
        }
        let shown = if member.is_empty() { &output } else { &output[*member] };
        let document = Writer { escapes }.document(root, shown);
        return (builder.header("content-type", "application/xml"), document.into());
    }
    let mut builder = Response::builder();
    for list in [ANSWERED, BESIDE] {
        builder = headers(builder, &output, list);
    }
    let kept: Vec<(&str, &str)> = KEPT.to_vec();
    builder = headers(builder, &output, &kept);
    if let Some(at) = time(&output["LastModified"]) {
        builder = builder.header("last-modified", at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    for (name, value) in output["Metadata"].as_object().into_iter().flatten() {
        builder = builder.header(format!("x-amz-meta-{name}"), value.as_str().unwrap_or_default());
    }
    if asked.operation == "HeadBucket" {
        builder = builder.header("content-type", "application/xml");
    }
    let status = match asked.operation {
        "AbortMultipartUpload"
        | "DeleteBucket"
        | "DeleteBucketPolicy"
        | "DeleteBucketTagging"
        | "DeleteObject"
        | "DeleteObjectTagging"
        | "PutBucketTagging" => 204,
        _ if output.get("ContentRange").is_some() => 206,
        _ => 200,
    };
    (builder.status(status), body.unwrap_or_default().into())
}

fn headers(mut builder: Builder, output: &Value, names: &[(&str, &str)]) -> Builder {
    for (header, member) in names {
        match output.get(member) {
            Some(Value::String(text)) => builder = builder.header(*header, text),
            Some(other @ (Value::Number(_) | Value::Bool(_))) => builder = builder.header(*header, other.to_string()),
            _ => {}
        }
    }
    builder
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Writes JSON as S3's documents.
struct Writer {
    /// Whether names are escaped.
    escapes: bool,
}

impl Writer {
    fn document(&self, root: &str, output: &Value) -> String {
        let mut document = Document::new();
        document.open_with(root, "xmlns", NAMESPACE);
        if let Value::Object(members) = output {
            self.members(&mut document, members);
        } else {
            document.value(output);
        }
        if self.escapes {
            document.leaf("EncodingType", "url");
        }
        document.close(root).text()
    }

    fn members(&self, document: &mut Document, members: &Map<String, Value>) {
        let is_header = |name: &str| BESIDE.iter().any(|(_, member)| *member == name);
        // Versions in listings have their ids in the document.
        let is_entry = members.contains_key("Key") && members.contains_key("VersionId");
        for (name, value) in members.iter().filter(|(name, _)| is_entry || !is_header(name)) {
            match value {
                Value::Array(entries) => self.list(document, name, entries),
                Value::Object(inner) => {
                    document.open(name);
                    self.members(document, inner);
                    document.close(name);
                }
                Value::Null => {}
                other => drop(document.leaf(name, &self.text(name, other))),
            }
        }
    }

    fn list(&self, document: &mut Document, name: &str, entries: &[Value]) {
        let element = LISTS
            .iter()
            .find(|(list, _)| *list == name)
            .map_or(name, |(_, element)| *element);
        let is_wrapped = WRAPPED.contains(&name);
        if is_wrapped {
            document.open(name);
        }
        for entry in entries {
            if let Value::Object(members) = entry {
                document.open(element);
                self.members(document, members);
                document.close(element);
            } else {
                document.leaf(element, &self.text(element, entry));
            }
        }
        if is_wrapped {
            document.close(name);
        }
    }

    fn text(&self, name: &str, value: &Value) -> String {
        match value {
            Value::String(text) if self.escapes && NAMES.contains(&name) => {
                utf8_percent_encode(text, ESCAPED).to_string().replace("%20", "+")
            }
            Value::String(_) if TIMES.contains(&name) => {
                let at = time(value).unwrap_or_default();
                at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
            }
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}
