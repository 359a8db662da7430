//! S3's REST protocol, as it arrives over HTTP.

use crate::client::{Answer, Request, authorization, send, served};
use crate::world::{cloud, role};
use serde_json::json;
use stepline::cloud::Cloud;

async fn s3(cloud: &Cloud, method: &str, path: &str, headers: Vec<(&str, String)>, body: &[u8]) -> Answer {
    let mut headers = headers;
    headers.push(("authorization", authorization("test", "us-east-1", "s3")));
    let request = Request {
        method,
        path,
        headers,
        body: body.to_vec(),
    };
    send(cloud, request).await
}

#[tokio::test]
async fn objects_by_path_and_by_host() {
    let cloud = served().await;
    assert_eq!(s3(&cloud, "PUT", "/bucket", vec![], b"").await.status, 200);
    let framed = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let headers = vec![
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER".to_owned()),
        ("x-amz-decoded-content-length", "5".to_owned()),
        ("x-amz-trailer", "x-amz-checksum-crc32".to_owned()),
        ("content-encoding", "aws-chunked".to_owned()),
        ("content-type", "text/plain".to_owned()),
        ("x-amz-meta-commit", "abc".to_owned()),
    ];
    let put = s3(
        &cloud,
        "PUT",
        "/bucket/a%20b/%C3%BC.txt?x-id=PutObject",
        headers,
        framed,
    )
    .await;
    assert_eq!(
        (put.status, put.header("etag")),
        (200, "\"5d41402abc4b2a76b9719d911017c592\"")
    );
    let got = s3(
        &cloud,
        "GET",
        "/bucket/a%20b/%C3%BC.txt",
        vec![("x-amz-checksum-mode", "ENABLED".to_owned())],
        b"",
    )
    .await;
    assert_eq!(got.text(), "hello");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-encoding", ""),
        ("x-amz-meta-commit", "abc"),
        ("x-amz-checksum-crc32", "NhCmhg=="),
        ("x-amz-server-side-encryption", "AES256"),
        ("content-length", "5"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let host = vec![
        ("host", "bucket.localhost:1".to_owned()),
        ("range", "bytes=1-2".to_owned()),
    ];
    let part = s3(&cloud, "GET", "/a%20b/%C3%BC.txt", host, b"").await;
    assert_eq!(
        (part.status, part.text().as_str(), part.header("content-range")),
        (206, "el", "bytes 1-2/5")
    );
    let head = s3(&cloud, "HEAD", "/bucket/a%20b/%C3%BC.txt", vec![], b"").await;
    assert_eq!((head.status, head.header("content-length")), (200, "5"));
    let listed = s3(
        &cloud,
        "GET",
        "/bucket?list-type=2&delimiter=%2F&encoding-type=url",
        vec![],
        b"",
    )
    .await;
    assert!(
        listed
            .text()
            .contains("<CommonPrefixes><Prefix>a+b/</Prefix></CommonPrefixes>")
    );
    assert_eq!(
        s3(&cloud, "DELETE", "/bucket/a%20b/%C3%BC.txt", vec![], b"")
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn what_s3_refuses() {
    let cloud = served().await;
    // In the first region alone, to make one's own bucket again is no error.
    for (path, body) in [("/bucket", &b""[..]), ("/bucket", b""), ("/bucket/there", b"x")] {
        assert_eq!(s3(&cloud, "PUT", path, vec![], body).await.status, 200);
    }
    let header = |name: &'static str, value: &str| vec![(name, value.to_owned())];
    for (method, path, headers, status, code) in [
        ("PUT", "/No", vec![], 400, "InvalidBucketName"),
        ("GET", "/none/x", vec![], 404, "NoSuchBucket"),
        ("GET", "/bucket/none", vec![], 404, "NoSuchKey"),
        ("GET", "/bucket/there", header("range", "bytes=5-"), 416, "InvalidRange"),
        (
            "GET",
            "/bucket/there",
            header("if-match", "\"other\""),
            412,
            "PreconditionFailed",
        ),
        (
            "PUT",
            "/bucket/there",
            header("if-none-match", "*"),
            412,
            "PreconditionFailed",
        ),
        ("PUT", "/bucket/none", header("if-match", "\"e\""), 404, "NoSuchKey"),
        (
            "PUT",
            "/bucket/x",
            header("x-amz-checksum-crc32", "AAAAAQ=="),
            400,
            "BadDigest",
        ),
        ("PUT", "/bucket/x", header("content-md5", "AAAA"), 400, "BadDigest"),
        (
            "PUT",
            "/bucket/x",
            header("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            400,
            "IncompleteBody",
        ),
        (
            "PUT",
            "/bucket/x",
            header("x-amz-content-sha256", &"0".repeat(64)),
            400,
            "XAmzContentSHA256Mismatch",
        ),
        (
            "PUT",
            "/bucket/x",
            header("x-amz-copy-source", "/bucket/none"),
            404,
            "NoSuchKey",
        ),
        ("POST", "/bucket/x?restore", vec![], 501, "NotImplemented"),
        ("GET", "/bucket?acl", vec![], 501, "NotImplemented"),
        ("GET", "/bucket?list-type=2&max-keys=x", vec![], 400, "InvalidArgument"),
        (
            "GET",
            "/bucket?list-type=2&continuation-token=%21",
            vec![],
            400,
            "InvalidArgument",
        ),
    ] {
        let answer = s3(&cloud, method, path, headers.clone(), b"").await;
        let text = answer.text();
        let shown = format!("<Code>{code}</Code>");
        assert!(
            answer.status == status && text.contains(&shown),
            "{method} {path} {headers:?}: {} {text}",
            answer.status
        );
    }
    let unchanged = s3(
        &cloud,
        "GET",
        "/bucket/there",
        header("if-none-match", "\"9dd4e461268c8034f5c8564e155c67a6\""),
        b"",
    )
    .await;
    assert_eq!(unchanged.status, 304);
}

#[tokio::test]
async fn what_is_missing_is_told_to_those_who_may_list() {
    let cloud = cloud();
    let administrator = platform::principal::Principal::Administrator;
    let bucket = json!({"Bucket": "bucket"});
    let made = cloud.call(&administrator, "s3", "CreateBucket", bucket).await;
    made.expect("a bucket");
    let get = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    let list = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"});
    for (name, statements, code) in [
        ("getter", json!([get]), "AccessDenied"),
        ("lister", json!([get, list]), "NoSuchKey"),
        ("neither", json!([list]), "AccessDenied"),
    ] {
        let caller = role(&cloud, name, statements);
        let object = json!({"Bucket": "bucket", "Key": "none"});
        let error = cloud.call(&caller, "s3", "GetObject", object).await.expect_err(name);
        assert_eq!(error.code, code, "{name}");
    }
}
