//! How a state machine ran at last, read from the account.

use crate::cloud::Cloud;
use platform::{Principal, ServiceError};
use serde_json::{Value, json};
use std::sync::Arc;

/// The last execution of a state machine, and the definition that it would have now.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    /// The state machine's ARN.
    pub(super) machine: String,
    /// When it began, in seconds of the epoch.
    pub(super) started: f64,
    /// The states of the outermost flow, in the order in which they were entered first.
    pub(super) entered: Vec<String>,
    /// The one that it ended in without success.
    pub(super) ended_in: Option<String>,
    /// `States` of the definition that it had.
    pub(super) then: Value,
    /// `States` of the definition that is deployed.
    pub(super) now: Value,
}

/// Reads how a state machine ran at last. Nothing if it never did, or leaves no history.
pub(super) async fn run(cloud: &Arc<Cloud>, machine: &str) -> Result<Option<Run>, ServiceError> {
    let ask = |operation: &'static str, input: Value| cloud.call(&Principal::Administrator, "states", operation, input);
    let deployed = ask("DescribeStateMachine", json!({"stateMachineArn": machine})).await?;
    if deployed["type"] == "EXPRESS" {
        return Ok(None);
    }
    let newest = json!({"stateMachineArn": machine, "maxResults": 1});
    let newest = ask("ListExecutions", newest).await?;
    let newest = &newest["executions"][0];
    let Some(arn) = newest["executionArn"].as_str() else {
        return Ok(None);
    };
    let of = json!({"executionArn": arn});
    let had = ask("DescribeStateMachineForExecution", of).await?;
    let mut run = Run {
        machine: machine.to_owned(),
        started: newest["startDate"].as_f64().unwrap_or_default(),
        then: states(&had),
        now: states(&deployed),
        ..Run::default()
    };
    let mut token = Value::Null;
    loop {
        let mut asked = json!({"executionArn": arn, "maxResults": 1000});
        if !token.is_null() {
            asked["nextToken"] = token;
        }
        let page = ask("GetExecutionHistory", asked).await?;
        for event in page["events"].as_array().into_iter().flatten() {
            run.see(event);
        }
        token = page["nextToken"].clone();
        if token.is_null() {
            return Ok(Some(run));
        }
    }
}

fn states(described: &Value) -> Value {
    let definition = described["definition"].as_str().unwrap_or_default();
    let definition: Value = serde_json::from_str(definition).unwrap_or_default();
    definition["States"].clone()
}

impl Run {
    /// Takes an event of the history.
    fn see(&mut self, event: &Value) {
        let known = |details: &str| {
            let name = event[details]["name"].as_str()?;
            self.then
                .get(name)
                .map(|state| (name.to_owned(), state["Type"] == "Fail"))
        };
        if let Some((name, is_fail)) = known("stateEnteredEventDetails") {
            // What leads into a Fail state is what failed: entering that one again would fail again.
            if !is_fail {
                self.ended_in = Some(name.clone());
            }
            if !self.entered.contains(&name) {
                self.entered.push(name);
            }
        } else if event["type"] == "ExecutionSucceeded" {
            self.ended_in = None;
        }
    }
}
