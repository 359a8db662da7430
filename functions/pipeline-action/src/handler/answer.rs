//! The one answer that a job gets.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::deadline::Deadline;
use shared::metrics::Metrics;
use shared::ports::code_pipeline::{
    FailureType, JobFailure, JobSuccess, PutJobFailureResult as _, PutJobSuccessResult as _,
};
use shared::ports::step_functions::StopExecution as _;
use shared::ports::{CallError, CallErrorKind};
use shared::time::{Clock, Timestamp};

use super::function::PipelineAction;
use crate::error::HandlerError;
use crate::event::Job;
use crate::plan::{Answer, NOT_HANDED_OVER, Orphan};
use crate::ports::Ports;
use crate::report::{Outcome, Report};
use crate::token::Token;

/// The first and the longest pause before a call that must succeed is made again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

impl<P: Ports> PipelineAction<P> {
    /// Answers a job by `end`, and reports what came of it.
    pub(super) async fn answer(
        &self,
        job_id: &str,
        execution: Option<String>,
        answer: Answer,
        metrics: &Mutex<Metrics>,
        end: Timestamp,
    ) -> Result<Report, HandlerError> {
        let (outcome, failure) = match self.put(job_id, answer, end).await {
            Ok(put) => put,
            Err(error) => {
                return Err(HandlerError::Unanswered {
                    job_id: job_id.to_owned(),
                    execution,
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
            ..Report::of(outcome)
        })
    }

    /// Puts the answer. If CodePipeline refuses its form, the job still has no answer: then a failure that says so is
    /// put instead.
    pub(super) async fn put(
        &self,
        job_id: &str,
        answer: Answer,
        end: Timestamp,
    ) -> Result<(Outcome, Option<JobFailure>), CallError> {
        let success = match answer {
            Answer::Continue(token) => JobSuccess::Continue {
                continuation_token: token.encode(),
            },
            Answer::Succeed(output_variables) => JobSuccess::Done { output_variables },
            Answer::Fail(failure) => return self.put_failure(job_id, failure, end).await,
        };
        let outcome = match &success {
            JobSuccess::Continue { .. } => Outcome::Continued,
            JobSuccess::Done { .. } => Outcome::Succeeded,
        };
        let success = &success;
        let put = || async move {
            let put = self.ports.pipelines().put_job_success_result(job_id, success).await;
            settled(put, outcome)
        };
        match insist(self.ports.clock(), "PutJobSuccessResult", put, end).await {
            Ok(outcome) => Ok((outcome, None)),
            Err(error) if error.kind == CallErrorKind::Invalid => {
                let message = format!("CodePipeline refused the answer to this job: {error}");
                match Answer::fail(FailureType::ConfigurationError, message) {
                    Answer::Fail(failure) => self.put_failure(job_id, failure, end).await,
                    Answer::Continue(_) | Answer::Succeed(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn put_failure(
        &self,
        job_id: &str,
        failure: JobFailure,
        end: Timestamp,
    ) -> Result<(Outcome, Option<JobFailure>), CallError> {
        let put = || {
            let failure = &failure;
            async move {
                let put = self.ports.pipelines().put_job_failure_result(job_id, failure).await;
                settled(put, Outcome::Failed)
            }
        };
        let outcome = insist(self.ports.clock(), "PutJobFailureResult", put, end).await?;
        Ok((outcome, Some(failure)))
    }

    /// Stops an execution that this call started or redrove, if the job had another answer before: then nobody follows
    /// it.
    ///
    /// It is not stopped if that answer let the action go on: then the action's next job finds it by its name.
    /// CodePipeline does not say what the answer was. But it accepts the same answer again, so the possible answers are
    /// tried.
    pub(super) async fn stop_orphan(
        &self,
        job: &Job,
        execution: &str,
        tokens: [Token; 4],
        end: Timestamp,
    ) -> Result<(), HandlerError> {
        let failed = |error: CallError| HandlerError::NotStopped(format!("{execution}: {error}"));
        let job_id = &job.id;
        for token in tokens {
            let (outcome, _) = self.put(job_id, Answer::go_on(token), end).await.map_err(failed)?;
            if outcome == Outcome::Continued {
                return Ok(());
            }
        }
        match self.look_for_its_keeper(job, execution, end).await? {
            Orphan::Leave => return Ok(()),
            Orphan::Unclear => {
                return Err(HandlerError::NotStopped(format!(
                    "{execution}: job {job_id} had another answer, and a run of its action may go on with it"
                )));
            }
            Orphan::Stop => {}
        }
        let cause = &format!("job {job_id} had been answered before: nobody waits for this execution");
        let stop = || async move {
            match self
                .ports
                .states()
                .stop_execution(execution, NOT_HANDED_OVER, cause)
                .await
            {
                // It has ended by itself meanwhile.
                Err(error) if error.kind == CallErrorKind::NotFound => Ok(()),
                stopped => stopped,
            }
        };
        insist(self.ports.clock(), "StopExecution", stop, end)
            .await
            .map_err(failed)?;
        tracing::warn!(
            job.id = job_id,
            execution.arn = execution,
            "the job had been answered before: its execution was stopped"
        );
        Ok(())
    }
}

/// Makes a call again and again until it succeeds, its form is refused, or `end` has come. All other errors may go
/// away: somebody corrects a policy, or a throttle ends.
async fn insist<T, F: Future<Output = Result<T, CallError>> + Send>(
    clock: &impl Clock,
    operation: &'static str,
    call: impl Fn() -> F,
    end: Timestamp,
) -> Result<T, CallError> {
    let deadline = Deadline::new(clock, Some(end));
    let (mut pause, longest) = PAUSES;
    loop {
        let error = match deadline.within(operation, call()).await {
            Err(error) if error.kind != CallErrorKind::Invalid => error,
            done => return done,
        };
        if clock.now() + pause >= end {
            return Err(error);
        }
        tracing::warn!(operation, reason = %error, "the call is made again");
        clock.sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// What came of an answer. If the job had another answer before, or is unknown, no further call is needed.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html>
fn settled(put: Result<(), CallError>, outcome: Outcome) -> Result<Outcome, CallError> {
    match put {
        Ok(()) => Ok(outcome),
        Err(error) if error.is("InvalidJobStateException") => Ok(Outcome::AnsweredBefore),
        Err(error) if error.is("JobNotFoundException") => Ok(Outcome::UnknownJob),
        Err(error) => Err(error),
    }
}
