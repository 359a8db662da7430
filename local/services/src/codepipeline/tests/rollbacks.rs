//! Rollbacks that begin by themselves: of what, and how often.

use super::stages::{BAD, GOOD, check, work, world};
use super::world::World;
use serde_json::{Value, json};

/// The types of all executions, from the first on.
async fn types(world: &World) -> Vec<Value> {
    let listed = world
        .call("codepipeline", "ListPipelineExecutions", json!({"pipelineName": "p"}))
        .await;
    let all = listed["pipelineExecutionSummaries"].as_array().expect("executions");
    all.iter()
        .rev()
        .map(|summary| summary["executionType"].clone())
        .collect()
}

async fn latest(world: &World) -> String {
    let latest = world.latest().await;
    latest["pipelineExecutionId"].as_str().expect("an id").to_owned()
}

/// Has the state machine fail whatever it is given.
async fn break_machine(world: &World) {
    let definition = json!({"StartAt": "S", "States": {"S": {"Type": "Fail", "Error": "Broken"}}});
    let input = json!({
        "stateMachineArn": world.0.account.arn("states", "stateMachine:m"),
        "definition": definition.to_string(),
    });
    world.call("states", "UpdateStateMachine", input).await;
}

#[tokio::test]
async fn a_rollback_that_fails_is_not_rolled_back() {
    let world = world(&GOOD).await;
    let first = world.begin(&[work(json!({"onFailure": {"result": "ROLLBACK"}}))]).await;
    assert_eq!(world.end(&first).await, "Succeeded");
    break_machine(&world).await;
    let second = world.start().await;
    assert_eq!(world.end(&second).await, "Failed");
    let rollback = latest(&world).await;
    assert_eq!(world.end(&rollback).await, "Failed");
    assert_eq!(types(&world).await, ["STANDARD", "STANDARD", "ROLLBACK"]);
}

#[tokio::test]
async fn a_failure_begins_one_rollback_and_none_to_a_rollback() {
    let mut both = check("ROLLBACK", "no");
    both["result"] = "ROLLBACK".into();
    let world = world(&GOOD).await;
    let first = world.begin(&[work(json!({"onFailure": both}))]).await;
    world.end(&first).await;
    world.put_source(&BAD).await;
    for _ in 0..2 {
        let failing = world.start().await;
        assert_eq!(world.end(&failing).await, "Failed");
        let rollback = latest(&world).await;
        assert_eq!(world.end(&rollback).await, "Succeeded");
        let target = world.latest().await["rollbackMetadata"].take();
        assert_eq!(target, json!({"rollbackTargetPipelineExecutionId": first}));
    }
    let expected = ["STANDARD", "STANDARD", "ROLLBACK", "STANDARD", "ROLLBACK"];
    assert_eq!(types(&world).await, expected);
}
