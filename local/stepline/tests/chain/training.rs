//! The training pipeline: what is trained, what the gate says of it, and what is registered.

use crate::states;
use crate::world::World;
use platform::Principal;
use platform::journal::Happening;
use serde_json::{Value, json};

/// Has the next executions train with these hyperparameters.
pub(crate) async fn hyperparameters(world: &World, value: &Value) {
    setting(world, "hyperparameters", value).await;
}

pub(crate) async fn setting(world: &World, name: &str, value: &Value) {
    let input = json!({"Name": format!("/ml/dev/{name}"), "Value": value.to_string(), "Overwrite": true});
    world.call("ssm", "PutParameter", input).await;
    // A process of the function keeps for a minute what it has read.
    world.cloud.lambda.kill("stepline-resolve-parameters-dev");
}

/// The versions in the registry, the oldest first.
pub(crate) async fn models(world: &World) -> Vec<Value> {
    let input = json!({"ModelPackageGroupName": "ml-pipeline-dev", "SortOrder": "Ascending"});
    let listed = world.call("sagemaker", "ListModelPackages", input).await;
    let mut models = Vec::new();
    for summary in listed["ModelPackageSummaryList"].as_array().expect("a list") {
        let input = json!({"ModelPackageName": summary["ModelPackageArn"]});
        models.push(world.call("sagemaker", "DescribeModelPackage", input).await);
    }
    models
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_model_needs_the_threshold_and_is_registered_with_all_that_it_was_made_of() {
    let world = World::training(&[("Hyperparameters", r#"{"quality": 0.91}"#)]).await;
    assert_eq!(world.run_pipeline().await, "Succeeded", "{:?}", states(&world));
    let [model] = models(&world).await.try_into().expect("one model");
    assert_eq!(model["ModelPackageDescription"], "accuracy 0.91, the first model");
    let made_of = &model["CustomerMetadataProperties"];
    assert_eq!(made_of["metric.accuracy"], "0.91");
    assert_eq!(made_of["hyperparameters"], r#"{"quality":0.91}"#);
    let begins = |name: &str, text: &str| {
        let value = made_of[name].as_str().unwrap_or_default();
        assert!(value.starts_with(text), "{name}: {value}");
        value.to_owned()
    };
    begins("data", "raw/customers.csv@");
    begins(
        "execution",
        "arn:aws:states:us-east-1:123456789012:execution:ml-pipeline-training-dev:",
    );
    begins("trainingJob", "arn:aws:sagemaker:us-east-1:123456789012:training-job/");
    let image = begins(
        "image",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/ml-pipeline-dev@sha256:",
    );
    assert_eq!(
        model["InferenceSpecification"]["Containers"][0]["Image"],
        image.as_str()
    );
    assert_eq!(made_of["dataSha256"].as_str().map(str::len), Some(64));
    assert_eq!(made_of["commit"], model["MetadataProperties"]["CommitId"]);
    assert_eq!(made_of["execution"], model["MetadataProperties"]["GeneratedBy"]);

    let url = model["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        .as_str()
        .expect("a URL");
    let (bucket, key) = url.trim_start_matches("s3://").split_once('/').expect("a key");
    world
        .call("s3", "HeadObject", json!({"Bucket": bucket, "Key": key}))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_compared_with_the_newest_approved_one() {
    let world = World::training(&[("Hyperparameters", r#"{"quality": 0.95}"#)]).await;
    assert_eq!(world.run_pipeline().await, "Succeeded", "{:?}", states(&world));
    // What was rejected is no current model.
    hyperparameters(&world, &json!({"quality": 0.97})).await;
    let rejected = Some(("Rejected", "too slow"));
    assert_eq!(world.run_pipeline_and(rejected).await, "Failed");

    hyperparameters(&world, &json!({"quality": 0.91})).await;
    assert_eq!(world.run_pipeline().await, "Failed");
    let reason = last_reason(&world);
    for part in [
        "`QualityGateNotMet`",
        "accuracy 0.91, current model 0.95, tolerance 0.01",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(models(&world).await.len(), 2);

    // As good as the tolerance lets it be.
    hyperparameters(&world, &json!({"quality": 0.94})).await;
    assert_eq!(world.run_pipeline().await, "Succeeded", "{:?}", states(&world));
    let [_, _, newest] = models(&world).await.try_into().expect("three models");
    assert_eq!(newest["ModelPackageVersion"], 3);
    assert_eq!(newest["ModelPackageDescription"], "accuracy 0.94, current model 0.95");
}

/// The message of the last action `Execute` that ended.
fn last_reason(world: &World) -> String {
    let entries = world.cloud.journal.entries().into_iter().rev();
    let mut messages = entries.filter_map(|entry| match entry.happening {
        Happening::ActionEnded { action, message, .. } if action == "Execute" => message,
        _ => None,
    });
    messages.next().expect("a failure's message")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_become_a_model_ends_with_its_reason() {
    let world = World::training(&[]).await;
    for (name, value, parts) in [
        (
            "hyperparameters",
            json!({"quality": 0.79}),
            &["`QualityGateNotMet`", "accuracy 0.79, threshold 0.8, no current model"][..],
        ),
        (
            "hyperparameters",
            json!({"quality": 0.5}),
            &["MetricMissing", "no number `accuracy`"],
        ),
        (
            "hyperparameters",
            json!({"quality": "broken"}),
            &["TrainModel", "ValueError: this one never learns (train.py, line "],
        ),
        (
            "hyperparameters",
            json!({"quality": 0.0}),
            &["Evaluate", "/output/model.tar.gz: No S3 objects found under S3 URL"],
        ),
        (
            "data",
            json!({"prefix": "raw/", "rows": 1_000_000, "dropped": 0.05}),
            &[
                "`DataNotAccepted`",
                "3992 of 4001 rows can be used, at least 1000000 must be; 0.2% were dropped",
            ],
        ),
        (
            "data",
            json!({"prefix": "elsewhere/", "rows": 1, "dropped": 1}),
            &[
                "`DataNotFound`",
                "There is no data at s3://ml-pipeline-data-dev-123456789012-us-east-1/elsewhere/",
            ],
        ),
    ] {
        setting(&world, name, &value).await;
        assert_eq!(world.run_pipeline().await, "Failed", "{value}");
        let reason = last_reason(&world);
        for part in parts {
            assert!(reason.contains(part), "{value}: {part} is not in: {reason}");
        }
    }
    assert!(models(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_hyperparameters_the_best_goes_on() {
    let several = r#"[{"quality": 0.83}, {"quality": 0.9}, {"quality": 0.85}]"#;
    let world = World::training(&[("Hyperparameters", several)]).await;
    assert_eq!(world.run_pipeline().await, "Succeeded", "{:?}", states(&world));
    let [model] = models(&world).await.try_into().expect("one model");
    assert_eq!(
        model["CustomerMetadataProperties"]["hyperparameters"],
        r#"{"quality":0.9}"#
    );
    let listed = world
        .cloud
        .call(&Principal::Administrator, "sagemaker", "ListTrainingJobs", json!({}))
        .await
        .expect("a list");
    assert_eq!(listed["TrainingJobSummaries"].as_array().map(Vec::len), Some(3));
}
