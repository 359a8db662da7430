//! An execution that runs: the interpreter is told the time, its tasks are done, and it gets their answers.

use super::past::{Keeping, Past};
use super::progress::Progress;
use super::work::Work;
use crate::states::activities::kept::Activities;
use crate::states::activities::queue::{Scheduled, Waiting};
use crate::states::machines::machine::Chosen;
use crate::states::tasks::errors::Failed;
use crate::states::tasks::{self, items, jobs, mocked};
use jiff::Timestamp;
use platform::journal::Happening;
use platform::{Platform, Principal, Underway};
use serde_json::{Value, json};
use states_language::{
    Command, Execution, ExecutionType, Integration, MockedStates, Refused, Status, TaskId, TaskRequest,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// An execution, while it runs and afterwards.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) name: String,
    pub(crate) machine_arn: String,
    pub(crate) machine_name: String,
    pub(crate) kind: ExecutionType,
    pub(crate) chosen: Chosen,
    pub(crate) trace_header: Option<String>,
    state: Mutex<State>,
    tokens: Tokens,
    activities: Arc<Activities>,
    wake: Notify,
    /// Tells those who wait for the end. None once it has ended.
    underway: Mutex<Option<Underway>>,
}

/// Which execution waits for which task token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens(Arc<Mutex<HashMap<String, Weak<Running>>>>);

impl Tokens {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Weak<Running>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, token: String, waiting: Weak<Running>) {
        self.lock().insert(token, waiting);
    }

    /// The execution that waits for an answer with this token.
    pub(crate) fn waiting(&self, token: &str) -> Option<Weak<Running>> {
        self.lock().get(token).cloned()
    }

    /// Any of the tokens.
    #[cfg(test)]
    pub(crate) fn any(&self) -> Option<String> {
        self.lock().keys().next().cloned()
    }
}

/// What changes while it runs.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) execution: Execution,
    /// The client token of the last redrive, and when that was.
    pub(crate) redriven: Option<(String, Timestamp)>,
    progress: Progress,
    tasks: HashMap<TaskId, Work>,
    /// The tokens of activities' tasks that no worker has taken.
    scheduled: HashMap<TaskId, Arc<str>>,
    /// What stands in the place of tasks' work.
    mocked: MockedStates,
    /// Where it is kept.
    keeping: Option<Keeping>,
}

impl Running {
    pub(crate) fn new(
        name: String,
        machine_arn: String,
        machine_name: String,
        chosen: Chosen,
        trace_header: Option<String>,
        execution: Execution,
        (tokens, activities, mocked): (Tokens, Arc<Activities>, MockedStates),
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            machine_arn,
            machine_name,
            kind: execution.options().execution_type,
            chosen,
            trace_header,
            state: Mutex::new(State {
                execution,
                redriven: None,
                progress: Progress::default(),
                tasks: HashMap::new(),
                scheduled: HashMap::new(),
                mocked,
                keeping: None,
            }),
            tokens,
            activities,
            wake: Notify::new(),
            underway: Mutex::default(),
        })
    }

    /// Has it kept there from now on.
    pub(crate) fn keep_in(&self, keeping: Option<Keeping>) {
        self.lock().keeping = keeping;
    }

    /// Has what is new of it last.
    fn keep(&self, state: &mut State) {
        if let Some(mut keeping) = state.keeping.take() {
            let past = || {
                let answers = (self.described(state), self.machine(state));
                Past::new(&state.execution, &self.machine_arn, answers)
            };
            keeping.keep(&state.execution, past);
            state.keeping = Some(keeping);
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs until the execution has to wait, and goes on in the background. An execution that never waits has ended when
    /// this returns.
    pub(crate) fn begin(self: &Arc<Self>, platform: &Arc<Platform>) {
        let underway = platform.ongoing.began(self.lock().execution.arn());
        *self.underway.lock().unwrap_or_else(PoisonError::into_inner) = Some(underway);
        self.announce(platform);
        if let Some(wakeup) = self.step(platform) {
            let (running, platform) = (Arc::clone(self), Arc::clone(platform));
            tokio::spawn(async move {
                let mut wakeup = wakeup;
                loop {
                    tokio::select! {
                        () = running.wake.notified() => {}
                        () = until(wakeup) => {}
                    }
                    match running.step(&platform) {
                        Some(next) => wakeup = next,
                        None => break,
                    }
                }
            });
        }
    }

    /// Runs on. None if the execution has ended; else the time at which it has to run on at the latest, if there is one.
    fn step(self: &Arc<Self>, platform: &Arc<Platform>) -> Option<Option<Timestamp>> {
        let (commands, status, wakeup) = {
            let mut state = self.lock();
            let state = &mut *state;
            let was = state.execution.status();
            let commands = state.execution.run(Timestamp::now());
            if was == Status::Running {
                state.progress.tell(&platform.journal, &mut state.execution);
                self.keep(state);
            }
            (commands, state.execution.status(), state.execution.next_wakeup())
        };
        for command in commands {
            self.carry_out(platform, command);
        }
        if status == Status::Running {
            return Some(wakeup);
        }
        self.end(platform);
        None
    }

    /// Stops the execution, as StopExecution does.
    pub(crate) fn stop(self: &Arc<Self>, platform: &Arc<Platform>, error: Option<&str>, cause: Option<&str>) {
        let commands = {
            let mut state = self.lock();
            let state = &mut *state;
            let commands = state.execution.stop(error, cause, Timestamp::now());
            // One that has ended stays as it is.
            let Ok(commands) = commands else { return };
            state.progress.tell(&platform.journal, &mut state.execution);
            self.keep(state);
            commands
        };
        for command in commands {
            self.carry_out(platform, command);
        }
        self.end(platform);
        self.wake.notify_one();
    }

    fn end(&self, platform: &Arc<Platform>) {
        let underway = self.underway.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(underway) = underway {
            let succeeded = self.lock().execution.status() == Status::Succeeded;
            underway.ended(succeeded);
            self.announce(platform);
        }
    }

    /// Sends the event about the execution's status:
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>. Express ones send none.
    fn announce(&self, platform: &Arc<Platform>) {
        if self.kind == ExecutionType::Express {
            return;
        }
        let mut detail = self.describe();
        let milliseconds = |at: Timestamp| Value::from(at.as_millisecond());
        {
            let state = self.lock();
            detail["startDate"] = milliseconds(state.execution.started_at());
            detail["stopDate"] = state.execution.stopped_at().map_or(Value::Null, milliseconds);
        }
        platform.emit(json!({
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "resources": [detail["executionArn"]],
            "detail": detail,
        }));
    }

    /// The role that does a task: the one in its `Credentials`, else the state machine's.
    fn role(&self, request: &TaskRequest) -> Principal {
        let other = request.credentials_role_arn.as_deref();
        other.map_or_else(|| self.own_role(), |arn| self.session(arn))
    }

    fn own_role(&self) -> Principal {
        self.session(&self.chosen.revision.role_arn)
    }

    /// A session of a role in this execution.
    fn session(&self, role_arn: &str) -> Principal {
        let session: String = self.name.chars().take(64).collect();
        Principal::role_session(role_arn.rsplit('/').next().unwrap_or_default(), session)
    }

    fn carry_out(self: &Arc<Self>, platform: &Arc<Platform>, command: Command) {
        match command {
            Command::StartTask(request) if self.mock(&request) => {}
            Command::StartTask(request) => {
                if let Some(token) = &request.token {
                    let waiting = Arc::downgrade(self);
                    self.tokens.insert(token.to_string(), waiting);
                }
                match (&request.integration, &request.token) {
                    (Integration::Activity { activity_arn }, Some(token)) => {
                        self.schedule(platform, &request, (activity_arn, token));
                    }
                    _ => self.start_task(platform, request),
                }
            }
            Command::ReadItems(request) => {
                let (running, platform) = (Arc::clone(self), Arc::clone(platform));
                tokio::spawn(async move {
                    let read = items::read(&platform, &running.own_role(), &request).await;
                    let now = Timestamp::now();
                    let mut state = running.lock();
                    // An execution that has ended refuses the answer.
                    let _ = match read {
                        Ok(source) => state.execution.items_read(request.id, source, now),
                        Err(failed) => state
                            .execution
                            .task_failed(request.id, &failed.error, &failed.cause, now),
                    };
                    drop(state);
                    running.wake.notify_one();
                });
            }
            Command::WriteResults(request) => {
                let (running, platform) = (Arc::clone(self), Arc::clone(platform));
                tokio::spawn(async move {
                    let written = items::write(&platform, &running.own_role(), &request).await;
                    running.answer(request.id, written.map(|()| "null".to_owned()));
                });
            }
            Command::AbortTask { task } => self.abort(platform, task),
        }
    }

    /// Begins a task's work.
    fn start_task(self: &Arc<Self>, platform: &Arc<Platform>, request: TaskRequest) {
        let request = Arc::new(request);
        // What was aborted in the meantime is not started.
        let started = self.lock().execution.task_started(request.id, Timestamp::now());
        if started.is_err() {
            return;
        }
        let (running, platform, asked) = (Arc::clone(self), Arc::clone(platform), Arc::clone(&request));
        self.spawn(request, async move {
            let (own, role) = (running.own_role(), running.role(&asked));
            let submitted = |answer: &str, job| running.submitted(&platform, &asked, answer, job);
            if let Some(answer) = tasks::perform(&platform, (&own, &role), &asked, submitted).await {
                running.answer(asked.id, answer);
            }
        });
    }

    /// Has an activity's task wait for a worker, and tells where none has ever asked for one.
    fn schedule(self: &Arc<Self>, platform: &Platform, request: &TaskRequest, (arn, token): (&str, &Arc<str>)) {
        let execution: Weak<dyn Waiting> = Arc::<Self>::downgrade(self);
        let scheduled = Scheduled {
            execution,
            task: request.id,
            token: Arc::clone(token),
            input: request.parameters.to_string(),
        };
        self.lock().scheduled.insert(request.id, Arc::clone(token));
        if !self.activities.queues.schedule(arn, scheduled) {
            platform.journal.record(Happening::WorkerAwaited {
                execution_arn: request.execution_arn.to_string(),
                state: request.state.to_string(),
                activity_arn: arn.to_owned(),
            });
        }
    }

    /// Gives a task the outcome of its mock, and says whether it has one.
    fn mock(&self, request: &TaskRequest) -> bool {
        let mut state = self.lock();
        let Some(outcome) = state.mocked.take(&request.state) else {
            return false;
        };
        state.progress.mocked(&request.state);
        // What was aborted in the meantime refuses the answer.
        let _ = mocked::answer(&mut state.execution, request, outcome, Timestamp::now());
        drop(state);
        self.wake.notify_one();
        true
    }

    /// Aborts a task, and stops its job.
    fn abort(&self, platform: &Arc<Platform>, task: TaskId) {
        let scheduled = self.lock().scheduled.remove(&task);
        if let Some(token) = scheduled {
            self.activities.queues.forget(&token);
        }
        let Some(work) = self.lock().tasks.remove(&task) else {
            return;
        };
        if let Some(job) = work.job {
            work.abort.abort();
            self.stop_job(platform, &work.request, job);
        } else if !work.starts_a_job() {
            work.abort.abort();
        }
        // The call that starts a job may be under way: `submitted` stops the job once it is known.
    }

    fn spawn(&self, request: Arc<TaskRequest>, work: impl Future<Output = ()> + Send + 'static) {
        // Under the lock, so that the work is known before it can end.
        let mut state = self.lock();
        let id = request.id;
        let abort = tokio::spawn(work).abort_handle();
        let work = Work {
            abort,
            request,
            job: None,
        };
        state.tasks.insert(id, work);
    }

    /// Remembers the job that a task waits for, and tells the execution that it was accepted. If the task was aborted
    /// meanwhile, the job is stopped.
    fn submitted(&self, platform: &Arc<Platform>, request: &TaskRequest, answer: &str, job: Option<jobs::Job>) {
        let mut state = self.lock();
        match (state.tasks.get_mut(&request.id), job) {
            (Some(work), job) => work.job = job,
            (None, Some(job)) => self.stop_job(platform, request, job),
            (None, None) => {}
        }
        // A token may have been answered before its call was.
        let _ = state.execution.task_submitted(request.id, answer, Timestamp::now());
        drop(state);
        self.wake.notify_one();
    }

    /// Stops the job of a task that is not waited for any more.
    fn stop_job(&self, platform: &Arc<Platform>, request: &TaskRequest, job: jobs::Job) {
        let (platform, role) = (Arc::clone(platform), self.role(request));
        tokio::spawn(async move { job.stop(&platform, &role).await });
    }

    /// Gives the execution a task's answer. Nothing happens if the task is no longer waited for.
    fn answer(&self, id: TaskId, answer: Result<String, Failed>) {
        let now = Timestamp::now();
        let mut state = self.lock();
        state.tasks.remove(&id);
        let answered = match answer {
            Ok(output) => state.execution.task_succeeded(id, &output, now),
            Err(Failed { error, cause, ends }) => match ends {
                true => state.execution.give_up(id, &error, &cause, now),
                false => state.execution.task_failed(id, &error, &cause, now),
            },
        };
        if let Err(Refused::InvalidOutput(error)) = answered {
            let _ = state.execution.task_failed(
                id,
                "States.Runtime",
                &format!("the task's output is not JSON: {error}"),
                now,
            );
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Has the execution look at what has changed.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}

impl Waiting for Running {
    fn take(&self, task: TaskId, worker_name: Option<&str>) -> bool {
        let mut state = self.lock();
        state.scheduled.remove(&task);
        let taken = state.execution.task_taken(task, worker_name, Timestamp::now());
        drop(state);
        self.wake.notify_one();
        taken.is_ok()
    }
}

/// Waits until a time; for ever where there is none.
async fn until(time: Option<Timestamp>) {
    match time {
        None => std::future::pending().await,
        Some(time) => {
            let left = time.duration_since(Timestamp::now());
            // A time that has passed is now.
            tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
        }
    }
}
