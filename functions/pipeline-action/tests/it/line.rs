//! A pipeline's execution whose action has handed its execution over to an approval, and the events that tell of both.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use shared::ports::code_pipeline::{ActionExecution, ActionStatus, ApprovalResult};
use shared::ports::step_functions::{ExecutionStatus, Failure};
use shared::time::{Clock as _, Timestamp};

use crate::histories::{UNCAUGHT, history};
use crate::support::{Answer, Bench, FUNCTION, Job, RUN_ID, parameters};

pub(crate) const PIPELINE: &str = "stepline-dev";
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A pipeline's execution whose action has handed its execution over.
pub(crate) struct Line {
    pub(crate) bench: Bench,
}

pub(crate) fn succeeded(output: &Value) -> ExecutionStatus {
    ExecutionStatus::Succeeded {
        output: output.to_string(),
    }
}

pub(crate) fn failed(error: &str) -> ExecutionStatus {
    ExecutionStatus::Failed(Failure {
        error: Some(error.to_owned()),
        cause: Some("the job's own words".to_owned()),
    })
}

/// User parameters with the approval, and further fields.
pub(crate) fn waiting(more: Value) -> Value {
    let mut wanted = parameters(more);
    wanted["approval"] = json!({"pipeline": PIPELINE, "stage": "Execute", "action": "Outcome"});
    wanted
}

/// The event of an execution's end.
pub(crate) fn ended_event(execution: &str, ended: Option<Timestamp>) -> Value {
    let name = execution.rsplit(':').next().unwrap_or_default();
    json!({
        "id": "an-event", "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
        "detail": {"executionArn": execution, "name": name, "status": "SUCCEEDED",
            "stopDate": ended.map(Timestamp::as_millis), "input": null, "output": null},
    })
}

pub(crate) fn approval_event(state: &str) -> Value {
    json!({
        "detail-type": "CodePipeline Action Execution State Change", "source": "aws.codepipeline",
        "detail": {"pipeline": PIPELINE, "execution-id": RUN_ID, "stage": "Execute", "action": "Outcome",
            "state": state, "type": {"owner": "AWS", "provider": "Manual", "category": "Approval", "version": "1"}},
    })
}

pub(crate) fn look() -> Value {
    json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}})
}

impl Line {
    pub(crate) async fn started(more: Value) -> Self {
        Self::with_settings(more, &[]).await
    }

    pub(crate) async fn with_settings(more: Value, settings: &[(&str, &str)]) -> Self {
        let settings = [&[("PIPELINES", "stepline-dev,stepline-prod")], settings].concat();
        let bench = Bench::with_settings(&settings);
        bench.world().pipelines.inner().declare(PIPELINE, "Execute", "Outcome");
        let line = Self { bench };
        line.act("lambda-1", "job-1", waiting(more)).await;
        line
    }

    /// Has the action run, and CodePipeline remember it.
    pub(crate) async fn act(&self, run_id: &str, job_id: &str, wanted: Value) {
        let started_at = self.bench.world().clock.now();
        self.pass(Duration::from_secs(1));
        let job = Job {
            id: job_id.to_owned(),
            ..Job::first(wanted.clone())
        };
        let mut answer = self.bench.job(job).await;
        // How a retry begins is decided in one job, and carried out in the next.
        if let Answer::Continue(token) = &answer {
            let next = Job {
                id: format!("{job_id}-next"),
                ..Job::following(wanted.clone(), token)
            };
            answer = self.bench.job(next).await;
        }
        let Answer::Succeed(variables) = answer else {
            panic!("not handed over: {answer:?}");
        };
        let configuration = BTreeMap::from([
            ("FunctionName".to_owned(), FUNCTION.to_owned()),
            ("UserParameters".to_owned(), wanted.to_string()),
        ]);
        let action = ActionExecution {
            id: run_id.to_owned(),
            stage: "Execute".to_owned(),
            action: "Execute".to_owned(),
            configuration,
            status: ActionStatus::Succeeded,
            started_at,
            output_variables: variables.into_iter().collect(),
            ..ActionExecution::default()
        };
        self.bench.world().pipelines.inner().ran(PIPELINE, RUN_ID, action);
        self.pass(Duration::from_secs(1));
    }

    /// Has the approval be asked for.
    pub(crate) fn ask(&self, run_id: &str) {
        self.pass(Duration::from_secs(1));
        let action = ActionExecution {
            id: format!("approval-{run_id}"),
            stage: "Execute".to_owned(),
            action: "Outcome".to_owned(),
            started_at: self.bench.world().clock.now(),
            ..ActionExecution::default()
        };
        self.bench.world().pipelines.inner().ask(PIPELINE, RUN_ID, action);
        self.pass(Duration::from_secs(1));
    }

    /// Has the approval be over without an answer of the function.
    pub(crate) fn is_over(&self, run_id: &str, status: ActionStatus) {
        let pipelines = self.bench.world().pipelines.inner();
        pipelines.change(&format!("approval-{run_id}"), |run| run.status = status);
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.bench.world().clock.advance(time);
    }

    /// The execution that was started last.
    pub(crate) fn execution(&self) -> String {
        self.bench.runs().last().expect("an execution").execution_arn.clone()
    }

    /// Ends it, and where it fails, with nothing that caught that.
    pub(crate) fn end(&self, status: ExecutionStatus) {
        let states = self.bench.world().states.inner();
        if !matches!(status, ExecutionStatus::Succeeded { .. }) {
            states.write_history(&self.execution(), history(&UNCAUGHT));
        }
        states.end(&self.execution(), status);
        self.pass(Duration::from_secs(1));
    }

    /// The answers to approvals so far.
    pub(crate) fn answers(&self) -> Vec<ApprovalResult> {
        let answers = self.bench.world().pipelines.inner().approvals();
        answers.into_iter().map(|(_, result)| result).collect()
    }

    /// What the function says that came of an event for the approval.
    pub(crate) async fn outcome(&self, event: Value) -> String {
        let report = self.bench.deliver(event).await.unwrap();
        let report = serde_json::to_value(report).unwrap();
        report["approvals"][0]["outcome"].as_str().unwrap_or("none").to_owned()
    }
}
