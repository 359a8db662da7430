//! The addresses at which the code of functions can be fetched, while they hold.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// For how long an address holds, as on AWS.
const HOLDS: Duration = Duration::from_secs(10 * 60);

/// The addresses that hold: the folder that each is of, and until when.
#[derive(Debug, Default)]
pub(super) struct Downloads(Mutex<HashMap<String, (PathBuf, Instant)>>);

impl Downloads {
    /// A name for a folder that nobody guesses.
    pub(super) fn offer(&self, folder: &Path, now: Instant) -> String {
        let mut offered = self.lock();
        offered.retain(|_, (_, until)| *until > now);
        let token = uuid::Uuid::new_v4().simple().to_string();
        offered.insert(token.clone(), (folder.to_owned(), now + HOLDS));
        token
    }

    pub(super) fn folder(&self, token: &str, now: Instant) -> Option<PathBuf> {
        let offered = self.lock();
        let found = offered.get(token).filter(|(_, until)| *until > now);
        found.map(|(folder, _)| folder.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (PathBuf, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
