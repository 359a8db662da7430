//! The same over HTTP: methods, parameters, headers and documents.

use super::*;
use crate::s3::rest;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use platform::http::Incoming;

pub(super) struct Reply {
    pub(super) status: u16,
    headers: axum::http::HeaderMap,
    pub(super) text: String,
}

pub(super) async fn send(
    platform: &Arc<Platform>,
    method: &str,
    uri: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let incoming = Incoming::read(request).await.expect("a whole request");
    let response = rest::answer(platform, &Principal::Administrator, &incoming).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        text: String::from_utf8_lossy(&body)
            .replace("&quot;", "\"")
            .replace("&apos;", "'"),
    }
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The text of the first element with this name.
    pub(super) fn element(&self, name: &str) -> &str {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let from = self.text.find(&open).map_or(self.text.len(), |at| at + open.len());
        let rest = &self.text[from..];
        &rest[..rest.find(&close).unwrap_or_default()]
    }
}

#[tokio::test]
async fn versions_over_http() {
    let platform = account().await;
    let enabled = "<VersioningConfiguration xmlns=\"u\"><Status>Enabled</Status></VersioningConfiguration>";
    assert_eq!(
        send(&platform, "PUT", "/data?versioning", &[], enabled).await.status,
        200
    );
    assert_eq!(
        send(&platform, "GET", "/data?versioning", &[], "")
            .await
            .element("Status"),
        "Enabled"
    );
    let first = send(&platform, "PUT", "/data/a%20b", &[], "one").await;
    let id = first.header("x-amz-version-id").to_owned();
    send(&platform, "PUT", "/data/a%20b", &[], "two").await;
    let old = send(&platform, "GET", &format!("/data/a%20b?versionId={id}"), &[], "").await;
    assert_eq!(
        (old.text.as_str(), old.header("x-amz-version-id")),
        ("one", id.as_str())
    );
    let deleted = send(&platform, "DELETE", "/data/a%20b", &[], "").await;
    assert_eq!((deleted.status, deleted.header("x-amz-delete-marker")), (204, "true"));
    let listed = send(&platform, "GET", "/data?versions&encoding-type=url", &[], "").await;
    for (name, text) in [("Key", "a+b"), ("IsLatest", "false"), ("EncodingType", "url")] {
        assert_eq!(listed.element(name), text, "{}", listed.text);
    }
    assert_eq!(
        (
            listed.text.matches("<Version>").count(),
            listed.text.matches("<DeleteMarker>").count()
        ),
        (2, 1)
    );
    assert!(
        listed.text.contains(&format!("<VersionId>{id}</VersionId>")),
        "{}",
        listed.text
    );
}

#[tokio::test]
async fn uploads_and_copies_over_http() {
    let platform = account().await;
    let begun = send(
        &platform,
        "POST",
        "/data/big?uploads",
        &[("x-amz-checksum-algorithm", "CRC32")],
        "",
    )
    .await;
    assert_eq!(begun.header("x-amz-checksum-type"), "COMPOSITE");
    let id = begun.element("UploadId").to_owned();
    let place = format!("/data/big?partNumber=1&uploadId={id}");
    let part = send(
        &platform,
        "PUT",
        &place,
        &[("x-amz-checksum-crc32", "NhCmhg==")],
        "hello",
    )
    .await;
    assert_eq!((part.status, part.header("x-amz-checksum-crc32")), (200, "NhCmhg=="));
    let copied = format!("/data/big?partNumber=2&uploadId={id}");
    send(&platform, "PUT", "/data/k", &[], "hello").await;
    let copied = send(&platform, "PUT", &copied, &[("x-amz-copy-source", "data/k")], "").await;
    assert_eq!(copied.element("ETag"), part.header("etag"), "{}", copied.text);
    let listed = send(&platform, "GET", &format!("/data/big?uploadId={id}"), &[], "").await;
    assert_eq!(
        (listed.text.matches("<Part>").count(), listed.element("Size")),
        (2, "5")
    );
    let parts = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag><ChecksumCRC32>NhCmhg==</ChecksumCRC32>\
         </Part></CompleteMultipartUpload>",
        part.header("etag")
    );
    let done = send(&platform, "POST", &format!("/data/big?uploadId={id}"), &[], &parts).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(done.element("ETag").ends_with("-1\""), "{}", done.text);
    let copy = send(
        &platform,
        "PUT",
        "/data/copy",
        &[("x-amz-copy-source", "/data/big")],
        "",
    )
    .await;
    assert_eq!(copy.element("ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    assert_eq!(send(&platform, "GET", "/data/copy", &[], "").await.text, "hello");
}

#[tokio::test]
async fn documents_are_checked() {
    let platform = account().await;
    for key in ["a", "b&c"] {
        put(&platform, key, "x").await;
    }
    let delete = "<Delete><Object><Key>a</Key></Object><Object><Key>b&amp;c</Key></Object></Delete>";
    let without = send(&platform, "POST", "/data?delete", &[], delete).await;
    assert_eq!((without.status, without.element("Code")), (400, "InvalidRequest"));
    let wrong = send(&platform, "POST", "/data?delete", &[("content-md5", "AAAA")], delete).await;
    assert_eq!(wrong.element("Code"), "BadDigest");
    let crc = crate::s3::checksum::Checksum::of(crate::s3::checksum::Algorithm::Crc32, delete.as_bytes()).value;
    let headers = [
        ("x-amz-checksum-crc32", crc.as_str()),
        ("x-amz-sdk-checksum-algorithm", "CRC32"),
    ];
    let deleted = send(&platform, "POST", "/data?delete", &headers, delete).await;
    assert_eq!(deleted.text.matches("<Deleted>").count(), 2, "{}", deleted.text);
    let broken = send(&platform, "PUT", "/data?versioning", &[], "<Versioning").await;
    assert_eq!((broken.status, broken.element("Code")), (400, "MalformedXML"));
}

#[tokio::test]
async fn what_is_not_here_is_refused_by_name() {
    let platform = account().await;
    for (method, uri, headers, named) in [
        ("GET", "/data?policy", &[][..], "policy"),
        ("PUT", "/data/k?acl", &[], "acl"),
        ("GET", "/data/k?response-content-type=a", &[], "response-content-type"),
        (
            "PUT",
            "/data/k",
            &[("x-amz-website-redirect-location", "/")],
            "x-amz-website-redirect-location",
        ),
        ("PUT", "/data/k", &[("x-amz-storage-class", "GLACIER")], "GLACIER"),
        ("PATCH", "/data/k", &[], "PATCH"),
    ] {
        let reply = send(&platform, method, uri, headers, "").await;
        assert_eq!(reply.status, 501, "{method} {uri}: {}", reply.text);
        assert!(reply.text.contains(named), "{}", reply.text);
    }
}
