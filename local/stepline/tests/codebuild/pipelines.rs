//! Pipelines as teams have them: builds, and what follows them.

use crate::world::{World, everything};
use platform::iam::NewRole;
use serde_json::{Value, json};

/// A stage of one action, both with this name.
fn stage(name: &str, kind: (&str, &str), configuration: &Value, artifacts: (&[&str], &[&str])) -> Value {
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
async fn run(world: &World, statements: &Value, files: &[(&str, &str)], stages: &[Value]) -> (String, Vec<Value>) {
    let account = &world.cloud.account;
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
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
        let (status, actions) = {
            let source = [("buildspec.yml", NO_ARTIFACTS)];
            run(&world, &everything(), &source, &[build.clone(), execute]).await
        };
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

/// What AWS documents for the pipeline's role, and nothing else.
fn of_compute() -> Value {
    let repository = "arn:aws:ecr:us-east-1:123456789012:repository/ml-pipeline-dev";
    json!([
        {"Effect": "Allow", "Action": ["s3:GetObject*", "s3:GetBucketVersioning", "s3:PutObject", "s3:PutObjectAcl"],
         "Resource": ["arn:aws:s3:::artifacts", "arn:aws:s3:::artifacts/*"]},
        {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
         "Resource": ["arn:aws:logs:us-east-1:123456789012:log-group:/aws/codepipeline/team",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/codepipeline/team:*"]},
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Resource": repository, "Action": ["ecr:DescribeRepositories", "ecr:InitiateLayerUpload",
            "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage", "ecr:GetDownloadUrlForLayer",
            "ecr:BatchCheckLayerAvailability"]},
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_builds_images_and_runs_commands_without_a_project() {
    let image = stage(
        "Image",
        ("Build", "ECRBuildAndPublish"),
        &json!({"ECRRepositoryName": "ml-pipeline-dev", "DockerFilePath": "container", "ImageTags": "v1,v2"}),
        (&["SourceArtifact"], &[]),
    );
    let mut commands = stage(
        "Run",
        ("Compute", "Commands"),
        &json!({}),
        (&["SourceArtifact"], &["Out"]),
    );
    let action = &mut commands["actions"][0];
    action["commands"] = json!(["echo $DIGEST >digest.txt", "export SAID=$(cat container/a.txt)"]);
    action["outputVariables"] = json!(["SAID"]);
    action["environmentVariables"] = json!([{"name": "DIGEST", "value": "#{ImageVariables.ECRImageDigestId}"}]);
    action["outputArtifacts"][0]["files"] = json!(["digest.txt"]);
    let mut reads = stage(
        "Read",
        ("Compute", "Commands"),
        &json!({}),
        (&["SourceArtifact", "Out"], &[]),
    );
    let action = &mut reads["actions"][0];
    action["commands"] = json!([
        "export READ=$(cat $CODEBUILD_SRC_DIR_Out/digest.txt)",
        "test -f container/a.txt"
    ]);
    action["outputVariables"] = json!(["READ"]);
    let mut fails = stage("Fail", ("Compute", "Commands"), &json!({}), (&["SourceArtifact"], &[]));
    fails["actions"][0]["commands"] = json!(["exit 3"]);
    let world = World::new(&everything()).await;
    let source = [
        ("container/Dockerfile", "FROM scratch\nCOPY a.txt /a.txt\n"),
        ("container/a.txt", "hello"),
    ];
    let (status, actions) = run(&world, &of_compute(), &source, &[image, commands, reads, fails]).await;
    let lines = world.lines();
    let variables = |index: usize| &actions[index]["output"]["outputVariables"];
    assert_eq!(actions.len(), 5, "{actions:#?} {lines:#?}");
    assert_eq!(variables(1)["ECRRepositoryName"], "ml-pipeline-dev");
    let digest = &variables(1)["ECRImageDigestId"];
    let ids = json!({"repositoryName": "ml-pipeline-dev", "imageIds": [{"imageDigest": digest}]});
    let described = world.call("ecr", "DescribeImages", ids).await;
    assert_eq!(described["imageDetails"][0]["imageTags"], json!(["v1", "v2"]));
    assert_eq!(variables(2)["SAID"], "hello");
    assert_eq!(&variables(3)["READ"], digest);
    assert_eq!(status, "Failed");
    let message = actions[4]["output"]["executionResult"]["errorDetails"]["message"].as_str();
    assert!(
        message.is_some_and(|message| message.contains("exit status 3")),
        "{actions:#?}"
    );
    let asked = world.cloud.call(
        &crate::world::ADMIN,
        "codebuild",
        "RunManagedBuild",
        json!({
            "pipeline": "team", "role": "pipeline", "sources": [], "buildspec": {}, "environmentVariables": [],
        }),
    );
    assert_eq!(asked.await.unwrap_err().code, "NotInLocalRun");
}

const SEVERAL: &str = r#"
version: 0.2
phases: {build: {commands: ["cp $CODEBUILD_SRC_DIR_Other/other.txt .", "echo own >own.txt"]}}
artifacts:
  files: ["**/*"]
  secondary-artifacts:
    One: {files: [other.txt]}
    Two: {files: [own.txt]}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_build_takes_and_makes_several_artifacts() {
    let mut other = stage(
        "Other",
        ("Compute", "Commands"),
        &json!({}),
        (&["SourceArtifact"], &["Other"]),
    );
    other["actions"][0]["commands"] = json!(["echo other >other.txt"]);
    let project = json!({"ProjectName": "team", "PrimarySource": "SourceArtifact"});
    let artifacts: (&[&str], &[&str]) = (&["SourceArtifact", "Other"], &["One", "Two"]);
    let build = stage("Build", ("Build", "CodeBuild"), &project, artifacts);
    let mut check = stage("Check", ("Compute", "Commands"), &json!({}), (&["One", "Two"], &[]));
    check["actions"][0]["commands"] = json!(["test $(ls) = other.txt", "test $(ls $CODEBUILD_SRC_DIR_Two) = own.txt"]);
    let world = World::new(&everything()).await;
    world.project("team").await;
    let source = [("buildspec.yml", SEVERAL)];
    let (status, actions) = run(&world, &everything(), &source, &[other, build, check]).await;
    assert_eq!(status, "Succeeded", "{actions:#?} {:#?}", world.lines());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_runs_commands_on_what_the_stage_made() {
    for (command, expected) in [("test -f made.txt", "Succeeded"), ("test -f other.txt", "Failed")] {
        let mut stage = stage(
            "Make",
            ("Compute", "Commands"),
            &json!({}),
            (&["SourceArtifact"], &["Made"]),
        );
        stage["actions"][0]["commands"] = json!(["echo made >made.txt"]);
        stage["onSuccess"] = json!({"conditions": [{"result": "FAIL", "rules": [{
            "name": "IsMade",
            "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "Commands", "version": "1"},
            "commands": [command],
            "inputArtifacts": [{"name": "Made"}],
        }]}]});
        let world = World::new(&everything()).await;
        let (status, actions) = run(&world, &everything(), &[("a", "b")], &[stage]).await;
        assert_eq!((status.as_str(), actions.len()), (expected, 2), "{actions:#?}");
        let state = world
            .call("codepipeline", "GetPipelineState", json!({"name": "team"}))
            .await;
        let condition = &state["stageStates"][1]["onSuccessConditionState"]["conditionStates"][0];
        assert_eq!(
            condition["ruleStates"][0]["latestExecution"]["status"], expected,
            "{state:#}"
        );
    }
}
