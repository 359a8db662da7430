//! Buckets that keep versions.

use super::*;

async fn versioned(status: &str, platform: &Arc<Platform>) {
    let input = json!({"Bucket": "data", "VersioningConfiguration": {"Status": status}});
    ok(platform, "PutBucketVersioning", input).await;
}

fn of(version: &Value) -> Value {
    json!({"Bucket": "data", "Key": "k", "VersionId": version})
}

#[tokio::test]
async fn versions_are_put_read_and_removed() {
    let platform = account().await;
    assert_eq!(
        ok(&platform, "GetBucketVersioning", json!({"Bucket": "data"})).await,
        json!({})
    );
    assert_eq!(put(&platform, "k", "zero").await.get("VersionId"), None);
    versioned("Enabled", &platform).await;
    let status = ok(&platform, "GetBucketVersioning", json!({"Bucket": "data"})).await;
    assert_eq!(status, json!({"Status": "Enabled"}));
    let one = put(&platform, "k", "one").await["VersionId"].clone();
    let two = put(&platform, "k", "two").await["VersionId"].clone();
    for (version, body) in [(&json!("null"), "zero"), (&one, "one"), (&two, "two")] {
        let got = ok(&platform, "GetObject", of(version)).await;
        assert_eq!((&got["Body"], &got["VersionId"]), (&json!(body), version));
    }
    assert_eq!(text(&platform, "k").await, "two");

    let marked = ok(&platform, "DeleteObject", json!({"Bucket": "data", "Key": "k"})).await;
    assert_eq!(marked["DeleteMarker"], true);
    let marker = &marked["VersionId"];
    assert_eq!(
        refusal(&platform, "GetObject", json!({"Bucket": "data", "Key": "k"})).await,
        "NoSuchKey"
    );
    assert_eq!(refusal(&platform, "HeadObject", of(marker)).await, "MethodNotAllowed");
    assert_eq!(
        refusal(&platform, "DeleteBucket", json!({"Bucket": "data"})).await,
        "BucketNotEmpty"
    );
    assert_eq!(
        ok(&platform, "ListObjectsV2", json!({"Bucket": "data"})).await["KeyCount"],
        0
    );

    let unmarked = ok(&platform, "DeleteObject", of(marker)).await;
    assert_eq!(
        (&unmarked["DeleteMarker"], &unmarked["VersionId"]),
        (&json!(true), marker)
    );
    assert_eq!(text(&platform, "k").await, "two");
    ok(&platform, "DeleteObject", of(&two)).await;
    assert_eq!(text(&platform, "k").await, "one");
    assert_eq!(refusal(&platform, "GetObject", of(&two)).await, "NoSuchVersion");
}

#[tokio::test]
async fn a_suspended_bucket_has_one_null_version() {
    let platform = account().await;
    versioned("Enabled", &platform).await;
    let kept = put(&platform, "k", "kept").await["VersionId"].clone();
    versioned("Suspended", &platform).await;
    put(&platform, "k", "first").await;
    assert_eq!(put(&platform, "k", "second").await.get("VersionId"), None);
    let listed = ok(&platform, "ListObjectVersions", json!({"Bucket": "data"})).await;
    let ids = listed["Versions"].as_array().unwrap().iter();
    let ids: Vec<(&Value, &Value)> = ids
        .map(|version| (&version["VersionId"], &version["IsLatest"]))
        .collect();
    assert_eq!(ids, [(&json!("null"), &json!(true)), (&kept, &json!(false))]);
    let deleted = ok(&platform, "DeleteObject", json!({"Bucket": "data", "Key": "k"})).await;
    assert_eq!(deleted, json!({"DeleteMarker": true, "VersionId": "null"}));
    assert_eq!(ok(&platform, "GetObject", of(&kept)).await["Body"], "kept");
    for (status, code) in [
        (json!({"Status": "On"}), "IllegalVersioningConfigurationException"),
        (json!({"Status": "Enabled", "MFADelete": "Enabled"}), "NotInLocalRun"),
    ] {
        let input = json!({"Bucket": "data", "VersioningConfiguration": status});
        assert_eq!(refusal(&platform, "PutBucketVersioning", input).await, code);
    }
}

#[tokio::test]
async fn versions_are_listed_page_by_page() {
    let platform = account().await;
    versioned("Enabled", &platform).await;
    for (key, body) in [
        ("a", "1"),
        ("a", "2"),
        ("a", "3"),
        ("d/x", "4"),
        ("d/y", "5"),
        ("e", "6"),
    ] {
        put(&platform, key, body).await;
    }
    ok(&platform, "DeleteObject", json!({"Bucket": "data", "Key": "a"})).await;
    for most in [1, 2, 3, 1000] {
        let mut seen = Vec::new();
        let mut input = json!({"Bucket": "data", "Delimiter": "/", "MaxKeys": most});
        loop {
            let page = ok(&platform, "ListObjectVersions", input.clone()).await;
            let name = |entry: &Value| format!("{} {}", entry["Key"].as_str().unwrap(), entry["IsLatest"]);
            let entries = |list: &str| page[list].as_array().cloned().unwrap_or_default();
            seen.extend(entries("DeleteMarkers").iter().map(|entry| format!("-{}", name(entry))));
            seen.extend(entries("Versions").iter().map(name));
            seen.extend(
                entries("CommonPrefixes")
                    .iter()
                    .map(|prefix| prefix["Prefix"].as_str().unwrap().to_owned()),
            );
            if page["IsTruncated"] == false {
                break;
            }
            for (marker, next) in [
                ("KeyMarker", "NextKeyMarker"),
                ("VersionIdMarker", "NextVersionIdMarker"),
            ] {
                input.as_object_mut().unwrap().remove(marker);
                if let Some(next) = page.get(next) {
                    input[marker] = next.clone();
                }
            }
        }
        seen.sort();
        assert_eq!(
            seen,
            ["-a true", "a false", "a false", "a false", "d/", "e true"],
            "{most} a page"
        );
    }
    let whole = ok(
        &platform,
        "ListObjectVersions",
        json!({"Bucket": "data", "Prefix": "e"}),
    )
    .await;
    let version = &whole["Versions"][0];
    assert_eq!(
        (&version["Size"], &version["ETag"], &version["StorageClass"]),
        (
            &json!(1),
            &json!("\"1679091c5a880faf6fb5e6087eb1b2dc\""),
            &json!("STANDARD")
        )
    );
    let lonely = json!({"Bucket": "data", "VersionIdMarker": "x"});
    assert_eq!(
        refusal(&platform, "ListObjectVersions", lonely).await,
        "InvalidArgument"
    );
}

#[tokio::test]
async fn versions_have_actions_of_their_own() {
    let statements = json!([{
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:DeleteObject", "s3:ListBucket"],
        "Resource": "*",
    }]);
    let (platform, role) = account_with_role(statements).await;
    versioned("Enabled", &platform).await;
    let version = put(&platform, "k", "one").await["VersionId"].clone();
    for (operation, input, action) in [
        ("GetObject", of(&version), "s3:GetObjectVersion"),
        ("DeleteObject", of(&version), "s3:DeleteObjectVersion"),
        ("ListObjectVersions", json!({"Bucket": "data"}), "s3:ListBucketVersions"),
        ("GetObjectTagging", of(&version), "s3:GetObjectVersionTagging"),
        (
            "GetBucketVersioning",
            json!({"Bucket": "data"}),
            "s3:GetBucketVersioning",
        ),
    ] {
        let denied = call(&role, &platform, operation, input).await.expect_err(operation);
        assert!(denied.message.contains(&format!("perform: {action} ")), "{denied}");
    }
    call(&role, &platform, "GetObject", json!({"Bucket": "data", "Key": "k"}))
        .await
        .expect("allowed");
    call(&role, &platform, "DeleteObject", json!({"Bucket": "data", "Key": "k"}))
        .await
        .expect("allowed");
}
