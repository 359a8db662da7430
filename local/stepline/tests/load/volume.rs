//! Executions at once, long histories, and Maps over S3: all of it is done, and nothing is lost.
//!
//! How long it takes is measured elsewhere: `just figures`.

use crate::client::Client;
use crate::world::{machine, number, served};
use serde_json::{Value, json};
use std::sync::Arc;
use stepline::cloud::Cloud;
use tokio::task::JoinSet;

/// Calls an operation of Step Functions, which has to succeed.
async fn states(client: &mut Client, operation: &str, input: Value) -> Value {
    let target = format!("AWSStepFunctions.{operation}");
    let answer = client.call("states", &target, &input).await;
    answer.unwrap_or_else(|code| panic!("{operation}: {code}"))
}

/// Waits for an execution's end, and says how it ended.
async fn ended(cloud: &Cloud, client: &mut Client, arn: &str) -> Value {
    cloud.ongoing.end(arn).await;
    states(client, "DescribeExecution", json!({"executionArn": arn})).await
}

/// Clients start executions of a machine, each over a connection of its own.
async fn started(cloud: &Arc<Cloud>, machine: &str, (clients, executions): (usize, usize)) {
    let mut working = JoinSet::new();
    for client in 0..clients {
        let (cloud, machine) = (Arc::clone(cloud), machine.to_owned());
        working.spawn(async move {
            let mut connection = Client::connect(&cloud).await;
            for execution in (client..executions).step_by(clients) {
                let input = json!({"stateMachineArn": machine, "name": format!("e-{execution}"), "input": "{}"});
                states(&mut connection, "StartExecution", input).await;
            }
        });
    }
    working.join_all().await;
}

/// Clients start executions at once, and each of them succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn executions_are_started_at_once() {
    let (clients, executions) = (number("STEPLINE_CLIENTS", 20), number("STEPLINE_EXECUTIONS", 200));
    let cloud = served(std::env::temp_dir()).await;
    let pass = machine(&cloud, "pass", &json!({"Pass": {"Type": "Pass", "End": true}})).await;
    started(&cloud, &pass, (clients, executions)).await;
    let mut client = Client::connect(&cloud).await;
    let prefix = pass.replace(":stateMachine:", ":execution:");
    for execution in 0..executions {
        let described = ended(&cloud, &mut client, &format!("{prefix}:e-{execution}")).await;
        assert_eq!(described["status"], "SUCCEEDED", "{described}");
    }
}

/// An execution with a long history, which is then read page by page.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_told_to_its_end() {
    let most = number("STEPLINE_EVENTS", 1_000);
    let cloud = served(std::env::temp_dir()).await;
    let mut client = Client::connect(&cloud).await;
    let counting = json!({
        "Add": {"Type": "Pass", "Parameters": {"i.$": "States.MathAdd($.i, -1)"}, "Next": "More"},
        "More": {"Type": "Choice", "Default": "Add", "Choices": [{"Variable": "$.i", "NumericEquals": 0, "Next": "Done"}]},
        "Done": {"Type": "Succeed"},
    });
    let machine = machine(&cloud, "counting", &counting).await;
    for events in [most / 5, most * 2 / 5, most] {
        // Two states of two events each turn; a beginning and an end; and the last state.
        let turns = (events - 4) / 4;
        let input = json!({"stateMachineArn": machine, "input": json!({"i": turns}).to_string()});
        let started = states(&mut client, "StartExecution", input).await;
        let arn = started["executionArn"].as_str().expect("an ARN").to_owned();
        let described = ended(&cloud, &mut client, &arn).await;
        assert_eq!(described["status"], "SUCCEEDED", "{described}");
        let (mut read, mut token) = (0, Value::Null);
        loop {
            let mut input = json!({"executionArn": arn, "maxResults": 1000});
            if token != Value::Null {
                input["nextToken"] = token;
            }
            let page = states(&mut client, "GetExecutionHistory", input).await;
            for event in page["events"].as_array().expect("events") {
                read += 1;
                assert_eq!(event["id"], read);
            }
            token = page["nextToken"].clone();
            if token == Value::Null {
                break;
            }
        }
        assert_eq!(read, turns * 4 + 4);
    }
}

/// A distributed Map whose items come from an object, and whose results go to others.
#[tokio::test(flavor = "multi_thread")]
async fn a_map_is_distributed_over_s3() {
    let most = number("STEPLINE_ITEMS", 500);
    let cloud = served(std::env::temp_dir()).await;
    let mut client = Client::connect(&cloud).await;
    let administrator = platform::Principal::Administrator;
    let made = cloud
        .call(&administrator, "s3", "CreateBucket", json!({"Bucket": "items"}))
        .await;
    made.expect("a bucket");
    let distributed = json!({"Map": {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "items", "Key.$": "$.key"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "Pass",
            "States": {"Pass": {"Type": "Pass", "End": true}},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "items", "Prefix": "results"},
        },
        "End": true,
    }});
    let machine = machine(&cloud, "distributed", &distributed).await;
    for items in [most / 10, most / 2, most] {
        let key = format!("{items}.json");
        let body = serde_json::to_vec(&(0..items).collect::<Vec<_>>()).expect("JSON");
        let object = json!({"Bucket": "items", "Key": key});
        let put = cloud.send(&administrator, "s3", "PutObject", object, body.into());
        put.await.expect("the items");
        let input = json!({"stateMachineArn": machine, "input": json!({"key": key}).to_string()});
        let started = states(&mut client, "StartExecution", input).await;
        let arn = started["executionArn"].as_str().expect("an ARN").to_owned();
        let described = ended(&cloud, &mut client, &arn).await;
        assert_eq!(described["status"], "SUCCEEDED", "{described}");
        let runs = states(&mut client, "ListMapRuns", json!({"executionArn": arn})).await;
        let run = json!({"mapRunArn": runs["mapRuns"][0]["mapRunArn"]});
        let run = states(&mut client, "DescribeMapRun", run).await;
        assert_eq!(run["itemCounts"]["succeeded"], items, "{run}");
    }
}
