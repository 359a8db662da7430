//! Actions that deploy an artifact.

use super::world::{World, stage};
use serde_json::{Value, json};

fn input() -> Value {
    json!({"inputArtifacts": [{"name": "Source"}]})
}

#[tokio::test]
async fn files_become_objects_as_the_pipelines_role() {
    let allowed = json!([{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::site/*"}]);
    for (statements, configuration, status, expected) in [
        (
            allowed.clone(),
            json!({"BucketName": "site", "Extract": "true", "ObjectKey": "v1", "CacheControl": "no-store"}),
            "Succeeded",
            json!(["v1/a.html", "v1/css/b.css"]),
        ),
        (
            allowed.clone(),
            json!({"BucketName": "site", "Extract": "false", "ObjectKey": "#{Source.VersionId}.zip"}),
            "Succeeded",
            json!(["VERSION.zip"]),
        ),
        (
            json!([]),
            json!({"BucketName": "site", "Extract": "true"}),
            "Failed",
            json!([]),
        ),
    ] {
        let world = World::new(statements, &[("a.html", "<p>"), ("css/b.css", "p {}")]).await;
        world.call("s3", "CreateBucket", json!({"Bucket": "site"})).await;
        let id = world
            .begin(&[stage("Deploy", "Deploy", "S3", configuration, input())])
            .await;
        assert_eq!(world.end(&id).await, status);
        let listed = world.call("s3", "ListObjectsV2", json!({"Bucket": "site"})).await;
        let objects = listed["Contents"].as_array().into_iter().flatten();
        let keys: Vec<&Value> = objects.map(|object| &object["Key"]).collect();
        let version = world.action("Source").await["output"]["outputVariables"]["VersionId"].clone();
        let expected = expected
            .to_string()
            .replace("VERSION", version.as_str().expect("a version"));
        assert_eq!(json!(keys).to_string(), expected);
    }
}

/// What AWS documents for the action.
fn ecs() -> Value {
    json!([
        {"Effect": "Allow", "Resource": "*", "Action": ["ecs:DescribeServices", "ecs:DescribeTaskDefinition",
            "ecs:DescribeTasks", "ecs:ListTasks", "ecs:RegisterTaskDefinition", "ecs:UpdateService"]},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/task"},
    ])
}

#[tokio::test]
async fn a_service_gets_the_images_that_the_artifact_names() {
    let images = |name: &str| format!(r#"[{{"name": "{name}", "imageUri": "repository:new"}}]"#);
    let good = images("web");
    let other = images("db");
    let file = json!({"ClusterName": "c", "ServiceName": "s", "FileName": "images.json", "DeploymentTimeout": "5"});
    let default = json!({"ClusterName": "c", "ServiceName": "s"});
    let nobody = json!({"ClusterName": "c", "ServiceName": "nobody"});
    for (statements, files, configuration, error) in [
        (ecs(), ("images.json", good.as_str()), file, None),
        (ecs(), ("imagedefinitions.json", &good), default.clone(), None),
        (
            ecs(),
            ("other.json", &good),
            default.clone(),
            Some("Did not find the image definition file imagedefinitions.json"),
        ),
        (
            ecs(),
            ("imagedefinitions.json", "{}"),
            default.clone(),
            Some("no list of images"),
        ),
        (
            ecs(),
            ("imagedefinitions.json", &other),
            default.clone(),
            Some("The AWS ECS container db does not exist"),
        ),
        (
            ecs(),
            ("imagedefinitions.json", &good),
            nobody,
            Some("'nobody' does not exist"),
        ),
        (
            json!([]),
            ("imagedefinitions.json", &good),
            default,
            Some("ecs:DescribeServices"),
        ),
    ] {
        let world = World::new(statements, &[files]).await;
        let definition = json!({
            "family": "f", "executionRoleArn": world.0.account.global_arn("iam", "role/task"),
            "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "web", "image": "repository:old"}],
        });
        let service = json!({"cluster": "c", "serviceName": "s", "taskDefinition": "f", "desiredCount": 0,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}});
        for (operation, input) in [
            ("CreateCluster", json!({"clusterName": "c"})),
            ("RegisterTaskDefinition", definition),
            ("CreateService", service),
        ] {
            world.call("ecs", operation, input).await;
        }
        let id = world
            .begin(&[stage("Deploy", "Deploy", "ECS", configuration, input())])
            .await;
        let status = world.end(&id).await;
        let action = world.action("Deploy").await;
        let message = action["output"]["executionResult"]["errorDetails"]["message"].as_str();
        let question = json!({"cluster": "c", "services": ["s"]});
        let shown = world.call("ecs", "DescribeServices", question).await;
        let definition = &shown["services"][0]["taskDefinition"];
        let definition = world
            .call("ecs", "DescribeTaskDefinition", json!({"taskDefinition": definition}))
            .await;
        let image = &definition["taskDefinition"]["containerDefinitions"][0]["image"];
        match error {
            None => assert_eq!(
                (status.as_str(), image.as_str()),
                ("Succeeded", Some("repository:new")),
                "{action}"
            ),
            Some(error) => {
                assert!(
                    message.is_some_and(|message| message.contains(error)),
                    "{error}: {action}"
                );
                assert_eq!(image, "repository:old");
            }
        }
    }
}
