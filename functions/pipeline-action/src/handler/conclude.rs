//! The end of an action: the output is written, or the failure explained.

use std::time::Duration;

use shared::metrics::Unit;
use shared::ports::CallErrorKind;
use shared::ports::artifacts::PutObject;
use shared::ports::code_pipeline::FailureType;
use shared::ports::step_functions::{Execution, Failure, StartSyncExecution as _};
use shared::state_machine::StateMachineArn;
use shared::time::{Clock as _, Timestamp};

use super::function::{Call, PipelineAction};
use super::history::{Told, history};
use crate::artifact::{ArtifactError, write_output};
use crate::event::Job;
use crate::failure::{Ending, Story};
use crate::plan::{self, Answer, Assignment, Next};
use crate::ports::Ports;
use crate::user_parameters::OnRetry;

/// How an execution ended that did not succeed.
pub(super) struct End {
    pub(super) ending: Ending,
    pub(super) failure: Failure,
    pub(super) ran: Option<Duration>,
    pub(super) ended: Option<Timestamp>,
}

impl<P: Ports> PipelineAction<P> {
    /// An execution succeeded: its output becomes variables and, where the action declares one, an artifact.
    pub(super) async fn conclude(
        &self,
        call: &Call<'_>,
        assignment: &Assignment,
        execution: &str,
        output: &str,
        ended: Option<Timestamp>,
    ) -> Answer {
        let machine = StateMachineArn::of_execution(execution)
            .map(|arn| arn.to_string())
            .unwrap_or_default();
        let variables = match plan::output_variables(&assignment.parameters, &machine, execution, output) {
            Ok(variables) => variables,
            Err(answer) => return answer,
        };
        if let Err(error) = put_output(self.ports.artifacts(), call.job, output).await {
            return plan::artifact_failed(
                &assignment.token,
                "The execution succeeded, but its output could not be written",
                &error,
            );
        }
        self.measure_delay(call, ended);
        Answer::Succeed(variables)
    }

    /// An execution did not succeed: its history tells which state is to blame.
    pub(super) async fn explain(&self, call: &Call<'_>, assignment: &Assignment, execution: &str, end: End) -> Answer {
        let told = history(self.ports.states(), Some(&call.job.id), execution, end.ending).await;
        if told.is_unread
            && let Some(answer) = plan::read_again(&assignment.token)
        {
            return answer;
        }
        // DescribeExecution knows no error of an execution that took too long: its history does.
        let unknown = end.failure == Failure::default();
        let failure = if unknown {
            told.last.clone().unwrap_or_default()
        } else {
            end.failure.clone()
        };
        self.tell(
            call,
            execution,
            &told,
            &End { failure, ..end },
            assignment.parameters.on_retry,
        )
    }

    fn tell(&self, call: &Call<'_>, execution: &str, told: &Told, end: &End, on_retry: OnRetry) -> Answer {
        let End {
            ending,
            failure,
            ran,
            ended,
        } = end;
        let story = Story {
            execution_arn: execution,
            ending: *ending,
            failure,
            culprit: told.culprit.as_ref(),
            ran: *ran,
            destination: told.destination.as_ref(),
            on_retry,
        };
        self.measure_delay(call, *ended);
        Answer::fail(FailureType::JobFailed, story.tell())
    }

    /// Runs an Express execution and waits for it within the call. Starting it is not idempotent: if it may have been
    /// started, the function does not start it again.
    pub(super) async fn run_express(
        &self,
        call: &Call<'_>,
        assignment: &Assignment,
        machine: &StateMachineArn,
        input: &str,
    ) -> Result<Answer, Answer> {
        if assignment.parameters.on_retry == OnRetry::Redrive {
            tracing::warn!(
                job.id = call.job.id,
                "AWS redrives no Express execution: a new one is started"
            );
        }
        call.watch.waits_for_express();
        let name = assignment.execution_name();
        let run = self
            .ports
            .states()
            .start_sync_execution(&machine.to_string(), &name, input)
            .await;
        let run = run.map_err(|error| match error.kind {
            CallErrorKind::Unavailable => Answer::fail(
                FailureType::SystemUnavailable,
                format!("Whether the Express execution ran is not known, and it is not run again by itself: {error}"),
            ),
            _ => plan::call_failed(&assignment.token, &error),
        })?;
        call.watch.express_ended(&run.execution_arn);
        call.measure(|metrics| metrics.count("ExecutionsStarted"));
        let arn = run.execution_arn.clone();
        let execution = Execution {
            execution_arn: run.execution_arn,
            status: run.status,
            started_at: run.started_at,
            stopped_at: Some(run.stopped_at),
            redriven_at: None,
            input: None,
        };
        Ok(self
            .conclude_express(call, assignment, &arn, plan::end_of(execution))
            .await)
    }

    /// The answer after an Express execution has ended.
    async fn conclude_express(&self, call: &Call<'_>, assignment: &Assignment, arn: &str, end: Option<Next>) -> Answer {
        match end {
            Some(Next::Conclude { output, ended }) => {
                match self.conclude(call, assignment, arn, &output, ended).await {
                    // There is nothing to follow: an Express execution cannot be looked at again.
                    Answer::Continue(_) => Answer::fail(
                        FailureType::SystemUnavailable,
                        format!("The execution {arn} succeeded, but S3 did not answer when its output was written."),
                    ),
                    answer => answer,
                }
            }
            Some(Next::Explain {
                ending,
                failure,
                ran,
                ended,
            }) => self.tell(
                call,
                arn,
                &Told::default(),
                &End {
                    ending,
                    failure,
                    ran,
                    ended,
                },
                OnRetry::Restart,
            ),
            Some(Next::Answer(_) | Next::GiveUp { .. }) | None => Answer::fail(
                FailureType::SystemUnavailable,
                format!("Step Functions did not say how {arn} ended."),
            ),
        }
    }

    fn measure_delay(&self, call: &Call<'_>, ended: Option<Timestamp>) {
        let Some(ended) = ended else { return };
        let delay = self.ports.clock().now().since(ended);
        // Milliseconds of at most days: exact in an f64.
        call.measure(|metrics| metrics.add("AnswerDelay", Unit::Milliseconds, delay.as_millis() as f64));
    }
}

/// Writes the output into every artifact that the action declares.
async fn put_output(artifacts: &impl PutObject, job: &Job, output: &str) -> Result<(), ArtifactError> {
    if job.output_artifacts.is_empty() {
        return Ok(());
    }
    let Some(credentials) = &job.credentials else {
        return Err(ArtifactError::NoCredentials);
    };
    let zip = write_output(output)?;
    let key = job.encryption_key.as_ref().map(|key| key.id.as_str());
    for artifact in &job.output_artifacts {
        artifacts
            .put_object(credentials, &artifact.location, zip.clone(), key)
            .await?;
    }
    Ok(())
}
