//! Releases: copied by whoever has the role for it, and by no build.

use super::scenarios::newest_build;
use super::world::World;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use platform::Requirement;
use platform::principal::Principal;
use serde_json::{Value, json};

const BUILDS: &str = "ml-pipeline-dev";
const RELEASES: &str = "ml-pipeline-release-dev";

fn release_role() -> Principal {
    Principal::role_session("stepline-release-dev-us-east-1", "a-person")
}

async fn as_release(world: &World, operation: &str, input: Value) -> Value {
    let answer = world.cloud.call(&release_role(), "ecr", operation, input).await;
    answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

/// Copies a built image to the releases as `docker buildx imagetools create` does: the layers that are not there yet, then
/// the manifest, byte by byte.
pub(crate) async fn release(world: &World, built: &Value, tag: &str) {
    as_release(world, "GetAuthorizationToken", json!({})).await;
    let by_digest = json!({"repositoryName": BUILDS, "imageIds": [{"imageDigest": built["imageId"]["imageDigest"]}]});
    let image = as_release(world, "BatchGetImage", by_digest).await["images"][0].clone();
    let text = image["imageManifest"].as_str().expect("a manifest");
    let manifest: Value = serde_json::from_str(text).expect("a manifest is JSON");
    let layers = manifest["layers"].as_array().into_iter().flatten();
    for blob in layers.chain([&manifest["config"]]) {
        let digest = blob["digest"].as_str().expect("a digest");
        let question = json!({"repositoryName": RELEASES, "layerDigests": [digest]});
        let there = as_release(world, "BatchCheckLayerAvailability", question).await;
        if there["layers"][0]["layerAvailability"] != "AVAILABLE" {
            copy(world, digest).await;
        }
    }
    put(world, &image, tag).await;
    let by_tag = json!({"repositoryName": RELEASES, "imageIds": [{"imageTag": tag}]});
    let released = as_release(world, "BatchGetImage", by_tag).await;
    assert_eq!(
        released["images"][0]["imageId"]["imageDigest"],
        built["imageId"]["imageDigest"]
    );
}

async fn copy(world: &World, digest: &str) {
    let layer = json!({"repositoryName": BUILDS, "layerDigest": digest});
    let role = release_role();
    let download = world
        .cloud
        .send(&role, "ecr", "GetDownloadUrlForLayer", layer, Bytes::new());
    let blob = download.await.unwrap_or_else(|error| panic!("{error}")).body.unwrap();
    let started = as_release(world, "InitiateLayerUpload", json!({"repositoryName": RELEASES})).await;
    let part = json!({
        "repositoryName": RELEASES, "uploadId": started["uploadId"], "partFirstByte": 0,
        "partLastByte": blob.len() - 1, "layerPartBlob": STANDARD.encode(&blob),
    });
    as_release(world, "UploadLayerPart", part).await;
    let complete = json!({"repositoryName": RELEASES, "uploadId": started["uploadId"], "layerDigests": [digest]});
    as_release(world, "CompleteLayerUpload", complete).await;
}

/// Puts a manifest whose parts are there.
pub(crate) async fn put(world: &World, image: &Value, tag: &str) {
    let input = json!({
        "repositoryName": RELEASES,
        "imageManifest": image["imageManifest"],
        "imageManifestMediaType": image["imageManifestMediaType"],
        "imageTag": tag,
    });
    as_release(world, "PutImage", input).await;
}

/// What once went round prod's approval: the build's role pushes a release. Nothing of it may be allowed, not even to
/// begin with, in its own environment or in the other one.
pub(crate) async fn a_build_cannot_release(world: &World) {
    let image = newest_build(world).await;
    let build = Principal::role_session("stepline-build-dev-us-east-1", "a-build");
    for environment in ["dev", "prod"] {
        let repository = format!("ml-pipeline-release-{environment}");
        for (operation, input) in [
            ("InitiateLayerUpload", json!({"repositoryName": repository})),
            (
                "PutImage",
                json!({"repositoryName": repository, "imageManifest": image["imageManifest"], "imageTag": "release-9"}),
            ),
        ] {
            let arn = world.cloud.account.arn("ecr", format_args!("repository/{repository}"));
            world.expect_denied("stepline-build-dev-us-east-1", &format!("ecr:{operation}"), &arn);
            let refused = world.cloud.call(&build, "ecr", operation, input).await;
            let refused = refused.expect_err("a build that releases");
            assert_eq!(refused.code, "AccessDeniedException", "{refused}");
            assert!(
                refused.message.contains("is not authorized to perform: ecr:"),
                "{refused}"
            );
        }
    }
}

/// The role that releases is nobody's by itself: no other role may become it, and none may push a release without it.
pub(crate) fn no_role_of_the_templates_can_release(world: &World) {
    let cloud = &world.cloud;
    for environment in ["dev", "prod"] {
        let releases = format!("stepline-release-{environment}-us-east-1");
        for role in cloud.iam.roles() {
            let session = Principal::role_session(&role.name, "s");
            let may = cloud.iam.may_assume(&cloud.account, &releases, &session);
            assert!(!may.expect("the role is there"), "{} may assume {releases}", role.name);
            let repository = cloud
                .account
                .arn("ecr", format_args!("repository/ml-pipeline-release-{environment}"));
            let put = Requirement::new("ecr:PutImage", repository);
            let may = cloud.iam.decide(&cloud.account, &session, &put).is_ok();
            assert_eq!(may, role.name == releases, "{} on {}", role.name, put.resource);
        }
        let person = cloud
            .iam
            .may_assume(&cloud.account, &releases, &Principal::Administrator);
        assert!(person.expect("the role is there"));
    }
}
