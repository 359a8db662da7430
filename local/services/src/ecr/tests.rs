//! Repositories and images, through the one door.

mod settings;

use crate::manifest::{DOCKER_MANIFEST, digest};
use crate::testing;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::Platform;
use platform::error::ServiceError;
use platform::journal::Happening;
use serde_json::{Value, json};
use std::sync::Arc;

async fn call(platform: &Arc<Platform>, operation: &str, input: Value) -> Result<Value, ServiceError> {
    testing::call(platform, "ecr", operation, input).await
}

async fn platform(mutability: &str) -> Arc<Platform> {
    let platform = testing::account(vec![Arc::<super::Ecr>::default()]);
    let repository = json!({"repositoryName": "ml", "imageTagMutability": mutability});
    call(&platform, "CreateRepository", repository).await.unwrap();
    platform
}

/// Uploads a layer in two parts and answers with its digest.
async fn upload(platform: &Arc<Platform>, blob: &[u8]) -> Result<String, ServiceError> {
    let started = call(platform, "InitiateLayerUpload", json!({"repositoryName": "ml"})).await?;
    let middle = blob.len() / 2;
    for (first, part) in [(0, &blob[..middle]), (middle, &blob[middle..])] {
        let part = json!({
            "repositoryName": "ml", "uploadId": started["uploadId"], "partFirstByte": first,
            "partLastByte": first + part.len() - 1, "layerPartBlob": STANDARD.encode(part),
        });
        call(platform, "UploadLayerPart", part).await?;
    }
    let complete = json!({"repositoryName": "ml", "uploadId": started["uploadId"], "layerDigests": [digest(blob)]});
    let done = call(platform, "CompleteLayerUpload", complete).await?;
    Ok(done["layerDigest"].as_str().unwrap().to_owned())
}

/// The text of a manifest whose layer says `content`, with its blobs uploaded.
async fn image(platform: &Arc<Platform>, content: &str) -> String {
    let config = format!(r#"{{"os": "linux", "for": "{content}"}}"#);
    for blob in [config.as_bytes(), content.as_bytes()] {
        upload(platform, blob).await.unwrap();
    }
    json!({
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": config.len(), "digest": digest(config.as_bytes())},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": content.len(), "digest": digest(content.as_bytes())}],
    })
    .to_string()
}

async fn put(platform: &Arc<Platform>, manifest: &str, tag: Option<&str>) -> Result<Value, ServiceError> {
    let mut input = json!({"repositoryName": "ml", "imageManifest": manifest});
    if let Some(tag) = tag {
        input["imageTag"] = tag.into();
    }
    call(platform, "PutImage", input).await
}

#[tokio::test]
async fn a_push_is_found_by_tag_and_by_digest_and_written_down() {
    let platform = platform("MUTABLE").await;
    let manifest = image(&platform, "first").await;
    put(&platform, &manifest, Some("v1")).await.unwrap();
    put(&platform, &manifest, Some("v2")).await.unwrap();
    let digest = digest(manifest.as_bytes());
    for id in [json!({"imageTag": "v1"}), json!({"imageDigest": digest})] {
        let ids = json!({"repositoryName": "ml", "imageIds": [id]});
        let details = call(&platform, "DescribeImages", ids.clone()).await.unwrap();
        let details = &details["imageDetails"][0];
        assert_eq!(details["imageDigest"], digest);
        assert_eq!(details["imageTags"], json!(["v1", "v2"]));
        assert_eq!(details["imageSizeInBytes"], 5);
        assert_eq!(details["imageManifestMediaType"], DOCKER_MANIFEST);
        let got = call(&platform, "BatchGetImage", ids).await.unwrap();
        assert_eq!(got["images"][0]["imageManifest"], manifest);
    }
    let pushed = platform
        .journal
        .entries()
        .into_iter()
        .filter_map(|entry| match entry.happening {
            Happening::ImagePushed { tag, .. } => tag,
            _ => None,
        });
    assert_eq!(pushed.collect::<Vec<_>>(), ["v1", "v2"]);
}

#[tokio::test]
async fn tags_move_only_where_they_may() {
    for (mutability, moves) in [("MUTABLE", true), ("IMMUTABLE", false)] {
        let platform = platform(mutability).await;
        let (first, second) = (image(&platform, "first").await, image(&platform, "second").await);
        put(&platform, &first, Some("v1")).await.unwrap();
        let again = put(&platform, &first, Some("v1")).await.unwrap_err();
        assert_eq!(again.code, "ImageAlreadyExistsException");
        let moved = put(&platform, &second, Some("v1")).await;
        if moves {
            moved.unwrap();
            let untagged = json!({"repositoryName": "ml", "filter": {"tagStatus": "UNTAGGED"}});
            let listed = call(&platform, "ListImages", untagged).await.unwrap();
            assert_eq!(listed["imageIds"], json!([{"imageDigest": digest(first.as_bytes())}]));
        } else {
            assert_eq!(moved.unwrap_err().code, "ImageTagAlreadyExistsException");
        }
    }
}

#[tokio::test]
async fn what_a_manifest_names_must_be_there() {
    let platform = platform("MUTABLE").await;
    let missing = json!({
        "schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": {"size": 1, "digest": "sha256:no"}, "layers": [],
    });
    let missing = missing.to_string();
    assert_eq!(
        put(&platform, &missing, None).await.unwrap_err().code,
        "LayersNotFoundException"
    );
    let list = "application/vnd.oci.image.index.v1+json";
    let index = json!({"schemaVersion": 2, "mediaType": list, "manifests": [{"size": 1, "digest": "sha256:no"}]});
    let index = index.to_string();
    assert_eq!(
        put(&platform, &index, None).await.unwrap_err().code,
        "ReferencedImagesNotFoundException"
    );
    for text in ["{", "{}", r#"{"schemaVersion": 2}"#] {
        assert_eq!(
            put(&platform, text, None).await.unwrap_err().code,
            "InvalidParameterException"
        );
    }
    let child = image(&platform, "child").await;
    put(&platform, &child, None).await.unwrap();
    let index = json!({
        "schemaVersion": 2, "mediaType": list,
        "manifests": [{"size": child.len(), "digest": digest(child.as_bytes())}],
    });
    put(&platform, &index.to_string(), Some("index")).await.unwrap();
    let found = call(
        &platform,
        "DescribeImages",
        json!({"repositoryName": "ml", "imageIds": [{"imageTag": "index"}]}),
    )
    .await;
    assert_eq!(
        found.unwrap()["imageDetails"][0]["imageManifestMediaType"],
        "application/vnd.oci.image.index.v1+json"
    );
}

#[tokio::test]
async fn uploads_are_checked_part_by_part() {
    let platform = platform("MUTABLE").await;
    upload(&platform, b"layer").await.unwrap();
    assert_eq!(
        upload(&platform, b"layer").await.unwrap_err().code,
        "LayerAlreadyExistsException"
    );
    let available = json!({"repositoryName": "ml", "layerDigests": [digest(b"layer"), "sha256:no"]});
    let answer = call(&platform, "BatchCheckLayerAvailability", available).await.unwrap();
    assert_eq!(answer["layers"][0]["layerAvailability"], "AVAILABLE");
    assert_eq!(answer["layers"][1]["layerAvailability"], "UNAVAILABLE");
    let started = call(&platform, "InitiateLayerUpload", json!({"repositoryName": "ml"}))
        .await
        .unwrap();
    let gap = json!({
        "repositoryName": "ml", "uploadId": started["uploadId"], "partFirstByte": 3, "partLastByte": 3,
        "layerPartBlob": STANDARD.encode("x"),
    });
    assert_eq!(
        call(&platform, "UploadLayerPart", gap).await.unwrap_err().code,
        "InvalidLayerPartException"
    );
}

#[tokio::test]
async fn errors_name_what_they_are_about() {
    let platform = platform("MUTABLE").await;
    for (operation, input, code, part) in [
        (
            "ReplicateImage",
            json!({"repositoryName": "ml"}),
            "NotInLocalRun",
            "ecr:ReplicateImage",
        ),
        (
            "DescribeImages",
            json!({"repositoryName": "no"}),
            "RepositoryNotFoundException",
            "'no'",
        ),
        (
            "DescribeImages",
            json!({}),
            "InvalidParameterException",
            "repositoryName",
        ),
        (
            "PutImage",
            json!({"repositoryName": "ml"}),
            "InvalidParameterException",
            "imageManifest",
        ),
        (
            "InitiateLayerUpload",
            json!({"repositoryName": "ml", "colour": 1}),
            "NotInLocalRun",
            "`colour`",
        ),
        (
            "DescribeImages",
            json!({"repositoryName": "ml", "registryId": "1"}),
            "ValidationException",
            "1's",
        ),
        (
            "CreateRepository",
            json!({"repositoryName": "ml"}),
            "RepositoryAlreadyExistsException",
            "'ml'",
        ),
        (
            "CreateRepository",
            json!({"repositoryName": "No"}),
            "InvalidParameterException",
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '",
        ),
        (
            "CreateRepository",
            json!({"repositoryName": "m2", "colour": 1}),
            "NotInLocalRun",
            "`colour`",
        ),
        (
            "DescribeImages",
            json!({"repositoryName": "ml", "imageIds": [{"imageTag": "v9"}]}),
            "ImageNotFoundException",
            "{imageDigest:'null', imageTag:'v9'}",
        ),
    ] {
        let error = call(&platform, operation, input).await.unwrap_err();
        assert_eq!(error.code, code);
        assert!(error.message.contains(part), "{error}");
    }
}

/// The policy as it was, and a release as it was: one of the builds, with a second tag.
#[tokio::test]
async fn a_second_tag_does_not_save_an_image_from_the_first_one_s_rule() {
    let platform = platform("IMMUTABLE").await;
    let rule = json!({
        "rulePriority": 2,
        "description": "All but the last hundred builds. Releases stay.",
        "selection": {"tagStatus": "tagged", "tagPrefixList": ["commit-"], "countType": "imageCountMoreThan", "countNumber": 3},
        "action": {"type": "expire"},
    });
    let policy = json!({"repositoryName": "ml", "lifecyclePolicyText": json!({"rules": [rule]}).to_string()});
    call(&platform, "PutLifecyclePolicy", policy).await.unwrap();
    let release = image(&platform, "build 0").await;
    put(&platform, &release, Some("commit-0")).await.unwrap();
    put(&platform, &release, Some("release-1")).await.unwrap();
    let by_digest = json!({"repositoryName": "ml", "imageIds": [{"imageDigest": digest(release.as_bytes())}]});
    for build in 1..4 {
        call(&platform, "DescribeImages", by_digest.clone()).await.unwrap();
        let manifest = image(&platform, &format!("build {build}")).await;
        put(&platform, &manifest, Some(&format!("commit-{build}")))
            .await
            .unwrap();
    }
    let gone = call(&platform, "DescribeImages", by_digest).await.unwrap_err();
    assert_eq!(gone.code, "ImageNotFoundException");
    // A policy that cannot be is refused as ECR refuses it.
    let policy = json!({"repositoryName": "ml", "lifecyclePolicyText": "{\"rules\": []}"});
    let refused = call(&platform, "PutLifecyclePolicy", policy).await.unwrap_err();
    assert_eq!(refused.code, "InvalidParameterException");
    assert!(
        refused.message.contains("Lifecycle policy validation failure"),
        "{refused}"
    );
}

/// An account whose repository scans on push, with EventBridge and queues to hear of it.
async fn scanning() -> Arc<Platform> {
    let platform = testing::account(vec![
        Arc::<super::Ecr>::default(),
        Arc::<crate::events::EventBridge>::default(),
        Arc::<crate::sqs::Sqs>::default(),
    ]);
    let repository = json!({"repositoryName": "ml", "imageScanningConfiguration": {"scanOnPush": true}});
    call(&platform, "CreateRepository", repository).await.unwrap();
    platform
}

/// The text of a manifest of an image whose label says what its scan finds.
async fn labelled(platform: &Arc<Platform>, name: &str, scan: &str) -> String {
    let config = json!({"os": "linux", "for": name, "config": {"Labels": {"stepline.scan": scan}}}).to_string();
    upload(platform, config.as_bytes()).await.unwrap();
    json!({
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": config.len(), "digest": digest(config.as_bytes())},
        "layers": [],
    })
    .to_string()
}

/// Asks for the findings until the scan is no longer under way.
async fn findings(platform: &Arc<Platform>, image: &str, more: Value) -> Result<Value, ServiceError> {
    let mut input = json!({"repositoryName": "ml", "imageId": {"imageDigest": digest(image.as_bytes())}});
    for (field, value) in more.as_object().into_iter().flatten() {
        input[field] = value.clone();
    }
    loop {
        let answer = call(platform, "DescribeImageScanFindings", input.clone()).await?;
        if answer["imageScanStatus"]["status"] != "IN_PROGRESS" {
            return Ok(answer);
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_image_is_scanned_when_it_is_pushed_or_when_somebody_asks() {
    let platform = testing::account(vec![Arc::<super::Ecr>::default()]);
    for (name, on_push) in [("ml", true), ("other", false)] {
        let repository = json!({"repositoryName": name, "imageScanningConfiguration": {"scanOnPush": on_push}});
        call(&platform, "CreateRepository", repository).await.unwrap();
    }
    let plain = image(&platform, "plain").await;
    put(&platform, &plain, Some("v1")).await.unwrap();
    let of_plain = json!({"repositoryName": "ml", "imageId": {"imageTag": "v1"}});
    let done = findings(&platform, &plain, json!({})).await.unwrap();
    assert_eq!(done["imageScanStatus"]["status"], "COMPLETE");
    assert_eq!(done["imageScanFindings"]["findingSeverityCounts"], json!({}));
    let described = json!({"repositoryName": "ml", "imageIds": [{"imageTag": "v1"}]});
    let described = call(&platform, "DescribeImages", described).await.unwrap();
    assert_eq!(described["imageDetails"][0]["imageScanStatus"]["status"], "COMPLETE");
    // Once a day.
    let again = call(&platform, "StartImageScan", of_plain).await.unwrap_err();
    assert_eq!(again.code, "LimitExceededException");
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"size": plain.len(), "digest": digest(plain.as_bytes())}],
    });
    put(&platform, &index.to_string(), Some("index")).await.unwrap();
    let of_index = json!({"repositoryName": "ml", "imageId": {"imageTag": "index"}});
    for (operation, input, code) in [
        ("DescribeImageScanFindings", of_index.clone(), "ScanNotFoundException"),
        ("StartImageScan", of_index.clone(), "UnsupportedImageTypeException"),
        (
            "DescribeImageScanFindings",
            json!({"repositoryName": "ml", "imageId": {"imageTag": "v9"}}),
            "ImageNotFoundException",
        ),
        (
            "DescribeImageScanFindings",
            json!({"repositoryName": "ml", "imageId": {"imageTag": "v1"}, "maxResults": 1001}),
            "InvalidParameterException",
        ),
    ] {
        assert_eq!(call(&platform, operation, input).await.unwrap_err().code, code);
    }
}

#[tokio::test]
async fn a_scan_finds_what_the_image_says_page_by_page() {
    let platform = scanning().await;
    let listed: Vec<Value> = (0..5)
        .map(|number| json!({"name": format!("CVE-{number}"), "severity": if number == 0 { "HIGH" } else { "LOW" }}))
        .collect();
    let label = json!({"imageScanFindings": {"findings": listed}}).to_string();
    let image = labelled(&platform, "findings", &label).await;
    put(&platform, &image, None).await.unwrap();
    let (mut token, mut read) = (Value::Null, Vec::new());
    loop {
        let page = findings(&platform, &image, json!({"maxResults": 2, "nextToken": token}))
            .await
            .unwrap();
        let found = &page["imageScanFindings"];
        assert_eq!(
            found["findingSeverityCounts"],
            json!({"HIGH": 1, "LOW": 4}),
            "of all pages on each"
        );
        read.extend(found["findings"].as_array().cloned().unwrap_or_default());
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(read, listed);
    for (name, label, status) in [
        (
            "enhanced",
            json!({"imageScanStatus": {"status": "ACTIVE"}}).to_string(),
            "ACTIVE",
        ),
        (
            "unsupported",
            json!({"imageScanStatus": {"status": "UNSUPPORTED_IMAGE"}}).to_string(),
            "UNSUPPORTED_IMAGE",
        ),
        ("not json", "{".to_owned(), "FAILED"),
    ] {
        let image = labelled(&platform, name, &label).await;
        put(&platform, &image, None).await.unwrap();
        let answer = findings(&platform, &image, json!({})).await.unwrap();
        assert_eq!(answer["imageScanStatus"]["status"], status, "{name}");
        assert_eq!(answer.get("imageScanFindings").is_some(), status == "ACTIVE", "{name}");
    }
}

#[tokio::test]
async fn the_end_of_a_scan_is_an_event() {
    let platform = scanning().await;
    let as_administrator =
        async |service, operation, input| testing::call(&platform, service, operation, input).await.unwrap();
    as_administrator("sqs", "CreateQueue", json!({"QueueName": "scans"})).await;
    let pattern = json!({"source": ["aws.ecr"], "detail-type": ["ECR Image Scan"], "detail": {
        "scan-status": ["COMPLETE"], "repository-name": ["ml"], "image-tags": ["v1"],
    }});
    as_administrator(
        "events",
        "PutRule",
        json!({"Name": "scans", "EventPattern": pattern.to_string()}),
    )
    .await;
    let targets = json!([{"Id": "queue", "Arn": platform.account.arn("sqs", "scans")}]);
    as_administrator("events", "PutTargets", json!({"Rule": "scans", "Targets": targets})).await;
    let mut journal = platform.journal.follow();
    let manifest = image(&platform, "scanned").await;
    put(&platform, &manifest, Some("v1")).await.unwrap();
    let heard = async {
        loop {
            if let Happening::RuleMatched { rule, .. } = journal.recv().await.unwrap().happening {
                return rule;
            }
        }
    };
    let heard = tokio::time::timeout(std::time::Duration::from_secs(60), heard).await;
    assert_eq!(heard.unwrap(), "scans");
}

#[tokio::test]
async fn a_scan_that_has_ended_before_it_is_announced_has_its_event() {
    let (ecr, listener): (Arc<super::Ecr>, Arc<testing::Listener>) = Default::default();
    let platform = testing::account(vec![ecr.clone(), listener.clone()]);
    let repository = json!({"repositoryName": "ml"});
    call(&platform, "CreateRepository", repository).await.unwrap();
    let manifest = image(&platform, "scanned").await;
    put(&platform, &manifest, Some("v1")).await.unwrap();
    let long_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(3600);
    let scan = super::scan::Scan::begin(&crate::manifest::Manifest::read(&manifest).unwrap(), b"{}", long_ago);
    ecr.lock().get_mut("ml").unwrap().images[0].scan = scan;
    ecr.announce(&platform, "ml", &digest(manifest.as_bytes()));
    let is_told = |event: &Value| event["detail-type"] == "ECR Image Scan";
    let heard = async {
        while !listener.0.lock().unwrap().iter().any(is_told) {
            tokio::task::yield_now().await;
        }
    };
    let heard = tokio::time::timeout(std::time::Duration::from_secs(60), heard).await;
    heard.expect("the event of the scan's end");
}
