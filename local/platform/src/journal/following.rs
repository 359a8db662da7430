//! Following the journal: each reads on at its own pace in what is kept, and nothing is copied for it meanwhile.

use super::happening::Entry;
use super::written::Shared;
use tokio::sync::watch;

/// Why a follower is given no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// It read too slowly: this many entries were forgotten. It goes on with the oldest that is kept.
    #[error("{0} entries of the journal were forgotten before they were read")]
    Lagged(u64),
    /// The journal is gone, and all that it had was read.
    #[error("the journal is gone")]
    Closed,
}

/// What happens from a moment on, entry by entry.
#[derive(Debug)]
pub struct Follower {
    written: Shared,
    /// The number of the next entry to read.
    next: u64,
    /// Changes with each entry, and ends with the journal.
    bell: watch::Receiver<()>,
}

impl Follower {
    pub(super) fn new(written: &Shared, bell: watch::Receiver<()>) -> Self {
        Self {
            written: written.clone(),
            next: written.lock().next(),
            bell,
        }
    }

    /// The next entry, as soon as there is one. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn recv(&mut self) -> Result<Entry, Unheard> {
        loop {
            // Before the look, so that an entry between the look and the wait is heard.
            self.bell.borrow_and_update();
            if let Some(entry) = self.try_recv()? {
                return Ok(entry);
            }
            if self.bell.changed().await.is_err() {
                return self.try_recv()?.ok_or(Unheard::Closed);
            }
        }
    }

    /// The next entry, if there is one already.
    ///
    /// # Errors
    /// Entries were forgotten before they were read.
    pub fn try_recv(&mut self) -> Result<Option<Entry>, Unheard> {
        let written = self.written.lock();
        let oldest = written.oldest();
        if self.next < oldest {
            let missed = oldest - self.next;
            self.next = oldest;
            return Err(Unheard::Lagged(missed));
        }
        let entry = written.at(self.next).cloned();
        self.next += u64::from(entry.is_some());
        Ok(entry)
    }
}
