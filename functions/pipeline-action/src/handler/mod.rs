//! The shell: an event in, calls to AWS as [`crate::plan`] has it, an answer out.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::Value;
use shared::deadline::of_invocation;
use shared::metrics::{MetricSink as _, Metrics};
use shared::place::Place;
use shared::ports::CallError;
use shared::ports::code_pipeline::FailureType;
use shared::ports::step_functions::StateMachineType;
use shared::time::{Clock as _, Timestamp};
use thiserror::Error;

mod abandoned;
mod answer;
mod begin;
mod conclude;
mod follow;
mod guard;
mod resume;

use guard::Watch;

use crate::event::{Incoming, Job};
use crate::plan::{Answer, Assignment};
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
    #[error("job `{job_id}` could not be answered: {error}")]
    Unanswered {
        /// The job.
        job_id: String,
        /// Why.
        error: CallError,
    },
    /// The executions of an abandoned action could not be found or stopped.
    #[error("the execution of an abandoned action could not be stopped: {0}")]
    NotStopped(String),
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match error {
            HandlerError::UnknownEvent { .. } => "UnknownEvent",
            HandlerError::Unanswered { .. } => "Unanswered",
            HandlerError::NotStopped(_) => "NotStopped",
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

    /// Handles an event: reads it, does what it asks, answers, and reports.
    ///
    /// # Errors
    /// [`HandlerError`] only when no answer could be given.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Report, HandlerError> {
        let metrics = Mutex::new(Metrics::of(self.function_name()));
        let result = match Incoming::read(&event.payload) {
            Incoming::Job(job) => self.do_job(&job, &event.context, &metrics).await,
            Incoming::Malformed { job_id, reason } => {
                let message = format!("The event is malformed: {reason}");
                let answer = Answer::fail(FailureType::ConfigurationError, message);
                self.answer(&job_id, None, answer, &metrics).await
            }
            Incoming::Abandoned(action) => Box::pin(self.stop_abandoned(&action, &event.context, &metrics)).await,
            Incoming::Unknown { reason } => Err(HandlerError::UnknownEvent { reason }),
        };
        let metrics = metrics.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = metrics.line(self.world.clock().now()) {
            self.world.metrics().write(&line);
        }
        result
    }

    /// Does a job, whatever happens on the way, and answers it.
    async fn do_job(&self, job: &Job, context: &Context, metrics: &Mutex<Metrics>) -> Result<Report, HandlerError> {
        let began = self.world.clock().now();
        let watch = Watch::new(Token::first(&job.id, began));
        let place = self.place(context, job.account_id.as_deref());
        let call = Call {
            job,
            began,
            place,
            watch: &watch,
            metrics,
        };
        // Boxed, because the futures of all its calls would be part of this one's type otherwise.
        let work = Box::pin(self.work(&call));
        let deadline = of_invocation(context.deadline, began);
        let answer = guard::guarded(work, &watch, self.world.clock(), deadline).await;
        let answer = scrubbed(answer, job);
        self.answer(&job.id, watch.execution(), answer, metrics).await
    }

    /// The work itself: to begin, or to follow what has begun.
    async fn work(&self, call: &Call<'_>) -> Answer {
        let assignment = match Assignment::of(call.job, call.began) {
            Ok(assignment) => assignment,
            Err(answer) => return answer,
        };
        call.watch.follows(&assignment.token);
        match &assignment.token.execution {
            None => self.begin(call, &assignment).await,
            Some(execution) => self.follow(call, &assignment, execution).await,
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

/// The answer without the job's credentials, whatever part of the event they may have strayed into.
fn scrubbed(answer: Answer, job: &Job) -> Answer {
    match (answer, &job.credentials) {
        (Answer::Fail(failure), Some(credentials)) => Answer::fail(failure.kind, credentials.scrub(&failure.message)),
        (answer, _) => answer,
    }
}
