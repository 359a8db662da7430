//! Many clients start executions, start them again, stop and redrive them, and hang up.

use crate::client::Client;
use crate::world::{machine, memory, number, served};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use stepline::cloud::Cloud;
use tokio::task::JoinSet;

/// Calls an operation of Step Functions.
async fn states(client: &mut Client, operation: &str, input: Value) -> Result<Value, String> {
    client
        .call("states", &format!("AWSStepFunctions.{operation}"), &input)
        .await
}

/// How an execution is to end, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Succeeded,
    Failed,
    Aborted,
}

impl End {
    fn of(number: usize) -> Self {
        match number % 10 {
            0 => Self::Failed,
            1 => Self::Aborted,
            _ => Self::Succeeded,
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Aborted => "ABORTED",
        }
    }
}

/// Doubles a number and puts it into a queue; or fails, or waits for longer than anybody does.
fn doubling(queue: &str) -> Value {
    json!({
        "Which": {"Type": "Choice", "Default": "Double", "Choices": [
            {"Variable": "$.end", "StringEquals": "FAILED", "Next": "Fail"},
            {"Variable": "$.end", "StringEquals": "ABORTED", "Next": "Wait"}]},
        "Double": {"Type": "Pass", "Parameters": {"double.$": "States.MathAdd($.n, $.n)"}, "Next": "Send"},
        "Send": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "ResultPath": null, "End": true,
            "Parameters": {"QueueUrl": queue, "MessageBody.$": "States.Format('{}', $.double)"}},
        "Fail": {"Type": "Fail", "Error": "Asked", "Cause": "for it"},
        "Wait": {"Type": "Wait", "Seconds": 86_400, "End": true},
    })
}

/// One execution's life, by a client that trusts no answer that it has not seen twice.
async fn live(cloud: &Cloud, client: &mut Client, machine: &str, number: usize) {
    let end = End::of(number);
    let start = |n: usize| {
        let input = json!({"n": n, "end": end.status()}).to_string();
        json!({"stateMachineArn": machine, "name": format!("e-{number}"), "input": input})
    };
    if number.is_multiple_of(7) {
        Client::desert(
            cloud,
            "states",
            "AWSStepFunctions.StartExecution",
            &start(number),
            number.is_multiple_of(2),
        )
        .await;
    }
    let arn = machine.replace(":stateMachine:", ":execution:") + &format!(":e-{number}");
    for attempt in 0..2 {
        // The same again is the same execution while that runs; afterwards its name is taken.
        match states(client, "StartExecution", start(number)).await {
            Ok(started) => assert_eq!(started["executionArn"], arn.as_str()),
            Err(code) => assert!(
                code == "ExecutionAlreadyExists" && (attempt == 1 || number.is_multiple_of(7)),
                "{arn}: {code}"
            ),
        }
    }
    let other = states(client, "StartExecution", start(number + 1)).await;
    assert_eq!(other, Err("ExecutionAlreadyExists".to_owned()), "{arn}");
    let execution = json!({"executionArn": arn});
    if end == End::Aborted {
        let stop = json!({"executionArn": arn, "error": "Stopped", "cause": "by its client"});
        states(client, "StopExecution", stop.clone()).await.expect("stopped");
        states(client, "RedriveExecution", execution.clone())
            .await
            .expect("redriven");
        let again = states(client, "RedriveExecution", execution.clone()).await;
        assert_eq!(again, Err("ExecutionNotRedrivable".to_owned()), "{arn}");
        states(client, "StopExecution", stop).await.expect("stopped again");
    }
    let described = loop {
        let described = states(client, "DescribeExecution", execution.clone())
            .await
            .expect("described");
        if described["status"] != "RUNNING" {
            break described;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(described["status"], end.status(), "{described}");
    match end {
        End::Succeeded => assert_eq!(described["output"], json!({"double": 2 * number}).to_string()),
        End::Failed => assert_eq!(
            (&described["error"], &described["cause"]),
            (&json!("Asked"), &json!("for it"))
        ),
        End::Aborted => assert_eq!(
            (&described["error"], &described["redriveCount"]),
            (&json!("Stopped"), &json!(1))
        ),
    }
}

/// Every execution of a machine, page by page: how many there are of each status.
async fn listed(client: &mut Client, machine: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let mut token = Value::Null;
    loop {
        let mut input = json!({"stateMachineArn": machine, "maxResults": 1000});
        if token != Value::Null {
            input["nextToken"] = token;
        }
        let page = states(client, "ListExecutions", input).await.expect("a page");
        for execution in page["executions"].as_array().expect("executions") {
            *counts
                .entry(execution["status"].as_str().expect("a status").to_owned())
                .or_default() += 1;
        }
        token = page["nextToken"].clone();
        if token == Value::Null {
            return counts;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_wrong() {
    let (clients, executions) = (number("STEPLINE_CLIENTS", 100), number("STEPLINE_EXECUTIONS", 500));
    let cloud = served(std::env::temp_dir()).await;
    let mut first = Client::connect(&cloud).await;
    let queue = first
        .call("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": "doubled"}))
        .await
        .expect("a queue");
    let queue = queue["QueueUrl"].as_str().expect("its URL").to_owned();
    let machine = machine(&cloud, "doubling", &doubling(&queue)).await;
    let before = memory();
    let mut working = JoinSet::new();
    for number in 0..clients {
        let (cloud, machine) = (Arc::clone(&cloud), machine.clone());
        working.spawn(async move {
            let mut client = Client::connect(&cloud).await;
            for execution in (number..executions).step_by(clients) {
                live(&cloud, &mut client, &machine, execution).await;
            }
        });
    }
    while let Some(worked) = working.join_next().await {
        worked.expect("a client whose answers were all right");
    }
    let mut expected = BTreeMap::new();
    for number in 0..executions {
        *expected.entry(End::of(number).status().to_owned()).or_default() += 1;
    }
    assert_eq!(listed(&mut first, &machine).await, expected);
    let attributes = json!({"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"]});
    let sent = first
        .call("sqs", "AmazonSQS.GetQueueAttributes", &attributes)
        .await
        .expect("attributes");
    assert_eq!(
        sent["Attributes"]["ApproximateNumberOfMessages"],
        expected["SUCCEEDED"].to_string()
    );
    println!(
        "{clients} clients, {executions} executions: {before:?} MB before, {:?} MB after",
        memory()
    );
}
