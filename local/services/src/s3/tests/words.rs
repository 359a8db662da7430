//! What S3 tells of an error beside its code, and the tags of buckets, over HTTP.

use super::http::{Reply, send};
use super::{account, call, ok, put};
use crate::s3::checksum::{Algorithm, Checksum};
use platform::Principal;
use serde_json::json;

/// The checksum of a document, which has to come with it.
fn crc(body: &str) -> String {
    Checksum::of(Algorithm::Crc32, body.as_bytes()).value
}

/// The elements of an error but its message and what identifies the request.
fn told(reply: &Reply) -> Vec<(String, String)> {
    let inner = reply.text.split_once("<Error>").map_or("", |(_, inner)| inner);
    let mut told = Vec::new();
    for element in inner.split('<').filter(|element| !element.starts_with('/')) {
        let Some((name, text)) = element.split_once('>') else {
            continue;
        };
        if !matches!(name, "Message" | "RequestId" | "HostId") {
            told.push((name.to_owned(), text.to_owned()));
        }
    }
    told
}

#[tokio::test]
async fn errors_have_their_details() {
    let platform = account().await;
    put(&platform, "k", "ten bytes!").await;
    let upload = ok(
        &platform,
        "CreateMultipartUpload",
        json!({"Bucket": "data", "Key": "big"}),
    )
    .await;
    let upload = upload["UploadId"].as_str().unwrap();
    let uploads = |query: &str| format!("/data/big?uploadId={upload}{query}");
    let parts = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"e\"</ETag></Part>\
                 </CompleteMultipartUpload>";
    let gone = "/data/big?uploadId=gone";
    for (method, uri, headers, body, status, expected) in [
        (
            "GET",
            "/none/k",
            &[][..],
            "",
            404,
            vec![("Code", "NoSuchBucket"), ("BucketName", "none")],
        ),
        (
            "GET",
            "/data/none",
            &[],
            "",
            404,
            vec![("Code", "NoSuchKey"), ("Key", "none")],
        ),
        (
            "GET",
            "/data/k",
            &[("range", "bytes=20-30")],
            "",
            416,
            vec![
                ("Code", "InvalidRange"),
                ("ActualObjectSize", "10"),
                ("RangeRequested", "bytes=20-30"),
            ],
        ),
        (
            "GET",
            "/data/k",
            &[("if-match", "\"other\"")],
            "",
            412,
            vec![("Code", "PreconditionFailed"), ("Condition", "If-Match")],
        ),
        (
            "GET",
            "/data/k?versionId=v",
            &[],
            "",
            400,
            vec![
                ("Code", "InvalidArgument"),
                ("ArgumentName", "versionId"),
                ("ArgumentValue", "v"),
            ],
        ),
        (
            "GET",
            gone,
            &[],
            "",
            404,
            vec![("Code", "NoSuchUpload"), ("UploadId", "gone")],
        ),
        (
            "PUT",
            &uploads("&partNumber=10001"),
            &[],
            "x",
            400,
            vec![
                ("Code", "InvalidArgument"),
                ("ArgumentName", "partNumber"),
                ("ArgumentValue", "10001"),
            ],
        ),
        (
            "GET",
            &uploads("&max-parts=-42"),
            &[],
            "",
            400,
            vec![
                ("Code", "InvalidArgument"),
                ("ArgumentName", "max-parts"),
                ("ArgumentValue", "-42"),
            ],
        ),
        (
            "POST",
            &uploads(""),
            &[],
            parts,
            400,
            vec![
                ("Code", "InvalidPart"),
                ("ETag", "e"),
                ("PartNumber", "1"),
                ("UploadId", upload),
            ],
        ),
        ("POST", &uploads(""), &[], "", 400, vec![("Code", "InvalidRequest")]),
        (
            "GET",
            "/data?list-type=2&continuation-token=",
            &[],
            "",
            400,
            vec![("Code", "InvalidArgument"), ("ArgumentName", "continuation-token")],
        ),
        (
            "GET",
            "/data?encoding-type=xml",
            &[],
            "",
            400,
            vec![
                ("Code", "InvalidArgument"),
                ("ArgumentName", "encoding-type"),
                ("ArgumentValue", "xml"),
            ],
        ),
        (
            "PUT",
            "/data/copy",
            &[("x-amz-copy-source", "data/none")],
            "",
            404,
            vec![("Code", "NoSuchKey"), ("Key", "none")],
        ),
        (
            "DELETE",
            "/data",
            &[],
            "",
            409,
            vec![("Code", "BucketNotEmpty"), ("BucketName", "data")],
        ),
    ] {
        let reply = send(&platform, method, uri, headers, body).await;
        assert_eq!(reply.status, status, "{method} {uri}: {}", reply.text);
        let expected = expected
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        assert_eq!(told(&reply), expected.collect::<Vec<_>>(), "{method} {uri}");
    }
    let etag = send(&platform, "HEAD", "/data/k", &[], "")
        .await
        .header("etag")
        .to_owned();
    let known = send(&platform, "GET", "/data/k", &[("if-none-match", &etag)], "").await;
    assert_eq!((known.status, known.header("etag")), (304, etag.as_str()));
    let body = "<Delete></Delete>";
    let digest = crc(body);
    let none = send(
        &platform,
        "POST",
        "/data?delete",
        &[("x-amz-checksum-crc32", &digest)],
        body,
    )
    .await;
    assert_eq!((none.status, none.element("Code")), (400, "MalformedXML"));
}

#[tokio::test]
async fn tags_of_a_bucket() {
    let platform = account().await;
    let tags = |tags: &[(&str, &str)]| {
        let tags = tags
            .iter()
            .map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"));
        format!("<Tagging><TagSet>{}</TagSet></Tagging>", tags.collect::<String>())
    };
    let put = async |given: &[(&str, &str)]| {
        let body = tags(given);
        let digest = crc(&body);
        send(
            &platform,
            "PUT",
            "/data?tagging",
            &[("x-amz-checksum-crc32", &digest)],
            &body,
        )
        .await
    };
    let get = async || send(&platform, "GET", "/data?tagging", &[], "").await;
    let none = get().await;
    assert_eq!((none.status, none.element("Code")), (404, "NoSuchTagSet"));
    assert_eq!(put(&[("a", "1"), ("b", "")]).await.status, 204);
    assert!(
        get()
            .await
            .text
            .contains("<TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key>"),
        "{}",
        get().await.text
    );
    assert_eq!(put(&[("c", "3")]).await.status, 204);
    assert_eq!(get().await.element("Key"), "c", "they take the place of the others");
    let twice = put(&[("c", "3"), ("c", "4")]).await;
    assert_eq!((twice.status, twice.element("Code")), (400, "InvalidTag"));
    let system = put(&[("aws:x", "3")]).await;
    assert_eq!(
        (system.element("Code"), system.element("TagKey")),
        ("InvalidTag", "aws:x")
    );
    let unchecked = send(&platform, "PUT", "/data?tagging", &[], &tags(&[])).await;
    assert_eq!((unchecked.status, unchecked.element("Code")), (400, "InvalidRequest"));
    for _ in 0..2 {
        assert_eq!(send(&platform, "DELETE", "/data?tagging", &[], "").await.status, 204);
    }
    assert_eq!(get().await.status, 404);
}

#[tokio::test]
async fn a_storage_class_is_refused_in_a_copy_too() {
    let platform = account().await;
    put(&platform, "k", "x").await;
    for directive in ["COPY", "REPLACE"] {
        let input = json!({
            "Bucket": "data", "Key": "copy", "CopySource": "data/k", "StorageClass": "GLACIER",
            "MetadataDirective": directive,
        });
        let error = call(&Principal::Administrator, &platform, "CopyObject", input).await;
        assert_eq!(error.expect_err(directive).code, "NotInLocalRun");
    }
}

#[tokio::test]
async fn a_delete_marker_is_told_in_headers() {
    let platform = account().await;
    let versioning = json!({"Bucket": "data", "VersioningConfiguration": {"Status": "Enabled"}});
    ok(&platform, "PutBucketVersioning", versioning).await;
    put(&platform, "k", "x").await;
    let deleted = send(&platform, "DELETE", "/data/k", &[], "").await;
    let id = deleted.header("x-amz-version-id").to_owned();
    let gone = send(&platform, "HEAD", "/data/k", &[], "").await;
    let told = ["x-amz-delete-marker", "x-amz-version-id", "allow"].map(|name| gone.header(name));
    assert_eq!((gone.status, told), (404, ["true", &id, ""]));
    let marker = send(&platform, "HEAD", &format!("/data/k?versionId={id}"), &[], "").await;
    let told = ["x-amz-delete-marker", "allow"].map(|name| marker.header(name));
    assert_eq!((marker.status, told), (405, ["true", "DELETE"]));
    let head = send(&platform, "HEAD", "/data", &[], "").await;
    assert_eq!(head.header("content-type"), "application/xml");
}

#[tokio::test]
async fn what_is_deleted_has_to_be_what_is_meant() {
    let platform = account().await;
    put(&platform, "k", "x").await;
    let etag = send(&platform, "HEAD", "/data/k", &[], "")
        .await
        .header("etag")
        .to_owned();
    for (key, tag, status, code) in [
        ("k", "other", 412, "PreconditionFailed"),
        ("none", "other", 404, "NoSuchKey"),
        ("k", &*etag, 204, ""),
    ] {
        let reply = send(&platform, "DELETE", &format!("/data/{key}"), &[("if-match", tag)], "").await;
        assert_eq!((reply.status, reply.element("Code")), (status, code), "{key} {tag}");
    }
}

#[tokio::test]
async fn a_copy_in_place_changes_something_and_a_condition_has_its_header() {
    let platform = account().await;
    put(&platform, "k", "x").await;
    let etag = send(&platform, "HEAD", "/data/k", &[], "")
        .await
        .header("etag")
        .to_owned();
    let source = ("x-amz-copy-source", "data/k");
    for (headers, status, code, condition) in [
        (vec![source], 400, "InvalidRequest", ""),
        (vec![source, ("x-amz-storage-class", "STANDARD")], 200, "", ""),
        (
            vec![source, ("x-amz-copy-source-if-none-match", etag.as_str())],
            412,
            "PreconditionFailed",
            "x-amz-copy-source-If-None-Match",
        ),
        (
            vec![source, ("x-amz-copy-source-if-match", "other")],
            412,
            "PreconditionFailed",
            "x-amz-copy-source-If-Match",
        ),
    ] {
        let reply = send(&platform, "PUT", "/data/k", &headers, "").await;
        let told = (reply.status, reply.element("Code"), reply.element("Condition"));
        assert_eq!(told, (status, code, condition), "{headers:?}");
    }
}

#[tokio::test]
async fn an_upload_can_be_completed_once_more() {
    let platform = account().await;
    let upload = ok(
        &platform,
        "CreateMultipartUpload",
        json!({"Bucket": "data", "Key": "big"}),
    )
    .await;
    let id = upload["UploadId"].clone();
    let part = json!({"Bucket": "data", "Key": "big", "UploadId": id, "PartNumber": 1, "Body": "x"});
    let etag = ok(&platform, "UploadPart", part).await["ETag"].clone();
    let complete = json!({
        "Bucket": "data", "Key": "big", "UploadId": id,
        "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]},
    });
    let first = ok(&platform, "CompleteMultipartUpload", complete.clone()).await;
    let mut again = complete;
    again["IfNoneMatch"] = "*".into();
    assert_eq!(ok(&platform, "CompleteMultipartUpload", again).await, first);
}

#[tokio::test]
async fn tags_that_are_none_are_told() {
    let platform = account().await;
    let header = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name \
                  duplicates.";
    for (tags, code, said) in [
        ("a=1&a=2", "InvalidArgument", header),
        ("a=1,b=2", "InvalidArgument", header),
        ("aws:a=1", "InvalidTag", "Your TagKey cannot be prefixed with aws:"),
        ("a%2Cb=1", "InvalidTag", "The TagKey you have provided is invalid"),
        ("a=1%2C2", "InvalidTag", "The TagValue you have provided is invalid"),
    ] {
        let reply = send(&platform, "PUT", "/data/k", &[("x-amz-tagging", tags)], "x").await;
        assert_eq!(
            (reply.element("Code"), reply.element("Message")),
            (code, said),
            "{tags}"
        );
    }
}
