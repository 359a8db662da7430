//! The store itself: a folder, or memory alone.

use super::body::Body;
use super::database::{self, Database, Inventory};
use super::error::StoreError;
use super::late::{Late, Write};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where rows and bodies are kept: a folder, or memory alone. Clones are the same store.
#[derive(Debug, Clone, Default)]
pub struct Store(Option<Arc<Database>>);

impl Store {
    /// Keeps everything in this folder, which is made if it is not there. One process at a time can have it.
    ///
    /// # Errors
    /// Another process has it, its format is another one, or it cannot be read or written.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self(Some(Arc::new(Database::open(folder)?))))
    }

    /// What is kept of the account in another region: in a folder of its own below this one, or in memory too.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn in_region(&self, region: &str) -> Result<Self, StoreError> {
        match self.folder() {
            Some(folder) => Self::open(&database::region(folder, region)),
            None => Ok(Self::default()),
        }
    }

    /// The other regions of which something is kept in a folder, with their own folders.
    pub fn regions(folder: &Path) -> Vec<(String, PathBuf)> {
        database::regions(folder)
    }

    /// Deletes what is kept in a folder, of all regions.
    ///
    /// # Errors
    /// Another process has it, or it cannot be deleted.
    pub fn clear(folder: &Path) -> Result<(), StoreError> {
        database::clear(folder)
    }

    /// Looks at what is kept in a folder: how many rows each space has, and how many bytes there are in all. Nothing is
    /// changed, and another process may have the folder meanwhile. None where nothing is kept.
    ///
    /// # Errors
    /// It cannot be read, or has another format.
    pub fn look(folder: &Path) -> Result<Option<Inventory>, StoreError> {
        database::look(folder)
    }

    /// The folder, if there is one.
    pub fn folder(&self) -> Option<&Path> {
        self.0.as_deref().map(Database::folder)
    }

    /// The rows of a space whose keys begin with `prefix`, by their keys.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn read(&self, space: &str, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.0
            .as_ref()
            .map_or(Ok(Vec::new()), |database| database.read(space, prefix))
    }

    /// The rows of a space from one key to another, both included.
    ///
    /// # Errors
    /// They cannot be read.
    pub(super) fn read_between(
        &self,
        space: &str,
        first: &str,
        last: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.0
            .as_ref()
            .map_or(Ok(Vec::new()), |database| database.read_between(space, first, last))
    }

    /// How many rows of a space have keys that begin with `prefix`.
    ///
    /// # Errors
    /// They cannot be counted.
    pub(super) fn count(&self, space: &str, prefix: &str) -> Result<usize, StoreError> {
        self.0.as_ref().map_or(Ok(0), |database| database.count(space, prefix))
    }

    /// Puts a row. `value` is not asked for where nothing is written.
    pub(super) fn put(&self, space: &'static str, key: &str, value: impl FnOnce() -> Vec<u8>) {
        if let Some(database) = &self.0 {
            let key = key.to_owned();
            database.write(Write::Put {
                space,
                key,
                value: value(),
            });
        }
    }

    /// Removes a row.
    pub(super) fn remove(&self, space: &'static str, key: &str) {
        if let Some(database) = &self.0 {
            let key = key.to_owned();
            database.write(Write::Remove { space, key });
        }
    }

    /// From now on this one is asked for what may be written late.
    pub(crate) fn write_late(&self, late: Arc<dyn Late>) {
        if let Some(database) = &self.0 {
            database.write_late(late);
        }
    }

    /// Says that something is to be written late.
    pub(crate) fn nudge(&self) {
        if let Some(database) = &self.0 {
            database.nudge();
        }
    }

    /// The last key of a space.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn last_key(&self, space: &str) -> Result<Option<String>, StoreError> {
        self.0.as_ref().map_or(Ok(None), |database| database.last_key(space))
    }

    /// Keeps bytes that may be large.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn keep(&self, bytes: Bytes) -> Result<Body, StoreError> {
        match &self.0 {
            None => Ok(Body::in_memory(bytes)),
            Some(database) => database.keep(&bytes),
        }
    }

    /// The bytes of a body.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn bytes(&self, body: &Body) -> Result<Bytes, StoreError> {
        match (body.held(), &self.0) {
            (Some(held), _) => Ok(held.clone()),
            (None, Some(database)) => database.bytes(body),
            (None, None) => Ok(Bytes::new()),
        }
    }

    /// Lets go of a body that nothing names any more. It can be read until the folder is closed.
    pub fn forget(&self, body: &Body) {
        if let Some(database) = &self.0
            && body.held().is_none()
        {
            database.write(Write::Forget {
                id: body.id().to_owned(),
            });
        }
    }

    /// Waits until everything that was put, removed and kept until now lasts.
    ///
    /// # Errors
    /// It could not be written, such as on a full disk.
    pub async fn settled(&self) -> Result<(), StoreError> {
        match &self.0 {
            None => Ok(()),
            Some(database) => database.settled().await,
        }
    }

    pub(super) fn unreadable(&self, space: &str, key: &str, problem: &serde_json::Error) -> StoreError {
        StoreError::Row {
            folder: self.folder().map(Path::to_owned).unwrap_or_default(),
            space: space.to_owned(),
            key: key.to_owned(),
            problem: problem.to_string(),
        }
    }
}
