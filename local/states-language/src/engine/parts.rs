//! What an engine is made of: runs, threads, phases and timers. They are data; what happens to them is in the files
//! beside this one.
//!
//! A *run* is an execution with a history of its own: the execution itself, or a child of a distributed Map. A *thread*
//! is a walk through a flow: a run's own, a Parallel state's branch or a Map's iteration. Everything refers to
//! everything else by index, so that nothing is shared and nothing can leak.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::history::HistoryEvent;
use super::interface::{Status, TaskId};
use super::slots::Slots;
use crate::definition::{ExecutionType, Flow, Limits, Manifest, Outcome, Raised};
use crate::expression::{Failure, MapItem, Variables};
use crate::text::{Array, Json};

/// The index of a run.
pub(super) type RunId = usize;
/// The index of a thread in its run.
pub(super) type ThreadId = usize;

/// A thread of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) run: RunId,
    pub(super) thread: ThreadId,
}

/// An execution, or a child of one.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) arn: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) history: Vec<HistoryEvent>,
    pub(super) threads: Slots<Thread>,
    pub(super) status: Status,
    pub(super) output: Option<Json>,
    pub(super) failure: Option<Failure>,
    pub(super) started_at: Timestamp,
    pub(super) stopped_at: Option<Timestamp>,
    /// `$$.Execution` and `$$.StateMachine`.
    pub(super) execution: Json,
    pub(super) state_machine: Json,
    /// For a child: the Map that waits for it, and the number of its item.
    pub(super) parent: Option<(Place, usize)>,
    pub(super) max_events: u64,
    /// There is no room for more events than the one that says so.
    pub(super) is_full: bool,
}

/// A walk through a flow.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) flow: Arc<Flow>,
    pub(super) state: usize,
    pub(super) input: Json,
    /// The event that the next one follows.
    pub(super) cursor: u64,
    /// The event that the state's entering followed.
    pub(super) cursor_before: u64,
    pub(super) entered_event: u64,
    pub(super) entered_at: Timestamp,
    pub(super) variables: Variables,
    pub(super) map_item: Option<Arc<MapItem>>,
    /// The thread that waits for this one, and the number of the branch or iteration.
    pub(super) parent: Option<(ThreadId, usize)>,
    /// How often each retrier has tried.
    pub(super) attempts: Vec<u32>,
    pub(super) retry_count: u32,
    pub(super) phase: Phase,
    /// Tells this phase's timers from those of phases gone by.
    pub(super) epoch: u64,
}

/// What a thread does.
#[derive(Debug)]
pub(super) enum Phase {
    /// It is about to enter its state.
    Enter,
    /// It is about to do the state's work.
    Work,
    /// It waits, for a Wait state's time.
    Wait,
    /// A Wait state's time has come.
    Waited,
    /// It waits before another attempt.
    Backoff,
    /// It waits for a task.
    Task(TaskWork),
    /// A task brought this.
    Result(Json),
    /// A task failed, or its time ran out.
    Failed(Raised),
    /// It waits for its branches.
    Branches(Branches),
    /// It waits for its iterations.
    Iterations(Iterations),
    /// It waits for its child executions.
    MapRun(Box<MapRunWork>),
    /// Its flow has ended.
    Done,
}

/// A task under way.
#[derive(Debug)]
pub(super) struct TaskWork {
    pub(super) id: TaskId,
    pub(super) is_started: bool,
    pub(super) token: Option<Arc<str>>,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) heartbeat_seconds: Option<u64>,
    /// Tells the current heartbeat's timer from those before.
    pub(super) heartbeat: u64,
}

/// Something that happens at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    pub(super) at: Timestamp,
    /// Keeps timers of the same time in order, and tells stale ones.
    pub(super) epoch: u64,
    pub(super) run: RunId,
    pub(super) thread: ThreadId,
    pub(super) kind: TimerKind,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TimerKind {
    /// A wait or a backoff ends.
    Wake,
    /// A task's `TimeoutSeconds` are over.
    Timeout,
    /// A task's `HeartbeatSeconds` are over.
    Heartbeat(u64),
    /// The state machine's `TimeoutSeconds` are over.
    Execution,
}

/// What an evaluation sees beside the thread's own.
#[derive(Default)]
pub(super) struct Extra<'e> {
    pub(super) map_item: Option<&'e MapItem>,
    pub(super) task_token: Option<Arc<str>>,
    pub(super) result: Option<&'e Json>,
}

/// Who a run is.
pub(super) struct Identity {
    pub(super) arn: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) state_machine_arn: Arc<str>,
    pub(super) state_machine_name: Arc<str>,
    pub(super) execution_type: ExecutionType,
}

/// Branches under way.
#[derive(Debug)]
pub(super) struct Branches {
    pub(super) threads: Vec<ThreadId>,
    pub(super) results: Vec<Option<Json>>,
    pub(super) running: usize,
}

/// Iterations under way.
#[derive(Debug)]
pub(super) struct Iterations {
    pub(super) threads: Vec<ThreadId>,
    pub(super) items: Arc<Array>,
    /// What the item selector sees as `$`.
    pub(super) input: Json,
    pub(super) results: Vec<Json>,
    pub(super) next: usize,
    pub(super) running: usize,
}

/// A Map Run under way.
#[derive(Debug)]
pub(super) struct MapRunWork {
    /// The number of its [`MapRun`].
    pub(super) index: usize,
    pub(super) limits: Limits,
    /// The state machine's name with the Map's label, which is part of the children's ARNs.
    pub(super) child_machine: Arc<str>,
    /// The task that reads the items or writes the results.
    pub(super) io: Option<TaskId>,
    /// The bucket that is read from.
    pub(super) bucket: Json,
    /// What lists the objects that have the items, while they are read.
    pub(super) manifest: Option<Manifest>,
    /// The children's inputs; taken away once a child has succeeded.
    pub(super) inputs: Vec<Json>,
    /// What is to be started yet, last first.
    pub(super) waiting: Vec<usize>,
    pub(super) running: BTreeMap<usize, RunId>,
    pub(super) results: Vec<Option<Json>>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) failed: Vec<usize>,
    /// What the writer gave for the next state.
    pub(super) written: Option<Json>,
}

impl MapRunWork {
    pub(super) fn new(index: usize, limits: Limits, child_machine: Arc<str>) -> MapRunWork {
        MapRunWork {
            index,
            limits,
            child_machine,
            io: None,
            bucket: Json::Null,
            manifest: None,
            inputs: Vec::new(),
            waiting: Vec::new(),
            running: BTreeMap::new(),
            results: Vec::new(),
            outcomes: Vec::new(),
            failed: Vec::new(),
            written: None,
        }
    }
}
