//! State machines and their executions.

use super::reader::{Gone, Reader};
use super::values::{moment, text};
use crate::trace::Trace;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A state machine.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its name.
    pub(crate) name: String,
    /// STANDARD or EXPRESS.
    pub(crate) kind: String,
}

/// An execution.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    /// Its ARN.
    pub(crate) arn: String,
    /// The state machine's name.
    pub(crate) machine: String,
    /// Its own name.
    pub(crate) name: String,
    /// Step Functions' word: RUNNING, SUCCEEDED, FAILED, ….
    pub(crate) status: String,
    /// When it began.
    pub(crate) started: Option<Timestamp>,
    /// When it ended.
    pub(crate) stopped: Option<Timestamp>,
    /// The whole answer of DescribeExecution, or the item of ListExecutions.
    pub(crate) raw: Value,
}

impl Execution {
    fn read(raw: Value) -> Self {
        let arn = text(&raw, "executionArn").to_owned();
        Self {
            machine: arn.split(':').nth(6).unwrap_or_default().to_owned(),
            name: text(&raw, "name").to_owned(),
            status: text(&raw, "status").to_owned(),
            started: moment(&raw["startDate"]),
            stopped: moment(&raw["stopDate"]),
            arn,
            raw,
        }
    }

    /// Whether it goes on.
    pub(crate) fn is_open(&self) -> bool {
        matches!(&*self.status, "RUNNING" | "PENDING_REDRIVE")
    }
}

/// A history as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// What it says.
    pub(crate) trace: Trace,
}

/// The histories that were read last, so that only what is new is read again.
#[derive(Debug, Default)]
pub(crate) struct Executions(Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<Known>>>>);

/// How many are kept.
const KEPT: usize = 16;

/// The most events in an answer.
const PAGE: usize = 1000;

impl Executions {
    fn of(&self, arn: &str) -> Arc<tokio::sync::Mutex<Known>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT && !known.contains_key(arn) {
            // Whoever still reads one keeps it.
            known.clear();
        }
        known.entry(arn.to_owned()).or_default().clone()
    }

    /// What the history of an execution says by now.
    pub(crate) async fn trace(&self, reader: &Reader, arn: &str) -> Result<Arc<tokio::sync::Mutex<Known>>, Gone> {
        let known = self.of(arn);
        let mut reading = known.lock().await;
        loop {
            let from = reading.trace.events;
            let page = reader.events(arn, from, PAGE).await?;
            page.iter().for_each(|event| reading.trace.push(event));
            if page.len() < PAGE {
                break;
            }
        }
        drop(reading);
        Ok(known)
    }
}

impl Reader {
    /// The state machines.
    pub(crate) async fn machines(&self) -> Result<Vec<Machine>, Gone> {
        let names = ("stateMachines", "nextToken");
        let listed = self
            .all(("states", "ListStateMachines"), json!({}), names, 1000)
            .await?;
        let read = |machine: &Value| Machine {
            arn: text(machine, "stateMachineArn").to_owned(),
            name: text(machine, "name").to_owned(),
            kind: text(machine, "type").to_owned(),
        };
        Ok(listed.iter().map(read).collect())
    }

    /// The executions of a state machine, the newest first, at most `most`.
    pub(crate) async fn executions(&self, machine: &Machine, most: usize) -> Result<Vec<Execution>, Gone> {
        if machine.kind == "EXPRESS" {
            // AWS lists none of them: what they did is in their log group.
            return Ok(Vec::new());
        }
        let input = json!({"stateMachineArn": machine.arn, "maxResults": 1000.min(most)});
        let listed = self
            .all(("states", "ListExecutions"), input, ("executions", "nextToken"), most)
            .await?;
        Ok(listed.into_iter().map(Execution::read).collect())
    }

    /// An execution.
    pub(crate) async fn execution(&self, arn: &str) -> Result<Execution, Gone> {
        let described = self
            .look("states", "DescribeExecution", json!({"executionArn": arn}))
            .await?;
        Ok(Execution::read(described))
    }

    /// The definition that an execution runs.
    pub(crate) async fn definition(&self, arn: &str) -> Result<String, Gone> {
        let input = json!({"executionArn": arn});
        let machine = self.look("states", "DescribeStateMachineForExecution", input).await?;
        Ok(text(&machine, "definition").to_owned())
    }

    /// The events of an execution behind the first `from`, at most `most`.
    pub(crate) async fn events(&self, arn: &str, from: usize, most: usize) -> Result<Vec<Value>, Gone> {
        let mut input = json!({"executionArn": arn, "maxResults": most});
        if from > 0 {
            input["nextToken"] = platform::input::token_from(from).into();
        }
        let mut page = self.look("states", "GetExecutionHistory", input).await?;
        match page["events"].take() {
            Value::Array(events) => Ok(events),
            _ => Ok(Vec::new()),
        }
    }
}
