//! A second version of the state machine, rolled out and back, without the pipeline being touched.

use crate::world::World;
use platform::journal::Happening;
use serde_json::{Value, json};

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-dev";

/// Runs the pipeline: the version of the state machine that it ran, and what the execution put out.
async fn run(world: &World) -> (Value, Value) {
    let before = world.cloud.journal.entries().len();
    assert_eq!(world.run_pipeline().await, "Succeeded");
    let entries = world.cloud.journal.entries();
    let started: Vec<&String> = entries[before..]
        .iter()
        .filter_map(|entry| match &entry.happening {
            Happening::ExecutionStarted { execution_arn } => Some(execution_arn),
            _ => None,
        })
        .collect();
    let [execution] = started.as_slice() else {
        panic!("one run is one execution: {started:?}");
    };
    let input = json!({"executionArn": execution});
    let mut described = world.call("states", "DescribeExecution", input).await;
    assert_eq!(described["stateMachineAliasArn"], format!("{MACHINE}:live"));
    let output = described["output"].as_str().expect("an output");
    let output = serde_json::from_str(output).expect("the output is JSON");
    (described["stateMachineVersionArn"].take(), output)
}

/// What `update-state-machine-alias` of docs/deploying.md does.
async fn point_alias_at(world: &World, version: &str) {
    let route = json!({
        "stateMachineAliasArn": format!("{MACHINE}:live"),
        "routingConfiguration": [{"stateMachineVersionArn": version, "weight": 100}],
    });
    world.call("states", "UpdateStateMachineAlias", route).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_rolled_out_and_back_without_touching_the_pipeline() {
    let world = World::new().await;
    let pipeline = json!({"name": world.pipeline});
    let declared = world.call("codepipeline", "GetPipeline", pipeline.clone()).await;
    let (first, output) = run(&world).await;
    assert_eq!(first, format!("{MACHINE}:1"));
    assert_eq!(output.get("edition"), None);

    // What a deployment of a changed definition does: a new revision, a version of it, and the alias moves there.
    let machine = json!({"stateMachineArn": MACHINE});
    let described = world.call("states", "DescribeStateMachine", machine).await;
    let text = described["definition"].as_str().expect("a definition");
    let mut definition: Value = serde_json::from_str(text).expect("the definition is JSON");
    let start = definition["StartAt"].take();
    definition["States"]["Edition"] = json!({
        "Type": "Pass", "Result": 2, "ResultPath": "$.edition", "Next": start,
    });
    definition["StartAt"] = "Edition".into();
    let change = json!({"stateMachineArn": MACHINE, "definition": definition.to_string(), "publish": true});
    let updated = world.call("states", "UpdateStateMachine", change).await;
    let second = updated["stateMachineVersionArn"]
        .as_str()
        .expect("a version")
        .to_owned();
    // It is published, and nothing runs it until the alias says so.
    assert_eq!(run(&world).await.0, first);
    point_alias_at(&world, &second).await;
    let (version, output) = run(&world).await;
    assert_eq!(
        (version, &output["edition"]),
        (json!(format!("{MACHINE}:2")), &json!(2))
    );

    point_alias_at(&world, first.as_str().expect("a version")).await;
    let (version, output) = run(&world).await;
    assert_eq!((version, output.get("edition")), (first, None));
    assert_eq!(world.call("codepipeline", "GetPipeline", pipeline).await, declared);
}
