//! The registry's adapter against the wire.

use super::*;
use crate::ports::images::{
    BatchGetImage, DescribeImages, DescribeRepositories, ImageStatus, Manifest, Repository, Selection,
};

const DIGEST: &str = "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd12345678";

fn repository() -> Repository {
    Repository {
        registry_id: "210987654321".to_owned(),
        name: "team/ml".to_owned(),
    }
}

#[tokio::test]
async fn an_image_is_described_by_its_digest() {
    let server = answering(json!({"imageDetails": [{
        "registryId": "210987654321", "repositoryName": "team/ml", "imageDigest": DIGEST, "imageTags": ["v1", "v2"],
        "imagePushedAt": 1_764_000_000.25, "imageManifestMediaType": "m", "artifactMediaType": "a",
        "subjectManifestDigest": "s", "imageStatus": "ARCHIVED", "imageSizeInBytes": 1,
    }]}));
    let registry = aws(&server).image_registry();
    let page = registry
        .describe_images(&repository(), Selection::Digest(DIGEST))
        .await
        .unwrap();
    let [image] = &page.images[..] else { panic!("one image") };
    assert_eq!(
        (image.digest.as_str(), &image.tags[..]),
        (DIGEST, &["v1".to_owned(), "v2".to_owned()][..])
    );
    assert_eq!(image.pushed_at, Some(Timestamp::from_millis(1_764_000_000_250)));
    assert_eq!(image.manifest_media_type.as_deref(), Some("m"));
    assert_eq!(image.artifact_media_type.as_deref(), Some("a"));
    assert_eq!(image.subject_digest.as_deref(), Some("s"));
    assert_eq!(image.status, ImageStatus::Inactive("ARCHIVED".to_owned()));
    let sent = json!({
        "registryId": "210987654321", "repositoryName": "team/ml", "imageIds": [{"imageDigest": DIGEST}],
    });
    assert_called(&server, "AmazonEC2ContainerRegistry_V20150921.DescribeImages", &sent);
}

#[tokio::test]
async fn images_are_listed_page_by_page() {
    let server = answering(json!({"imageDetails": [{"imageDigest": DIGEST}], "nextToken": "more"}));
    let registry = aws(&server).image_registry();
    let page = registry
        .describe_images(&repository(), Selection::Page(Some("token")))
        .await
        .unwrap();
    assert_eq!(page.next_token.as_deref(), Some("more"));
    assert_eq!(
        (page.images[0].status.clone(), page.images[0].pushed_at),
        (ImageStatus::Active, None)
    );
    let sent = json!({
        "registryId": "210987654321", "repositoryName": "team/ml", "maxResults": 1000, "nextToken": "token",
    });
    assert_called(&server, "AmazonEC2ContainerRegistry_V20150921.DescribeImages", &sent);
}

#[tokio::test]
async fn manifests_come_as_they_were_pushed_and_missing_ones_not_at_all() {
    let server = answering(json!({
        "images": [{"imageId": {"imageDigest": DIGEST}, "imageManifest": "{ }"}],
        "failures": [{"imageId": {"imageDigest": "sha256:x"}, "failureCode": "ImageNotFound", "failureReason": "gone"}],
    }));
    let registry = aws(&server).image_registry();
    let found = registry
        .batch_get_image(&repository(), &[DIGEST, "sha256:x"])
        .await
        .unwrap();
    assert_eq!(
        found,
        [Manifest {
            digest: DIGEST.to_owned(),
            text: "{ }".to_owned()
        }]
    );
    let sent: Value = serde_json::from_str(&server.requests()[0].text()).unwrap();
    assert_eq!(
        sent["imageIds"],
        json!([{"imageDigest": DIGEST}, {"imageDigest": "sha256:x"}])
    );
    let accepted = sent["acceptedMediaTypes"].as_array().unwrap();
    assert!(
        accepted.contains(&json!("application/vnd.oci.image.index.v1+json")),
        "{accepted:?}"
    );

    let server = answering(json!({"failures": [{"failureCode": "KmsError", "failureReason": "no key"}]}));
    let error = aws(&server)
        .image_registry()
        .batch_get_image(&repository(), &[DIGEST])
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (CallErrorKind::Unavailable, "no key")
    );
}

#[tokio::test]
async fn repositories_are_listed_by_name() {
    let server = answering(json!({"repositories": [{"repositoryName": "a"}, {"repositoryName": "b"}]}));
    let page = aws(&server)
        .image_registry()
        .describe_repositories("210987654321", None)
        .await
        .unwrap();
    assert_eq!(
        (page.names, page.next_token),
        (vec!["a".to_owned(), "b".to_owned()], None)
    );
    let sent = json!({"registryId": "210987654321", "maxResults": 1000});
    assert_called(
        &server,
        "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories",
        &sent,
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    for code in ["ImageNotFoundException", "RepositoryNotFoundException"] {
        let server = Loopback::start(move |_| Reply::json(400, &json!({"__type": code, "message": "gone"})));
        let registry = aws(&server).image_registry();
        let error = registry
            .describe_images(&repository(), Selection::Digest(DIGEST))
            .await
            .unwrap_err();
        assert!(error.kind == CallErrorKind::NotFound && error.is(code), "{error}");
    }
}
