//! The service: what deploys a model to it, what it fetches itself, and what happens where it does not take one.

use super::world::World;
use platform::Principal;
use serde_json::{Value, json};

const PIPELINE: &str = "stepline-dev";

/// A model is deployed, from its package and from the execution that registered it; one that does not load is taken back;
/// and an execution that waits for an approval is stopped, redriven and abandoned. `serve.py` is the fixture's.
pub(crate) async fn models_are_served(world: &World) {
    let pipeline = pipeline(world).await;
    let [approved, execution] = newest(world).await;
    deploys(world, &pipeline, &json!({"execution": execution})).await;
    let (status, reason) = run(world).await;
    assert_eq!(status, "Succeeded", "{reason}\n{}", world.said());
    the_service_fetches_its_model(world, &approved).await;

    // A release is deployed, too: what it has trained lies beside the others.
    deploys(world, &pipeline, &json!({"model": {"arn": released(world).await}})).await;
    let (status, reason) = run(world).await;
    assert_eq!(status, "Succeeded", "{reason}\n{}", world.said());

    world.serve("not at all");
    deploys(world, &pipeline, &json!({"model": {"arn": retrained(world).await}})).await;
    let (status, reason) = run(world).await;
    assert_eq!(status, "Failed");
    assert!(reason.contains("DeploymentFailed"), "{reason}");
    world.serve("well");

    // Pending, so that it is waited for.
    let pending = again(world, "PendingManualApproval").await;
    deploys(world, &pipeline, &json!({"model": {"arn": pending}})).await;
    let id = stopped(world).await;
    let retry = json!({
        "pipelineName": PIPELINE, "stageName": "Execute", "pipelineExecutionId": id, "retryMode": "FAILED_ACTIONS",
    });
    let mut follower = world.follow();
    world.call("codepipeline", "RetryStageExecution", retry).await;
    follower.state_entered("WaitForApproval").await;
    world.abandon(PIPELINE, &id).await;
    assert_eq!(follower.execution_ended().await, "ABORTED");
    world.cloud.lambda.settled().await;
    world
        .call("codepipeline", "UpdatePipeline", json!({"pipeline": pipeline}))
        .await;
}

async fn pipeline(world: &World) -> Value {
    let found = world
        .call("codepipeline", "GetPipeline", json!({"name": PIPELINE}))
        .await;
    found["pipeline"].clone()
}

/// Has the pipeline of dev deploy this instead of running jobs.
async fn deploys(world: &World, pipeline: &Value, input: &Value) {
    let mut pipeline = pipeline.clone();
    let stages = pipeline["stages"].as_array_mut().expect("stages");
    let execute = stages
        .iter_mut()
        .find(|stage| stage["name"] == "Execute")
        .expect("the stage Execute");
    let given = json!({
        "stateMachine": "ssm:/stepline/dev/deploy-state-machine", "action": "Deploy",
        "pipelineExecutionId": "#{codepipeline.PipelineExecutionId}", "input": input, "onRetry": "redrive",
    });
    execute["actions"][0]["configuration"]["UserParameters"] = given.to_string().into();
    world
        .call("codepipeline", "UpdatePipeline", json!({"pipeline": pipeline}))
        .await;
}

async fn run(world: &World) -> (String, String) {
    let mut follower = world.follow();
    world.start_pipeline(PIPELINE).await;
    follower.pipeline_ended().await
}

/// Somebody stops the execution while it waits: the pipeline's execution, which has failed.
async fn stopped(world: &World) -> String {
    let mut follower = world.follow();
    let id = world.start_pipeline(PIPELINE).await;
    let execution = follower.execution_started().await;
    follower.state_entered("WaitForApproval").await;
    world
        .call("states", "StopExecution", json!({"executionArn": execution}))
        .await;
    assert_eq!(follower.pipeline_ended().await.0, "Failed");
    id
}

/// The newest approved package, and the execution that registered it.
async fn newest(world: &World) -> [String; 2] {
    let group = json!({
        "ModelPackageGroupName": "ml-pipeline-dev", "ModelApprovalStatus": "Approved", "SortBy": "CreationTime",
        "SortOrder": "Descending",
    });
    let listed = world.call("sagemaker", "ListModelPackages", group).await;
    let arn = listed["ModelPackageSummaryList"][0]["ModelPackageArn"]
        .as_str()
        .expect("one")
        .to_owned();
    let described = world
        .call("sagemaker", "DescribeModelPackage", json!({"ModelPackageName": arn}))
        .await;
    // What this test makes has none.
    let execution = described["CustomerMetadataProperties"]["execution"].as_str();
    [arn, execution.unwrap_or_default().to_owned()]
}

/// The package that a release has trained, approved.
async fn released(world: &World) -> String {
    let group = json!({"ModelPackageGroupName": "ml-pipeline-dev", "MaxResults": 100});
    let listed = world.call("sagemaker", "ListModelPackages", group).await;
    for package in listed["ModelPackageSummaryList"].as_array().into_iter().flatten() {
        let arn = &package["ModelPackageArn"];
        let described = world
            .call("sagemaker", "DescribeModelPackage", json!({"ModelPackageName": arn}))
            .await;
        let image = described["InferenceSpecification"]["Containers"][0]["Image"]
            .as_str()
            .unwrap_or_default();
        if image.contains("/ml-pipeline-release-dev@") {
            let approve = json!({"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"});
            world.call("sagemaker", "UpdateModelPackage", approve).await;
            return arn.as_str().expect("an ARN").to_owned();
        }
    }
    panic!("no release has trained")
}

/// A package of the newest image, with this status.
async fn again(world: &World, status: &str) -> String {
    let [arn, _] = newest(world).await;
    let described = world
        .call("sagemaker", "DescribeModelPackage", json!({"ModelPackageName": arn}))
        .await;
    let built = super::scenarios::newest_build(world).await;
    let mut specification = described["InferenceSpecification"].clone();
    let container = &specification["Containers"][0];
    let repository = container["Image"]
        .as_str()
        .and_then(|image| image.split('@').next())
        .unwrap_or_default();
    let image = format!(
        "{repository}@{}",
        built["imageId"]["imageDigest"].as_str().expect("a digest")
    );
    specification["Containers"] = json!([{"Image": image, "ModelDataUrl": container["ModelDataUrl"]}]);
    let made = json!({
        "ModelPackageGroupName": "ml-pipeline-dev", "ModelApprovalStatus": status, "InferenceSpecification": specification,
    });
    let made = world.call("sagemaker", "CreateModelPackage", made).await;
    made["ModelPackageArn"].as_str().expect("an ARN").to_owned()
}

/// An approved package of an image that is built of what is there now: by a run that fails, since nothing is deployed.
async fn retrained(world: &World) -> String {
    let pipeline = pipeline(world).await;
    deploys(world, &pipeline, &json!({})).await;
    assert_eq!(run(world).await.0, "Failed");
    again(world, "Approved").await
}

/// What `serve.py` calls with the task's role; the one of this test has no packages to do so.
async fn the_service_fetches_its_model(world: &World, arn: &str) {
    let task = Principal::role_session("stepline-service-task-dev-us-east-1", "task");
    let ask = async |service: &str, operation: &str, input: Value| {
        let answer = world.cloud.call(&task, service, operation, input).await;
        answer.unwrap_or_else(|error| panic!("{service}:{operation}: {error}"))
    };
    let package = ask("sagemaker", "DescribeModelPackage", json!({"ModelPackageName": arn})).await;
    let url = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        .as_str()
        .expect("a URL");
    let (bucket, key) = url.trim_start_matches("s3://").split_once('/').expect("a key");
    ask("s3", "GetObject", json!({"Bucket": bucket, "Key": key})).await;
}
