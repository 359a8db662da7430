//! What is written, for the journal and for those who follow it.

use super::happening::{Entry, Happening};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many entries are kept: more than a run writes. An account that is kept up for days forgets the oldest.
pub(super) const KEPT: usize = 200_000;

/// How many bytes of events and answers these may have.
const BYTES: usize = 256 * 1024 * 1024;

/// Entries without a gap between their numbers, of which the oldest are forgotten.
#[derive(Debug, Default)]
pub(super) struct Written {
    entries: VecDeque<Entry>,
    /// The number of the next entry.
    next: u64,
    /// How many bytes the events and answers in `entries` have.
    bytes: usize,
}

/// The same for several.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Written>>);

impl Shared {
    pub(super) fn new(written: Written) -> Self {
        Self(Arc::new(Mutex::new(written)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    /// Nothing yet. The first entry will have this number.
    pub(super) fn from(next: u64) -> Self {
        Self {
            next,
            ..Self::default()
        }
    }

    /// Writes down what happened just now, and shows the entry before the oldest may be forgotten for it.
    pub(super) fn push<T>(&mut self, happening: Happening, look: impl FnOnce(&Entry) -> T) -> T {
        let entry = Entry {
            sequence: self.next,
            at: Timestamp::now(),
            happening,
        };
        let seen = look(&entry);
        self.next += 1;
        self.bytes += entry.happening.weight();
        self.entries.push_back(entry);
        while self.entries.len() > KEPT || self.bytes > BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.happening.weight();
        }
        seen
    }

    /// The number of the next entry.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The number of the oldest entry that is kept.
    pub(super) fn oldest(&self) -> u64 {
        self.next - self.entries.len() as u64
    }

    /// The entry of a number, if it is written and not forgotten.
    pub(super) fn at(&self, sequence: u64) -> Option<&Entry> {
        self.entries
            .get(usize::try_from(sequence.checked_sub(self.oldest())?).ok()?)
    }

    /// The entries from a number on, as far as they are kept.
    pub(super) fn since(&self, sequence: u64) -> Vec<Entry> {
        let known = usize::try_from(sequence.saturating_sub(self.oldest())).unwrap_or(usize::MAX);
        self.entries.iter().skip(known).cloned().collect()
    }
}
