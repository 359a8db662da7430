//! The engine's loop, and the small steps that all of the engine is made of: events, timers, phases, evaluation.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::history::{EventDetails, HistoryEvent, Payload};
use super::interface::{ChildExecution, Command, MapRun, Retried, StartOptions, Status, TaskId};
use super::parts::{Extra, Identity, Phase, Place, Run, RunId, Thread, ThreadId, Timer, TimerKind};
use super::slots::Slots;
use crate::definition::{Flow, State};
use crate::expression::{Context, Failure, MapItem, Random, Scope, Variables, format_time};
use crate::text::Json;

/// How many states one call of `run` may pass, so that a flow without an end cannot keep its host for ever.
const STATES_PER_RUN: usize = 200_000;

/// All that an execution is made of.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) options: StartOptions,
    pub(super) runs: Slots<Run>,
    pub(super) ready: VecDeque<Place>,
    pub(super) timers: BinaryHeap<Reverse<Timer>>,
    pub(super) tasks: HashMap<TaskId, Place>,
    pub(super) tokens: HashMap<Arc<str>, TaskId>,
    pub(super) commands: Vec<Command>,
    pub(super) random: Random,
    pub(super) map_runs: Vec<MapRun>,
    pub(super) children: Vec<ChildExecution>,
    /// The attempts of `Retry` that were decided on, since they were last asked for.
    pub(super) retries: Vec<Retried>,
    last_task: u64,
    last_epoch: u64,
}

impl Engine {
    pub(super) fn new(options: StartOptions) -> Engine {
        Engine {
            random: Random::new(options.random_seed),
            options,
            runs: Slots::with_capacity(1),
            ready: VecDeque::new(),
            timers: BinaryHeap::new(),
            tasks: HashMap::new(),
            tokens: HashMap::new(),
            commands: Vec::new(),
            map_runs: Vec::new(),
            children: Vec::new(),
            retries: Vec::new(),
            last_task: 0,
            last_epoch: 0,
        }
    }

    /// Makes a run, with its first event written and its first thread ready.
    pub(super) fn add_run(
        &mut self,
        identity: Identity,
        flow: Arc<Flow>,
        input: Json,
        text: Payload,
        parent: Option<(Place, usize)>,
        now: Timestamp,
    ) -> RunId {
        let execution = Json::object([
            ("Id", identity.arn.clone().into()),
            ("Input", input.clone()),
            ("StartTime", format_time(now).into()),
            ("Name", identity.name.clone().into()),
            ("RoleArn", self.options.role_arn.clone().into()),
            ("RedriveCount", 0_i64.into()),
        ]);
        let state_machine = Json::object([
            ("Id", identity.state_machine_arn.into()),
            ("Name", identity.state_machine_name.into()),
        ]);
        let qualified_arn = self.options.qualified_arn.clone().filter(|_| parent.is_none());
        let role_arn = self.options.role_arn.clone();
        let started = EventDetails::ExecutionStarted {
            input: text,
            role_arn,
            qualified_arn,
        };
        let run = Box::new(Run {
            arn: identity.arn,
            name: identity.name,
            history: vec![HistoryEvent {
                id: 1,
                previous_event_id: 0,
                timestamp: now,
                details: started,
            }],
            threads: Slots::with_capacity(1),
            status: Status::Running,
            output: None,
            failure: None,
            started_at: now,
            stopped_at: None,
            execution,
            state_machine,
            parent,
            max_events: self.options.history_limit(identity.execution_type),
            is_full: false,
        });
        let id = self.runs.insert(run);
        // The first state's entering follows event 0, as AWS has it, and not the execution's start.
        self.add_thread(id, flow, input, 0, Variables::default(), None, None, now);
        id
    }

    /// Makes a thread, ready to enter its flow's first state.
    #[expect(clippy::too_many_arguments, reason = "each of them is a field of the thread")]
    pub(super) fn add_thread(
        &mut self,
        run: RunId,
        flow: Arc<Flow>,
        input: Json,
        cursor: u64,
        variables: Variables,
        map_item: Option<Arc<MapItem>>,
        parent: Option<(ThreadId, usize)>,
        now: Timestamp,
    ) -> ThreadId {
        let thread = Box::new(Thread {
            state: flow.start,
            flow,
            input,
            cursor,
            cursor_before: cursor,
            entered_event: 0,
            entered_at: now,
            variables,
            map_item,
            parent,
            attempts: Vec::new(),
            retry_count: 0,
            phase: Phase::Enter,
            epoch: self.next_epoch(),
        });
        let id = self.run_mut(run).threads.insert(thread);
        self.ready.push_back(Place { run, thread: id });
        id
    }

    pub(super) fn next_epoch(&mut self) -> u64 {
        self.last_epoch += 1;
        self.last_epoch
    }

    pub(super) fn next_task(&mut self) -> TaskId {
        self.last_task += 1;
        TaskId(self.last_task)
    }

    /// The run; every `RunId` that the engine holds is of one that is there.
    pub(super) fn run(&self, id: RunId) -> &Run {
        &self.runs[id]
    }

    pub(super) fn run_mut(&mut self, id: RunId) -> &mut Run {
        &mut self.runs[id]
    }

    /// The thread; every `Place` that is followed is of one that is there.
    pub(super) fn thread(&self, place: Place) -> &Thread {
        &self.runs[place.run].threads[place.thread]
    }

    pub(super) fn thread_mut(&mut self, place: Place) -> &mut Thread {
        &mut self.runs[place.run].threads[place.thread]
    }

    /// The thread, where it has not been dropped since.
    pub(super) fn find_thread(&self, place: Place) -> Option<&Thread> {
        self.runs.get(place.run)?.threads.get(place.thread)
    }

    pub(super) fn state(&self, place: Place) -> Arc<State> {
        let thread = self.thread(place);
        Arc::clone(&thread.flow.states[thread.state])
    }

    /// Enters a new phase, which makes all timers of the old one stale.
    pub(super) fn set_phase(&mut self, place: Place, phase: Phase) {
        let epoch = self.next_epoch();
        let thread = self.thread_mut(place);
        thread.phase = phase;
        thread.epoch = epoch;
    }

    pub(super) fn set_timer(&mut self, place: Place, at: Timestamp, kind: TimerKind) {
        let epoch = self.thread(place).epoch;
        self.timers.push(Reverse(Timer {
            at,
            epoch,
            run: place.run,
            thread: place.thread,
            kind,
        }));
    }

    /// Writes an event, and gives its id.
    pub(super) fn event(&mut self, run: RunId, previous: u64, details: EventDetails, now: Timestamp) -> u64 {
        let run = self.run_mut(run);
        let id = run.history.len() as u64 + 1;
        if id >= run.max_events && !details.is_last() {
            run.is_full = true;
            return id - 1;
        }
        run.history.push(HistoryEvent {
            id,
            previous_event_id: previous,
            timestamp: now,
            details,
        });
        id
    }

    /// Writes a thread's event, which the thread's next one will follow.
    pub(super) fn follow(&mut self, place: Place, details: EventDetails, now: Timestamp) -> u64 {
        let previous = self.thread(place).cursor;
        let id = self.event(place.run, previous, details, now);
        self.thread_mut(place).cursor = id;
        id
    }

    /// Writes a thread's event beside the chain: the thread's next one will follow what came before.
    pub(super) fn aside(&mut self, place: Place, details: EventDetails, now: Timestamp) -> u64 {
        let previous = self.thread(place).cursor;
        self.event(place.run, previous, details, now)
    }

    /// Evaluates something with what a thread's state can see.
    pub(super) fn evaluate<T>(
        &self,
        place: Place,
        state: &State,
        extra: Extra<'_>,
        now: Timestamp,
        evaluate: impl FnOnce(&Scope<'_>) -> T,
    ) -> T {
        let run = self.run(place.run);
        let thread = self.thread(place);
        let context = Context {
            execution: &run.execution,
            state_machine: &run.state_machine,
            state_name: &state.common.name,
            entered_at: thread.entered_at,
            retry_count: state.body.kind().does_work().then_some(thread.retry_count),
            task_token: extra.task_token,
            map_item: extra.map_item.or(thread.map_item.as_deref()),
            made: OnceCell::new(),
        };
        let scope = Scope {
            input: &thread.input,
            context: &context,
            variables: &thread.variables,
            state_input: &thread.input,
            result: extra.result,
            error_output: None,
            random: &self.random,
            now,
        };
        evaluate(&scope)
    }

    /// Advances everything that can advance.
    pub(super) fn advance(&mut self, now: Timestamp) {
        self.ring(now);
        let mut budget = STATES_PER_RUN;
        while let Some(place) = self.ready.pop_front() {
            if self.find_thread(place).is_none() {
                continue;
            }
            while self.run(place.run).status == Status::Running && self.step(place, now) {
                budget = budget.saturating_sub(1);
                if self.runs.get(place.run).is_none_or(|run| run.is_full) || self.find_thread(place).is_none() {
                    break;
                }
                if budget == 0 {
                    self.ready.push_back(place);
                    return;
                }
            }
            if self
                .runs
                .get(place.run)
                .is_some_and(|run| run.is_full && run.status == Status::Running)
            {
                self.fail_full(place, now);
            }
        }
    }

    /// Fails a run whose history has room for one event only.
    fn fail_full(&mut self, place: Place, now: Timestamp) {
        let run = self.run(place.run);
        let (last, limit) = (run.history.len() as u64, run.max_events);
        let cause = format!("The execution reached the maximum number of history events ({limit}).");
        self.fail_run(place.run, Failure::new("States.Runtime", cause), last, now);
    }

    /// Has the timers ring whose time has come.
    fn ring(&mut self, now: Timestamp) {
        while let Some(Reverse(timer)) = self.timers.peek().copied() {
            if timer.at > now {
                return;
            }
            self.timers.pop();
            if self.is_current(&timer) {
                self.rung(timer, now);
            }
        }
    }

    /// Whether a timer's phase still goes on.
    pub(super) fn is_current(&self, timer: &Timer) -> bool {
        if timer.kind == TimerKind::Execution {
            return self.run(timer.run).status == Status::Running;
        }
        let place = Place {
            run: timer.run,
            thread: timer.thread,
        };
        let Some(thread) = self.find_thread(place) else {
            return false;
        };
        let beats = |heartbeat| matches!(&thread.phase, Phase::Task(task) if task.heartbeat == heartbeat);
        thread.epoch == timer.epoch
            && self.run(timer.run).status == Status::Running
            && match timer.kind {
                TimerKind::Heartbeat(heartbeat) => beats(heartbeat),
                _ => true,
            }
    }

    /// When something will happen by itself.
    pub(super) fn next_time(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.ready.is_empty() {
            return Some(now);
        }
        self.timers.peek().map(|Reverse(timer)| timer.at)
    }

    /// Forgets timers of phases gone by, as far as they come next.
    pub(super) fn prune_timers(&mut self) {
        while self.timers.peek().is_some_and(|Reverse(timer)| !self.is_current(timer)) {
            self.timers.pop();
        }
    }

    fn rung(&mut self, timer: Timer, now: Timestamp) {
        let place = Place {
            run: timer.run,
            thread: timer.thread,
        };
        match timer.kind {
            TimerKind::Execution => self.time_out_run(now),
            TimerKind::Wake => self.wake(place),
            TimerKind::Timeout => self.time_out_task(place, false, now),
            TimerKind::Heartbeat(_) => self.time_out_task(place, true, now),
        }
    }
}
