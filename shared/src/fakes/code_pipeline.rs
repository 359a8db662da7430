//! CodePipeline's side of its jobs, with its rules: one answer a job, the same one again is accepted, and what does not
//! have the right form is refused without consuming the job.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ports::code_pipeline::{
    ActionExecution, ActionExecutionPage, JobFailure, JobSuccess, ListActionExecutions, PutJobFailureResult,
    PutJobSuccessResult,
};
use crate::ports::{CallError, CallErrorKind};

/// An answer that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// PutJobSuccessResult.
    Success(JobSuccess),
    /// PutJobFailureResult.
    Failure(JobFailure),
}

/// Jobs, and the actions that ran.
#[derive(Debug, Default)]
pub struct CodePipeline {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<String, Option<Put>>,
    actions: Vec<(String, String, ActionExecution)>,
}

impl CodePipeline {
    /// Without jobs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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
        self.state()
            .actions
            .push((pipeline.to_owned(), pipeline_execution_id.to_owned(), action));
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
            return refused(CallErrorKind::NotFound, "JobNotFoundException", "Job not found");
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
            .filter(|(name, id, _)| name == pipeline && id == pipeline_execution_id)
            .map(|(.., action)| action)
            .collect();
        let at: usize = next_token.and_then(|token| token.parse().ok()).unwrap_or_default();
        Ok(ActionExecutionPage {
            executions: matching.get(at).map(|action| (*action).clone()).into_iter().collect(),
            next_token: (at + 1 < matching.len()).then(|| (at + 1).to_string()),
        })
    }
}
