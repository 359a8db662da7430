//! How executions start, end and start again.

use super::{ADMIN, World, pass, waiting};
use platform::journal::Happening;
use serde_json::json;

#[tokio::test]
async fn an_execution_is_started_described_and_told() {
    let world = World::new();
    let described = world.run(pass(), json!({"a": 1})).await;
    assert_eq!(described["status"], "SUCCEEDED");
    assert_eq!(described["output"], r#"{"a":1}"#);
    assert_eq!(
        described["executionArn"],
        "arn:aws:states:us-east-1:123456789012:execution:m:e"
    );
    assert_eq!(described["redriveStatus"], "NOT_REDRIVABLE");
    let arn = described["executionArn"].as_str().unwrap();
    let expected = [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(world.events(arn).await, expected);
    let first = world
        .call("GetExecutionHistory", json!({"executionArn": arn, "maxResults": 3}))
        .await;
    let rest = json!({"executionArn": arn, "maxResults": 3, "nextToken": first["nextToken"]});
    let rest = world.call("GetExecutionHistory", rest).await;
    assert_eq!(rest["events"].as_array().unwrap().len(), 1);
    assert!(rest.get("nextToken").is_none());
    let last = json!({"executionArn": arn, "reverseOrder": true, "maxResults": 1});
    assert_eq!(
        world.call("GetExecutionHistory", last).await["events"][0]["type"],
        "ExecutionSucceeded"
    );
    let journal: Vec<String> = world
        .0
        .journal
        .entries()
        .into_iter()
        .filter_map(|entry| match entry.happening {
            Happening::ExecutionStarted { .. } => Some("started".into()),
            Happening::StateEntered { state, state_type, .. } => Some(format!("{state} {state_type}")),
            Happening::StateExited { state, .. } => Some(format!("{state} left")),
            Happening::ExecutionEnded { status, .. } => Some(status),
            _ => None,
        })
        .collect();
    assert_eq!(journal, ["started", "P Pass", "P left", "SUCCEEDED"]);
}

#[tokio::test]
async fn a_name_stands_for_one_execution() {
    let world = World::new();
    let machine = world.machine("m", waiting()).await;
    let start = |input: &str| json!({"stateMachineArn": machine, "name": "e", "input": input});
    let first = world.call("StartExecution", start("{}")).await;
    let again = world.call("StartExecution", start("{}")).await;
    assert_eq!(first, again, "the same input while it runs");
    let other = world.try_call("StartExecution", start("[]")).await.unwrap_err();
    assert_eq!(other.code, "ExecutionAlreadyExists");
    world
        .call(
            "StopExecution",
            json!({"executionArn": first["executionArn"], "error": "E", "cause": "C"}),
        )
        .await;
    let described = world
        .call("DescribeExecution", json!({"executionArn": first["executionArn"]}))
        .await;
    assert_eq!(
        (&described["status"], &described["error"], &described["cause"]),
        (&json!("ABORTED"), &json!("E"), &json!("C"))
    );
    let ended = world.try_call("StartExecution", start("{}")).await.unwrap_err();
    assert_eq!(ended.code, "ExecutionAlreadyExists", "the same input after its end");
    let listed = world
        .call(
            "ListExecutions",
            json!({"stateMachineArn": machine, "statusFilter": "ABORTED"}),
        )
        .await;
    assert_eq!(listed["executions"][0]["name"], "e");
}

#[tokio::test]
async fn a_failed_execution_is_redriven_from_where_it_failed() {
    let world = World::new();
    let states = json!({
        "First": {"Type": "Pass", "Next": "T"},
        "T": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:ecr:describeRepositories", "Parameters": {"RepositoryNames": ["late"]}, "End": true},
    });
    let described = world.run(states, json!({})).await;
    assert_eq!(
        (&described["status"], &described["redriveStatus"]),
        (&json!("FAILED"), &json!("REDRIVABLE"))
    );
    let arn = described["executionArn"].as_str().unwrap();
    world
        .0
        .call(&ADMIN, "ecr", "CreateRepository", json!({"repositoryName": "late"}))
        .await
        .unwrap();
    let redrive = json!({"executionArn": arn, "clientToken": "once"});
    let first = world.call("RedriveExecution", redrive.clone()).await;
    world.0.ongoing.end(arn).await;
    let described = world.call("DescribeExecution", json!({"executionArn": arn})).await;
    assert_eq!(
        (&described["status"], &described["redriveCount"]),
        (&json!("SUCCEEDED"), &json!(1))
    );
    assert_eq!(
        world.call("RedriveExecution", redrive).await,
        first,
        "the same client token"
    );
    let again = world
        .try_call("RedriveExecution", json!({"executionArn": arn}))
        .await
        .unwrap_err();
    assert_eq!(again.code, "ExecutionNotRedrivable");
}

#[tokio::test]
async fn express_machines_answer_at_once() {
    let world = World::new();
    let mut express = world.definition("x", pass());
    express["type"] = "EXPRESS".into();
    let machine = world.call("CreateStateMachine", express).await["stateMachineArn"].clone();
    let start = json!({"stateMachineArn": machine, "input": "{\"a\": 1}"});
    let answer = world.call("StartSyncExecution", start.clone()).await;
    assert_eq!(
        (&answer["status"], &answer["output"]),
        (&json!("SUCCEEDED"), &json!("{\"a\":1}"))
    );
    assert_eq!(answer["billingDetails"]["billedDurationInMilliseconds"], 100);
    let started = world.call("StartExecution", start).await;
    let refused = world.try_call("DescribeExecution", started).await;
    assert!(refused.is_err());
    let standard = world.machine("m", pass()).await;
    let refused = world
        .try_call("StartSyncExecution", json!({"stateMachineArn": standard}))
        .await
        .unwrap_err();
    assert_eq!(refused.code, "StateMachineTypeNotSupported");
}
