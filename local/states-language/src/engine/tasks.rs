//! Tasks: starting them, and what becomes of them.

use std::sync::Arc;

use jiff::Timestamp;

use super::advance::Engine;
use super::history::{EventDetails, Payload, TaskResource, TaskScheduled};
use super::interface::{Command, Refused, Status, TaskId, TaskRequest};
use super::parts::{Extra, Phase, Place, TaskWork, TimerKind};
use crate::definition::{Body, Integration, MAX_PAYLOAD, Raised, State, Task, TaskCall, check, too_long};
use crate::expression::{Failure, StateError};
use crate::text::{Json, timestamp};

/// The longest error's name, in characters.
const MAX_ERROR: usize = 256;
/// The longest cause, in characters.
const MAX_CAUSE: usize = 32_768;

impl Engine {
    pub(super) fn start_task(&mut self, place: Place, state: &State, task: &Task, now: Timestamp) -> bool {
        let id = self.next_task();
        let token = (task.waits_for_token() || task.is_activity()).then(|| self.new_token(id));
        // The token of an activity's task is for the worker alone.
        let seen = token.clone().filter(|_| task.waits_for_token());
        let call = match self.task_call(place, state, task, seen, now) {
            Ok(call) => call,
            Err(goes_on) => return goes_on,
        };
        let scheduled = self.scheduled(task, &call);
        self.follow(place, scheduled, now);
        if self.run(place.run).is_full {
            return true;
        }
        self.await_task(place, id, token.clone(), &call, now);
        self.commands.push(Command::StartTask(TaskRequest {
            id,
            state: state.common.name.clone(),
            retry_count: self.thread(place).retry_count,
            resource: task.resource.clone(),
            integration: task.integration.clone(),
            parameters: call.parameters,
            token,
            credentials_role_arn: call.credentials_role_arn,
            timeout_seconds: call.timeout_seconds,
            heartbeat_seconds: call.heartbeat_seconds,
            execution_arn: self.run(place.run).arn.clone(),
        }));
        false
    }

    /// The call that a task makes. Where it makes none, the error is what `step` is to say.
    fn task_call(
        &mut self,
        place: Place,
        state: &State,
        task: &Task,
        task_token: Option<Arc<str>>,
        now: Timestamp,
    ) -> Result<TaskCall, bool> {
        let extra = Extra {
            task_token,
            ..Extra::default()
        };
        let call = self.evaluate(place, state, extra, now, |scope| {
            let call = task.call(&state.common, scope)?;
            check(&state.common.name, &call.parameters)?;
            Ok(call)
        });
        let call = match call {
            Ok(call) => call,
            Err(StateError::TooLong(cause)) => {
                let failure = Failure::new("States.DataLimitExceeded", cause);
                return Err(self.raise(place, Raised::from(failure), now));
            }
            Err(error) => return Err(self.state_error(place, state, error, now)),
        };
        let refusal = self.options.refusal;
        if let Some(reason) = refusal.and_then(|refusal| refusal(&task.integration, &call.parameters)) {
            let parameters = &call.parameters;
            let cause = format!("The Parameters '{parameters}' could not be used to start the Task: [{reason}]");
            return Err(self.state_error(place, state, StateError::Runtime(cause), now));
        }
        if let Integration::Activity { activity_arn } = &task.integration
            && let Some(activities) = &self.options.activities
            && !activities.have(&state.common.name, activity_arn)
        {
            let cause = format!("The activity {activity_arn} does not exist.");
            return Err(self.state_error(place, state, StateError::Runtime(cause), now));
        }
        Ok(call)
    }

    /// Waits for a task, no longer than it may take.
    fn await_task(&mut self, place: Place, id: TaskId, token: Option<Arc<str>>, call: &TaskCall, now: Timestamp) {
        let heartbeat = self.next_epoch();
        self.set_phase(
            place,
            Phase::Task(TaskWork {
                id,
                is_started: false,
                token: token.clone(),
                timeout_seconds: call.timeout_seconds,
                heartbeat_seconds: call.heartbeat_seconds,
                heartbeat,
            }),
        );
        // An activity's task is not timed before a worker takes it:
        // https://docs.aws.amazon.com/step-functions/latest/dg/troubleshooting-activities.html.
        if !matches!(self.names(place), Names::Activity(_)) {
            self.start_clocks(place, now);
        }
        self.tasks.insert(id, place);
        if let Some(token) = token {
            self.tokens.insert(token, id);
        }
    }

    /// Begins to count a task's `TimeoutSeconds` and `HeartbeatSeconds`.
    fn start_clocks(&mut self, place: Place, now: Timestamp) {
        let Some(work) = self.task_work(place) else { return };
        let (timeout, between_heartbeats, heartbeat) = (work.timeout_seconds, work.heartbeat_seconds, work.heartbeat);
        if let Some(seconds) = timeout {
            self.set_timer(place, seconds_after(now, seconds), TimerKind::Timeout);
        }
        if let Some(seconds) = between_heartbeats {
            self.set_timer(place, seconds_after(now, seconds), TimerKind::Heartbeat(heartbeat));
        }
    }

    /// A token that is this execution's own: nobody guesses it by accident, and the same seed makes the same one.
    fn new_token(&self, id: TaskId) -> Arc<str> {
        use base64::Engine as _;
        use sha2::Digest as _;
        let mut hasher = sha2::Sha512::new();
        hasher.update(self.run(0).arn.as_bytes());
        hasher.update(id.0.to_be_bytes());
        hasher.update(self.random.bits().to_be_bytes());
        base64::engine::general_purpose::STANDARD_NO_PAD
            .encode(hasher.finalize())
            .into()
    }

    fn scheduled(&self, task: &Task, call: &TaskCall) -> EventDetails {
        match &task.integration {
            Integration::Lambda { function_arn } => EventDetails::LambdaFunctionScheduled {
                resource: function_arn.clone(),
                input: Payload::Json(call.parameters.clone()),
                timeout_in_seconds: call.timeout_seconds,
                credentials_role_arn: call.credentials_role_arn.clone(),
            },
            Integration::Activity { activity_arn } => EventDetails::ActivityScheduled {
                resource: activity_arn.clone(),
                input: Payload::Json(call.parameters.clone()),
                timeout_in_seconds: call.timeout_seconds,
                heartbeat_in_seconds: call.heartbeat_seconds,
            },
            Integration::Service { service, .. } => EventDetails::TaskScheduled(Box::new(TaskScheduled {
                resource: task_resource(task, service),
                region: self.options.region.clone(),
                parameters: Payload::Json(call.parameters.clone()),
                timeout_in_seconds: call.timeout_seconds,
                heartbeat_in_seconds: call.heartbeat_seconds,
                credentials_role_arn: call.credentials_role_arn.clone(),
            })),
        }
    }

    /// The place where a task is waited for.
    pub(super) fn task_place(&self, id: TaskId) -> Result<Place, Refused> {
        self.tasks.get(&id).copied().ok_or(Refused::UnknownTask(id))
    }

    pub(super) fn forget_task(&mut self, id: TaskId, token: Option<&Arc<str>>) {
        self.tasks.remove(&id);
        if let Some(token) = token {
            self.tokens.remove(token);
        }
    }

    /// The task work at a place; item readers and result writers have none.
    fn task_work(&mut self, place: Place) -> Option<&mut TaskWork> {
        match &mut self.thread_mut(place).phase {
            Phase::Task(work) => Some(work),
            _ => None,
        }
    }

    pub(super) fn task_started(&mut self, id: TaskId, now: Timestamp) -> Result<(), Refused> {
        self.task_taken(id, None, now)
    }

    /// The same, by a worker that may have a name.
    pub(super) fn task_taken(&mut self, id: TaskId, worker: Option<&str>, now: Timestamp) -> Result<(), Refused> {
        let place = self.task_place(id)?;
        let Some(work) = self.task_work(place) else {
            return Ok(());
        };
        if std::mem::replace(&mut work.is_started, true) {
            return Ok(());
        }
        let started = match self.names(place) {
            Names::Lambda(_) => EventDetails::LambdaFunctionStarted,
            Names::Activity(_) => EventDetails::ActivityStarted {
                worker_name: worker.map(Arc::from),
            },
            Names::Service(resource) => EventDetails::TaskStarted(resource),
        };
        let is_activity = matches!(started, EventDetails::ActivityStarted { .. });
        self.follow(place, started, now);
        if is_activity {
            self.start_clocks(place, now);
        }
        Ok(())
    }

    pub(super) fn task_submitted(&mut self, id: TaskId, output: &str, now: Timestamp) -> Result<(), Refused> {
        let place = self.task_place(id)?;
        Json::parse(output).map_err(Refused::InvalidOutput)?;
        self.task_started(id, now)?;
        if let Names::Service(resource) = self.names(place) {
            let output = Payload::Text(output.into());
            self.follow(place, EventDetails::TaskSubmitted { resource, output }, now);
        }
        Ok(())
    }

    pub(super) fn task_succeeded(&mut self, id: TaskId, output: &str, now: Timestamp) -> Result<(), Refused> {
        let place = self.task_place(id)?;
        if self.task_work(place).is_none() {
            return self.results_written(id, place, now);
        }
        let result = Json::parse(output).map_err(Refused::InvalidOutput)?;
        if output.len() > MAX_PAYLOAD {
            let name = match self.names(place) {
                Names::Lambda(arn) | Names::Activity(arn) => arn,
                Names::Service(resource) => resource.resource_type,
            };
            return self.task_failed(id, "States.DataLimitExceeded", &too_long(&name), now);
        }
        self.task_started(id, now)?;
        let text = Payload::Text(output.into());
        let succeeded = match self.names(place) {
            Names::Lambda(_) => EventDetails::LambdaFunctionSucceeded { output: text },
            Names::Activity(_) => EventDetails::ActivitySucceeded { output: text },
            Names::Service(resource) => EventDetails::TaskSucceeded { resource, output: text },
        };
        self.follow(place, succeeded, now);
        self.end_task(id, place, Phase::Result(result));
        Ok(())
    }

    pub(super) fn task_failed(&mut self, id: TaskId, error: &str, cause: &str, now: Timestamp) -> Result<(), Refused> {
        let failure = Failure::new(clip(error, MAX_ERROR), clip(cause, MAX_CAUSE));
        self.fail_task(id, Raised::from(failure), now)
    }

    /// The same with an error that nothing retries or catches.
    pub(super) fn give_up(&mut self, id: TaskId, error: &str, cause: &str, now: Timestamp) -> Result<(), Refused> {
        let failure = Failure::new(clip(error, MAX_ERROR), clip(cause, MAX_CAUSE));
        let raised = Raised {
            is_final: true,
            ..Raised::from(failure)
        };
        self.fail_task(id, raised, now)
    }

    fn fail_task(&mut self, id: TaskId, raised: Raised, now: Timestamp) -> Result<(), Refused> {
        let place = self.task_place(id)?;
        let failure = raised.failure.clone();
        if self.task_work(place).is_none() {
            self.tasks.remove(&id);
            self.map_io_failed(place, failure, now);
            return Ok(());
        }
        self.task_started(id, now)?;
        let failed = match self.names(place) {
            Names::Lambda(_) => EventDetails::LambdaFunctionFailed(failure),
            Names::Activity(_) => EventDetails::ActivityFailed(failure),
            Names::Service(resource) => EventDetails::TaskFailed { resource, failure },
        };
        self.follow(place, failed, now);
        self.end_task(id, place, Phase::Failed(raised));
        Ok(())
    }

    pub(super) fn task_heartbeat(&mut self, id: TaskId, now: Timestamp) -> Result<(), Refused> {
        let place = self.task_place(id)?;
        let heartbeat = self.next_epoch();
        let Some(work) = self.task_work(place) else {
            return Ok(());
        };
        work.heartbeat = heartbeat;
        if let Some(seconds) = work.heartbeat_seconds {
            self.set_timer(place, seconds_after(now, seconds), TimerKind::Heartbeat(heartbeat));
        }
        Ok(())
    }

    /// A task's `TimeoutSeconds` or `HeartbeatSeconds` are over.
    pub(super) fn time_out_task(&mut self, place: Place, is_heartbeat: bool, now: Timestamp) {
        let Some(id) = self.task_work(place).map(|work| work.id) else {
            return;
        };
        let failure = Failure {
            error: Some("States.Timeout".into()),
            cause: None,
        };
        let timed_out = match self.names(place) {
            Names::Lambda(_) => EventDetails::LambdaFunctionTimedOut(failure.clone()),
            Names::Activity(_) => EventDetails::ActivityTimedOut(failure.clone()),
            Names::Service(resource) => EventDetails::TaskTimedOut {
                resource,
                failure: failure.clone(),
            },
        };
        self.follow(place, timed_out, now);
        self.commands.push(Command::AbortTask { task: id });
        let raised = Raised {
            is_heartbeat,
            ..Raised::from(failure)
        };
        self.end_task(id, place, Phase::Failed(raised));
    }

    fn end_task(&mut self, id: TaskId, place: Place, phase: Phase) {
        let token = self.task_work(place).and_then(|work| work.token.clone());
        self.forget_task(id, token.as_ref());
        self.set_phase(place, phase);
        if self.run(place.run).status == Status::Running {
            self.ready.push_back(place);
        }
    }

    /// What a task's events call its resource.
    fn names(&self, place: Place) -> Names {
        let state = self.state(place);
        match &state.body {
            Body::Task(task) => match &task.integration {
                Integration::Lambda { function_arn } => Names::Lambda(function_arn.clone()),
                Integration::Activity { activity_arn } => Names::Activity(activity_arn.clone()),
                Integration::Service { service, .. } => Names::Service(task_resource(task, service)),
            },
            _ => Names::Lambda(state.common.name.clone()),
        }
    }
}

fn task_resource(task: &Task, service: &Arc<str>) -> TaskResource {
    TaskResource {
        resource_type: service.clone(),
        resource: task.event_resource.clone(),
    }
}

/// What does a task's work, as events name it.
enum Names {
    Lambda(Arc<str>),
    Activity(Arc<str>),
    Service(TaskResource),
}

#[expect(
    clippy::cast_precision_loss,
    reason = "timeouts are far below where floats are inexact"
)]
fn seconds_after(now: Timestamp, seconds: u64) -> Timestamp {
    timestamp::after(now, seconds as f64)
}

/// A text's first characters.
fn clip(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}
