//! What has to hold, whatever happens: checked with every effect, every answer and every end of an invocation.

mod answers;
mod rest;
mod starts;

use std::time::Duration;

use pipeline_action::user_parameters::MAX_TIMEOUT_MINUTES;
use serde_json::{Value, json};
use shared::time::Timestamp;

use crate::account::Account;
use crate::happening::About;
use crate::kept::pipelines::{JobState, LISTED_WITHIN};
use crate::kept::words::Id;
use crate::lambda::Answered;
use crate::marked::MARKED;
use crate::scenario::Subject;
use crate::violation::Violation;

/// How long an action may wait for its execution, less what it takes to answer.
const LONGEST_ACTION: Duration = Duration::from_secs(MAX_TIMEOUT_MINUTES * 60);
/// The most that a process may print of what it remembers, in bytes.
const MOST_MEMORY: usize = 64 * 1024;
/// The most calls of one invocation but answers to a job: of a poll, and of anything else that turns pages.
const MOST_OF_A_POLL: u32 = 40;
const MOST_CALLS: u32 = 400;
/// The most answers to a job that are tried in one invocation.
const MOST_ANSWERS: u32 = 100;

impl Account {
    /// A rule was broken; the first one counts.
    pub(crate) fn broke(&mut self, rule: &'static str, what: impl FnOnce() -> String) {
        if self.violation.is_none() {
            let what = what();
            self.tell(|| format!("BROKEN: {rule}: {what}"));
            self.violation = Some(Violation { rule, what });
        }
    }

    /// A call is made.
    pub(crate) fn was_called(&mut self, operation: &'static str) {
        self.figures.count(&format!("calls of {operation}"));
        let Some(number) = self.current else { return };
        let calls = &mut self.invocations[number].calls;
        match calls.iter_mut().find(|(known, _)| *known == operation) {
            Some((_, times)) => *times += 1,
            None => calls.push((operation, 1)),
        }
        let is_answer = |operation: &str| operation.starts_with("PutJob");
        let sum = |answers: bool| {
            calls
                .iter()
                .filter(|(name, _)| is_answer(name) == answers)
                .map(|(_, times)| times)
                .sum::<u32>()
        };
        let (answers, others) = (sum(true), sum(false));
        let bound = match self.invocations[number].about {
            About::Job { follows: true, .. } => MOST_OF_A_POLL,
            _ => MOST_CALLS,
        };
        if others > bound || answers > MOST_ANSWERS {
            self.broke("an invocation makes a bounded number of calls", || {
                format!("invocation #{number} has made {others} calls and tried {answers} answers")
            });
        }
    }

    /// Something is shown to people or written down.
    pub(crate) fn is_shown(&mut self, place: &str, text: &str) {
        if let Some(marked) = MARKED.iter().find(|marked| text.contains(**marked)) {
            self.broke("secrets and inputs are never shown", || {
                format!("{place} shows {marked}: {text}")
            });
        }
    }

    /// An invocation has ended by itself.
    pub(crate) fn invocation_ended(&mut self, number: usize, answered: &Answered) {
        self.current = Some(number);
        self.tell(|| format!("ends: {}", answered.shown));
        for outcome in &answered.outcomes {
            self.figures.count(&format!("outcome: {outcome}"));
        }
        self.invocations[number].outcome = Some(answered.ended);
        self.is_shown("what an invocation ended with", &answered.shown);
        self.looks_name(&answered.shown);
        self.leaves_no_orphan(number);
        let (about, faults) = (self.invocations[number].about, self.invocations[number].faults);
        if let About::Job { job, .. } = about
            && faults == 0
            && self.pipelines.jobs[job].state == JobState::Open
        {
            self.broke("a job that could be answered is answered", || {
                format!(
                    "invocation #{number} met no fault, and job {job} has no answer: {}",
                    answered.shown
                )
            });
        }
        if about == About::Request {
            self.request_was_answered(number, answered);
        }
        self.current = None;
    }

    /// What a look says that nobody follows: no run that waits for it.
    fn looks_name(&mut self, shown: &str) {
        let report: Value = serde_json::from_str(shown).unwrap_or_default();
        for arn in report["unfollowed"].as_array().into_iter().flatten() {
            let arn = arn.as_str().unwrap_or_default();
            let began = self.invocation().map(|invocation| invocation.began).unwrap_or_default();
            match self.waited_for(arn) {
                Some((run, since))
                    if since <= began && self.pipelines.runs[run].started_at + LISTED_WITHIN <= began =>
                {
                    self.broke("a look names only what nobody follows", || {
                        format!("run {run} waits for {arn}")
                    });
                }
                Some(_) => {}
                None => drop(self.named_by_looks.insert(arn.to_owned())),
            }
        }
    }

    /// Lambda has to end an invocation that should have ended by itself.
    pub(crate) fn passed_its_deadline(&mut self, number: usize) {
        self.figures.count("deadlines passed");
        // A process that was frozen could not have ended.
        let (began, function) = (self.invocations[number].began, self.invocations[number].function);
        let is_frozen = self.invocations[number].frozen;
        if !is_frozen {
            self.broke("a function ends before its deadline", || {
                format!(
                    "invocation #{number} of {} began at {} and goes on",
                    function.name(),
                    began.as_millis()
                )
            });
        }
    }

    /// The request of a state machine.
    pub(crate) fn request(&mut self) -> Value {
        let mut parameters = json!({
            "a": "/sim/a",
            "b": {"name": "/sim/b", "as": "string"},
            "tree": {"path": "/sim/tree/", "recursive": true},
        });
        match self.tape.choose(4) {
            1 => parameters["secret"] = json!("/sim/secret"),
            2 => parameters["missing"] = json!("/sim/nothing"),
            3 => parameters["missing"] = json!({"name": "/sim/nothing", "default": "none"}),
            _ => {}
        }
        json!({"parameters": parameters})
    }

    fn request_was_answered(&mut self, number: usize, answered: &Answered) {
        let Some(value) = &answered.value else {
            let known = [
                "ParameterStoreUnavailable",
                "ParameterAccessDenied",
                "ParameterNotFound",
                "SecureParameterRefused",
            ];
            if !known.iter().any(|name| answered.shown.starts_with(name)) {
                self.broke("a request is answered, or refused by name", || answered.shown.clone());
            }
            return;
        };
        let was = |name: &str, found: &Value| {
            let values = self.parameters.values(name);
            found
                .as_str()
                .is_some_and(|found| values.iter().any(|value| value == found))
        };
        let right = was("/sim/a", &value["a"])
            && was("/sim/b", &value["b"])
            && ["one", "two", "three"]
                .iter()
                .all(|name| was(&format!("/sim/tree/{name}"), &value["tree"][name]));
        if !right {
            self.broke("parameters are answered as they were", || {
                format!("invocation #{number} answers {value}")
            });
        }
    }

    /// The run of an action or approval that waits for an execution, and since when it does.
    pub(crate) fn waited_for(&self, arn: &str) -> Option<(Id, Timestamp)> {
        (0..self.pipelines.runs.len()).rev().find_map(|id| {
            let run = &self.pipelines.runs[id];
            if !run.is_live() {
                return None;
            }
            if let Some((_, since)) = run.about.iter().rev().find(|(known, _)| known == arn) {
                return Some((id, *since));
            }
            let carried = self.pipelines.is_approval(id) && self.carrier(id).as_deref() == Some(arn);
            carried.then_some((id, run.started_at))
        })
    }

    /// The execution that a run of the approval waits for, or goes on with.
    pub(crate) fn carrier(&self, run: Id) -> Option<String> {
        let record = &self.pipelines.runs[run];
        if let Some((arn, _)) = record.about.last() {
            return Some(arn.clone());
        }
        match self.run_before(run) {
            Before::Approval(before) if self.scenario.redrives => self.carrier(before),
            Before::Approval(_) | Before::Nothing => None,
            Before::Action(action) => self.pipelines.runs[action].variables.get("ExecutionArn").cloned(),
        }
    }

    /// What a run of the approval follows: the action, or an earlier run of itself.
    pub(crate) fn run_before(&self, run: Id) -> Before {
        let execution = self.pipelines.runs[run].execution;
        let before = (0..run)
            .rev()
            .find(|id| self.pipelines.runs[*id].execution == execution);
        match before {
            Some(id) if self.pipelines.is_approval(id) => Before::Approval(id),
            Some(id) => Before::Action(id),
            None => Before::Nothing,
        }
    }

    /// Whether an execution has taken longer than a run may wait for it.
    pub(crate) fn is_overdue(&self, run: Id, arn: &str) -> bool {
        let Some(execution) = self.states.get(arn) else {
            return false;
        };
        let is_first = matches!(self.run_before(run), Before::Action(_)) && self.pipelines.is_approval(run);
        let began = if is_first {
            execution.put_to_work()
        } else {
            self.pipelines.runs[run].started_at
        };
        let is_over = |since: Timestamp, patience: Duration| self.now.since(since) + Duration::from_secs(5) >= patience;
        // CodePipeline fails an action after a day, however late its execution began.
        let day_is_over =
            !self.scenario.waits_by_event() && is_over(self.pipelines.runs[run].started_at, LONGEST_ACTION);
        day_is_over || is_over(execution.put_to_work().max(began), self.scenario.patience())
    }

    pub(crate) const fn is_about_images(&self) -> bool {
        matches!(self.scenario.subject, Subject::Images)
    }

    /// The remembered state of the processes is bounded.
    pub(crate) fn remembers(&mut self, bytes: usize) {
        if bytes > MOST_MEMORY {
            self.broke("a process remembers little", || format!("{bytes} bytes"));
        }
    }
}

/// What a run of the approval follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Action(Id),
    Approval(Id),
    Nothing,
}
