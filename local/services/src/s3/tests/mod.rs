//! Buckets and objects: through the one door, and over HTTP.

mod copies;
mod http;
mod uploads;
mod versions;
mod words;

use platform::iam::NewRole;
use platform::{Account, Platform, Principal, ServiceError};
use serde_json::{Value, json};
use std::sync::Arc;

/// An account with S3 alone, and in it the empty bucket `data`.
async fn account() -> Arc<Platform> {
    let platform = Platform::new(
        Account::local(),
        std::env::temp_dir(),
        vec![Arc::<super::S3>::default()],
    );
    ok(&platform, "CreateBucket", json!({"Bucket": "data"})).await;
    platform
}

/// The same with a role that has these statements.
async fn account_with_role(statements: Value) -> (Arc<Platform>, Principal) {
    let platform = account().await;
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let role = NewRole::for_service("reader", "lambda.amazonaws.com").with_policy("p", policy);
    platform.iam.create_role(&platform.account, role).expect("a role");
    let role = Principal::role_session("reader", "s");
    (platform, role)
}

/// Calls an operation as somebody.
async fn call(who: &Principal, platform: &Arc<Platform>, operation: &str, input: Value) -> Result<Value, ServiceError> {
    platform.call(who, "s3", operation, input).await
}

/// Calls an operation as the administrator, and it works.
async fn ok(platform: &Arc<Platform>, operation: &str, input: Value) -> Value {
    let answer = call(&Principal::Administrator, platform, operation, input).await;
    answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

/// Calls an operation as the administrator, and it does not: the error's code.
async fn refusal(platform: &Arc<Platform>, operation: &str, input: Value) -> String {
    let answer = call(&Principal::Administrator, platform, operation, input).await;
    answer.expect_err(operation).code
}

/// Puts a text.
async fn put(platform: &Arc<Platform>, key: &str, body: &str) -> Value {
    ok(
        platform,
        "PutObject",
        json!({"Bucket": "data", "Key": key, "Body": body}),
    )
    .await
}

/// The text under a key.
async fn text(platform: &Arc<Platform>, key: &str) -> Value {
    ok(platform, "GetObject", json!({"Bucket": "data", "Key": key})).await["Body"].take()
}

#[tokio::test]
async fn an_object_without_bytes_has_a_body_all_the_same() {
    let platform = account().await;
    let object = json!({"Bucket": "data", "Key": "empty"});
    ok(&platform, "PutObject", object.clone()).await;
    for (operation, body) in [("GetObject", Some(&json!(""))), ("HeadObject", None)] {
        let answer = ok(&platform, operation, object.clone()).await;
        assert_eq!(answer.get("Body"), body, "{operation}");
    }
}

#[tokio::test]
async fn reads_have_ranges_conditions_and_checksums() {
    let platform = account().await;
    let put = put(&platform, "k", "hello").await;
    assert_eq!(put["ChecksumType"], "FULL_OBJECT");
    let etag = put["ETag"].as_str().expect("a tag");
    for (members, expected) in [
        (json!({"Range": "bytes=1-2"}), Ok("el")),
        (json!({"PartNumber": 1}), Ok("hello")),
        (
            json!({"IfMatch": etag, "IfUnmodifiedSince": "2000-01-01T00:00:00Z"}),
            Ok("hello"),
        ),
        (json!({"IfNoneMatch": "\"other\""}), Ok("hello")),
        (json!({"IfModifiedSince": "Sat, 01 Jan 2000 00:00:00 GMT"}), Ok("hello")),
        (json!({"IfMatch": "\"other\""}), Err("PreconditionFailed")),
        (json!({"IfNoneMatch": etag}), Err("NotModified")),
        (
            json!({"IfUnmodifiedSince": "Sat, 01 Jan 2000 00:00:00 GMT"}),
            Err("PreconditionFailed"),
        ),
        (json!({"IfModifiedSince": "2100-01-01T00:00:00Z"}), Err("NotModified")),
        (json!({"Range": "bytes=9-"}), Err("InvalidRange")),
        (json!({"PartNumber": 2}), Err("InvalidPartNumber")),
        (json!({"PartNumber": 1, "Range": "bytes=0-1"}), Err("InvalidRequest")),
        (json!({"ResponseContentType": "text/plain"}), Err("NotInLocalRun")),
        (json!({"VersionId": "short"}), Err("InvalidArgument")),
    ] {
        let mut input = json!({"Bucket": "data", "Key": "k"});
        input
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let answer = call(&Principal::Administrator, &platform, "GetObject", input).await;
        let answer = answer.map(|answer| answer["Body"].clone()).map_err(|error| error.code);
        let expected = expected.map(Value::from).map_err(str::to_owned);
        assert_eq!(answer, expected, "{members}");
    }
    let asked = json!({"Bucket": "data", "Key": "k", "ChecksumMode": "ENABLED"});
    let head = ok(&platform, "HeadObject", asked).await;
    assert_eq!(head["ChecksumCRC64NVME"], put["ChecksumCRC64NVME"]);
}

#[tokio::test]
async fn what_writes_refuse() {
    let platform = account().await;
    put(&platform, "k", "x").await;
    for (members, code) in [
        (json!({"ChecksumSHA1": "AAAA"}), "BadDigest"),
        (json!({"ChecksumCRC32C": "AAAA"}), "BadDigest"),
        (json!({"ChecksumCRC32": "A", "ChecksumSHA1": "A"}), "InvalidRequest"),
        (json!({"ChecksumSHA512": "AAAA"}), "NotInLocalRun"),
        (json!({"ChecksumAlgorithm": "SHA512"}), "NotInLocalRun"),
        (json!({"StorageClass": "GLACIER"}), "NotInLocalRun"),
        (json!({"SSECustomerKey": "k"}), "NotInLocalRun"),
        (
            json!({"ServerSideEncryption": "rot13"}),
            "InvalidEncryptionAlgorithmError",
        ),
        (json!({"Metadata": {"long": "x".repeat(2045)}}), "MetadataTooLarge"),
        (json!({"Tagging": "a=1&a=2"}), "InvalidArgument"),
        (json!({"Tagging": "aws:a=1"}), "InvalidTag"),
        (json!({"Tagging": "a=1,2"}), "InvalidTag"),
        (json!({"IfNoneMatch": "*"}), "PreconditionFailed"),
        (json!({"IfNoneMatch": "\"tag\""}), "NotImplemented"),
        (json!({"IfMatch": "\"tag\""}), "PreconditionFailed"),
    ] {
        let mut input = json!({"Bucket": "data", "Key": "k"});
        input
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        assert_eq!(refusal(&platform, "PutObject", input).await, code, "{members}");
    }
    assert_eq!(text(&platform, "k").await, "x");
}

#[tokio::test]
async fn tags_come_with_permissions_of_their_own() {
    let statements = json!([{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]);
    let (platform, role) = account_with_role(statements).await;
    let object = json!({"Bucket": "data", "Key": "k", "Tagging": "a=1&b=two%20words"});
    let denied = call(&role, &platform, "PutObject", object.clone())
        .await
        .expect_err("denied");
    assert!(denied.message.contains("s3:PutObjectTagging"), "{denied}");
    ok(&platform, "PutObject", object).await;
    let place = json!({"Bucket": "data", "Key": "k"});
    let tags = ok(&platform, "GetObjectTagging", place.clone()).await;
    let expected = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two words"}]);
    assert_eq!(tags["TagSet"], expected);
    assert_eq!(ok(&platform, "HeadObject", place.clone()).await["TagCount"], 2);
    ok(&platform, "DeleteObjectTagging", place.clone()).await;
    let one = json!({"Bucket": "data", "Key": "k", "Tagging": {"TagSet": [{"Key": "c", "Value": "3"}]}});
    ok(&platform, "PutObjectTagging", one).await;
    let tags = ok(&platform, "GetObjectTagging", place).await;
    assert_eq!(tags["TagSet"], json!([{"Key": "c", "Value": "3"}]));
}

#[tokio::test]
async fn a_bucket_is_deleted_when_it_is_empty() {
    let platform = account().await;
    put(&platform, "k", "x").await;
    let bucket = json!({"Bucket": "data"});
    assert_eq!(
        refusal(&platform, "DeleteBucket", bucket.clone()).await,
        "BucketNotEmpty"
    );
    ok(&platform, "DeleteObject", json!({"Bucket": "data", "Key": "k"})).await;
    assert_eq!(
        ok(&platform, "GetBucketLocation", bucket.clone()).await,
        json!({"LocationConstraint": null})
    );
    ok(&platform, "DeleteBucket", bucket.clone()).await;
    assert_eq!(refusal(&platform, "HeadBucket", bucket).await, "NoSuchBucket");
}

#[tokio::test]
async fn many_keys_are_deleted_each_as_iam_allows_it() {
    let statements = json!([
        {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::data/mine/*"},
    ]);
    let (platform, role) = account_with_role(statements).await;
    for key in ["mine/a", "mine/b", "theirs"] {
        put(&platform, key, "x").await;
    }
    let delete = |quiet: bool| {
        let objects = ["mine/a", "mine/none", "theirs"].map(|key| json!({"Key": key}));
        json!({"Bucket": "data", "Delete": {"Objects": objects, "Quiet": quiet}})
    };
    let answer = call(&role, &platform, "DeleteObjects", delete(false))
        .await
        .expect("an answer");
    assert_eq!(answer["Deleted"], json!([{"Key": "mine/a"}, {"Key": "mine/none"}]));
    assert_eq!(
        (&answer["Errors"][0]["Key"], &answer["Errors"][0]["Code"]),
        (&json!("theirs"), &json!("AccessDenied"))
    );
    let quiet = call(&role, &platform, "DeleteObjects", delete(true))
        .await
        .expect("an answer");
    assert_eq!(quiet.get("Deleted"), None);
    let none = json!({"Bucket": "data", "Delete": {"Objects": []}});
    assert_eq!(refusal(&platform, "DeleteObjects", none).await, "MalformedXML");
    let rest = ok(
        &platform,
        "ListObjects",
        json!({"Bucket": "data", "Delimiter": "/", "MaxKeys": 1}),
    )
    .await;
    assert_eq!(
        (&rest["CommonPrefixes"], &rest["NextMarker"], &rest["IsTruncated"]),
        (&json!([{"Prefix": "mine/"}]), &json!("mine/"), &json!(true))
    );
    let rest = ok(
        &platform,
        "ListObjects",
        json!({"Bucket": "data", "Delimiter": "/", "Marker": "mine/"}),
    )
    .await;
    assert_eq!(rest["Contents"][0]["Key"], "theirs");
}
