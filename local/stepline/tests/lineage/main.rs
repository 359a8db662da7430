//! Lineage: one record from the commit to the service, over the local account and over its gateway, and each link broken
//! in turn.

mod world;

use serde_json::{Value, json};
use std::path::Path;
use stepline::lineage::{self, LineageError, Record, Topic, Verdict};
use world::{BUCKET, COMMIT, GROUP, SERVICE, World, package, task_definition};

/// What does not agree, as topic and words.
fn disagreeing(record: &Record) -> Vec<(Topic, Verdict, &str)> {
    let links = record.links.iter().filter(|link| link.verdict != Verdict::Agrees);
    links
        .map(|link| (link.topic, link.verdict, link.text.as_str()))
        .collect()
}

#[tokio::test]
async fn one_record_from_the_commit_to_the_service() {
    let world = World::new().await;
    let record = world.one("1").await;
    assert_eq!(disagreeing(&record), []);
    let shown = serde_json::to_value(&record).expect("JSON");
    for (at, expected) in [
        ("/commit", json!(COMMIT)),
        ("/image/uri", json!(world.image)),
        ("/image/tags", json!(["commit-25204e1c04a8"])),
        ("/data/objects/0/key", json!("raw/customers.csv")),
        ("/data/objects/0/versionId", json!(world.version_of_data)),
        ("/execution/pipelineExecution", json!("p-1")),
        ("/trainingJob/hyperparameters", json!({"max-depth": "4"})),
        ("/metrics", json!({"accuracy": 0.91})),
        ("/modelPackage/arn", json!(package(1))),
        ("/modelPackage/approval", json!("Approved")),
        ("/modelPackage/approvalDescription", json!("better for new customers")),
        ("/deployment/service", json!(SERVICE)),
        ("/deployment/deployedAt", json!("2026-11-29T22:40:00Z")),
        ("/deployment/inService", json!(true)),
    ] {
        assert_eq!(shown.pointer(at), Some(&expected), "{at}");
    }
    let text = record.to_string();
    for part in [
        "Version 1 of ml-pipeline-dev: Approved",
        "✓ Commit",
        "Approved: better for new customers",
        "in service since 2026-11-29 22:40:00 UTC",
        "Completed, ml.m5.large, 61.0 s billed",
        "accuracy 0.91",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let last = format!("{} links agree", record.links.len());
    assert_eq!(text.lines().last(), Some(last.as_str()));
}

#[tokio::test]
async fn every_name_of_it_leads_to_the_same_record() {
    let world = World::new().await;
    let expected = world.one("1").await;
    let (arn, definition) = (package(1), task_definition(1));
    for name in [
        &arn,
        &definition,
        SERVICE,
        "stepline-dev/model-dev",
        "model-dev",
        COMMIT,
        &COMMIT[..7],
        "25204E1C",
    ] {
        assert_eq!(world.one(name).await, expected, "{name}");
    }
    // As on AWS: over HTTP, with signatures.
    let remote = world.over_the_gateway();
    for name in ["1", &arn, SERVICE, &COMMIT[..7]] {
        let records = lineage::trace(&remote, GROUP, name).await.expect("a record");
        assert_eq!(records, std::slice::from_ref(&expected), "{name}");
    }
}

/// The policy that docs/training.md gives to people.
fn documented_policy() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/training.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let (_, lineage) = text.split_once("\n## Lineage\n").expect("the section");
    let (_, policy) = lineage.split_once("```json\n").expect("the policy");
    let (policy, _) = policy.split_once("```").expect("its end");
    serde_json::from_str(policy).expect("JSON")
}

#[tokio::test]
async fn the_documented_permissions_are_enough_and_none_is_too_many() {
    let world = World::new().await;
    let expected = world.one("1").await;
    let policy = documented_policy();
    let records = lineage::trace(&world.allowed_by(policy.clone()), GROUP, "1")
        .await
        .expect("a record");
    assert_eq!(records, [expected]);

    // Without any one of them something is not seen, and the permission is named. ECS and training jobs are not asked
    // for real here, and to list a bucket tells what is gone from what is forbidden.
    let statements = policy["Statement"].as_array().expect("statements");
    let real = |statement: &Value| {
        let text = statement.to_string();
        !["ecs:", "DescribeTrainingJob", "ListBucket"]
            .iter()
            .any(|other| text.contains(other))
    };
    let mut asked = 0;
    for (at, statement) in statements.iter().enumerate().filter(|(_, statement)| real(statement)) {
        let world = World::new().await;
        let mut less = policy.clone();
        less["Statement"].as_array_mut().expect("statements").remove(at);
        asked += 1;
        match lineage::trace(&world.allowed_by(less), GROUP, "1").await {
            Ok(records) => assert!(
                records[0].count(Verdict::Unseen) > 0,
                "without {statement}: {}",
                records[0]
            ),
            Err(error) => assert!(error.to_string().contains("sagemaker:ListModelPackages"), "{error}"),
        }
    }
    assert_eq!(asked, 4);
}

#[tokio::test]
async fn a_broken_link_is_said() {
    let (gone, missing) = ("not there any more", "any more");
    let world = World::new().await;
    let version = world.version_of_data.clone();
    let digest = world.image.rsplit('@').next().expect("a digest").to_owned();
    let first = world.one("1").await;
    assert_eq!(disagreeing(&first), []);
    for (service, operation, input, topic, words) in [
        (
            "sagemaker",
            "UpdateModelPackage",
            json!({"ModelPackageArn": package(1), "CustomerMetadataProperties": {"dataSha256": "0".repeat(64)}}),
            Topic::Data,
            "SHA-256: the package says 0000",
        ),
        (
            "s3",
            "DeleteObject",
            json!({"Bucket": BUCKET, "Key": "raw/customers.csv", "VersionId": version}),
            Topic::Data,
            gone,
        ),
        (
            "ecr",
            "BatchDeleteImage",
            json!({"repositoryName": GROUP, "imageIds": [{"imageDigest": digest}]}),
            Topic::Image,
            missing,
        ),
        (
            "sagemaker",
            "UpdateModelPackage",
            json!({"ModelPackageArn": package(1), "CustomerMetadataProperties": {"commit": "c0ffee"}}),
            Topic::Commit,
            "the package says c0ffee",
        ),
        (
            "s3",
            "DeleteObject",
            json!({"Bucket": BUCKET, "Key": "runs/run/models/model.tar.gz"}),
            Topic::ModelPackage,
            gone,
        ),
        (
            "s3",
            "DeleteObject",
            json!({"Bucket": BUCKET, "Key": "runs/run/lineage.json"}),
            Topic::ModelPackage,
            "lineage.json is not there any more",
        ),
    ] {
        world.call(service, operation, input.clone()).await;
        // By HTTP, what is not there looks different.
        let records = lineage::trace(&world.over_the_gateway(), GROUP, "1")
            .await
            .expect("a record");
        assert_eq!(records, [world.one("1").await], "{operation} {input}");
        let found = disagreeing(&records[0]);
        let is_said = found
            .iter()
            .any(|(of, verdict, text)| (*of, *verdict) == (topic, Verdict::Broken) && text.contains(words));
        assert!(is_said, "{operation} {input}: {found:?}");
        assert!(records[0].to_string().contains('✗'));
    }
}

#[tokio::test]
async fn a_service_with_another_model_says_which() {
    let mut world = World::new().await;
    world
        .register(
            "beef0000",
            "arn:aws:states:us-east-1:123456789012:execution:training:other",
        )
        .await;
    world.deployed(2, 2);
    world.serves(2);
    let record = world.one("1").await;
    assert_eq!(disagreeing(&record), []);
    let deployment = record.deployment.as_ref().expect("a deployment");
    assert_eq!(deployment.in_service, Some(false));
    let other = deployment.replaced_by.as_ref().expect("another");
    assert_eq!(
        (other.task_definition.as_str(), other.model_package.as_deref()),
        (task_definition(2).as_str(), Some(package(2).as_str()))
    );
    assert!(
        record.to_string().contains("replaced by model-dev:2, version 2"),
        "{record}"
    );
    // The service's name means the model that it has now.
    assert_eq!(world.one("model-dev").await.model_package.version, 2);
    // What Step Functions has forgotten is no broken link.
    let forgotten = |link: &lineage::Link| (link.topic, link.verdict) == (Topic::Execution, Verdict::Forgotten);
    assert!(world.one("2").await.links.iter().any(forgotten));
}

#[tokio::test]
async fn a_task_definition_of_another_image_or_model_is_said() {
    let mut world = World::new().await;
    world.deployed(1, 7);
    let definition = world
        .instead
        .get_mut(&("DescribeTaskDefinition", task_definition(1)))
        .expect("a definition");
    definition["taskDefinition"]["containerDefinitions"][0]["image"] = "other@sha256:00".into();
    let record = world.one("1").await;
    let found = disagreeing(&record);
    for words in [
        "image: the task definition says other@sha256:00",
        "model: the task definition says",
    ] {
        assert!(
            found
                .iter()
                .any(|(topic, _, text)| *topic == Topic::Deployment && text.contains(words)),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn what_may_not_be_asked_is_unseen_and_the_rest_is_shown() {
    let mut world = World::new().await;
    let denied = json!({"error": "AccessDeniedException"});
    world
        .instead
        .insert(("DescribeTrainingJob", "run-t0-0-0".into()), denied.clone());
    world.instead.insert(("DescribeServices", "model-dev".into()), denied);
    let record = world.one("1").await;
    let found = disagreeing(&record);
    assert!(
        found.iter().all(|(_, verdict, _)| *verdict == Verdict::Unseen),
        "{found:?}"
    );
    assert_eq!(
        found.iter().map(|(topic, ..)| *topic).collect::<Vec<_>>(),
        [Topic::TrainingJob, Topic::Deployment]
    );
    assert_eq!(
        record.deployment.as_ref().and_then(|deployment| deployment.in_service),
        None
    );
    assert!(record.to_string().ends_with("2 links could not be seen"), "{record}");
}

#[tokio::test]
async fn a_commit_is_found_among_many_models() {
    let world = World::new().await;
    let execution = "arn:aws:states:us-east-1:123456789012:execution:training:run";
    for number in 0..120 {
        world.register(&format!("{number:08x}ffff"), execution).await;
    }
    world.register(COMMIT, execution).await;
    let found = world.trace("25204e1").await.expect("records");
    let versions: Vec<_> = found.iter().map(|record| record.model_package.version).collect();
    assert_eq!(versions, [122, 1], "the newest first");
    assert_eq!(world.one("00000077").await.commit.as_deref(), Some("00000077ffff"));
    // A version's number is meant before a commit that begins so.
    assert_eq!(world.one("77").await.model_package.version, 77);

    let ambiguous = world.trace("0000").await.expect_err("several commits");
    assert!(
        matches!(&ambiguous, LineageError::Ambiguous { word, .. } if word == "0000"),
        "{ambiguous}"
    );
    for (name, words) in [
        ("500", "122 models, and none of them is version 500"),
        ("feedf00d", "may have failed at the gate"),
        ("somebody", "served by a service somebody"),
        ("model-dev:9", "there is no task definition model-dev:9"),
    ] {
        let error = world.trace(name).await.expect_err(name).to_string();
        assert!(error.contains(words), "{name}: {error}");
    }
    let elsewhere = lineage::trace(&world, "another-group", "1")
        .await
        .expect_err("no group");
    assert_eq!(elsewhere.to_string(), "there is no model package group another-group");
}
