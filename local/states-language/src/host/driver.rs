//! A host for tests, tools and small programs: runs an execution to its end, one thing after the other.

use jiff::{SignedDuration, Timestamp};

use crate::definition::{Integration, ItemSource, Pattern};
use crate::engine::{Command, Execution, ReadRequest, Refused, Status, TaskId, TaskRequest, WriteRequest};
use crate::expression::Failure;
use crate::text::Json;

/// Does the work of tasks.
pub trait TaskHandler {
    /// Does a task's work, and gives its output or its error.
    ///
    /// A task with a token ([`Pattern::WaitForTaskToken`]) gets its output from here too, as if `SendTaskSuccess` had
    /// brought it at once.
    fn handle(&mut self, task: &TaskRequest) -> Result<Json, Failure>;

    /// How long a task's work takes, which counts against its timeouts. No time by default.
    fn duration(&mut self, task: &TaskRequest) -> std::time::Duration {
        let _ = task;
        std::time::Duration::ZERO
    }

    /// Reads the items of a distributed Map. There are none by default.
    fn read_items(&mut self, read: &ReadRequest) -> Result<ItemSource, Failure> {
        Err(Failure::new(
            "States.ItemReaderFailed",
            format!("there is nothing to read items from in '{}'", read.state),
        ))
    }

    /// Writes the results of a distributed Map. They cannot be written by default.
    fn write_results(&mut self, write: &WriteRequest) -> Result<(), Failure> {
        Err(Failure::new(
            "States.ResultWriterFailed",
            format!("there is nothing to write results to in '{}'", write.state),
        ))
    }

    /// Whether the run is to end where it is, with the execution still running, because of what is no error of a task's:
    /// a test that gave no outcome for this task, or a user who no longer wants to wait. It is asked before each step, and
    /// after each piece of work, whose result is not given to the execution then. It never is by default.
    fn stops(&mut self) -> bool {
        false
    }
}

/// A function that does the work of all tasks.
impl<F: FnMut(&TaskRequest) -> Result<Json, Failure>> TaskHandler for F {
    fn handle(&mut self, task: &TaskRequest) -> Result<Json, Failure> {
        self(task)
    }
}

/// The time, and waiting for it.
pub trait Clock {
    /// The time of day.
    fn now(&mut self) -> Timestamp;

    /// Comes back when it is that time.
    fn wait_until(&mut self, time: Timestamp);
}

/// A clock that stands still, and jumps to what is waited for: an hour's Wait ends at once.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock(Timestamp);

impl VirtualClock {
    /// A clock that starts at this time.
    #[must_use]
    pub fn at(time: Timestamp) -> VirtualClock {
        VirtualClock(time)
    }
}

/// A clock that starts at 2026-01-01T00:00:00Z.
impl Default for VirtualClock {
    fn default() -> VirtualClock {
        VirtualClock(Timestamp::from_second(1_767_225_600).unwrap_or_default())
    }
}

impl Clock for VirtualClock {
    fn now(&mut self) -> Timestamp {
        self.0
    }

    fn wait_until(&mut self, time: Timestamp) {
        self.0 = self.0.max(time);
    }
}

/// The machine's clock. It sleeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&mut self) -> Timestamp {
        Timestamp::now()
    }

    fn wait_until(&mut self, time: Timestamp) {
        if let Ok(duration) = std::time::Duration::try_from(time.duration_since(Timestamp::now())) {
            std::thread::sleep(duration);
        }
    }
}

/// Runs an execution until it has ended, until it waits for something that will not come, or until the handler
/// [stops](TaskHandler::stops) it.
///
/// ```
/// use states_language::{Execution, Json, StartOptions, StateMachine, Status, TaskRequest, VirtualClock, run_to_end};
///
/// let machine = StateMachine::parse(
///     r#"{"StartAt": "Sleep", "States": {
///         "Sleep": {"Type": "Wait", "Seconds": 3600, "Next": "Greet"},
///         "Greet": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:greet", "End": true}
///     }}"#,
/// )?;
/// let mut clock = VirtualClock::default();
/// let start = states_language::Clock::now(&mut clock);
/// let mut execution = Execution::start(&machine, StartOptions::default(), r#"{"name": "Ada"}"#, start)?;
/// let mut greet = |task: &TaskRequest| {
///     let name = task.parameters.get("name").and_then(Json::as_str).unwrap_or("you").to_owned();
///     Ok(Json::from(format!("Hello {name}!")))
/// };
/// run_to_end(&mut execution, &mut greet, &mut clock);
/// assert_eq!(execution.status(), Status::Succeeded);
/// assert_eq!(execution.output().as_deref(), Some(r#""Hello Ada!""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run_to_end(execution: &mut Execution, handler: &mut impl TaskHandler, clock: &mut impl Clock) {
    // Tasks that are done at a later time, the earliest last.
    let mut later: Vec<(Timestamp, TaskId, Result<Json, Failure>)> = Vec::new();
    while execution.status() == Status::Running && !handler.stops() {
        let now = clock.now();
        let commands = execution.run(now);
        let is_idle = commands.is_empty();
        for command in commands {
            match command {
                Command::StartTask(task) => {
                    start(execution, &task, now);
                    let result = handler.handle(&task);
                    if handler.stops() {
                        return;
                    }
                    let duration = SignedDuration::try_from(handler.duration(&task)).unwrap_or(SignedDuration::MAX);
                    let done = now.checked_add(duration).unwrap_or(Timestamp::MAX);
                    later.push((done, task.id, result));
                    later.sort_by_key(|(at, id, _)| std::cmp::Reverse((*at, *id)));
                }
                Command::AbortTask { task } => later.retain(|(_, id, _)| *id != task),
                Command::ReadItems(read) => {
                    let result = handler.read_items(&read);
                    if handler.stops() {
                        return;
                    }
                    answer(execution, read.id, result, now, |execution, source| {
                        execution.items_read(read.id, source, now)
                    });
                }
                Command::WriteResults(write) => {
                    let result = handler.write_results(&write);
                    if handler.stops() {
                        return;
                    }
                    answer(execution, write.id, result, now, |execution, ()| {
                        execution.task_succeeded(write.id, "null", now)
                    });
                }
            }
        }
        while later.last().is_some_and(|(at, ..)| *at <= now) {
            let Some((_, id, result)) = later.pop() else { break };
            answer(execution, id, result, now, |execution, output| {
                execution.task_succeeded(id, &output.to_string(), now)
            });
        }
        if is_idle && execution.status() == Status::Running {
            let next_task = later.last().map(|(at, ..)| *at);
            match execution.next_wakeup().into_iter().chain(next_task).min() {
                Some(time) => clock.wait_until(time),
                None => return,
            }
        }
    }
}

/// Says that a task's work begins; a call that goes on by itself is accepted at once.
fn start(execution: &mut Execution, task: &TaskRequest, now: Timestamp) {
    let is_submitted = matches!(
        &task.integration,
        Integration::Service {
            pattern: Pattern::Sync | Pattern::WaitForTaskToken,
            ..
        }
    );
    let started = execution.task_started(task.id, now);
    if is_submitted && started.is_ok() {
        // An empty answer: what the service says at this point is its own business.
        let _ = execution.task_submitted(task.id, "{}", now);
    }
}

fn answer<T>(
    execution: &mut Execution,
    id: TaskId,
    result: Result<T, Failure>,
    now: Timestamp,
    succeed: impl FnOnce(&mut Execution, T) -> Result<(), Refused>,
) {
    // Refused means that the task is no longer waited for, which is the execution's to decide.
    let _ = match result {
        Ok(output) => succeed(execution, output),
        Err(failure) => {
            let (error, cause) = (failure.error.unwrap_or_default(), failure.cause.unwrap_or_default());
            execution.task_failed(id, &error, &cause, now)
        }
    };
}
