//! What may be written late: no answer says that it lasts, so nobody waits for it.

use rusqlite::{Connection, params};
use std::fmt;

/// A change that is to last.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// Puts a row.
    Put {
        space: &'static str,
        key: String,
        value: Vec<u8>,
    },
    /// Removes a row.
    Remove { space: &'static str, key: String },
    /// A body whose file is there.
    Keep { id: String },
    /// A body that nothing names any more.
    Forget { id: String },
    /// No change: something is to be written late.
    Nudge,
}

/// Whoever has something to be written late.
pub(crate) trait Late: Send + Sync + fmt::Debug {
    /// What is to be written now, and whether there is more. `store` is what is there already.
    fn take(&self, store: &Present<'_>) -> (Vec<Write>, bool);

    /// What was taken is written, or cannot be.
    fn written(&self);
}

/// The rows that are there when something is written late. What cannot be read counts as not there.
pub(crate) struct Present<'c>(pub(super) &'c Connection);

impl Present<'_> {
    /// The rows of a space, by their keys.
    pub(crate) fn rows(&self, space: &str) -> Vec<(String, Vec<u8>)> {
        self.read("SELECT key, value FROM rows WHERE space = ?1 ORDER BY key", space)
    }

    /// How many bytes each row of a space has, by their keys.
    pub(crate) fn sizes(&self, space: &str) -> Vec<(String, usize)> {
        let query = "SELECT key, length(value) FROM rows WHERE space = ?1 ORDER BY key";
        let sizes = self.read::<i64>(query, space).into_iter();
        sizes
            .map(|(key, size)| (key, usize::try_from(size).unwrap_or_default()))
            .collect()
    }

    fn read<T: rusqlite::types::FromSql>(&self, query: &str, space: &str) -> Vec<(String, T)> {
        let read = || {
            let mut query = self.0.prepare(query)?;
            let rows = query.query_map(params![space], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().unwrap_or_default()
    }
}
