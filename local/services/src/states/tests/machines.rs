//! Versions and aliases.

use super::World;
use serde_json::{Value, json};

#[tokio::test]
async fn versions_stay_and_aliases_lead_to_them() {
    let world = World::new();
    let machine = world
        .machine("m", json!({"P": {"Type": "Pass", "Result": 1, "End": true}}))
        .await;
    let publish = json!({"stateMachineArn": machine, "description": "first"});
    let one = world.call("PublishStateMachineVersion", publish.clone()).await["stateMachineVersionArn"].clone();
    assert_eq!(one, format!("{machine}:1"));
    assert_eq!(
        world.call("PublishStateMachineVersion", publish).await["stateMachineVersionArn"],
        one,
        "nothing has changed"
    );
    let route = |version: &Value| json!([{"stateMachineVersionArn": version, "weight": 100}]);
    let alias = json!({"name": "live", "routingConfiguration": route(&one)});
    let alias = world.call("CreateStateMachineAlias", alias).await["stateMachineAliasArn"]
        .as_str()
        .unwrap()
        .to_owned();
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 2, "End": true}}}).to_string();
    let update = json!({"stateMachineArn": machine, "definition": definition, "publish": true});
    let two = world.call("UpdateStateMachine", update).await["stateMachineVersionArn"].clone();
    let output = async |arn: &str, name: &str| {
        let execution = world.start(arn, name, json!({})).await;
        world
            .call("DescribeExecution", json!({"executionArn": execution}))
            .await
    };
    assert_eq!(output(&machine, "a").await["output"], "2");
    let through = output(&alias, "b").await;
    assert_eq!(through["output"], "1");
    assert_eq!(
        (&through["stateMachineAliasArn"], &through["stateMachineVersionArn"]),
        (&json!(alias), &one)
    );
    let roll = json!({"stateMachineAliasArn": alias, "routingConfiguration": route(&two)});
    world.call("UpdateStateMachineAlias", roll).await;
    assert_eq!(output(&alias, "c").await["output"], "2");
    let listed = world.call("ListExecutions", json!({"stateMachineArn": alias})).await;
    let names: Vec<&Value> = listed["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["c", "b"]);
    let used = world
        .try_call("DeleteStateMachineVersion", json!({"stateMachineVersionArn": two}))
        .await
        .unwrap_err();
    assert_eq!(used.code, "ConflictException");
    assert_eq!(
        world
            .try_call("StartExecution", json!({"stateMachineArn": format!("{machine}:9")}))
            .await
            .unwrap_err()
            .code,
        "StateMachineDoesNotExist"
    );
}
