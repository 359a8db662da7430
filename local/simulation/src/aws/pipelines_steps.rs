//! How a stage goes on: actions run, end, are retried and abandoned, and an approval is asked for behind them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::ports::code_pipeline::ActionStatus;

use crate::account::Account;
use crate::happening::{About, Delivery, Function, Happening};
use crate::kept::pipelines::{APPROVAL, FUNCTION, Job, JobState, Kind, PIPELINE, Run, STAGE, Stage};
use crate::kept::words::{ACCOUNT, Id};
use crate::marked::{ACCESS_KEY, SECRET_KEY, SESSION_TOKEN};

/// How long CodePipeline waits for the answer to a job, and for an action that calls Lambda.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>
const ANSWER: Duration = Duration::from_secs(20 * 60);
const ACTION: Duration = Duration::from_secs(24 * 3600);
/// How long the approval of a schedule waits.
const APPROVAL_LASTS: Duration = Duration::from_secs(3 * 24 * 3600);

impl Account {
    /// A change is released: the pipeline's next execution enters the stage.
    pub(crate) fn release(&mut self) {
        let number = self.pipelines.executions.len();
        self.pipelines
            .executions
            .push(format!("5f2c1a6e-8f0b-4d3e-9a57-{number:012x}"));
        self.figures.count("pipeline executions");
        self.tell(|| format!("execution {number} of the pipeline enters the stage"));
        self.run_invokes();
    }

    fn run_invokes(&mut self) {
        self.pipelines.stage = Stage::Runs;
        for action in 0..self.pipelines.actions.len() {
            if self.pipelines.actions[action].kind != Kind::Approval {
                self.run_action(action);
            }
        }
    }

    /// An action runs.
    fn run_action(&mut self, action: Id) {
        let id = self.pipelines.runs.len();
        let run = Run {
            id: format!("a0000000-0000-4000-8000-{id:012x}"),
            execution: self.pipelines.executions.len() - 1,
            action,
            status: ActionStatus::InProgress,
            started_at: self.now,
            updated_at: self.now,
            variables: BTreeMap::new(),
            token: format!("token-{id}"),
            past: vec![(self.now, ActionStatus::InProgress)],
            polls: 0,
            kind: "not begun",
            begun: 0,
            about: Vec::new(),
            messages: Vec::new(),
        };
        self.pipelines.runs.push(run);
        self.pipelines.stage = Stage::Runs;
        let name = self.pipelines.actions[action].name.clone();
        self.tell(|| format!("action {name} runs (run {id})"));
        self.figures.count("attempts");
        if self.pipelines.is_approval(id) {
            self.approval_was_asked(id);
            self.after(APPROVAL_LASTS, Happening::ActionTimesOut { run: id });
            self.action_event(id, "STARTED");
        } else {
            self.after(ACTION, Happening::ActionTimesOut { run: id });
            self.hand_out(id, None);
        }
    }

    /// CodePipeline hands out a job of a run.
    pub(crate) fn hand_out(&mut self, run: Id, token: Option<String>) {
        if !self.pipelines.runs[run].is_live() {
            return;
        }
        let job = self.pipelines.jobs.len();
        let id = format!("b0000000-0000-4000-8000-{job:012x}");
        let follows = token.as_ref().is_some_and(|token| token.contains("\"execution\""));
        let event = self.job_event(run, &id, token);
        self.pipelines.jobs.push(Job {
            id,
            run,
            state: JobState::Open,
        });
        self.figures.count("jobs");
        self.after(ANSWER, Happening::JobExpires { job });
        self.deliver(Delivery {
            function: Function::PipelineAction,
            event: Arc::new(event),
            about: About::Job { run, job, follows },
            attempt: 1,
            again: false,
        });
    }

    fn job_event(&self, run: Id, id: &str, token: Option<String>) -> Value {
        let state = &self.pipelines.runs[run];
        let Kind::Invoke(parameters) = &self.pipelines.actions[state.action].kind else {
            return Value::Null;
        };
        let parameters = self.resolved(parameters, state.execution);
        let output = if self.scenario.writes_output {
            json!([{"name": "Output", "location": {"type": "S3", "s3Location": {"bucketName": "b", "objectKey": "out"}}}])
        } else {
            json!([])
        };
        let mut data = json!({
            "actionConfiguration": {"configuration": {"FunctionName": FUNCTION, "UserParameters": parameters}},
            "inputArtifacts": [], "outputArtifacts": output,
            "artifactCredentials": {
                "accessKeyId": ACCESS_KEY, "secretAccessKey": SECRET_KEY, "sessionToken": SESSION_TOKEN,
            },
        });
        if let Some(token) = token {
            data["continuationToken"] = token.into();
        }
        json!({"CodePipeline.job": {"id": id, "accountId": ACCOUNT, "data": data}})
    }

    /// User parameters with the id of the pipeline's execution in its place.
    pub(crate) fn resolved(&self, parameters: &str, execution: Id) -> String {
        parameters.replace("#{id}", &self.pipelines.executions[execution])
    }

    /// A run is over.
    pub(crate) fn run_ends(&mut self, run: Id, status: ActionStatus) {
        let now = self.now;
        let state = &mut self.pipelines.runs[run];
        state.status = status;
        state.updated_at = now;
        state.past.push((now, status));
        self.figures.count(&format!("actions ended: {status:?}"));
        if self.pipelines.is_approval(run) {
            self.approval_is_over(run);
            let word = match status {
                ActionStatus::Succeeded => "SUCCEEDED",
                ActionStatus::Abandoned => "ABANDONED",
                ActionStatus::Failed | ActionStatus::InProgress => "FAILED",
            };
            self.action_event(run, word);
        } else if status == ActionStatus::Abandoned {
            self.action_event(run, "ABANDONED");
        }
        if self.pipelines.runs[run].execution + 1 == self.pipelines.executions.len() {
            self.stage_goes_on();
        }
    }

    fn stage_goes_on(&mut self) {
        let invokes = (0..self.pipelines.actions.len()).filter(|at| self.pipelines.actions[*at].kind != Kind::Approval);
        let runs: Vec<Id> = invokes.filter_map(|action| self.pipelines.last_run(action)).collect();
        if runs.iter().any(|run| self.pipelines.runs[*run].is_live()) {
            return;
        }
        let succeeded = |run: &Id| self.pipelines.runs[*run].status == ActionStatus::Succeeded;
        if !runs.iter().all(succeeded) {
            self.pipelines.stage = Stage::Failed;
            return;
        }
        let last = runs.into_iter().max().unwrap_or_default();
        let asked = self
            .pipelines
            .approval()
            .map(|action| (action, self.pipelines.last_run(action)));
        self.pipelines.stage = match asked {
            None => Stage::Succeeded,
            // The approval's last run is one of before.
            Some((action, asked)) if asked.is_none_or(|asked| asked < last) => {
                self.run_action(action);
                return;
            }
            Some((_, Some(asked))) => match self.pipelines.runs[asked].status {
                ActionStatus::InProgress => Stage::Runs,
                ActionStatus::Succeeded => Stage::Succeeded,
                ActionStatus::Failed | ActionStatus::Abandoned => Stage::Failed,
            },
            Some((_, None)) => Stage::Failed,
        };
    }

    /// Somebody retries the stage: all of its actions, or those that failed.
    pub(crate) fn retry_stage(&mut self, all: bool) -> bool {
        if self.pipelines.stage != Stage::Failed {
            return false;
        }
        self.tell(|| {
            format!(
                "somebody retries {} of the stage",
                if all { "all actions" } else { "the failed actions" }
            )
        });
        if all {
            self.run_invokes();
            return true;
        }
        let failed: Vec<Id> = (0..self.pipelines.actions.len())
            .filter(|action| {
                let last = self.pipelines.last_run(*action);
                last.is_some_and(|run| {
                    let status = self.pipelines.runs[run].status;
                    matches!(status, ActionStatus::Failed | ActionStatus::Abandoned)
                })
            })
            .collect();
        let invokes: Vec<Id> = failed
            .iter()
            .copied()
            .filter(|at| self.pipelines.actions[*at].kind != Kind::Approval)
            .collect();
        // An approval behind actions that are retried is asked for once they have succeeded.
        for action in if invokes.is_empty() { failed } else { invokes } {
            self.run_action(action);
        }
        true
    }

    /// Somebody stops the pipeline's execution and abandons what runs.
    pub(crate) fn abandon(&mut self) -> bool {
        let live: Vec<Id> = (0..self.pipelines.runs.len())
            .filter(|run| self.pipelines.runs[*run].is_live())
            .collect();
        if live.is_empty() {
            return false;
        }
        self.tell(|| "somebody stops the pipeline's execution and abandons it".to_owned());
        for run in live {
            self.run_ends(run, ActionStatus::Abandoned);
        }
        self.pipelines.stage = Stage::Failed;
        true
    }

    /// CodePipeline waits no longer for an answer.
    pub(crate) fn job_expires(&mut self, job: Id) {
        if self.pipelines.jobs[job].state != JobState::Open {
            return;
        }
        self.pipelines.jobs[job].state = JobState::Expired;
        let run = self.pipelines.jobs[job].run;
        if self.pipelines.runs[run].is_live() {
            self.figures.count("jobs that nobody answered");
            self.tell(|| format!("nobody has answered job {job} of run {run} in twenty minutes: the action fails"));
            self.run_ends(run, ActionStatus::Failed);
        }
    }

    pub(crate) fn action_times_out(&mut self, run: Id) {
        if self.pipelines.runs[run].is_live() {
            self.tell(|| format!("run {run} has taken as long as an action may"));
            self.run_ends(run, ActionStatus::Failed);
        }
    }

    fn action_event(&mut self, run: Id, state: &str) {
        let record = &self.pipelines.runs[run];
        let is_approval = self.pipelines.is_approval(run);
        let (category, action) = if is_approval {
            ("Approval", APPROVAL.to_owned())
        } else {
            ("Invoke", self.pipelines.actions[record.action].name.clone())
        };
        let event = json!({
            "detail-type": "CodePipeline Action Execution State Change", "source": "aws.codepipeline",
            "detail": {
                "pipeline": PIPELINE, "execution-id": self.pipelines.executions[record.execution], "stage": STAGE,
                "action": action, "state": state, "action-execution-id": record.id, "type": {"category": category},
            },
        });
        let about = if is_approval {
            About::Look
        } else {
            About::Abandoned { run }
        };
        self.emit(Function::PipelineAction, event, about);
    }
}
