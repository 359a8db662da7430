//! Code that lies in S3 or, as an image, in ECR.

use super::world::{World, zip_file};
use crate::manifest::digest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use platform::Principal;
use serde_json::{Value, json};

const APP: &str = "def handler(event, context):\n    return 'stored'\n";

#[tokio::test]
async fn a_zip_in_s3_is_read_as_whoever_creates_the_function() {
    let world = World::new();
    world.of("s3", "CreateBucket", json!({"Bucket": "code"})).await;
    let zip = BASE64_STANDARD.decode(zip_file(&[("app.py", APP, 0o644)])).unwrap();
    let put = json!({"Bucket": "code", "Key": "f.zip"});
    let put = world
        .platform
        .send(&Principal::Administrator, "s3", "PutObject", put, zip.into());
    put.await.unwrap();
    let code = |key: &str| json!({"Code": {"S3Bucket": "code", "S3Key": key}});
    let error = world
        .create("python3.11", "app.handler", code("g.zip"))
        .await
        .unwrap_err();
    assert_eq!(error.code, "InvalidParameterValueException");
    assert!(
        error
            .message
            .starts_with("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: "),
        "{error}"
    );
    world.create("python3.11", "app.handler", code("f.zip")).await.unwrap();
    assert_eq!(world.invoke(json!({})).await["Payload"], "stored");
}

/// Pushes an image with a function to ECR, as a build without an engine does; answers with its name.
async fn push(world: &World, base: &str) -> String {
    let upload = async |blob: &[u8]| {
        let started = world
            .of("ecr", "InitiateLayerUpload", json!({"repositoryName": "fn"}))
            .await;
        let part = json!({
            "repositoryName": "fn", "uploadId": started["uploadId"], "partFirstByte": 0, "partLastByte": blob.len() - 1,
            "layerPartBlob": BASE64_STANDARD.encode(blob),
        });
        world.of("ecr", "UploadLayerPart", part).await;
        let complete = json!({"repositoryName": "fn", "uploadId": started["uploadId"], "layerDigests": [digest(blob)]});
        world.of("ecr", "CompleteLayerUpload", complete).await;
        json!({"digest": digest(blob), "size": blob.len()})
    };
    world
        .of("ecr", "CreateRepository", json!({"repositoryName": "fn"}))
        .await;
    let mut layer = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(APP.len() as u64);
    layer
        .append_data(&mut header, "var/task/app.py", APP.as_bytes())
        .unwrap();
    let labels = json!({"org.opencontainers.image.base.name": base});
    let config = json!({"config": {"Cmd": ["app.handler"], "Labels": labels}})
        .to_string()
        .into_bytes();
    let (layer, config) = (upload(&layer.into_inner().unwrap()).await, upload(&config).await);
    let manifest =
        json!({"schemaVersion": 2, "mediaType": crate::manifest::OCI_MANIFEST, "config": config, "layers": [layer]})
            .to_string();
    let put = json!({"repositoryName": "fn", "imageManifest": manifest, "imageTag": "1"});
    world.of("ecr", "PutImage", put).await;
    format!("{}/fn:1", world.platform.account.registry())
}

fn of_image(uri: &str) -> Value {
    json!({"Code": {"ImageUri": uri}, "PackageType": "Image", "Runtime": null, "Handler": null})
}

#[tokio::test]
async fn an_image_in_ecr_runs_as_its_base_image_would() {
    let world = World::new();
    let uri = push(&world, "public.ecr.aws/lambda/python:3.12").await;
    let absent = uri.replace(":1", ":2");
    let error = world.create("", "", of_image(&absent)).await.unwrap_err();
    let message = format!("Source image {absent} does not exist. Provide a valid source image.");
    assert!(error.message.starts_with(&message), "{error}");
    world.create("", "", of_image(&uri)).await.unwrap();
    assert_eq!(world.invoke(json!({})).await["Payload"], "stored");
}

#[tokio::test]
async fn an_image_that_is_not_here_says_so_when_it_is_invoked() {
    for (base, of, part) in [
        (Some("python:3.12-slim"), "", "is on `python:3.12-slim`"),
        (
            None,
            "public.ecr.aws/team/f:1",
            "`public.ecr.aws/team/f:1` is not in 123456789012.dkr.ecr.",
        ),
    ] {
        let world = World::new();
        let uri = match base {
            Some(base) => push(&world, base).await,
            None => of.to_owned(),
        };
        world.create("", "", of_image(&uri)).await.unwrap();
        let error = world.call("Invoke", json!({"FunctionName": "f"})).await.unwrap_err();
        assert_eq!(error.code, "NotInLocalRun");
        assert!(error.message.contains(part), "{error}");
    }
}
