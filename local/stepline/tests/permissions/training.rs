//! The training pipeline: what it does when it goes well, what is stopped, and a rehearsal of prod's.

use super::world::World;
use super::{releases, scenarios};
use serde_json::{Value, json};

/// Models are trained, compared and registered; jobs of both kinds are stopped; prod rehearses. The pipeline starts the
/// sample again afterwards.
pub(crate) async fn models_are_trained(world: &World) {
    let parameter = json!({"Name": "/stepline/dev/state-machine"});
    let sample = world.call("ssm", "GetParameter", parameter).await["Parameter"]["Value"].clone();
    let pipeline = asks_for_models(world).await;
    let training = "arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-training-dev:live";
    setting(world, "/stepline/dev/state-machine", training).await;

    succeeds(world, "0.9").await;
    succeeds(world, "0.95").await;
    // `slow` sleeps while it is trained, 0.99 while it is evaluated.
    is_stopped_during(world, "slow", "Training").await;
    is_stopped_during(world, "0.99", "Processing").await;
    succeeds_in_a_rehearsal(world).await;
    succeeds_with_a_release(world).await;

    world.call("codepipeline", "UpdatePipeline", pipeline).await;
    setting(world, "/stepline/dev/state-machine", sample.as_str().expect("an ARN")).await;
}

/// Gives the pipeline of dev what it has with `Machine=training`. Gives the pipeline as it was.
async fn asks_for_models(world: &World) -> Value {
    let found = world
        .call("codepipeline", "GetPipeline", json!({"name": "stepline-dev"}))
        .await;
    let was = json!({"pipeline": found["pipeline"]});
    let mut changed = was.clone();
    let stages = changed["pipeline"]["stages"].as_array_mut().expect("stages");
    let place = stages
        .iter()
        .position(|stage| stage["name"] == "Execute")
        .expect("Execute");
    let given = &mut stages[place]["actions"][0]["configuration"]["UserParameters"];
    let mut parameters: Value = serde_json::from_str(given.as_str().expect("a text")).expect("JSON");
    parameters["outputVariables"] = json!({"ModelPackageArn": "$.model.arn", "Review": "$.review"});
    *given = parameters.to_string().into();
    let approve = json!({"name": "Approve", "actions": [{
        "name": "Approve",
        "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"},
        "configuration": {"CustomData": "#{ExecuteVariables.Review}"},
    }]});
    stages.insert(place + 1, approve);
    world.call("codepipeline", "UpdatePipeline", changed).await;
    was
}

async fn setting(world: &World, name: &str, value: &str) {
    let input = json!({"Name": name, "Value": value, "Overwrite": true});
    world.call("ssm", "PutParameter", input).await;
    // Processes of functions keep for a minute what they have read.
    for function in ["image-push", "pipeline-action", "resolve-parameters"] {
        world.cloud.lambda.kill(&format!("stepline-{function}-dev"));
    }
}

async fn quality(world: &World, quality: &str) {
    let text = json!({"quality": quality}).to_string();
    setting(world, "/ml/dev/hyperparameters", &text).await;
}

/// A model is trained and approved, and the registry hears of it.
async fn succeeds(world: &World, of: &str) {
    quality(world, of).await;
    let mut follower = world.follow();
    world.start_pipeline("stepline-dev").await;
    let (token, _) = follower.approval_asked("Approve").await;
    let approve = json!({
        "pipelineName": "stepline-dev",
        "stageName": "Approve",
        "actionName": "Approve",
        "token": token,
        "result": {"status": "Approved", "summary": "it is good"},
    });
    let mut recorder = world.follow();
    world.call("codepipeline", "PutApprovalResult", approve).await;
    let (status, reason) = follower.pipeline_ended().await;
    assert_eq!(status, "Succeeded", "{reason}\n{}", world.said());
    assert_eq!(recorder.execution_ended().await, "SUCCEEDED");
}

/// Somebody stops the execution while a job of this kind runs.
async fn is_stopped_during(world: &World, of: &str, kind: &str) {
    quality(world, of).await;
    let mut follower = world.follow();
    world.start_pipeline("stepline-dev").await;
    let execution = follower.execution_started().await;
    if kind == "Processing" {
        // The first one prepares; the one that is meant comes after the training.
        follower.job_of("Training").await;
    }
    follower.job_of(kind).await;
    world
        .call("states", "StopExecution", json!({"executionArn": execution}))
        .await;
    assert_eq!(follower.pipeline_ended().await.0, "Failed");
}

/// Prod's image is trained with in dev before somebody is asked, who rejects it.
async fn succeeds_in_a_rehearsal(world: &World) {
    quality(world, "0.96").await;
    let mut follower = world.follow();
    world.start_pipeline("stepline-prod").await;
    let (token, text) = follower.approval_asked("Approval").await;
    assert!(text.contains("execution:ml-pipeline-training-dev:"), "{text}");
    let reject = json!({
        "pipelineName": "stepline-prod",
        "stageName": "Approval",
        "actionName": "Approval",
        "token": token,
        "result": {"status": "Rejected", "summary": "a rehearsal was all that was wanted"},
    });
    world.call("codepipeline", "PutApprovalResult", reject).await;
    assert_eq!(follower.pipeline_ended().await.0, "Failed");
}

/// A release is trained with.
async fn succeeds_with_a_release(world: &World) {
    // An image that was never released.
    world.program("print('a release')\n");
    succeeds(world, "0.97").await;
    let mut follower = world.follow();
    let built = scenarios::newest_build(world).await;
    releases::release(world, &built, "release-trains").await;
    assert_eq!(follower.execution_ended().await, "SUCCEEDED", "{}", world.said());
    world.cloud.lambda.settled().await;
}
