//! The shell: an event in, calls to AWS as [`crate::plan`] has it, an answer out.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::deadline::{in_time, of_answer, of_invocation};
use shared::json::Raw;
use shared::metrics::{MetricSink as _, Metrics};
use shared::place::Place;
use shared::ports::CallError;
use shared::ports::code_pipeline::FailureType;
use shared::ports::step_functions::StateMachineType;
use shared::time::{Clock as _, Timestamp};
use thiserror::Error;

mod abandoned;
mod answer;
mod approval;
mod begin;
mod conclude;
mod follow;
mod guard;
mod look;
mod resume;
mod runs;

use guard::Watch;

use crate::event::{Incoming, Job};
use crate::plan::{Answer, Assignment, handed_over};
use crate::settings::{Settings, SettingsError};
use crate::token::Token;
use crate::world::World;

/// The function.
#[derive(Debug)]
pub struct PipelineAction<W> {
    world: W,
    settings: Result<Settings, SettingsError>,
    region: Option<String>,
    /// The types of the state machines seen so far: a state machine never changes its type.
    types: Mutex<BTreeMap<String, StateMachineType>>,
}

/// What the function did: what Lambda is told, and a log line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What came of it.
    pub outcome: Outcome,
    /// The job that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The executions that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub executions: Vec<String>,
    /// What kind of failure the job was answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_type: Option<&'static str>,
    /// The approvals that were looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Settled>,
    /// The executions that run although no run of their action follows them: nobody will tell how they end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unfollowed: Vec<String>,
}

impl Report {
    /// Nothing but what came of it.
    const fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            job_id: None,
            executions: Vec::new(),
            failure_type: None,
            approvals: Vec::new(),
            unfollowed: Vec::new(),
        }
    }
}

/// An approval that was looked at, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// The approval: pipeline, stage and action.
    pub approval: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The execution that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// Why nothing was to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// What the function did with what it was called with: one event, or several at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Handled {
    /// One event.
    One(Report),
    /// An array of events, as a subscriber of EventBridge hands it on: a report for each.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-custom-bus-target-lambda.html>
    Each(Vec<Report>),
}

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The action goes on.
    Continued,
    /// The action has succeeded.
    Succeeded,
    /// The action has failed.
    Failed,
    /// The job had been answered otherwise before: this event was delivered twice, or came too late.
    AnsweredBefore,
    /// CodePipeline does not know the job: there is nobody to answer.
    UnknownJob,
    /// The executions of an abandoned action were stopped.
    Stopped,
    /// Nothing was to be done.
    Ignored,
    /// Approvals were looked at; each has its own outcome.
    Looked,
    /// Nothing is to be done yet, or any more.
    Waiting,
    /// The approval was approved: its execution has succeeded.
    Approved,
    /// The approval was rejected: its execution has not succeeded, or takes too long.
    Rejected,
    /// The stage was retried: the execution was redriven.
    Redriven,
    /// The stage was retried: a new execution was started.
    Restarted,
}

/// Why no answer could be given: Lambda calls again, and keeps the event when that does not help either.
#[derive(Debug, Error)]
pub enum HandlerError {
    /// The event is none that the function is for.
    #[error("{reason}: there is nobody to answer")]
    UnknownEvent {
        /// What is wrong with it.
        reason: String,
    },
    /// CodePipeline did not take the answer.
    #[error(
        "job `{job_id}` could not be answered: {error}. {}. To have it answered, call the function again with the same event",
        .execution.as_ref().map_or("No execution is known".to_owned(), |arn| format!("Its execution is {arn}"))
    )]
    Unanswered {
        /// The job.
        job_id: String,
        /// Its execution, as far as one is known.
        execution: Option<String>,
        /// Why.
        error: CallError,
    },
    /// A job had its answer, or none in time, and nobody follows the execution that it is about.
    #[error(
        "job `{job_id}` had its answer, or CodePipeline waits for none any more: {reason}. Execution {execution} may still be \
         running, and nobody follows it: stop it, or retry the stage"
    )]
    Unfollowed {
        /// The job.
        job_id: String,
        /// Its execution.
        execution: String,
        /// Why nobody does.
        reason: String,
    },
    /// The executions of an abandoned action, or of a job that had its answer, could not be found or stopped.
    #[error("an execution that nobody waits for could not be stopped: {0}")]
    NotStopped(String),
    /// Approvals could not be looked at or answered.
    #[error("not settled: {}", .0.join("; "))]
    NotSettled(Vec<String>),
    /// Some events of an array could not be handled; the others were.
    #[error("{} of {of} events could not be handled: {}", .failures.len(), .failures.join("; "))]
    Some {
        /// What became of each that could not, with its id.
        failures: Vec<String>,
        /// How many events there were.
        of: usize,
    },
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match error {
            HandlerError::UnknownEvent { .. } => "UnknownEvent",
            HandlerError::Unanswered { .. } => "Unanswered",
            HandlerError::Unfollowed { .. } => "Unfollowed",
            HandlerError::NotStopped(_) => "NotStopped",
            HandlerError::NotSettled(_) => "NotSettled",
            HandlerError::Some { .. } => "SomeEventsFailed",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// One call: what belongs to it and to no other.
struct Call<'a> {
    job: &'a Job,
    began: Timestamp,
    /// When its answer must be given at the latest.
    answer_by: Timestamp,
    place: Option<Place>,
    /// What is known so far, for the answer in case the work does not come to its end.
    watch: &'a Watch,
    metrics: &'a Mutex<Metrics>,
}

impl Call<'_> {
    fn measure(&self, measure: impl FnOnce(&mut Metrics)) {
        measure(&mut self.metrics.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl<W: World> PipelineAction<W> {
    /// The function, with its settings as they could be read: ill-formed ones fail the jobs that need them, by name.
    pub fn new(world: W, variable: impl Fn(&str) -> Option<String>) -> Self {
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        Self {
            world,
            settings: Settings::read(variable),
            region,
            types: Mutex::default(),
        }
    }

    /// What the function reaches.
    pub const fn world(&self) -> &W {
        &self.world
    }

    /// Handles an event as [`handle`](Self::handle) does. What is no text or no number in it counts as `false`, so that
    /// a job is answered by the name of the field, or without it where nobody uses it.
    ///
    /// # Errors
    /// [`HandlerError`] only when no answer could be given.
    pub async fn handle_text(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Handled, HandlerError> {
        let payload = Raw::of(&event.payload).read_around();
        self.handle(LambdaEvent::new(payload, event.context)).await
    }

    /// Handles an event, or each event of an array by itself.
    ///
    /// AWS documents no answer that names the events of an array that failed: a function error has all of them delivered
    /// again, which the others take for a duplicate. So are those for which no time is left.
    ///
    /// # Errors
    /// [`HandlerError`] only when no answer could be given.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Handled, HandlerError> {
        let end = of_invocation(event.context.deadline, self.world.clock().now());
        let Value::Array(events) = &event.payload else {
            return boxed(self.handle_one(&event.payload, &event.context, end))
                .await
                .map(Handled::One);
        };
        if events.is_empty() {
            let reason = "the event is an empty array".to_owned();
            return Err(HandlerError::UnknownEvent { reason });
        }
        let (mut reports, mut failures) = (Vec::new(), Vec::new());
        for (number, one) in (1..).zip(events) {
            let is_late = end.is_some_and(|end| self.world.clock().now() >= end);
            let handled = if is_late {
                Err("no time left".to_owned())
            } else {
                match guard::unwinding(boxed(self.handle_one(one, &event.context, end))).await {
                    Ok(handled) => handled.map_err(|error| error.to_string()),
                    Err(guard::Panicked) => Err("the function panicked, which its log says more of".to_owned()),
                }
            };
            match handled {
                Ok(report) => reports.push(report),
                Err(reason) => {
                    let id = one.get("id").and_then(Value::as_str).unwrap_or("without an id");
                    tracing::warn!(event.id = id, reason, "event not handled");
                    failures.push(format!("event {number} ({id}): {reason}"));
                }
            }
        }
        if failures.is_empty() {
            return Ok(Handled::Each(reports));
        }
        Err(HandlerError::Some {
            failures,
            of: events.len(),
        })
    }

    /// Handles one event by the end of the function's time: reads it, does what it asks, answers, and reports.
    async fn handle_one(
        &self,
        event: &Value,
        context: &Context,
        end: Option<Timestamp>,
    ) -> Result<Report, HandlerError> {
        let metrics = Mutex::new(Metrics::of(self.function_name()));
        let not_settled = || HandlerError::NotSettled(vec![guard::TIME_IS_OVER.to_owned()]);
        let result = match Incoming::read(event) {
            Incoming::Job(job) => self.do_job(&job, context, &metrics, end).await,
            Incoming::Malformed { job_id, reason } => {
                let message = format!("The event is malformed: {reason}");
                let answer = Answer::fail(FailureType::ConfigurationError, message);
                let end = of_answer(context.deadline, self.world.clock().now());
                self.answer(&job_id, None, answer, &metrics, end).await
            }
            Incoming::Abandoned(action) => {
                let not_stopped = || HandlerError::NotStopped(guard::TIME_IS_OVER.to_owned());
                let work = boxed(self.stop_abandoned(&action, context, &metrics));
                self.in_time(work, end, not_stopped).await
            }
            Incoming::Approval(changed) => {
                let work = boxed(self.approval_changed(&changed, context, &metrics));
                self.in_time(work, end, not_settled).await
            }
            Incoming::Ended(ended) => {
                let work = boxed(self.execution_ended(&ended, context, &metrics));
                self.in_time(work, end, not_settled).await
            }
            Incoming::Look => {
                let work = boxed(self.look(context, &metrics));
                self.in_time(work, end, not_settled).await
            }
            Incoming::Unknown { reason } => Err(HandlerError::UnknownEvent { reason }),
        };
        let metrics = metrics.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = metrics.line(self.world.clock().now()) {
            self.world.metrics().write(&line);
        }
        result
    }

    /// Has work done for an event that nobody waits for, or fails in time for the metrics to be written.
    async fn in_time(
        &self,
        work: impl Future<Output = Result<Report, HandlerError>>,
        end: Option<Timestamp>,
        late: impl FnOnce() -> HandlerError,
    ) -> Result<Report, HandlerError> {
        let done = in_time(work, self.world.clock(), end).await;
        done.unwrap_or_else(|| Err(late()))
    }

    /// Does a job, whatever happens on the way, and answers it.
    async fn do_job(
        &self,
        job: &Job,
        context: &Context,
        metrics: &Mutex<Metrics>,
        end: Option<Timestamp>,
    ) -> Result<Report, HandlerError> {
        let began = self.world.clock().now();
        let watch = Watch::new(Token::first(&job.id, began));
        let place = self.place(context, job.account_id.as_deref());
        let call = Call {
            job,
            began,
            answer_by: of_answer(context.deadline, began),
            place,
            watch: &watch,
            metrics,
        };
        // Boxed, because the futures of all its calls would be part of this one's type otherwise.
        let work = Box::pin(self.work(&call));
        let answer = guard::guarded(work, &watch, self.world.clock(), end).await;
        let answer = scrubbed(answer, job);
        let goes_on_with = match &answer {
            Answer::Continue(token) => token.execution.clone(),
            Answer::Succeed(_) | Answer::Fail(_) => None,
        };
        let end = of_answer(context.deadline, self.world.clock().now());
        let report = self.answer(&job.id, watch.execution(), answer, metrics, end).await?;
        match (report.outcome, watch.put_to_work()) {
            (Outcome::AnsweredBefore | Outcome::UnknownJob, Some((execution, tokens))) => {
                boxed(self.stop_orphan(job, &execution, tokens, end)).await?;
            }
            (outcome, _) => boxed(self.see_to_a_follower(job, outcome, goes_on_with, end)).await?,
        }
        Ok(report)
    }

    /// The work itself: to begin, or to follow what has begun.
    async fn work(&self, call: &Call<'_>) -> Answer {
        let assignment = match Assignment::of(call.job, call.began) {
            Ok(assignment) => assignment,
            Err(answer) => return answer,
        };
        call.watch.came_with(&assignment.token);
        match (&assignment.token.execution, &assignment.parameters.approval) {
            (None, _) => self.begin(call, &assignment).await,
            (Some(execution), None) => self.follow(call, &assignment, execution).await,
            (Some(execution), Some(_)) => handed_over(execution),
        }
    }

    /// Where the function runs: by its own ARN, or by its region and the pipeline's account.
    fn place(&self, context: &Context, account: Option<&str>) -> Option<Place> {
        Place::of_arn(&context.invoked_function_arn)
            .or_else(|| Some(Place::of_region(self.region.as_deref()?, account?)))
    }

    fn function_name(&self) -> String {
        self.settings.as_ref().map_or_else(
            |_| "pipeline-action".to_owned(),
            |settings| settings.function_name.clone(),
        )
    }
}

/// A future without its type, which would be part of the type of whatever waits for it.
fn boxed<'a, T>(future: impl Future<Output = T> + Send + 'a) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(future)
}

/// The answer without the job's credentials, whatever part of the event they may have strayed into.
fn scrubbed(answer: Answer, job: &Job) -> Answer {
    match (answer, &job.credentials) {
        (Answer::Fail(failure), Some(credentials)) => Answer::fail(failure.kind, credentials.scrub(&failure.message)),
        (answer, _) => answer,
    }
}
