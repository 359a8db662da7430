//! The end of an action: the output is written, or the failure explained.

use std::time::Duration;

use shared::metrics::Unit;
use shared::ports::CallErrorKind;
use shared::ports::artifacts::PutObject as _;
use shared::ports::code_pipeline::FailureType;
use shared::ports::step_functions::{
    Execution, Failure, GetExecutionHistory as _, HistoryEvent, StartSyncExecution as _,
};
use shared::state_machine::StateMachineArn;
use shared::time::{Clock as _, Timestamp};

use super::{Call, PipelineAction};
use crate::artifact::{ArtifactError, write_output};
use crate::failure::{Culprit, Ending, Search, Story, search};
use crate::history::{Destination, Sight, destination};
use crate::plan::{self, Answer, Assignment, Next};
use crate::user_parameters::OnRetry;
use crate::world::World;

/// How many pages of a history are read to find the state that failed.
const MAX_PAGES: usize = 5;

/// How an execution ended that did not succeed.
pub(super) struct End {
    pub(super) ending: Ending,
    pub(super) failure: Failure,
    pub(super) ran: Option<Duration>,
    pub(super) ended: Option<Timestamp>,
}

/// What a history tells of the end of its execution.
#[derive(Default)]
pub(super) struct Told {
    /// The state to blame.
    pub(super) culprit: Option<Culprit>,
    /// The failure that the history ends with.
    pub(super) last: Option<Failure>,
    /// Where a redrive would lead.
    pub(super) destination: Option<Destination>,
    /// Whether it may tell more when it is read again: AWS did not answer, or lags.
    pub(super) is_unread: bool,
}

impl<W: World> PipelineAction<W> {
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
        if let Err(error) = self.write_output(call, output).await {
            return plan::artifact_failed(
                &assignment.token,
                "The execution succeeded, but its output could not be written",
                &error,
            );
        }
        self.measure_delay(call, ended);
        Answer::Succeed(variables)
    }

    async fn write_output(&self, call: &Call<'_>, output: &str) -> Result<(), ArtifactError> {
        if call.job.output_artifacts.is_empty() {
            return Ok(());
        }
        let Some(credentials) = &call.job.credentials else {
            return Err(ArtifactError::NoCredentials);
        };
        let zip = write_output(output)?;
        let key = call.job.encryption_key.as_ref().map(|key| key.id.as_str());
        for artifact in &call.job.output_artifacts {
            self.world
                .artifacts()
                .put_object(credentials, &artifact.location, zip.clone(), key)
                .await?;
        }
        Ok(())
    }

    /// An execution did not succeed: its history tells which state is to blame.
    pub(super) async fn explain(&self, call: &Call<'_>, assignment: &Assignment, execution: &str, end: End) -> Answer {
        let told = self.history(Some(&call.job.id), execution, end.ending).await;
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

    /// What the history tells of the end. The answer is given without it if need be.
    pub(super) async fn history(&self, job_id: Option<&str>, execution: &str, ending: Ending) -> Told {
        let mut events: Vec<HistoryEvent> = Vec::new();
        let mut next: Option<String> = None;
        let mut failed = false;
        for _ in 0..MAX_PAGES {
            match self
                .world
                .states()
                .get_execution_history(execution, next.as_deref())
                .await
            {
                Ok(page) => {
                    events.extend(page.events);
                    next = page.next_token;
                }
                Err(error) => {
                    tracing::warn!(job.id = job_id, execution.arn = execution, reason = %error, "history could not be read");
                    failed = error.is_transient();
                    break;
                }
            }
            if !matches!(search(&events), Search::NeedsEarlier) || next.is_none() {
                break;
            }
        }
        let sight = destination(&events);
        // AWS lags: this is the end that the execution had before it was redriven.
        let ends_otherwise = |end: &HistoryEvent| sight != Sight::NotEnded && end.kind != ending.event();
        if events.first().is_some_and(ends_otherwise) {
            return Told {
                is_unread: true,
                ..Told::default()
            };
        }
        let culprit = match search(&events) {
            Search::Found(culprit) => Some(culprit),
            Search::NeedsEarlier | Search::Nothing => None,
        };
        let lags = sight == Sight::NotEnded && !events.is_empty();
        Told {
            is_unread: culprit.is_none() && (failed || lags),
            last: events.first().and_then(|event| event.failure.clone()),
            culprit,
            destination: match sight {
                Sight::Known(destination) => Some(destination),
                Sight::NeedsEarlier | Sight::NotEnded => None,
            },
        }
    }

    /// An Express execution is waited for within the call. It is not idempotent: what may have been started is never
    /// started again by this function.
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
            .world
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
        Ok(match plan::end_of(execution) {
            Some(Next::Conclude { output, ended }) => {
                match self.conclude(call, assignment, &arn, &output, ended).await {
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
                &arn,
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
        })
    }

    fn measure_delay(&self, call: &Call<'_>, ended: Option<Timestamp>) {
        let Some(ended) = ended else { return };
        let delay = self.world.clock().now().since(ended);
        // Milliseconds of at most days: exact in an f64.
        call.measure(|metrics| metrics.add("AnswerDelay", Unit::Milliseconds, delay.as_millis() as f64));
    }
}
