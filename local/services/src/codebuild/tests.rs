//! Projects and builds, through the one door.

use super::CodeBuild;
use crate::testing;
use platform::{Platform, ServiceError};
use serde_json::{Value, json};
use std::sync::Arc;

async fn call(platform: &Arc<Platform>, operation: &str, input: Value) -> Result<Value, ServiceError> {
    testing::call(platform, "codebuild", operation, input).await
}

fn platform() -> Arc<Platform> {
    testing::account(vec![Arc::<CodeBuild>::default()])
}

fn project(platform: &Platform, name: &str) -> Value {
    json!({
        "name": name,
        "source": {"type": "S3", "location": "bucket/source.zip"},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {"type": "LINUX_CONTAINER", "image": "any", "computeType": "BUILD_GENERAL1_SMALL"},
        "serviceRole": platform.account.global_arn("iam", "role/build"),
    })
}

#[tokio::test]
async fn a_project_has_what_nobody_said() {
    let platform = platform();
    let made = call(&platform, "CreateProject", project(&platform, "app"))
        .await
        .unwrap();
    let made = &made["project"];
    for (member, expected) in [
        ("timeoutInMinutes", json!(60)),
        ("queuedTimeoutInMinutes", json!(480)),
        ("cache", json!({"type": "NO_CACHE"})),
        ("badge", json!({"badgeEnabled": false})),
        ("encryptionKey", json!(platform.account.arn("kms", "alias/aws/s3"))),
        ("arn", json!(platform.account.arn("codebuild", "project/app"))),
    ] {
        assert_eq!(made[member], expected, "{member}");
    }
    assert_eq!(made["created"], made["lastModified"]);
    for name in [json!("app"), made["arn"].clone()] {
        let found = call(&platform, "BatchGetProjects", json!({"names": [name, "none"]}))
            .await
            .unwrap();
        assert_eq!(found["projects"], json!([made]), "{name}");
        assert_eq!(found["projectsNotFound"], json!(["none"]));
    }
    let change = json!({"name": "app", "timeoutInMinutes": 7});
    let changed = call(&platform, "UpdateProject", change).await.unwrap();
    assert_eq!(changed["project"]["timeoutInMinutes"], 7);
    assert_eq!(changed["project"]["created"], made["created"]);
}

#[tokio::test]
async fn what_codebuild_does_not_take_is_refused() {
    let platform = platform();
    let with = |member: &str, value: Value| {
        let mut project = project(&platform, "app");
        project[member] = value;
        ("CreateProject", project)
    };
    for ((operation, input), part) in [
        (with("name", json!("n".repeat(151))), "name"),
        (with("name", json!("n")), "name"),
        (with("name", json!("!name")), "name"),
        (with("name", json!("na me")), "name"),
        (with("serviceRole", json!("role")), "service role"),
        (
            with("serviceRole", json!("arn:aws:iam::0000:role/build")),
            "service role",
        ),
        (with("timeoutInMinutes", json!(4)), "timeoutInMinutes"),
        (("BatchGetBuilds", json!({"ids": ["app"]})), "build ID"),
        (("StopBuild", json!({"id": "app:"})), "build ID"),
    ] {
        let error = call(&platform, operation, input).await.expect_err(part);
        assert_eq!(error.code, "InvalidInputException", "{operation}: {error}");
        assert!(error.message.contains(part), "{operation}: {error}");
    }
    let found = call(&platform, "BatchGetBuilds", json!({"ids": ["app:none"]}))
        .await
        .unwrap();
    assert_eq!(found["buildsNotFound"], json!(["app:none"]));
    let listed = call(&platform, "ListBuilds", json!({"sortOrder": "ASCENDING"}))
        .await
        .unwrap();
    assert_eq!(listed, json!({"ids": []}));
}
