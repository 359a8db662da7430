//! Pipelines as teams have them: builds, and what follows them.

use crate::world::{World, everything};
use platform::iam::NewRole;
use serde_json::{Value, json};

/// A stage of one action, both with this name.
pub(crate) fn stage(name: &str, kind: (&str, &str), configuration: &Value, artifacts: (&[&str], &[&str])) -> Value {
    let named = |names: &[&str]| names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>();
    json!({"name": name, "actions": [{
        "name": name,
        "actionTypeId": {"category": kind.0, "owner": "AWS", "provider": kind.1, "version": "1"},
        "runOrder": 1,
        "configuration": configuration,
        "inputArtifacts": named(artifacts.0),
        "outputArtifacts": named(artifacts.1),
        "region": "us-east-1",
        "namespace": format!("{name}Variables"),
    }]})
}

/// Runs a pipeline of these stages behind a source with these files. Gives the status, and all actions.
pub(crate) async fn run(world: &World, files: &[(&str, &str)], stages: &[Value]) -> (String, Vec<Value>) {
    let account = &world.cloud.account;
    let policy = json!({"Version": "2012-10-17", "Statement": everything()});
    let role = NewRole::for_service("pipeline", "codepipeline.amazonaws.com").with_policy("all", policy);
    world.cloud.iam.create_role(account, role).unwrap();
    let versioning = json!({"Bucket": "artifacts", "VersioningConfiguration": {"Status": "Enabled"}});
    world.call("s3", "PutBucketVersioning", versioning).await;
    world.put_source(files).await;
    let source = json!({"S3Bucket": "artifacts", "S3ObjectKey": "source.zip"});
    let mut all = vec![stage("Source", ("Source", "S3"), &source, (&[], &["SourceArtifact"]))];
    all.extend_from_slice(stages);
    let pipeline = json!({
        "name": "team", "version": 2, "pipelineType": "V2",
        "roleArn": account.global_arn("iam", "role/pipeline"),
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": all,
    });
    world
        .call("codepipeline", "CreatePipeline", json!({"pipeline": pipeline}))
        .await;
    let named = json!({"pipelineName": "team"});
    let listed = world
        .call("codepipeline", "ListPipelineExecutions", named.clone())
        .await;
    let id = listed["pipelineExecutionSummaries"][0]["pipelineExecutionId"].clone();
    world.cloud.ongoing.end(id.as_str().unwrap()).await;
    let listed = world
        .call("codepipeline", "ListPipelineExecutions", named.clone())
        .await;
    let status = listed["pipelineExecutionSummaries"][0]["status"]
        .as_str()
        .unwrap()
        .to_owned();
    let actions = world.call("codepipeline", "ListActionExecutions", named).await;
    let mut actions = actions["actionExecutionDetails"].as_array().unwrap().clone();
    actions.reverse();
    (status, actions)
}

const NO_ARTIFACTS: &str = "version: 0.2\nphases: {build: {commands: [echo built]}}\n";

/// A build whose specification has no artifacts makes none of those that its action declares, and succeeds. Whoever only
/// declares one as input does not miss it; whoever reads it fails.
#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_that_no_build_makes_is_missed_by_its_readers_alone() {
    let project = json!({"ProjectName": "team"});
    let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
    let build = stage(
        "Build",
        ("Build", "CodeBuild"),
        &project,
        (&["SourceArtifact"], &["BuildArtifact"]),
    );
    for (configuration, expected) in [
        (json!({"StateMachineArn": machine}), "Succeeded"),
        (json!({"StateMachineArn": machine, "Input": "{}"}), "Succeeded"),
        (
            json!({"StateMachineArn": machine, "InputType": "FilePath", "Input": "input.json"}),
            "Failed",
        ),
    ] {
        let world = World::new(&everything()).await;
        world.project("team").await;
        let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}).to_string();
        let made = json!({"name": "m", "definition": definition,
            "roleArn": world.cloud.account.global_arn("iam", "role/machine")});
        let execute = stage(
            "Execute",
            ("Invoke", "StepFunctions"),
            &configuration,
            (&["BuildArtifact"], &["StepFunctionsArtifact"]),
        );
        let role = NewRole::for_service("machine", "states.amazonaws.com");
        world.cloud.iam.create_role(&world.cloud.account, role).unwrap();
        world.call("states", "CreateStateMachine", made).await;
        let (status, actions) = run(&world, &[("buildspec.yml", NO_ARTIFACTS)], &[build.clone(), execute]).await;
        assert_eq!(status, expected, "{configuration}: {actions:#?}");
        assert_eq!(actions[1]["status"], "Succeeded", "{actions:#?}");
        let error = &actions[2]["output"]["executionResult"]["errorDetails"]["message"];
        if expected == "Failed" {
            let message = error.as_str().unwrap();
            assert!(
                message.starts_with("Unable to access the artifact with Amazon S3 object key 'team/BuildArtif/"),
                "{message}"
            );
        }
    }
}
