//! Answers to jobs and approvals: true, and with what may still run named.

use std::time::Duration;

use serde_json::Value;
use shared::ports::code_pipeline::{ApprovalResult, JobSuccess};
use shared::ports::step_functions::ExecutionStatus;

use super::Before;
use crate::account::Account;
use crate::kept::pipelines::Put;
use crate::kept::states::Execution;
use crate::kept::words::Id;

const TRUE: &str = "an answer says how the execution ended";
const NAMED: &str = "a final failure names an execution that runs, unless it is overdue";
const GOES_ON: &str = "what was stopped for somebody else goes on for who waits for it";
/// How a message says that an execution may go on.
const RUNS_ON: [&str; 6] = [
    "may still be running",
    "left running",
    "may have been started",
    "may still run",
    "is still running",
    "goes on",
];
/// How an answer says that it is not about the execution's end.
const OTHERWISE: [&str; 5] = [
    "cannot be",
    "Retry the stage with all",
    "Two actions",
    "no variables",
    "The execution succeeded, but",
];

impl Account {
    /// A job of a live action was answered.
    pub(crate) fn job_was_answered(&mut self, run: Id, put: &Put) {
        match put {
            Put::Success(JobSuccess::Continue { continuation_token }) => {
                self.token_was_answered(run, continuation_token)
            }
            Put::Success(JobSuccess::Done { output_variables }) => {
                for (name, value) in output_variables {
                    self.is_shown(&format!("output variable {name}"), value);
                }
                self.becomes(run, "succeeded");
                let arn = output_variables.get("ExecutionArn").cloned().unwrap_or_default();
                let status = self.states.get(&arn).map(|execution| execution.status.clone());
                let by_event = self.scenario.waits_by_event();
                match status {
                    Some(ExecutionStatus::Succeeded { .. }) => {}
                    Some(_) if by_event => {}
                    status => self.broke(TRUE, || format!("the action succeeds, and {arn} is {status:?}")),
                }
                if by_event && !self.pipelines.runs[run].about.iter().any(|(known, _)| *known == arn) {
                    let now = self.now;
                    self.pipelines.runs[run].about.push((arn, now));
                }
            }
            Put::Failure(failure) => {
                self.is_shown("a failure message", &failure.message);
                self.figures.count(&format!("failures: {}", failure.kind.as_str()));
                self.is_no_stop_for_another(&failure.message);
                self.what_runs_is_named(run, &failure.message);
                self.becomes(run, "failed");
            }
        }
    }

    fn token_was_answered(&mut self, run: Id, token: &str) {
        self.is_shown("a continuation token", token);
        let length = token.encode_utf16().count();
        if length > 2_048 {
            self.broke("a token fits", || format!("{length} characters"));
        }
        let content: Value = token
            .find('{')
            .and_then(|at| serde_json::from_str(&token[at..]).ok())
            .unwrap_or_default();
        let number = |name: &str| content[name].as_u64().unwrap_or_default();
        let is = |name: &str| !content[name].is_null();
        let kind = match (is("execution"), is("retry")) {
            (true, _) if number("stops") > 0 => "stopping",
            (true, _) if is("redriven") && number("misses") == 0 => "follows what it redrove",
            (true, _) if number("misses") > 0 => "follows, missed",
            (true, _) => "follows",
            (false, true) if content["retry"].is_string() => "to start anew",
            (false, true) => "to redrive",
            (false, false) => "not begun, missed",
        };
        self.becomes(run, kind);
        if let Some(arn) = content["execution"].as_str() {
            let now = self.now;
            let about = &mut self.pipelines.runs[run].about;
            if !about.iter().any(|(known, _)| known == arn) {
                about.push((arn.to_owned(), now));
            }
        }
    }

    /// A run goes from one kind of token to another, or to its end.
    fn becomes(&mut self, run: Id, kind: &'static str) {
        let was = std::mem::replace(&mut self.pipelines.runs[run].kind, kind);
        if was != kind {
            self.figures.count(&format!("token: {was} -> {kind}"));
        }
    }

    fn what_runs_is_named(&mut self, run: Id, message: &str) {
        if self.scenario.is_express() {
            // Its ARN comes with the answer alone, and AWS cannot have it run once: the message says what is not known.
            return;
        }
        let about = self.pipelines.runs[run].about.clone();
        for (arn, _) in about {
            let runs = self
                .states
                .get(&arn)
                .is_some_and(|execution| execution.runs() && !self.is_by_hand(execution));
            let is_said = RUNS_ON.iter().any(|words| message.contains(words));
            let is_named = is_said && message.contains(&arn);
            if runs && !is_named && !self.is_overdue(run, &arn) {
                self.broke(NAMED, || format!("run {run} fails, and {arn} runs: {message}"));
            }
        }
    }

    /// Somebody who waits is told how an execution ended: not by a stop that was meant for somebody else.
    fn is_no_stop_for_another(&mut self, message: &str) {
        let errors = ["Stepline.ActionAbandoned", "Stepline.NotHandedOver"];
        if errors.iter().any(|error| message.contains(error)) {
            self.broke(GOES_ON, || message.to_owned());
        }
    }

    /// A function has answered an approval.
    pub(crate) fn approval_was_answered(&mut self, run: Id, result: &ApprovalResult) {
        self.is_shown("an approval's summary", &result.summary);
        self.is_no_stop_for_another(&result.summary);
        let carrier = self.carrier(run);
        let execution = carrier.as_deref().and_then(|arn| self.states.get(arn));
        let status = execution.map(|execution| execution.status.clone());
        if result.approved {
            if !matches!(status, Some(ExecutionStatus::Succeeded { .. })) {
                self.broke(TRUE, || {
                    format!("the approval is approved, and {carrier:?} is {status:?}")
                });
            }
            return;
        }
        if OTHERWISE.iter().any(|words| result.summary.contains(words)) {
            return;
        }
        if execution.is_some_and(|execution| self.is_by_hand(execution)) {
            return;
        }
        let stopped_at = execution.and_then(|execution| execution.stopped_at);
        let is_retry = matches!(self.run_before(run), Before::Approval(_));
        let is_old = is_retry && stopped_at.is_some_and(|at| at < self.pipelines.runs[run].started_at);
        match (status, carrier) {
            (Some(ExecutionStatus::Running), Some(arn)) => {
                let is_said = RUNS_ON.iter().any(|words| result.summary.contains(words));
                if !is_said && !self.is_overdue(run, &arn) {
                    self.broke(TRUE, || {
                        format!("the approval is rejected, and {arn} runs: {}", result.summary)
                    });
                }
            }
            (Some(ExecutionStatus::Succeeded { .. }), Some(arn)) if !self.is_overdue(run, &arn) => {
                self.broke(TRUE, || {
                    format!("the approval is rejected, and {arn} has succeeded: {}", result.summary)
                });
            }
            (_, arn) if is_old => self.broke(TRUE, || {
                format!("{arn:?} had failed before the approval was asked for again")
            }),
            _ => {}
        }
    }

    /// Whether somebody redrove an execution by hand so late that this invocation could not know: answers lag.
    fn is_by_hand(&self, execution: &Execution) -> bool {
        let began = self.invocation().map(|invocation| invocation.began);
        execution.by_hand && began.is_some_and(|began| execution.put_to_work() + Duration::from_secs(60) > began)
    }

    pub(crate) fn approval_was_asked(&mut self, run: Id) {
        let again = matches!(self.run_before(run), Before::Approval(_));
        self.figures
            .count(if again { "wait: asked again" } else { "wait: asked" });
    }

    pub(crate) fn approval_is_over(&mut self, run: Id) {
        let status = self.pipelines.runs[run].status;
        let by = if self.current.is_some() {
            "by the function"
        } else {
            "by somebody else"
        };
        self.figures.count(&format!("wait: {status:?} {by}"));
    }
}
