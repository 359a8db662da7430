//! The programs that run as processes of this machine: each in a group of its own, with all that it has started.

use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long programs may take to end by themselves at the end of a run.
const GRACE: Duration = Duration::from_secs(5);

/// The groups that run.
#[derive(Debug, Default)]
pub(crate) struct Groups(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    running: BTreeSet<i32>,
    /// Whether no more may run.
    closed: bool,
}

/// A group that runs. Dropped, all of it is ended.
#[derive(Debug)]
pub(crate) struct Group {
    id: Pid,
    groups: Arc<Groups>,
}

impl Groups {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a group in that has just been started. At the end of the run it is ended at once.
    pub(crate) fn enter(self: &Arc<Self>, id: Pid) -> Option<Group> {
        let group = Group {
            id,
            groups: Arc::clone(self),
        };
        let mut known = self.known();
        known.running.insert(id.as_raw_nonzero().get());
        let is_open = !known.closed;
        drop(known);
        is_open.then_some(group)
    }

    fn signal_all(&self, signal: Signal) {
        for id in self.known().running.iter().filter_map(|id| Pid::from_raw(*id)) {
            // Nothing is left to be ended where it fails.
            let _ = kill_process_group(id, signal);
        }
    }

    /// Asks every group to end, ends it after a while, and lets no more run.
    pub(super) async fn end(&self) {
        self.known().closed = true;
        self.signal_all(Signal::TERM);
        let late = Instant::now() + GRACE;
        while !self.known().running.is_empty() && Instant::now() < late {
            sleep(Duration::from_millis(10)).await;
        }
        self.signal_all(Signal::KILL);
    }
}

impl Group {
    /// The group's number, which is its first process's.
    pub(crate) fn id(&self) -> Pid {
        self.id
    }

    /// Sends a signal to all of it.
    pub(crate) fn signal(&self, signal: Signal) {
        // Nothing is left to be ended where it fails.
        let _ = kill_process_group(self.id, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        self.groups.known().running.remove(&self.id.as_raw_nonzero().get());
    }
}
