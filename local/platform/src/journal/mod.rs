//! What happened, in order: the one source of the command's output, of a page's, and of the tests' assertions about paths.
//!
//! All of it can be read while the process runs. What no service could tell afterwards lasts, where a folder is kept.

mod following;
mod happening;
mod keeping;

pub use following::{Follower, Unheard};
pub use happening::{Entry, FailedTest, Happening, RuleConsidered};
pub use keeping::Kept;

use crate::store::{Store, StoreError};
use jiff::Timestamp;
use keeping::Keeping;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// How many entries are kept: more than a run writes. An account that is kept up for days forgets the oldest.
const KEPT: usize = 200_000;

/// How many bytes of events and answers these may have.
const BYTES: usize = 256 * 1024 * 1024;

/// The record of what happened, of which the latest 200,000 entries can be read, and which can be followed live.
#[derive(Debug, Default)]
pub struct Journal {
    written: Shared,
    /// Rings for those who follow.
    bell: watch::Sender<()>,
    store: Store,
    keeping: Arc<Keeping>,
}

/// What is written, for the journal and for those who follow it.
type Shared = Arc<Mutex<Written>>;

#[derive(Debug, Default)]
struct Written {
    entries: VecDeque<Entry>,
    /// The number of the next entry.
    next: u64,
    /// How many bytes the events and answers in `entries` have.
    bytes: usize,
}

impl Journal {
    /// A journal of which this store keeps a part.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let keeping = Arc::<Keeping>::default();
        store.write_late(keeping.clone());
        let written = Written {
            next: keeping::next(store)?,
            ..Written::default()
        };
        Ok(Self {
            written: Arc::new(Mutex::new(written)),
            bell: watch::Sender::default(),
            store: store.clone(),
            keeping,
        })
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what happened just now.
    pub fn record(&self, happening: Happening) {
        let mut written = self.written();
        let entry = Entry {
            sequence: written.next,
            at: Timestamp::now(),
            happening,
        };
        written.next += 1;
        written.bytes += entry.happening.weight();
        let is_first_to_last = self.store.folder().is_some() && self.keeping.note(&entry);
        written.entries.push_back(entry);
        while written.entries.len() > KEPT || written.bytes > BYTES {
            let Some(oldest) = written.entries.pop_front() else {
                break;
            };
            written.bytes -= oldest.happening.weight();
        }
        drop(written);
        if is_first_to_last {
            self.store.nudge();
        }
        self.bell.send_replace(());
    }

    /// What happened so far, of which the oldest may be forgotten.
    pub fn entries(&self) -> Vec<Entry> {
        self.written().entries.iter().cloned().collect()
    }

    /// What happened from the entry of this number on, and the number to ask for next. Cheap where nothing is new. What is
    /// forgotten is left out: 0 gives all that there is.
    pub fn since(&self, sequence: u64) -> (u64, Vec<Entry>) {
        let written = self.written();
        let new = usize::try_from(written.next.saturating_sub(sequence)).unwrap_or(usize::MAX);
        let known = written.entries.len();
        let entries = written.entries.range(known - new.min(known)..);
        (written.next, entries.cloned().collect())
    }

    /// What lasts of this run and of earlier ones, in order: decisions of IAM, each once, events and what became of them,
    /// invocations, approvals, pushes, retries and notes. Without a folder that is nothing.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn kept(&self) -> Result<Vec<Kept>, StoreError> {
        self.keeping.kept(&self.store)
    }

    /// What happens from now on.
    pub fn follow(&self) -> Follower {
        Follower::new(&self.written, self.bell.subscribe())
    }
}

#[cfg(test)]
mod tests;
