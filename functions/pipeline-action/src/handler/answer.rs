//! The one answer that a job gets.

use std::sync::{Mutex, PoisonError};

use shared::metrics::Metrics;
use shared::ports::code_pipeline::{
    FailureType, JobFailure, JobSuccess, PutJobFailureResult as _, PutJobSuccessResult as _,
};
use shared::ports::{CallError, CallErrorKind};

use super::{HandlerError, Outcome, PipelineAction, Report};
use crate::plan::Answer;
use crate::world::World;

impl<W: World> PipelineAction<W> {
    /// Answers a job, and reports what came of it.
    pub(super) async fn answer(
        &self,
        job_id: &str,
        execution: Option<String>,
        answer: Answer,
        metrics: &Mutex<Metrics>,
    ) -> Result<Report, HandlerError> {
        let (outcome, failure) = match self.put(job_id, answer).await {
            Ok(put) => put,
            Err(error) => {
                return Err(HandlerError::Unanswered {
                    job_id: job_id.to_owned(),
                    error,
                });
            }
        };
        let mut metrics = metrics.lock().unwrap_or_else(PoisonError::into_inner);
        match (&outcome, &failure) {
            (Outcome::Succeeded, _) => metrics.count("JobsSucceeded"),
            (Outcome::Failed, Some(failure)) => {
                metrics.count("JobsFailed");
                metrics.by("FailureType", failure.kind.as_str());
            }
            _ => {}
        }
        let failure_type = failure.as_ref().map(|failure| failure.kind.as_str());
        tracing::info!(
            job.id = job_id,
            execution.arn = execution.as_deref(),
            outcome = ?outcome,
            "failure.type" = failure_type,
            "failure.message" = failure.as_ref().map(|failure| failure.message.as_str()),
            "job answered"
        );
        Ok(Report {
            outcome,
            job_id: Some(job_id.to_owned()),
            executions: execution.into_iter().collect(),
            failure_type,
            approvals: Vec::new(),
        })
    }

    /// Puts the answer. One that CodePipeline refuses for its form is replaced by a failure that says so: the job is
    /// not consumed by it.
    async fn put(&self, job_id: &str, answer: Answer) -> Result<(Outcome, Option<JobFailure>), CallError> {
        let success = match answer {
            Answer::Continue(token) => JobSuccess::Continue {
                continuation_token: token.encode(),
            },
            Answer::Succeed(output_variables) => JobSuccess::Done { output_variables },
            Answer::Fail(failure) => return self.put_failure(job_id, failure).await,
        };
        let outcome = match &success {
            JobSuccess::Continue { .. } => Outcome::Continued,
            JobSuccess::Done { .. } => Outcome::Succeeded,
        };
        let put = self.world.pipelines().put_job_success_result(job_id, &success).await;
        match settled(put, outcome) {
            Ok(outcome) => Ok((outcome, None)),
            Err(error) if error.kind == CallErrorKind::Invalid => {
                let message = format!("CodePipeline refused the answer to this job: {error}");
                match Answer::fail(FailureType::ConfigurationError, message) {
                    Answer::Fail(failure) => self.put_failure(job_id, failure).await,
                    Answer::Continue(_) | Answer::Succeed(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn put_failure(&self, job_id: &str, failure: JobFailure) -> Result<(Outcome, Option<JobFailure>), CallError> {
        let put = self.world.pipelines().put_job_failure_result(job_id, &failure).await;
        let outcome = settled(put, Outcome::Failed)?;
        Ok((outcome, Some(failure)))
    }
}

/// What came of an answer. A job that was answered otherwise before, and one that is unknown, need no other call.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html>
fn settled(put: Result<(), CallError>, outcome: Outcome) -> Result<Outcome, CallError> {
    match put {
        Ok(()) => Ok(outcome),
        Err(error) if error.kind == CallErrorKind::Conflict => Ok(Outcome::AnsweredBefore),
        Err(error) if error.kind == CallErrorKind::NotFound => Ok(Outcome::UnknownJob),
        Err(error) => Err(error),
    }
}
