//! Rows that belong to one thing, such as the objects of a bucket. Their owner holds them in the shape that it needs.

use super::error::StoreError;
use super::lasting::Store;
use super::rows::{deserialized, serialized};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Stands between the owner's name and the row's own key. No name that AWS allows has it.
const BEHIND_THE_OWNER: char = '\n';

/// The rows of one owner in a space. Without a store nothing is written.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    store: Store,
    space: &'static str,
    prefix: String,
}

impl Shelf {
    /// The rows of `owner` in this space.
    pub fn new(store: &Store, space: &'static str, owner: &str) -> Self {
        Self {
            store: store.clone(),
            space,
            prefix: format!("{owner}{BEHIND_THE_OWNER}"),
        }
    }

    /// Those who have rows in a space.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn owners(store: &Store, space: &str) -> Result<BTreeSet<String>, StoreError> {
        let rows = store.read(space, "")?.into_iter();
        let owner = |(key, _): (String, Vec<u8>)| Some(key.split_once(BEHIND_THE_OWNER)?.0.to_owned());
        Ok(rows.filter_map(owner).collect())
    }

    /// The rows as they were left, by their keys.
    ///
    /// # Errors
    /// A row cannot be read.
    pub fn read<V: DeserializeOwned>(&self) -> Result<Vec<(String, V)>, StoreError> {
        let rows = self.store.read(self.space, &self.prefix)?.into_iter();
        rows.map(|row| self.row(row)).collect()
    }

    /// The rows from one key to another, both included, by their keys.
    ///
    /// # Errors
    /// A row cannot be read.
    pub fn read_between<V: DeserializeOwned>(&self, first: &str, last: &str) -> Result<Vec<(String, V)>, StoreError> {
        let [first, last] = [first, last].map(|key| format!("{}{key}", self.prefix));
        let rows = self.store.read_between(self.space, &first, &last)?;
        rows.into_iter().map(|row| self.row(row)).collect()
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// They cannot be counted.
    pub fn count(&self) -> Result<usize, StoreError> {
        self.store.count(self.space, &self.prefix)
    }

    fn row<V: DeserializeOwned>(&self, (key, row): (String, Vec<u8>)) -> Result<(String, V), StoreError> {
        match deserialized(&row) {
            Ok(row) => Ok((key[self.prefix.len()..].to_owned(), row)),
            Err(problem) => Err(self.store.unreadable(self.space, &key, &problem)),
        }
    }

    /// Puts a row.
    pub fn put(&self, key: &str, row: &impl Serialize) {
        if self.lasts() {
            self.put_serialized(key, serialized(row));
        }
    }

    /// Whether anything is written at all.
    pub(super) fn lasts(&self) -> bool {
        self.store.folder().is_some()
    }

    pub(super) fn put_serialized(&self, key: &str, row: Vec<u8>) {
        self.store.put(self.space, &format!("{}{key}", self.prefix), || row);
    }

    /// Removes a row.
    pub fn remove(&self, key: &str) {
        self.store.remove(self.space, &format!("{}{key}", self.prefix));
    }
}
