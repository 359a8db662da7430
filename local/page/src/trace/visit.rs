//! A visit of a state: from when it was entered to when it was left.

use jiff::Timestamp;
use state_graph::Status;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which part of another state a visit belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Within {
    /// The visit of the Map or Parallel state, by its number.
    pub(crate) visit: usize,
    /// At which start of that state: one that is retried begins anew.
    pub(crate) start: u32,
    /// The iteration of a Map, from 0; nothing for a Parallel.
    pub(crate) iteration: Option<usize>,
}

/// Which iteration of a Map state is looked at, by the state's name.
pub(crate) type Chosen = BTreeMap<String, usize>;

/// A payload, as the history has it: JSON as text. Copies share it.
pub(crate) type Payload = Option<Arc<str>>;

/// One visit of a state.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// The state's name.
    pub(crate) state: Arc<str>,
    /// The state's type, such as `Task`.
    pub(crate) kind: Arc<str>,
    /// Where it is, unless on the outermost level.
    pub(crate) within: Option<Within>,
    /// The event that entered it.
    pub(crate) entered: u64,
    /// When that was.
    pub(crate) from: Timestamp,
    /// When it was left, or ended with the execution.
    pub(crate) to: Option<Timestamp>,
    /// How it is, or how it ended.
    pub(crate) status: Status,
    /// What it was given.
    pub(crate) input: Payload,
    /// What it handed on.
    pub(crate) output: Payload,
    /// The variables that it assigned, as JSON.
    pub(crate) assigned: Vec<(String, Arc<str>)>,
    /// The name of the error with which it failed last.
    pub(crate) error: Option<Arc<str>>,
    /// What was said to it.
    pub(crate) cause: Option<Arc<str>>,
    /// Each time that its work was begun.
    pub(crate) attempts: Vec<Attempt>,
    /// How each iteration of a Map is.
    pub(crate) iterations: Vec<Status>,
    /// The Map Run of a distributed Map.
    pub(crate) map_run: Option<Arc<str>>,
    /// Its events, from the first to the last.
    pub(crate) events: Vec<u64>,
    /// The first visit of its branch or iteration.
    pub(super) branch: usize,
    /// How many times a Map or Parallel was started.
    pub(super) starts: u32,
    /// The visit inside that made a Map or Parallel fail, since it was last started.
    pub(super) blamed: Option<usize>,
    /// Whether a Map or Parallel has failed, and only its end is to come.
    pub(super) is_over: bool,
}

/// One time that a state's work was begun.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// When it was scheduled.
    pub(crate) from: Timestamp,
    /// When it ended.
    pub(crate) to: Option<Timestamp>,
    /// How it is, or how it ended.
    pub(crate) status: Status,
    /// The service and what was asked of it, such as `sagemaker` and `createTrainingJob.sync`.
    pub(crate) resource: Option<(Arc<str>, Arc<str>)>,
    /// What was sent.
    pub(crate) parameters: Payload,
    /// What the service said when it took the work.
    pub(crate) submitted: Payload,
    /// What came back.
    pub(crate) output: Payload,
    /// The error's name.
    pub(crate) error: Option<Arc<str>>,
    /// What was said to it.
    pub(crate) cause: Option<Arc<str>>,
}

impl Visit {
    /// A state that was just entered.
    pub(super) fn new(state: Arc<str>, kind: Arc<str>, entered: u64, from: Timestamp, within: Option<Within>) -> Self {
        Self {
            state,
            kind,
            within,
            entered,
            from,
            to: None,
            status: Status::Running,
            input: None,
            output: None,
            assigned: Vec::new(),
            error: None,
            cause: None,
            attempts: Vec::new(),
            iterations: Vec::new(),
            map_run: None,
            events: vec![entered],
            branch: 0,
            starts: 0,
            blamed: None,
            is_over: false,
        }
    }

    /// Whether it goes on.
    pub(crate) fn is_open(&self) -> bool {
        self.to.is_none()
    }

    /// Whether it has states inside.
    pub(super) fn is_block(&self) -> bool {
        matches!(&*self.kind, "Map" | "Parallel")
    }

    /// Ends it for something other than its own exit.
    pub(super) fn shut(&mut self, at: Timestamp, status: Status) {
        self.to = Some(at);
        self.status = status;
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.to.is_none()) {
            (attempt.to, attempt.status) = (Some(at), status);
        }
        let inside = if status == Status::Succeeded {
            status
        } else {
            Status::Aborted
        };
        self.shut_iterations(inside);
    }

    /// Ends the iterations that go on.
    pub(super) fn shut_iterations(&mut self, status: Status) {
        for iteration in &mut self.iterations {
            if *iteration == Status::Running {
                *iteration = status;
            }
        }
    }

    /// Whether its end was a failure that nothing caught.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.status, Status::Failed | Status::TimedOut)
    }
}

/// Where a thread of an execution is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// The visit of the last state, if it was in this level.
    pub(super) visit: Option<usize>,
    /// The level.
    pub(super) within: Option<Within>,
}
