//! CodePipeline's side of its jobs, with its rules: one answer a job, the same one again is accepted, and what does not
//! have the right form is refused without consuming the job.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clock::ManualClock;
use crate::ports::code_pipeline::{
    ActionExecution, ActionExecutionPage, ActionState, ActionStatus, ApprovalRequest, ApprovalResult, GetPipelineState,
    JobFailure, JobSuccess, ListActionExecutions, MAX_APPROVAL_SUMMARY, PutApprovalResult, PutJobFailureResult,
    PutJobSuccessResult,
};
use crate::ports::{CallError, CallErrorKind};
use crate::time::Clock as _;

/// An answer that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// PutJobSuccessResult.
    Success(JobSuccess),
    /// PutJobFailureResult.
    Failure(JobFailure),
}

/// Jobs, the actions that ran, and the approvals that are waited for.
#[derive(Debug, Default)]
pub struct CodePipeline {
    clock: ManualClock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<String, Option<Put>>,
    /// Pipeline, stage and action of the actions that no run need show.
    declared: Vec<(String, String, String)>,
    actions: Vec<Ran>,
    approvals: Vec<(ApprovalRequest, ApprovalResult)>,
}

#[derive(Debug)]
struct Ran {
    pipeline: String,
    pipeline_execution_id: String,
    run: ActionExecution,
    /// The token of an approval, for as long as it is waited for.
    token: Option<String>,
}

impl CodePipeline {
    /// Without jobs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Without jobs, by this clock.
    #[must_use]
    pub fn by(clock: &ManualClock) -> Self {
        Self {
            clock: clock.clone(),
            ..Self::default()
        }
    }

    /// Declares an action of a pipeline, whether or not it runs.
    pub fn declare(&self, pipeline: &str, stage: &str, action: &str) {
        self.state()
            .declared
            .push((pipeline.to_owned(), stage.to_owned(), action.to_owned()));
    }

    /// Asks for an approval: the run of the action gets a token that is as good as its id.
    pub fn ask(&self, pipeline: &str, pipeline_execution_id: &str, action: ActionExecution) {
        let token = Some(token_of(&action.id));
        self.add(pipeline, pipeline_execution_id, action, token);
    }

    /// Changes a run of an action. One that is over waits for no approval.
    pub fn change(&self, action_execution_id: &str, change: impl FnOnce(&mut ActionExecution)) {
        let now = self.clock.now();
        let mut state = self.state();
        if let Some(ran) = state.actions.iter_mut().find(|ran| ran.run.id == action_execution_id) {
            ran.run.updated_at = now;
            change(&mut ran.run);
            if ran.run.status != ActionStatus::InProgress {
                ran.token = None;
            }
        }
    }

    /// A run of an action.
    #[must_use]
    pub fn action(&self, action_execution_id: &str) -> Option<ActionExecution> {
        let state = self.state();
        let ran = state.actions.iter().find(|ran| ran.run.id == action_execution_id)?;
        Some(ran.run.clone())
    }

    /// The answers to approvals, as they were accepted.
    #[must_use]
    pub fn approvals(&self) -> Vec<(ApprovalRequest, ApprovalResult)> {
        self.state().approvals.clone()
    }

    fn add(&self, pipeline: &str, pipeline_execution_id: &str, run: ActionExecution, token: Option<String>) {
        self.state().actions.push(Ran {
            pipeline: pipeline.to_owned(),
            pipeline_execution_id: pipeline_execution_id.to_owned(),
            run,
            token,
        });
    }

    /// Hands out a job.
    pub fn open(&self, job_id: &str) {
        self.state().jobs.entry(job_id.to_owned()).or_default();
    }

    /// The answer that a job got.
    #[must_use]
    pub fn answer(&self, job_id: &str) -> Option<Put> {
        self.state().jobs.get(job_id)?.clone()
    }

    /// Remembers that an action ran, for ListActionExecutions.
    pub fn ran(&self, pipeline: &str, pipeline_execution_id: &str, action: ActionExecution) {
        self.add(pipeline, pipeline_execution_id, action, None);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, operation: &'static str, job_id: &str, put: Put) -> Result<(), CallError> {
        let refused = |kind, code: &str, message: &str| Err(CallError::new(operation, kind, message).with_code(code));
        if let Some(reason) = ill_formed(&put) {
            return refused(CallErrorKind::Invalid, "ValidationException", reason);
        }
        let mut state = self.state();
        let Some(answer) = state.jobs.get_mut(job_id) else {
            let message = format!("Job {job_id} not found.");
            return refused(CallErrorKind::NotFound, "JobNotFoundException", &message);
        };
        match answer {
            None => *answer = Some(put),
            Some(before) if *before == put => {}
            Some(_) => {
                return refused(
                    CallErrorKind::Conflict,
                    "InvalidJobStateException",
                    "The job is already completed",
                );
            }
        }
        Ok(())
    }
}

/// What is wrong with an answer's form.
fn ill_formed(put: &Put) -> Option<&'static str> {
    let units = |text: &str| text.encode_utf16().count();
    match put {
        Put::Success(JobSuccess::Continue { continuation_token }) => {
            (!(1..=2_048).contains(&units(continuation_token))).then_some("continuationToken has 1 to 2048 characters")
        }
        Put::Success(JobSuccess::Done { output_variables }) => {
            let is_name = |name: &String| {
                !name.is_empty()
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"@-_".contains(&byte))
            };
            (!output_variables.keys().all(is_name)).then_some("an output variable's name is ill-formed")
        }
        Put::Failure(failure) => {
            (!(1..=5_000).contains(&units(&failure.message))).then_some("message has 1 to 5000 characters")
        }
    }
}

impl PutJobSuccessResult for CodePipeline {
    async fn put_job_success_result(&self, job_id: &str, success: &JobSuccess) -> Result<(), CallError> {
        self.put("PutJobSuccessResult", job_id, Put::Success(success.clone()))
    }
}

impl PutJobFailureResult for CodePipeline {
    async fn put_job_failure_result(&self, job_id: &str, failure: &JobFailure) -> Result<(), CallError> {
        self.put("PutJobFailureResult", job_id, Put::Failure(failure.clone()))
    }
}

impl ListActionExecutions for CodePipeline {
    /// One action a page, the last one first.
    async fn list_action_executions(
        &self,
        pipeline: &str,
        pipeline_execution_id: &str,
        next_token: Option<&str>,
    ) -> Result<ActionExecutionPage, CallError> {
        let state = self.state();
        let matching: Vec<&ActionExecution> = state
            .actions
            .iter()
            .rev()
            .filter(|ran| ran.pipeline == pipeline && ran.pipeline_execution_id == pipeline_execution_id)
            .map(|ran| &ran.run)
            .collect();
        let at: usize = next_token.and_then(|token| token.parse().ok()).unwrap_or_default();
        Ok(ActionExecutionPage {
            executions: matching.get(at).map(|action| (*action).clone()).into_iter().collect(),
            next_token: (at + 1 < matching.len()).then(|| (at + 1).to_string()),
        })
    }
}

/// The token of the approval that a run of an action asks for.
fn token_of(action_execution_id: &str) -> String {
    format!("token-{action_execution_id}")
}

impl GetPipelineState for CodePipeline {
    async fn get_pipeline_state(&self, pipeline: &str) -> Result<Vec<ActionState>, CallError> {
        let state = self.state();
        let mut actions: Vec<ActionState> = Vec::new();
        let declared = state.declared.iter().filter(|(name, ..)| name == pipeline);
        actions.extend(declared.map(|(_, stage, action)| ActionState {
            stage: stage.clone(),
            action: action.clone(),
            ..ActionState::default()
        }));
        for ran in state.actions.iter().filter(|ran| ran.pipeline == pipeline) {
            let last = ActionState {
                stage: ran.run.stage.clone(),
                action: ran.run.action.clone(),
                pipeline_execution_id: Some(ran.pipeline_execution_id.clone()),
                action_execution_id: Some(ran.run.id.clone()),
                token: ran.token.clone(),
            };
            let same = |known: &ActionState| known.stage == last.stage && known.action == last.action;
            actions.retain(|known| !same(known));
            actions.push(last);
        }
        if actions.is_empty() {
            let message = format!("Account does not have a pipeline with name '{pipeline}'");
            let error = CallError::new("GetPipelineState", CallErrorKind::NotFound, message);
            return Err(error.with_code("PipelineNotFoundException"));
        }
        Ok(actions)
    }
}

impl PutApprovalResult for CodePipeline {
    async fn put_approval_result(&self, approval: &ApprovalRequest, result: &ApprovalResult) -> Result<(), CallError> {
        let refused = |kind, code: &str| {
            let error = CallError::new("PutApprovalResult", kind, format!("{code}: as AWS has it"));
            Err(error.with_code(code))
        };
        if result.summary.encode_utf16().count() > MAX_APPROVAL_SUMMARY {
            return refused(CallErrorKind::Invalid, "ValidationException");
        }
        let now = self.clock.now();
        let mut state = self.state();
        let found = state.actions.iter_mut().rev().find(|ran| {
            ran.pipeline == approval.pipeline && ran.run.stage == approval.stage && ran.run.action == approval.action
        });
        let Some(ran) = found else {
            return refused(CallErrorKind::NotFound, "ActionNotFoundException");
        };
        if token_of(&ran.run.id) != approval.token {
            return refused(CallErrorKind::Conflict, "InvalidApprovalTokenException");
        }
        if ran.token.take().is_none() {
            return refused(CallErrorKind::Conflict, "ApprovalAlreadyCompletedException");
        }
        ran.run.status = if result.approved {
            ActionStatus::Succeeded
        } else {
            ActionStatus::Failed
        };
        ran.run.updated_at = now;
        state.approvals.push((approval.clone(), result.clone()));
        Ok(())
    }
}
