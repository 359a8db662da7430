//! Rows of one kind: a table in memory whose changes last.

use super::error::StoreError;
use super::lasting::Store;
use super::table::Table;
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Rows of a kind `V`, by their keys.
///
/// ```
/// use platform::store::{Rows, Store};
///
/// let queues: Rows<u32> = Rows::open(&Store::default(), "example/queues")?;
/// queues.lock().insert("first".into(), 1);
/// if let Some(queue) = queues.lock().get_mut("first") {
///     *queue += 1;
/// }
/// assert_eq!(queues.lock().get("first"), Some(&2));
/// # Ok::<(), platform::store::StoreError>(())
/// ```
pub struct Rows<V> {
    space: &'static str,
    store: Store,
    rows: Mutex<Table<V>>,
    /// What was last written of each row, as a hash: much is looked at in a way that could have changed it.
    written: Mutex<HashMap<String, Hash>>,
}

impl<V> Default for Rows<V> {
    /// Rows in memory alone.
    fn default() -> Self {
        Self {
            space: "",
            store: Store::default(),
            rows: Mutex::default(),
            written: Mutex::default(),
        }
    }
}

impl<V> fmt::Debug for Rows<V> {
    /// Without the rows: some are secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Rows").field(&self.space).finish()
    }
}

impl<V: Serialize + DeserializeOwned> Rows<V> {
    /// The rows of a space, as they were left. No two kinds of rows have the same space.
    ///
    /// # Errors
    /// A row cannot be read.
    pub fn open(store: &Store, space: &'static str) -> Result<Self, StoreError> {
        let (mut rows, mut written) = (Table::default(), HashMap::new());
        for (key, value) in store.read(space, "")? {
            let row = deserialized(&value).map_err(|problem| store.unreadable(space, &key, &problem))?;
            written.insert(key.clone(), hash(&value));
            rows.insert(key, row);
        }
        Ok(Self {
            space,
            store: store.clone(),
            rows: Mutex::new(rows),
            written: Mutex::new(written),
        })
    }
}

impl<V: Serialize> Rows<V> {
    /// The rows, to look at and to change.
    pub fn lock(&self) -> Held<'_, V> {
        Held {
            of: self,
            rows: self.rows.lock().unwrap_or_else(PoisonError::into_inner),
            changed: BTreeSet::new(),
        }
    }
}

/// Rows that nobody else sees meanwhile. To look at them it is the table itself; what is changed is written at the end.
pub struct Held<'r, V: Serialize> {
    of: &'r Rows<V>,
    rows: MutexGuard<'r, Table<V>>,
    changed: BTreeSet<String>,
}

impl<V: Serialize> fmt::Debug for Held<'_, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.of.fmt(formatter)
    }
}

impl<V: Serialize> Deref for Held<'_, V> {
    type Target = Table<V>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<V: Serialize> Held<'_, V> {
    fn note(&mut self, key: &str) {
        if self.of.store.folder().is_some() && !self.changed.contains(key) {
            self.changed.insert(key.to_owned());
        }
    }

    /// A row, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        if self.rows.contains_key(key) {
            self.note(key);
        }
        self.rows.get_mut(key)
    }

    /// A row, to be changed: a new one if there is none.
    pub fn get_or_insert_with(&mut self, key: &str, new: impl FnOnce() -> V) -> &mut V {
        self.note(key);
        self.rows.get_or_insert_with(key, new)
    }

    /// All rows, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let keys: Vec<String> = self.rows.keys().cloned().collect();
        for key in &keys {
            self.note(key);
        }
        self.rows.values_mut()
    }

    /// Puts a row. Gives the one that was there before.
    pub fn insert(&mut self, key: String, row: V) -> Option<V> {
        self.note(&key);
        self.rows.insert(key, row)
    }

    /// Removes a row, and gives it.
    pub fn remove(&mut self, key: &str) -> Option<V> {
        let removed = self.rows.remove(key);
        if removed.is_some() {
            self.note(key);
        }
        removed
    }

    /// Keeps the rows that `wanted` wants.
    pub fn retain(&mut self, mut wanted: impl FnMut(&str, &V) -> bool) {
        let gone: Vec<String> = self
            .rows
            .iter()
            .filter(|(key, row)| !wanted(key, row))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.remove(&key);
        }
    }
}

impl<V: Serialize> Drop for Held<'_, V> {
    fn drop(&mut self) {
        if self.changed.is_empty() {
            return;
        }
        let Rows { space, store, .. } = self.of;
        let mut written = self.of.written.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.changed {
            let Some(row) = self.rows.get(key) else {
                written.remove(key);
                store.remove(space, key);
                continue;
            };
            let row = serialized(row);
            let hash = hash(&row);
            if written.insert(key.clone(), hash) != Some(hash) {
                store.put(space, key, || row);
            }
        }
    }
}

/// A row that was written, by way of a [`serde_json::Value`] again.
pub(super) fn deserialized<V: DeserializeOwned>(row: &[u8]) -> serde_json::Result<V> {
    let text = std::str::from_utf8(row).map_err(serde_json::Error::custom)?;
    serde_json::from_value(text.parse()?)
}

/// What a row was written as. Rows are long and written often: it is made by what computes fast in every build.
pub(super) type Hash = [u8; 32];

pub(super) fn hash(row: &[u8]) -> Hash {
    Sha256::digest(row).into()
}

/// A row as it is written. What cannot be written as JSON, such as a map whose keys are no text, is a fault of the row's
/// type that its first test finds.
///
/// By way of a [`serde_json::Value`], whose printing is compiled with serde_json. A row's own is compiled with the crate of
/// the row, without optimisation in a build for development: there it takes several times as long for a long text.
pub(super) fn serialized(row: &impl Serialize) -> Vec<u8> {
    match serde_json::to_value(row) {
        Ok(json) => json.to_string().into_bytes(),
        Err(error) => unreachable!("a row is JSON: {error}"),
    }
}
