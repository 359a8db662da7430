//! Everything that the chain does, each asserted by how it ends.

use super::releases;
use super::world::World;
use serde_json::{Value, json};
use std::time::Duration;

/// The name of the Express state machine.
pub(crate) const EXPRESS: &str = "quick";

/// The pipeline of dev.
const PIPELINE: &str = "stepline-dev";

/// The sample events that end in an error of the function, and its type. All others are handled.
const FAIL: &[(&str, &str)] = &[
    ("ask-service-malformed", "InputInvalid"),
    ("ask-service-not-reached", "ServiceNotReached"),
    ("ask-service-nothing-expected", "InputInvalid"),
    ("image-push-malformed", "EventInvalid"),
    ("resolve-parameters-access-denied", "ParameterAccessDenied"),
    ("resolve-parameters-ill-typed", "ParameterInvalid"),
    ("resolve-parameters-malformed", "ParameterInvalid"),
    ("resolve-parameters-not-found", "ParameterNotFound"),
    ("resolve-parameters-secure", "SecureParameterRefused"),
    ("resolve-parameters-unknown-label", "ParameterNotFound"),
];

/// A merge, all the way through.
pub(crate) async fn pipeline_succeeds(world: &World) {
    let mut follower = world.follow();
    world.start_pipeline(PIPELINE).await;
    let (status, reason) = follower.pipeline_ended().await;
    assert_eq!(status, "Succeeded", "{reason}\n{}", world.said());
}

/// The job fails; somebody retries the stage, which starts another execution, and it fails again.
pub(crate) async fn pipeline_fails_and_its_stage_is_retried(world: &World) {
    world.program("raise RuntimeError('on purpose')\n");
    let mut follower = world.follow();
    let id = world.start_pipeline(PIPELINE).await;
    let (status, reason) = follower.pipeline_ended().await;
    assert_eq!(status, "Failed");
    assert!(reason.contains("SageMaker-Hello-World"), "{reason}\n{}", world.said());
    retry_execute(world, &id).await;
    assert_eq!(follower.pipeline_ended().await.0, "Failed");
}

async fn retry_execute(world: &World, pipeline_execution_id: &str) {
    let retry = json!({
        "pipelineName": PIPELINE,
        "stageName": "Execute",
        "pipelineExecutionId": pipeline_execution_id,
        "retryMode": "FAILED_ACTIONS",
    });
    world.call("codepipeline", "RetryStageExecution", retry).await;
}

/// Somebody stops the execution; somebody retries the stage, which redrives it, and it is stopped again.
pub(crate) async fn execution_is_stopped_and_its_stage_is_retried(world: &World) {
    world.program("import time\ntime.sleep(3600)\n");
    let mut follower = world.follow();
    let id = world.start_pipeline(PIPELINE).await;
    let execution = follower.execution_started().await;
    let stop = json!({"executionArn": execution});
    follower.job_runs().await;
    world.call("states", "StopExecution", stop.clone()).await;
    assert_eq!(follower.pipeline_ended().await.0, "Failed");
    retry_execute(world, &id).await;
    follower.job_runs().await;
    world.call("states", "StopExecution", stop).await;
    assert_eq!(follower.pipeline_ended().await.0, "Failed");
}

/// Somebody abandons dev's action while its job runs.
pub(crate) async fn action_is_abandoned(world: &World) {
    abandoned_while_its_job_runs(world, PIPELINE).await;
}

/// Somebody abandons the action while the job runs: the execution and the job are stopped.
pub(crate) async fn abandoned_while_its_job_runs(world: &World, pipeline: &str) {
    world.program("import time\ntime.sleep(3600)\n");
    let mut follower = world.follow();
    let id = world.start_pipeline(pipeline).await;
    follower.job_runs().await;
    world.abandon(pipeline, &id).await;
    assert_eq!(follower.execution_ended().await, "ABORTED");
    world.cloud.lambda.settled().await;
}

/// Images are released: one that the pipeline built, and one behind an index.
pub(crate) async fn images_are_released(world: &World) {
    world.program("print('Hello World!')\n");
    let mut follower = world.follow();
    world.start_pipeline(PIPELINE).await;
    let (status, reason) = follower.pipeline_ended().await;
    assert_eq!(status, "Succeeded", "{reason}\n{}", world.said());
    let built = newest_build(world).await;
    releases::release(world, &built, "release-1").await;
    assert_eq!(follower.execution_ended().await, "SUCCEEDED");
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": built["imageManifestMediaType"],
            "digest": built["imageId"]["imageDigest"],
            "size": built["imageManifest"].as_str().map_or(0, str::len),
            "platform": {"os": "linux", "architecture": "amd64"},
        }],
    });
    let index = json!({
        "imageManifest": index.to_string(),
        "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
    });
    releases::put(world, &index, "release-2").await;
    // Its one image is the one that ran already, under another tag. Its end is waited for: who follows next must not take
    // it for another's.
    assert_eq!(follower.execution_ended().await, "SUCCEEDED");
    world.cloud.lambda.settled().await;
}

/// The image that was built last.
pub(crate) async fn newest_build(world: &World) -> Value {
    let described = world
        .call("ecr", "DescribeImages", json!({"repositoryName": "ml-pipeline-dev"}))
        .await;
    let images = described["imageDetails"].as_array().cloned().unwrap_or_default();
    let newest = images.iter().max_by(|one, other| {
        let pushed = |image: &Value| image["imagePushedAt"].as_f64().unwrap_or_default();
        pushed(one).total_cmp(&pushed(other))
    });
    let digest = newest.expect("an image has been built")["imageDigest"].clone();
    let ids = json!({"repositoryName": "ml-pipeline-dev", "imageIds": [{"imageDigest": digest}]});
    world.call("ecr", "BatchGetImage", ids).await["images"][0].clone()
}

/// The hourly look, after a push whose event nobody got.
pub(crate) async fn a_look_finds_what_a_lost_event_left_out(world: &World) {
    let rule = "stepline-image-pushed-dev";
    world.call("events", "DisableRule", json!({"Name": rule})).await;
    let image = newest_build(world).await;
    releases::release(world, &image, "release-3").await;
    world.call("events", "EnableRule", json!({"Name": rule})).await;
    let mut follower = world.follow();
    world
        .cloud
        .events
        .fire(&world.cloud, "stepline-image-look-dev")
        .expect("the rule is there");
    assert_eq!(follower.execution_ended().await, "SUCCEEDED");
    world.cloud.lambda.settled().await;
}

/// The daily schedule, which is there and switched off.
pub(crate) async fn the_day_begins(world: &World) {
    let mut follower = world.follow();
    world
        .cloud
        .events
        .fire(&world.cloud, "ml-pipeline-daily-dev")
        .expect("the rule is there");
    // No image is configured, so the state machine says so.
    assert_eq!(follower.execution_ended().await, "FAILED");
}

/// Every sample event, through its function; and one that fails until Lambda gives it up.
pub(crate) async fn events_arrive(world: &World) {
    world.program("print('Hello World!')\n");
    // `resolve-parameters-access-denied` asks for what is outside of the function's policy,
    world.expect_denied(
        "stepline-resolve-parameters-dev-us-east-1",
        "ssm:GetParameters",
        "arn:aws:ssm:us-east-1:123456789012:parameter/somebody-elses/parameter",
    );
    // and `pipeline-action-unknown-state-machine` names what nobody made, and so nobody allowed.
    world.expect_denied(
        "stepline-pipeline-action-dev-us-east-1",
        "states:DescribeStateMachine",
        "arn:aws:states:us-east-1:123456789012:stateMachine:no-such-state-machine",
    );
    let folder = world.cloud.root.join("events");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let mut failed: Vec<(String, String)> = Vec::new();
    for path in paths {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let functions = ["ask-service", "pipeline-action", "image-push", "resolve-parameters"];
        let Some(function) = functions.into_iter().find(|function| name.starts_with(function)) else {
            continue;
        };
        let event = std::fs::read_to_string(&path).expect("the sample can be read");
        let event = serde_json::from_str(&event).unwrap_or_else(|error| panic!("{name}: {error}"));
        // It would spoil the folders that the events before this one read.
        if name == "resolve-parameters-secure" {
            let secret = json!({"Name": "/ml/dev/api-key", "Type": "SecureString", "Value": "s3cret"});
            world.call("ssm", "PutParameter", secret).await;
        }
        let error = world.invoke(function, &event).await;
        failed.extend(error.map(|error| (name.to_owned(), error)));
    }
    let failed: Vec<(&str, &str)> = failed
        .iter()
        .map(|(name, error)| (name.as_str(), error.as_str()))
        .collect();
    assert_eq!(failed, FAIL, "the events that end in an error");
    for function in ["image-push", "pipeline-action"] {
        let name = format!("stepline-{function}-dev");
        let poison = json!({"FunctionName": name, "InvocationType": "Event", "Payload": {"detail-type": "poison"}});
        world.call("lambda", "Invoke", poison).await;
    }
    world.cloud.lambda.settled().await;
}

/// An action that runs an Express state machine, by its name and by a version's ARN.
pub(crate) async fn an_express_state_machine_runs(world: &World) {
    let trust = platform::iam::NewRole::for_service("express", "states.amazonaws.com");
    let role = world
        .cloud
        .iam
        .create_role(&world.cloud.account, trust)
        .expect("a role");
    let definition = json!({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}});
    let machine = json!({"name": EXPRESS, "type": "EXPRESS", "roleArn": role, "definition": definition.to_string()});
    let created = world.call("states", "CreateStateMachine", machine).await;
    let arn = json!({"stateMachineArn": created["stateMachineArn"]});
    let version = world.call("states", "PublishStateMachineVersion", arn).await;
    let sample = std::fs::read_to_string(world.cloud.root.join("events/pipeline-action-first-call.json"));
    let mut event: Value = serde_json::from_str(&sample.expect("the sample is there")).expect("the sample is JSON");
    for named in [json!(EXPRESS), version["stateMachineVersionArn"].clone()] {
        let configuration = &mut event["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"];
        configuration["UserParameters"] = json!({"stateMachine": named}).to_string().into();
        let mut follower = world.follow();
        assert_eq!(world.invoke("pipeline-action", &event).await, None);
        assert_eq!(follower.execution_ended().await, "SUCCEEDED", "{named}");
    }
}

/// The action reads its input from a file of the source artifact, with the job's own credentials.
pub(crate) async fn input_comes_from_a_file(world: &World) {
    let name = json!({"name": "stepline-dev"});
    let mut pipeline = world.call("codepipeline", "GetPipeline", name).await["pipeline"].take();
    let stages = pipeline["stages"].as_array_mut().expect("the pipeline has stages");
    let execute = stages
        .iter_mut()
        .find(|stage| stage["name"] == "Execute")
        .expect("the stage Execute");
    let given = &mut execute["actions"][0]["configuration"]["UserParameters"];
    let mut parameters: Value = serde_json::from_str(given.as_str().unwrap_or_default()).expect("user parameters");
    parameters["inputFile"] = "Source::events/resolve-parameters-types.json".into();
    *given = parameters.to_string().into();
    world
        .call("codepipeline", "UpdatePipeline", json!({"pipeline": pipeline}))
        .await;
    pipeline_succeeds(world).await;
}

/// An event about an approval of prod's pipeline, which dev's function answers.
async fn an_approval_of_prod_is_asked_for(world: &World) {
    let detail = json!({
        "pipeline": "stepline-prod", "execution-id": "5f2c1a6e-8f0b-4d3e-9a57-3b1f0c9e7d42", "stage": "Rehearse",
        "action": "Outcome", "state": "STARTED",
        "type": {"owner": "AWS", "provider": "Manual", "category": "Approval", "version": "1"},
    });
    let event = json!({
        "source": "aws.codepipeline", "detail-type": "CodePipeline Action Execution State Change", "detail": detail,
    });
    world.cloud.emit(event);
}

/// The rules' targets are gone: what they were to get is kept.
pub(crate) async fn nothing_can_be_delivered(world: &World) {
    world.program("import time\ntime.sleep(3600)\n");
    let mut follower = world.follow();
    let id = world.start_pipeline(PIPELINE).await;
    let execution = follower.execution_started().await;
    follower.job_runs().await;
    // A poll that finds no function would fail the action before it is abandoned.
    let interval = world.cloud.pace.poll_interval();
    world.cloud.pace.set_poll_interval(Duration::from_secs(3600));
    world.follow().polled().await;
    for function in ["pipeline-action", "image-push"] {
        let name = json!({"FunctionName": format!("stepline-{function}-dev")});
        world.call("lambda", "DeleteFunction", name).await;
    }
    let mut follower = world.follow();
    world.abandon(PIPELINE, &id).await;
    world.cloud.pace.set_poll_interval(interval);
    follower.kept("stepline-action-abandoned-dev").await;
    world
        .cloud
        .events
        .fire(&world.cloud, "stepline-approval-look-dev")
        .expect("the rule is there");
    follower.kept("stepline-approval-look-dev").await;
    let image = newest_build(world).await;
    releases::release(world, &image, "release-4").await;
    follower.kept("stepline-image-pushed-dev").await;
    let fire = |rule: &str| world.cloud.events.fire(&world.cloud, rule).expect("the rule is there");
    fire("stepline-image-look-dev");
    follower.kept("stepline-image-look-dev").await;
    let stop = json!({"executionArn": execution});
    world.call("states", "StopExecution", stop).await;
    assert_eq!(follower.execution_ended().await, "ABORTED");
    follower.kept("stepline-execution-ended-dev").await;
    an_approval_of_prod_is_asked_for(world).await;
    follower.kept("stepline-approval-changed-dev").await;
    for machine in ["ml-pipeline-dev", "ml-pipeline-record-approval-dev"] {
        let machine = format!("arn:aws:states:us-east-1:123456789012:stateMachine:{machine}");
        let input = json!({"stateMachineArn": machine});
        world.call("states", "DeleteStateMachine", input).await;
    }
    world.cloud.emit(json!({
        "source": "aws.codepipeline",
        "detail-type": "CodePipeline Action Execution State Change",
        "detail": {
            "pipeline": PIPELINE, "stage": "Approve", "action": "Approve", "state": "SUCCEEDED",
            "type": {"category": "Approval"},
        },
    }));
    follower.kept("ml-pipeline-approval-decided-dev").await;
    fire("ml-pipeline-daily-dev");
    follower.kept("ml-pipeline-daily-dev").await;
}
