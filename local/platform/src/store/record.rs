//! One row with a lock of its own: of something that goes on, such as a job.

use super::rows::{Hash, hash, serialized};
use super::shelf::Shelf;
use serde::Serialize;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A row that is written whenever it has changed.
pub struct Record<V> {
    shelf: Shelf,
    key: String,
    row: Mutex<V>,
    /// What was last written, as a hash.
    written: Mutex<Option<Hash>>,
}

impl<V: fmt::Debug> fmt::Debug for Record<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.row.fmt(formatter)
    }
}

impl<V: Serialize> Record<V> {
    /// A row with this key of a shelf, which is written at once.
    pub fn new(shelf: &Shelf, key: &str, row: V) -> Self {
        let record = Self {
            shelf: shelf.clone(),
            key: key.to_owned(),
            row: Mutex::new(row),
            written: Mutex::default(),
        };
        record.write(&record.row.lock().unwrap_or_else(PoisonError::into_inner));
        record
    }

    /// The row, to look at and to change.
    pub fn lock(&self) -> Changing<'_, V> {
        Changing {
            of: self,
            row: self.row.lock().unwrap_or_else(PoisonError::into_inner),
            may_have_changed: false,
        }
    }

    /// The row itself.
    pub fn into_inner(self) -> V {
        self.row.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, row: &V) {
        if !self.shelf.lasts() {
            return;
        }
        let row = serialized(row);
        let hash = hash(&row);
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.replace(hash) != Some(hash) {
            self.shelf.put_serialized(&self.key, row);
        }
    }
}

/// A row that nobody else sees meanwhile. What has changed is written at the end.
pub struct Changing<'r, V: Serialize> {
    of: &'r Record<V>,
    row: MutexGuard<'r, V>,
    may_have_changed: bool,
}

impl<V: Serialize + fmt::Debug> fmt::Debug for Changing<'_, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.row.fmt(formatter)
    }
}

impl<V: Serialize> Deref for Changing<'_, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.row
    }
}

impl<V: Serialize> DerefMut for Changing<'_, V> {
    fn deref_mut(&mut self) -> &mut V {
        self.may_have_changed = true;
        &mut self.row
    }
}

impl<V: Serialize> Drop for Changing<'_, V> {
    fn drop(&mut self) {
        if self.may_have_changed {
            self.of.write(&self.row);
        }
    }
}
