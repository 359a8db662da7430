//! Somebody at a pipeline: calls over a connection, and waits for what comes of them.

use super::account::Account;
use crate::client::{Answer, Client};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use stepline::cloud::Cloud;
use tokio::sync::watch;

/// How long may pass before somebody counts as waiting in vain.
const PATIENCE: Duration = Duration::from_secs(300);

/// Somebody, and the pipeline that they are at.
pub(super) struct Person {
    cloud: Arc<Cloud>,
    client: Client,
    pipeline: String,
    /// The ARN of the state machine that the pipeline runs.
    machine: String,
    bell: watch::Receiver<()>,
    /// The token that was answered last.
    answered: Option<String>,
}

/// What an execution comes to that goes on without its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// It asks for an approval: the action, and the token.
    Asks(String, String),
    /// It has ended, with this status.
    Ended(String),
}

impl Person {
    /// Somebody at a new pipeline.
    pub(super) async fn at(account: &Account, pipeline: &str) -> Self {
        let mut client = Client::connect(&account.cloud).await;
        let machine = account.pipeline(&mut client, pipeline).await;
        Self {
            cloud: Arc::clone(&account.cloud),
            client,
            pipeline: pipeline.to_owned(),
            machine,
            bell: account.bells.of(pipeline),
            answered: None,
        }
    }

    /// Somebody else at the same pipeline.
    pub(super) async fn beside(&self) -> Self {
        Self {
            cloud: Arc::clone(&self.cloud),
            client: Client::connect(&self.cloud).await,
            pipeline: self.pipeline.clone(),
            machine: self.machine.clone(),
            bell: self.bell.clone(),
            answered: None,
        }
    }

    /// Starts an execution whose execution of the state machine ends like this, and sends its message there. The token
    /// makes all calls with it one; whoever hangs up has sent the whole call or half of it.
    pub(super) async fn start(&mut self, token: &str, end: &str, queue: &str, hangs_up: Option<bool>) -> String {
        let input = json!({"name": self.pipeline, "clientRequestToken": token, "variables": [
            {"name": "end", "value": end}, {"name": "queue", "value": queue}]});
        if let Some(whole) = hangs_up {
            let target = "CodePipeline_20150709.StartPipelineExecution";
            Client::desert(&self.cloud, "codepipeline", target, &input, whole).await;
        }
        let started = self.call("StartPipelineExecution", &input).await.expect("a start");
        let again = self.call("StartPipelineExecution", &input).await.expect("a start");
        assert_eq!(started, again, "the same request is the same execution");
        started["pipelineExecutionId"].as_str().expect("an id").to_owned()
    }

    pub(super) async fn stop(&mut self, id: &str, abandon: bool) -> Answer {
        let input =
            json!({"pipelineName": self.pipeline, "pipelineExecutionId": id, "abandon": abandon, "reason": "why"});
        self.call("StopPipelineExecution", &input).await
    }

    pub(super) async fn retry(&mut self, id: &str, stage: &str, mode: &str) -> Answer {
        let input =
            json!({"pipelineName": self.pipeline, "pipelineExecutionId": id, "stageName": stage, "retryMode": mode});
        self.call("RetryStageExecution", &input).await
    }

    /// Answers an approval: Approved or Rejected.
    pub(super) async fn answer(&mut self, action: &str, token: &str, status: &str) -> Answer {
        self.answered = Some(token.to_owned());
        let input = json!({"pipelineName": self.pipeline, "stageName": "Approve", "actionName": action, "token": token,
            "result": {"status": status, "summary": "why"}});
        self.call("PutApprovalResult", &input).await
    }

    /// Waits until an approval is asked for, and approves it.
    pub(super) async fn approve(&mut self, id: &str, action: &str) {
        let token = self.asked(id, action).await;
        self.answer(action, &token, "Approved").await.expect("approved");
    }

    /// Waits until an approval is asked for; its token.
    pub(super) async fn asked(&mut self, id: &str, action: &str) -> String {
        match self.sight(id).await {
            Sight::Asks(asking, token) if asking == action => token,
            other => panic!("{action} is to be asked for: {other:?}"),
        }
    }

    /// Waits until an execution has ended; its status.
    pub(super) async fn ended(&mut self, id: &str) -> String {
        match self.sight(id).await {
            Sight::Ended(status) => status,
            asks @ Sight::Asks(..) => panic!("it is to end: {asks:?}"),
        }
    }

    /// Waits until an execution asks for something that was not answered, or has ended.
    pub(super) async fn sight(&mut self, id: &str) -> Sight {
        loop {
            self.bell.mark_unchanged();
            if let Some(sight) = self.look(id).await {
                return sight;
            }
            self.rung().await;
        }
    }

    async fn look(&mut self, id: &str) -> Option<Sight> {
        let by_id = json!({"pipelineName": self.pipeline, "pipelineExecutionId": id});
        let execution = self.call("GetPipelineExecution", &by_id).await.expect("an execution");
        let status = execution["pipelineExecution"]["status"].as_str().expect("a status");
        if !["InProgress", "Stopping"].contains(&status) {
            return Some(Sight::Ended(status.to_owned()));
        }
        let by_name = json!({"name": self.pipeline});
        let state = self.call("GetPipelineState", &by_name).await.expect("a state");
        let stage = &state["stageStates"][1];
        if stage["latestExecution"]["pipelineExecutionId"] != id {
            return None;
        }
        let mut actions = stage["actionStates"].as_array().expect("actions").iter();
        actions.find_map(|action| {
            let token = action["latestExecution"]["token"].as_str()?;
            // The answer may not have come to its action yet.
            let is_new = self.answered.as_deref() != Some(token);
            let name = action["actionName"].as_str().expect("a name");
            is_new.then(|| Sight::Asks(name.to_owned(), token.to_owned()))
        })
    }

    /// Waits until the latest execution of the state machine for this execution has this status, redriven so often.
    pub(super) async fn machine_is(&mut self, id: &str, status: &str, redriven: u64) {
        loop {
            self.bell.mark_unchanged();
            let latest = self.machines(id).await.pop();
            if latest.is_some_and(|latest| latest["status"] == status && latest["redriveCount"] == redriven) {
                return;
            }
            self.rung().await;
        }
    }

    /// The executions of the state machine for one execution of the pipeline, the oldest first.
    pub(super) async fn machines(&mut self, id: &str) -> Vec<Value> {
        let list = json!({"stateMachineArn": self.machine});
        let list = self.states("ListExecutions", &list).await;
        let mut described = Vec::new();
        for execution in list["executions"].as_array().expect("executions").iter().rev() {
            if execution["name"].as_str().is_some_and(|name| name.starts_with(id)) {
                let describe = json!({"executionArn": execution["executionArn"]});
                described.push(self.states("DescribeExecution", &describe).await);
            }
        }
        described
    }

    /// How the runs of an action ended in one execution, the oldest first.
    pub(super) async fn runs(&mut self, id: &str, action: &str) -> Vec<String> {
        let input = json!({"pipelineName": self.pipeline, "filter": {"pipelineExecutionId": id}});
        let listed = self.call("ListActionExecutions", &input).await.expect("a list");
        let details = listed["actionExecutionDetails"].as_array().expect("details");
        let own = details.iter().rev().filter(|detail| detail["actionName"] == action);
        own.map(|detail| detail["status"].as_str().expect("a status").to_owned())
            .collect()
    }

    /// All executions of the pipeline with their statuses, the oldest first.
    pub(super) async fn listed(&mut self) -> Vec<(String, String)> {
        let mut input = json!({"pipelineName": self.pipeline});
        let mut listed = Vec::new();
        loop {
            let page = self.call("ListPipelineExecutions", &input).await.expect("a page");
            for summary in page["pipelineExecutionSummaries"].as_array().expect("summaries") {
                let text = |field: &str| summary[field].as_str().expect("a text").to_owned();
                listed.push((text("pipelineExecutionId"), text("status")));
            }
            if page["nextToken"] == Value::Null {
                listed.reverse();
                return listed;
            }
            input["nextToken"] = page["nextToken"].clone();
        }
    }

    /// How many executions of the state machine run.
    pub(super) async fn running(&mut self) -> usize {
        let input = json!({"stateMachineArn": self.machine, "statusFilter": "RUNNING"});
        let list = self.states("ListExecutions", &input).await;
        list["executions"].as_array().expect("executions").len()
    }

    /// Creates a queue that there was none of.
    pub(super) async fn queue(&mut self, name: &str) -> String {
        super::account::queue(&mut self.client, name).await
    }

    /// How many messages there are in a queue.
    pub(super) async fn messages(&mut self, queue: &str) -> usize {
        super::account::messages(&mut self.client, queue).await
    }

    async fn call(&mut self, operation: &str, input: &Value) -> Answer {
        let target = format!("CodePipeline_20150709.{operation}");
        self.client.call("codepipeline", &target, input).await
    }

    async fn states(&mut self, operation: &str, input: &Value) -> Value {
        let target = format!("AWSStepFunctions.{operation}");
        let output = self.client.call("states", &target, input).await;
        output.unwrap_or_else(|code| panic!("{operation}: {code}"))
    }

    /// Waits until something may be different.
    async fn rung(&mut self) {
        let rung = tokio::time::timeout(PATIENCE, self.bell.changed()).await;
        rung.unwrap_or_else(|_| panic!("{}: nothing happens any more", self.pipeline))
            .expect("the bell hangs");
    }
}
