//! CodePipeline's own action for state machines.

use super::world::{World, stage};
use platform::iam::NewRole;
use serde_json::{Value, json};

/// What the action's page and CDK give the pipeline's role.
fn allowed() -> Value {
    json!([
        {"Effect": "Allow", "Action": ["states:DescribeStateMachine", "states:StartExecution"],
         "Resource": "arn:aws:states:us-east-1:123456789012:stateMachine:m"},
        {"Effect": "Allow", "Action": "states:DescribeExecution",
         "Resource": "arn:aws:states:us-east-1:123456789012:execution:m:*"},
    ])
}

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:m";

fn execute(configuration: Value, members: Value) -> Value {
    let mut all = json!({"StateMachineArn": MACHINE});
    if let (Some(all), Value::Object(given)) = (all.as_object_mut(), configuration) {
        all.extend(given);
    }
    stage("Execute", "Invoke", "StepFunctions", all, members)
}

/// A state that gives its input back.
fn pass() -> Value {
    json!({"Type": "Pass", "End": true})
}

#[tokio::test]
async fn an_execution_gets_its_input_and_gives_its_output() {
    let artifacts = json!({"inputArtifacts": [{"name": "Source"}], "outputArtifacts": [{"name": "Output"}]});
    for (configuration, members, input, output) in [
        (json!({}), json!({}), "{}", ""),
        (
            json!({"Input": "{\"a\":1}"}),
            artifacts.clone(),
            "{\"a\":1}",
            "{\"a\":1}",
        ),
        (
            json!({"InputType": "FilePath", "Input": "assets/input.json", "ExecutionNamePrefix": "my"}),
            artifacts.clone(),
            "{\"from\":\"file\"}",
            "{\"from\":\"file\"}",
        ),
        (
            json!({"InputType": "Literal", "Input": "{\"id\":\"#{codepipeline.PipelineExecutionId}\"}"}),
            json!({}),
            "{\"id\":\"ID\"}",
            "",
        ),
    ] {
        let world = World::new(allowed(), &[("assets/input.json", "{\"from\":\"file\"}")]).await;
        world.machine("STANDARD", pass()).await;
        let prefix = configuration["ExecutionNamePrefix"]
            .as_str()
            .map(|prefix| format!("{prefix}-"));
        let id = world.begin(&[execute(configuration.clone(), members)]).await;
        assert_eq!(world.end(&id).await, "Succeeded", "{configuration}");
        let action = world.action("Execute").await;
        let variables = &action["output"]["outputVariables"];
        assert_eq!(variables["StateMachineArn"], MACHINE);
        let arn = variables["ExecutionArn"].as_str().expect("an ARN");
        let name = format!(
            "{}{}",
            prefix.unwrap_or_default(),
            action["actionExecutionId"].as_str().unwrap()
        );
        assert!(arn.ends_with(&format!(":execution:m:{name}")), "{arn}");
        assert_eq!(action["output"]["executionResult"]["externalExecutionId"], arn);
        let execution = world
            .call("states", "DescribeExecution", json!({"executionArn": arn}))
            .await;
        assert_eq!(execution["input"], input.replace("ID", &id));
        let place = &action["output"]["outputArtifacts"][0]["s3location"];
        let written = match place["key"].as_str() {
            None => String::new(),
            Some(key) => {
                let object = json!({"Bucket": place["bucket"], "Key": key});
                let body = world.0.send(
                    &platform::Principal::Administrator,
                    "s3",
                    "GetObject",
                    object,
                    bytes::Bytes::new(),
                );
                let body = body.await.expect("the output").body.unwrap_or_default();
                let mut archive = zip::ZipArchive::new(std::io::Cursor::new(body)).expect("a zip");
                std::io::read_to_string(archive.by_name("output.json").expect("a file")).expect("a text")
            }
        };
        assert_eq!(written, output);
    }
}

#[tokio::test]
async fn what_fails_the_action_is_said() {
    let fail = json!({"Type": "Fail", "Error": "Bad.Data", "Cause": "no rows"});
    let nothing = json!([]);
    let file = json!({"InputType": "FilePath", "Input": "nowhere.json"});
    let with_source = json!({"inputArtifacts": [{"name": "Source"}]});
    let with_output = json!({"outputArtifacts": [{"name": "Output"}]});
    for (statements, kind, state, configuration, members, code, message) in [
        (
            allowed(),
            "STANDARD",
            &fail,
            json!({}),
            json!({}),
            "JobFailed",
            "FAILED. Error: Bad.Data. Cause: no rows",
        ),
        (
            nothing,
            "STANDARD",
            &fail,
            json!({}),
            json!({}),
            "PermissionError",
            "states:DescribeStateMachine",
        ),
        (
            allowed(),
            "STANDARD",
            &pass(),
            file,
            with_source,
            "ConfigurationError",
            "no file `nowhere.json`",
        ),
        (
            allowed(),
            "STANDARD",
            &pass(),
            json!({"Input": "{"}),
            json!({}),
            "ConfigurationError",
            "InvalidExecutionInput",
        ),
        (
            allowed(),
            "EXPRESS",
            &pass(),
            json!({}),
            with_output,
            "ConfigurationError",
            "not supported for express",
        ),
    ] {
        let world = World::new(statements, &[("a", "b")]).await;
        world.machine(kind, state.clone()).await;
        let id = world.begin(&[execute(configuration, members)]).await;
        assert_eq!(world.end(&id).await, "Failed", "{message}");
        let error = world.action("Execute").await["output"]["executionResult"]["errorDetails"].clone();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
}

#[tokio::test]
async fn an_express_execution_is_started_and_not_waited_for() {
    let world = World::new(allowed(), &[("a", "b")]).await;
    world.machine("EXPRESS", json!({"Type": "Fail", "Error": "E"})).await;
    let id = world.begin(&[execute(json!({}), json!({}))]).await;
    assert_eq!(world.end(&id).await, "Succeeded");
    let action = world.action("Execute").await;
    assert_eq!(action["output"]["outputVariables"], json!({"StateMachineArn": MACHINE}));
}

#[tokio::test]
async fn an_abandoned_action_leaves_its_execution_alone() {
    let world = World::new(allowed(), &[("a", "b")]).await;
    world
        .machine("STANDARD", json!({"Type": "Wait", "Seconds": 3600, "End": true}))
        .await;
    let mut journal = world.0.journal.follow();
    let id = world.begin(&[execute(json!({}), json!({}))]).await;
    let started = |entry: &platform::journal::Entry| {
        matches!(&entry.happening, platform::journal::Happening::ExecutionStarted { .. })
    };
    while !started(&journal.recv().await.expect("an entry")) {}
    let stop = json!({"pipelineName": "p", "pipelineExecutionId": id, "abandon": true});
    world.call("codepipeline", "StopPipelineExecution", stop).await;
    assert_eq!(world.end(&id).await, "Stopped");
    assert_eq!(world.action("Execute").await["status"], "Abandoned");
    let listed = world
        .call("states", "ListExecutions", json!({"stateMachineArn": MACHINE}))
        .await;
    assert_eq!(listed["executions"][0]["status"], "RUNNING");
}

#[tokio::test]
async fn an_actions_own_role_is_assumed_by_the_pipelines() {
    for (trusted, expected) in [
        ("arn:aws:iam::123456789012:role/pipeline", "Succeeded"),
        ("arn:aws:iam::123456789012:role/machine", "Failed"),
    ] {
        let world = World::new(json!([]), &[("a", "b")]).await;
        world.machine("STANDARD", pass()).await;
        let mut own = NewRole::for_service("own", "codepipeline.amazonaws.com");
        own.trust = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"},
        ]});
        let own = own.with_policy("own", json!({"Version": "2012-10-17", "Statement": allowed()}));
        let arn = world.0.iam.create_role(&world.0.account, own).expect("a role");
        let id = world.begin(&[execute(json!({}), json!({"roleArn": arn}))]).await;
        assert_eq!(world.end(&id).await, expected, "{trusted}");
        let error = &world.action("Execute").await["output"]["executionResult"]["errorDetails"]["code"];
        assert_eq!(*error == "PermissionError", expected == "Failed");
    }
}

#[tokio::test]
async fn versions_and_aliases_are_executed() {
    let world = World::new(allowed(), &[("a", "b")]).await;
    world.machine("STANDARD", pass()).await;
    let published = world
        .call(
            "states",
            "PublishStateMachineVersion",
            json!({"stateMachineArn": MACHINE}),
        )
        .await;
    let version = &published["stateMachineVersionArn"];
    let route = json!([{"stateMachineVersionArn": version, "weight": 100}]);
    let alias = json!({"name": "live", "routingConfiguration": route});
    let alias = world.call("states", "CreateStateMachineAlias", alias).await;
    let alias = alias["stateMachineAliasArn"].as_str().expect("an ARN");
    let id = world
        .begin(&[execute(json!({"StateMachineArn": alias}), json!({}))])
        .await;
    let status = world.end(&id).await;
    let action = world.action("Execute").await;
    assert_eq!(status, "Succeeded", "{action}");
    assert_eq!(action["output"]["outputVariables"]["StateMachineArn"], alias);
}
