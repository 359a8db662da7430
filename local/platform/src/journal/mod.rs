//! What happened, in order: the one source of the command's output, of a page's, and of the tests' assertions about paths.
//!
//! All of it can be read while the process runs. What no service could tell afterwards lasts, where a folder is kept.

mod following;
mod happening;
mod keeping;
mod written;

pub use following::{Follower, Unheard};
pub use happening::{Entry, FailedTest, Happening, RuleConsidered};
pub use keeping::Kept;

use crate::store::{Store, StoreError};
use keeping::Keeping;
use std::sync::Arc;
use tokio::sync::watch;
use written::{Shared, Written};

/// The record of what happened, of which the latest 200,000 entries can be read, and which can be followed live.
#[derive(Debug, Default)]
pub struct Journal {
    written: Shared,
    /// Rings for those who follow.
    bell: watch::Sender<()>,
    store: Store,
    keeping: Arc<Keeping>,
}

impl Journal {
    /// A journal of which this store keeps a part.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let keeping = Arc::<Keeping>::default();
        store.write_late(keeping.clone());
        Ok(Self {
            written: Shared::new(Written::from(keeping::next(store)?)),
            bell: watch::Sender::default(),
            store: store.clone(),
            keeping,
        })
    }

    /// Writes down what happened just now.
    pub fn record(&self, happening: Happening) {
        // Noted under the lock, so that what lasts has the same order.
        let note = |entry: &Entry| self.store.folder().is_some() && self.keeping.note(entry);
        let is_first_to_last = self.written.lock().push(happening, note);
        if is_first_to_last {
            self.store.nudge();
        }
        self.bell.send_replace(());
    }

    /// What happened so far, of which the oldest may be forgotten.
    pub fn entries(&self) -> Vec<Entry> {
        self.written.lock().since(0)
    }

    /// What happened from the entry of this number on, and the number to ask for next. Cheap where nothing is new. What is
    /// forgotten is left out: 0 gives all that there is.
    pub fn since(&self, sequence: u64) -> (u64, Vec<Entry>) {
        let written = self.written.lock();
        (written.next(), written.since(sequence))
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
