//! Copies.

use super::*;

fn copy(source: &str, key: &str, members: Value) -> Value {
    let mut input = json!({"Bucket": "data", "Key": key, "CopySource": source});
    input
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    input
}

#[tokio::test]
async fn a_copy_has_what_its_directives_say() {
    let platform = account().await;
    let input = json!({
        "Bucket": "data", "Key": "a b", "Body": "hello", "ContentType": "text/plain", "Metadata": {"x": "1"}, "Tagging": "t=1",
    });
    ok(&platform, "PutObject", input).await;
    for (members, media_type, metadata, tags) in [
        (json!({}), "text/plain", json!({"x": "1"}), Some(&json!(1))),
        (
            json!({"MetadataDirective": "REPLACE", "ContentType": "a/b", "TaggingDirective": "REPLACE"}),
            "a/b",
            json!({}),
            None,
        ),
        (
            json!({"ContentType": "a/b"}),
            "text/plain",
            json!({"x": "1"}),
            Some(&json!(1)),
        ),
    ] {
        let answer = ok(&platform, "CopyObject", copy("/data/a%20b", "copy", members.clone())).await;
        assert_eq!(
            answer["CopyObjectResult"]["ETag"],
            "\"5d41402abc4b2a76b9719d911017c592\""
        );
        let head = ok(&platform, "HeadObject", json!({"Bucket": "data", "Key": "copy"})).await;
        let told = (&head["ContentType"], &head["Metadata"], head.get("TagCount"));
        assert_eq!(told, (&json!(media_type), &metadata, tags), "{members}");
    }
    assert_eq!(text(&platform, "copy").await, "hello");
}

#[tokio::test]
async fn an_older_version_is_copied_to_the_front() {
    let platform = account().await;
    let versioning = json!({"Bucket": "data", "VersioningConfiguration": {"Status": "Enabled"}});
    ok(&platform, "PutBucketVersioning", versioning).await;
    let old = put(&platform, "k", "old").await["VersionId"]
        .as_str()
        .unwrap()
        .to_owned();
    put(&platform, "k", "new").await;
    let answer = ok(
        &platform,
        "CopyObject",
        copy(&format!("data/k?versionId={old}"), "k", json!({})),
    )
    .await;
    assert_eq!(answer["CopySourceVersionId"], old);
    assert_ne!(answer["VersionId"], old);
    assert_eq!(text(&platform, "k").await, "old");
}

#[tokio::test]
async fn what_copies_refuse() {
    let platform = account().await;
    put(&platform, "k", "x").await;
    for (source, members, code) in [
        ("data", json!({}), "InvalidArgument"),
        ("none/k", json!({}), "NoSuchBucket"),
        ("data/none", json!({}), "NoSuchKey"),
        ("data/k?versionId=short", json!({}), "InvalidArgument"),
        ("data/k", json!({}), "InvalidRequest"),
        (
            "data/k",
            json!({"MetadataDirective": "REPLACE", "CopySourceIfMatch": "\"e\""}),
            "PreconditionFailed",
        ),
        (
            "data/k",
            json!({"MetadataDirective": "REPLACE", "CopySourceIfModifiedSince": "2100-01-01T00:00:00Z"}),
            "PreconditionFailed",
        ),
        ("data/k", json!({"WebsiteRedirectLocation": "/"}), "NotInLocalRun"),
    ] {
        let input = copy(source, "k", members.clone());
        assert_eq!(
            refusal(&platform, "CopyObject", input).await,
            code,
            "{source} {members}"
        );
    }
}

#[tokio::test]
async fn a_copy_is_asked_of_iam_on_both_sides() {
    let statements = |actions: Value| json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
    let all = [
        "s3:GetObject",
        "s3:PutObject",
        "s3:GetObjectTagging",
        "s3:PutObjectTagging",
    ];
    for missing in all {
        let others: Vec<&str> = all.into_iter().filter(|action| *action != missing).collect();
        let (platform, role) = account_with_role(statements(json!(others))).await;
        let tagged = json!({"Bucket": "data", "Key": "k", "Body": "x", "Tagging": "t=1"});
        ok(&platform, "PutObject", tagged).await;
        let denied = call(&role, &platform, "CopyObject", copy("data/k", "to", json!({}))).await;
        let denied = denied.expect_err(missing);
        assert!(denied.message.contains(&format!("perform: {missing} ")), "{denied}");
    }
}

#[tokio::test]
async fn parts_are_copied() {
    let platform = account().await;
    put(&platform, "k", "0123456789").await;
    let begun = ok(
        &platform,
        "CreateMultipartUpload",
        json!({"Bucket": "data", "Key": "to"}),
    )
    .await;
    let input = |range: &str| {
        json!({
            "Bucket": "data", "Key": "to", "UploadId": begun["UploadId"], "PartNumber": 1,
            "CopySource": "data/k", "CopySourceRange": range,
        })
    };
    for range in ["bytes=5-10", "bytes=5-", "5-6"] {
        assert_eq!(
            refusal(&platform, "UploadPartCopy", input(range)).await,
            "InvalidArgument",
            "{range}"
        );
    }
    let part = ok(&platform, "UploadPartCopy", input("bytes=2-4")).await;
    let parts = json!([{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]);
    let complete = json!({
        "Bucket": "data", "Key": "to", "UploadId": begun["UploadId"], "MultipartUpload": {"Parts": parts},
    });
    ok(&platform, "CompleteMultipartUpload", complete).await;
    assert_eq!(text(&platform, "to").await, "234");
}
