//! Executions: a state machine that its host drives.
//!
//! An [`Execution`] does no work, keeps no time and starts no thread. Its host calls [`Execution::run`] with the time
//! of day, does what the returned [`Command`]s ask for, and reports back with `task_succeeded` and its siblings.

mod command;
mod options;
mod status;

pub use command::{Command, Integration, ItemSource, Pattern, ReadRequest, Refused, TaskId, TaskRequest, WriteRequest};
pub use options::{ExecutionType, StartOptions};
pub use status::{Failure, Status};

use std::sync::Arc;

use jiff::Timestamp;

use crate::history::HistoryEvent;
use crate::machine::StateMachine;

/// One run of a state machine.
#[derive(Debug)]
pub struct Execution {
    machine: StateMachine,
    options: StartOptions,
    arn: Arc<str>,
    input: Arc<str>,
    started_at: Timestamp,
    history: Vec<HistoryEvent>,
}

impl Execution {
    /// Starts an execution with this JSON input. Nothing happens before [`run`](Execution::run).
    pub fn start(
        machine: &StateMachine,
        options: StartOptions,
        input: &str,
        now: Timestamp,
    ) -> Result<Execution, Refused> {
        Ok(Execution {
            machine: machine.clone(),
            arn: options.execution_arn().into(),
            options,
            input: input.into(),
            started_at: now,
            history: Vec::new(),
        })
    }

    /// Advances everything that can advance at this time, and says what the host is to do.
    pub fn run(&mut self, now: Timestamp) -> Vec<Command> {
        let _ = now;
        Vec::new()
    }

    /// When [`run`](Execution::run) is to be called again, if no answer comes before.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        None
    }

    /// The state machine.
    #[must_use]
    pub fn machine(&self) -> &StateMachine {
        &self.machine
    }

    /// The execution's ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// What it was started with.
    #[must_use]
    pub fn options(&self) -> &StartOptions {
        &self.options
    }

    /// The input as it was given.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::Running
    }

    /// The output of an execution that succeeded.
    #[must_use]
    pub fn output(&self) -> Option<String> {
        None
    }

    /// The error of an execution that did not.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        None
    }

    /// When it was started.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When it ended.
    #[must_use]
    pub fn stopped_at(&self) -> Option<Timestamp> {
        None
    }

    /// How often it was redriven.
    #[must_use]
    pub fn redrive_count(&self) -> u32 {
        0
    }

    /// When it was last redriven.
    #[must_use]
    pub fn redriven_at(&self) -> Option<Timestamp> {
        None
    }

    /// What happened so far. It only ever grows.
    #[must_use]
    pub fn history(&self) -> &[HistoryEvent] {
        &self.history
    }

    /// Says that a task's work has begun. Without it, its start is written together with its end.
    pub fn task_started(&mut self, id: TaskId, now: Timestamp) -> Result<(), Refused> {
        let _ = now;
        Err(Refused::UnknownTask(id))
    }

    /// Says that the service has accepted the call and answered with this JSON (`.sync`, `.waitForTaskToken`).
    pub fn task_submitted(&mut self, id: TaskId, output: &str, now: Timestamp) -> Result<(), Refused> {
        let _ = (output, now);
        Err(Refused::UnknownTask(id))
    }

    /// Says that a task succeeded with this JSON.
    pub fn task_succeeded(&mut self, id: TaskId, output: &str, now: Timestamp) -> Result<(), Refused> {
        let _ = (output, now);
        Err(Refused::UnknownTask(id))
    }

    /// Says that a task failed.
    pub fn task_failed(&mut self, id: TaskId, error: &str, cause: &str, now: Timestamp) -> Result<(), Refused> {
        let _ = (error, cause, now);
        Err(Refused::UnknownTask(id))
    }

    /// Says that a task is alive, which starts its `HeartbeatSeconds` anew.
    pub fn task_heartbeat(&mut self, id: TaskId, now: Timestamp) -> Result<(), Refused> {
        let _ = now;
        Err(Refused::UnknownTask(id))
    }

    /// The task that waits for this token.
    #[must_use]
    pub fn task_of_token(&self, token: &str) -> Option<TaskId> {
        let _ = token;
        None
    }

    /// Brings the items that [`Command::ReadItems`] asked for.
    pub fn items_read(&mut self, id: TaskId, source: ItemSource, now: Timestamp) -> Result<(), Refused> {
        let _ = (source, now);
        Err(Refused::UnknownTask(id))
    }

    /// Stops the execution, as `StopExecution` does, and says which tasks to abort.
    pub fn stop(&mut self, error: Option<&str>, cause: Option<&str>, now: Timestamp) -> Result<Vec<Command>, Refused> {
        let _ = (error, cause, now);
        Ok(Vec::new())
    }

    /// Has an execution that did not succeed go on from where it failed, as `RedriveExecution` does.
    pub fn redrive(&mut self, now: Timestamp) -> Result<(), Refused> {
        let _ = now;
        Err(Refused::WrongStatus("cannot be redriven"))
    }
}
