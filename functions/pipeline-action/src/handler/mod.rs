//! The handler: it reads an event, decides with [`crate::plan`], makes the calls, answers, and reports.
//!
//! - `begin` starts, adopts or redrives an execution, and `resume` finds what is there to go on with. `follow` polls it.
//!   `conclude` ends the action.
//! - `answer` answers the job. `guard` ensures an answer after a panic, or when the time is nearly over.
//! - `look` and `approval` answer approvals. `abandoned` stops what nobody waits for.
//! - `machine`, `runs` and `history` find out what the others need: the state machine that is meant, the runs of an
//!   action, and how an execution ended.

mod abandoned;
mod answer;
mod approval;
mod begin;
mod conclude;
mod follow;
mod function;
mod guard;
mod history;
mod look;
mod machine;
mod occasion;
mod resume;
mod runs;

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use serde_json::value::RawValue;
use shared::deadline::{in_time, of_answer, of_invocation};
use shared::json::Raw;
use shared::metrics::{MetricSink as _, Metrics};
use shared::ports::code_pipeline::FailureType;
use shared::time::{Clock as _, Timestamp};

pub use function::PipelineAction;

use function::{Call, boxed};
use guard::Watch;

use crate::error::HandlerError;
use crate::event::{Event, Job};
use crate::plan::{Answer, Assignment, handed_over};
use crate::ports::Ports;
use crate::report::{Handled, Outcome, Report};
use crate::token::Token;

impl<P: Ports> PipelineAction<P> {
    /// Handles an event as [`handle`](Self::handle) does. A string or a number in it that cannot be read exactly counts
    /// as `false`. So the job is still answered: the answer names the field, if the function needs it.
    ///
    /// # Errors
    /// [`HandlerError`] only when no answer could be given.
    pub async fn handle_text(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Handled, HandlerError> {
        let payload = Raw::of(&event.payload).read_around();
        self.handle(LambdaEvent::new(payload, event.context)).await
    }

    /// Handles an event, or each event of an array by itself.
    ///
    /// AWS documents no answer that names the events of an array that failed. After a function error it delivers all of
    /// them again; those that were handled are then found to be duplicates. Events for which no time is left fail, too.
    ///
    /// # Errors
    /// [`HandlerError`] only when no answer could be given.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Handled, HandlerError> {
        let end = of_invocation(event.context.deadline, self.ports.clock().now());
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
            let is_late = end.is_some_and(|end| self.ports.clock().now() >= end);
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

    /// Handles one event before the function's time is over: reads it, does what it asks, answers, and reports.
    async fn handle_one(
        &self,
        event: &Value,
        context: &Context,
        end: Option<Timestamp>,
    ) -> Result<Report, HandlerError> {
        let metrics = Mutex::new(Metrics::of(self.function_name()));
        let not_settled = || HandlerError::NotSettled(vec![guard::TIME_IS_OVER.to_owned()]);
        let result = match Event::parse(event) {
            Event::Job(job) => self.do_job(&job, context, &metrics, end).await,
            Event::Malformed { job_id, reason } => {
                let message = format!("The event is malformed: {reason}");
                let answer = Answer::fail(FailureType::ConfigurationError, message);
                let end = of_answer(context.deadline, self.ports.clock().now());
                self.answer(&job_id, None, answer, &metrics, end).await
            }
            Event::Abandoned(action) => {
                let not_stopped = || HandlerError::NotStopped(guard::TIME_IS_OVER.to_owned());
                let work = boxed(self.stop_abandoned(&action, context, &metrics));
                self.in_time(work, end, not_stopped).await
            }
            Event::Approval(changed) => {
                let work = boxed(self.approval_changed(&changed, context, &metrics));
                self.in_time(work, end, not_settled).await
            }
            Event::Ended(ended) => {
                let work = boxed(self.execution_ended(&ended, context, &metrics));
                self.in_time(work, end, not_settled).await
            }
            Event::Look => {
                let work = boxed(self.look(context, &metrics));
                self.in_time(work, end, not_settled).await
            }
            Event::Unknown { reason } => Err(HandlerError::UnknownEvent { reason }),
        };
        let metrics = metrics.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = metrics.line(self.ports.clock().now()) {
            self.ports.metrics().write(&line);
        }
        result
    }

    /// Does the work for an event that nobody waits for. It fails early enough for the metrics to be written.
    async fn in_time(
        &self,
        work: impl Future<Output = Result<Report, HandlerError>>,
        end: Option<Timestamp>,
        late: impl FnOnce() -> HandlerError,
    ) -> Result<Report, HandlerError> {
        let done = in_time(work, self.ports.clock(), end).await;
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
        let began = self.ports.clock().now();
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
        let answer = guard::guarded(work, &watch, self.ports.clock(), end).await;
        let answer = scrubbed(answer, job);
        let goes_on_with = match &answer {
            Answer::Continue(token) => token.execution.clone(),
            Answer::Succeed(_) | Answer::Fail(_) => None,
        };
        let end = of_answer(context.deadline, self.ports.clock().now());
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
}

/// The answer without the job's credentials, in case some part of the event repeats them.
fn scrubbed(answer: Answer, job: &Job) -> Answer {
    match (answer, &job.credentials) {
        (Answer::Fail(failure), Some(credentials)) => Answer::fail(failure.kind, credentials.scrub(&failure.message)),
        (answer, _) => answer,
    }
}
