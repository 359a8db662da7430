//! An execution as its host sees it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::advance::Engine;
use super::history::{EventDetails, HistoryEvent, Payload};
use super::interface::{ChildExecution, Command, MapRun, Refused, Retried, StartOptions, Status, TaskId};
use super::parts::{Identity, Run, Timer, TimerKind};
use crate::definition::{ItemSource, MAX_PAYLOAD, StateMachine};
use crate::expression::Failure;
use crate::text::Json;

/// One run of a state machine.
///
/// ```
/// use states_language::{Execution, StartOptions, StateMachine, Status, Timestamp};
///
/// let machine = StateMachine::parse(
///     r#"{"StartAt": "Add", "States": {"Add": {"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($.a, $.b)"}, "End": true}}}"#,
/// )?;
/// let now = Timestamp::UNIX_EPOCH;
/// let mut execution = Execution::start(&machine, StartOptions::default(), r#"{"a": 1, "b": 2}"#, now)?;
/// assert!(execution.run(now).is_empty());
/// assert_eq!(execution.status(), Status::Succeeded);
/// assert_eq!(execution.output().as_deref(), Some(r#"{"sum":3}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Execution {
    machine: StateMachine,
    engine: Engine,
    input: Arc<str>,
    /// The time of the latest call, for what is asked between two.
    latest: Timestamp,
    redrive_count: u32,
    redriven_at: Option<Timestamp>,
}

impl Execution {
    /// Starts an execution with this JSON input. Its first state is entered by [`run`](Execution::run).
    ///
    /// # Errors
    /// The input is not JSON or too long, or the options name a state that is not in the outermost flow.
    pub fn start(
        machine: &StateMachine,
        options: StartOptions,
        input: &str,
        now: Timestamp,
    ) -> Result<Execution, Refused> {
        if input.len() > MAX_PAYLOAD {
            return Err(Refused::InvalidInput(format!("it has more than {MAX_PAYLOAD} bytes")));
        }
        let value = Json::parse(input).map_err(|error| Refused::InvalidInput(error.to_string()))?;
        let identity = Identity {
            arn: options.execution_arn().into(),
            name: options.name.clone(),
            state_machine_arn: options.state_machine_arn().into(),
            state_machine_name: options.state_machine_name.clone(),
            execution_type: options.execution_type,
        };
        let input: Arc<str> = input.into();
        let mut engine = Engine::new(options);
        let text = Payload::Text(input.clone());
        engine.add_run(identity, Arc::clone(&machine.0.flow), value, text, None, now);
        engine.enter_in_the_midst()?;
        let mut execution = Execution {
            machine: machine.clone(),
            engine,
            input,
            latest: now,
            redrive_count: 0,
            redriven_at: None,
        };
        execution.set_time_limit(now);
        Ok(execution)
    }

    /// Advances everything that can advance at this time, and says what the host is to do.
    ///
    /// A call passes 200,000 states at most. Where there is more to pass, [`next_wakeup`](Execution::next_wakeup) is the
    /// time of this call.
    pub fn run(&mut self, now: Timestamp) -> Vec<Command> {
        self.latest = now;
        if self.status() == Status::Running {
            self.engine.advance(now);
            self.engine.prune_timers();
        }
        std::mem::take(&mut self.engine.commands)
    }

    /// The failed states that will be tried again, of all that happened since this was last asked.
    pub fn take_retries(&mut self) -> Vec<Retried> {
        std::mem::take(&mut self.engine.retries)
    }

    /// When [`run`](Execution::run) is to be called again, if no answer comes before.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        if self.status() != Status::Running {
            return None;
        }
        self.engine.next_time(self.latest)
    }

    /// The state machine.
    #[must_use]
    pub fn machine(&self) -> &StateMachine {
        &self.machine
    }

    /// The execution's ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.own_run().arn
    }

    /// What it was started with.
    #[must_use]
    pub fn options(&self) -> &StartOptions {
        &self.engine.options
    }

    /// The input as it was given.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.own_run().status
    }

    /// The output of an execution that succeeded.
    #[must_use]
    pub fn output(&self) -> Option<String> {
        self.own_run().output.as_ref().map(ToString::to_string)
    }

    /// The error of an execution that failed or was stopped with one. One that timed out has none, as on AWS: only its
    /// history has `States.Timeout`.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.own_run().failure.as_ref()
    }

    /// When it was started.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.own_run().started_at
    }

    /// When it ended.
    #[must_use]
    pub fn stopped_at(&self) -> Option<Timestamp> {
        self.own_run().stopped_at
    }

    /// How often it was redriven.
    #[must_use]
    pub fn redrive_count(&self) -> u32 {
        self.redrive_count
    }

    /// When it was last redriven.
    #[must_use]
    pub fn redriven_at(&self) -> Option<Timestamp> {
        self.redriven_at
    }

    /// What happened so far. It only ever grows, so a host that remembers how much it has seen can stream the rest.
    #[must_use]
    pub fn history(&self) -> &[HistoryEvent] {
        &self.own_run().history
    }

    /// The Map Runs of its distributed Maps, in the order of their starts.
    #[must_use]
    pub fn map_runs(&self) -> &[MapRun] {
        &self.engine.map_runs
    }

    /// The child executions that have ended, where [`StartOptions::keep_children`] has them kept.
    #[must_use]
    pub fn children(&self) -> &[ChildExecution] {
        &self.engine.children
    }

    /// Says that a task's work has begun. Without it, its start is written together with its end.
    pub fn task_started(&mut self, id: TaskId, now: Timestamp) -> Result<(), Refused> {
        self.latest = now;
        self.engine.task_started(id, now)
    }

    /// Says that a worker has taken an activity's task, as `GetActivityTask` does; the name is the worker's own. From then on
    /// the task's `TimeoutSeconds` and `HeartbeatSeconds` count. Any other task's work has begun.
    pub fn task_taken(&mut self, id: TaskId, worker_name: Option<&str>, now: Timestamp) -> Result<(), Refused> {
        self.latest = now;
        self.engine.task_taken(id, worker_name, now)
    }

    /// Says that the service has accepted the call and answered with this JSON (`.sync`, `.waitForTaskToken`).
    pub fn task_submitted(&mut self, id: TaskId, output: &str, now: Timestamp) -> Result<(), Refused> {
        self.latest = now;
        self.engine.task_submitted(id, output, now)?;
        self.engine.prune_timers();
        Ok(())
    }

    /// Says that a task succeeded with this JSON. Where the text is not JSON, the task goes on being waited for.
    pub fn task_succeeded(&mut self, id: TaskId, output: &str, now: Timestamp) -> Result<(), Refused> {
        self.latest = now;
        self.engine.task_succeeded(id, output, now)?;
        self.engine.prune_timers();
        Ok(())
    }

    /// Says that a task failed. An empty cause is a cause, as in `SendTaskFailure`.
    pub fn task_failed(&mut self, id: TaskId, error: &str, cause: &str, now: Timestamp) -> Result<(), Refused> {
        self.latest = now;
        self.engine.task_failed(id, error, cause, now)?;
        self.engine.prune_timers();
        Ok(())
    }

    /// Ends the execution at a task that the host cannot do though AWS could, such as a call of a service that is not there.
    /// Nothing retries or catches the error, by no name, also where the task is a child's of a distributed Map: so that
    /// nobody takes it for an error of the service's. The history has it as the task's failure, and a redrive does the
    /// task again.
    pub fn give_up(&mut self, id: TaskId, error: &str, cause: &str, now: Timestamp) -> Result<(), Refused> {
        self.latest = now;
        self.engine.give_up(id, error, cause, now)?;
        self.engine.prune_timers();
        Ok(())
    }

    /// Says that a task is alive, which starts its `HeartbeatSeconds` anew.
    pub fn task_heartbeat(&mut self, id: TaskId, now: Timestamp) -> Result<(), Refused> {
        self.latest = now;
        self.engine.task_heartbeat(id, now)?;
        self.engine.prune_timers();
        Ok(())
    }

    /// The task that waits for this token.
    #[must_use]
    pub fn task_of_token(&self, token: &str) -> Option<TaskId> {
        self.engine.tokens.get(token).copied()
    }

    /// Brings the items that [`Command::ReadItems`] asked for.
    pub fn items_read(&mut self, id: TaskId, source: ItemSource, now: Timestamp) -> Result<(), Refused> {
        self.latest = now;
        self.engine.items_read(id, source, now)?;
        self.engine.prune_timers();
        Ok(())
    }

    /// Stops the execution, as `StopExecution` does, and says which tasks to abort.
    pub fn stop(&mut self, error: Option<&str>, cause: Option<&str>, now: Timestamp) -> Result<Vec<Command>, Refused> {
        if self.status() != Status::Running {
            return Err(Refused::WrongStatus("has ended"));
        }
        self.latest = now;
        let failure = Failure {
            error: error.map(Arc::from),
            cause: cause.map(Arc::from),
        };
        self.engine
            .event(0, 0, EventDetails::ExecutionAborted(failure.clone()), now);
        let failure = (error.is_some() || cause.is_some()).then_some(failure);
        self.engine.end_run(0, Status::Aborted, failure, now);
        Ok(std::mem::take(&mut self.engine.commands))
    }

    /// Has an execution that did not succeed go on from where it failed, as `RedriveExecution` does. What succeeded is
    /// not done again; what failed is, with its retries counted anew.
    pub fn redrive(&mut self, now: Timestamp) -> Result<(), Refused> {
        self.engine.redrive(self.redrive_count + 1, now)?;
        self.latest = now;
        self.redrive_count += 1;
        self.redriven_at = Some(now);
        self.set_time_limit(now);
        Ok(())
    }

    fn own_run(&self) -> &Run {
        self.engine.run(0)
    }

    /// Starts the state machine's `TimeoutSeconds`.
    fn set_time_limit(&mut self, now: Timestamp) {
        let Some(seconds) = self.machine.0.timeout_seconds else {
            return;
        };
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        let at = now
            .checked_add(SignedDuration::from_secs(seconds))
            .unwrap_or(Timestamp::MAX);
        let epoch = self.engine.next_epoch();
        let timer = Timer {
            at,
            epoch,
            run: 0,
            thread: 0,
            kind: TimerKind::Execution,
        };
        self.engine.timers.push(std::cmp::Reverse(timer));
    }
}
