//! What is under way and ends by itself: jobs, builds, executions, asynchronous invocations.
//!
//! On AWS a service that waits for another's job looks at it again and again, or is told by an event. Here it waits for
//! the end, and then looks once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// How many ends are remembered at least. Whoever wants to know of one asks soon.
const REMEMBERED: usize = 10_000;

/// What is under way in the account, and how the last of it ended, by ARNs or other ids that nothing else has.
#[derive(Debug, Default)]
pub struct Ongoing {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    ends: HashMap<String, watch::Receiver<Option<bool>>>,
    /// How many there are when ends are forgotten again.
    forgets_at: usize,
}

/// A thing under way. Dropped without [`ended`](Self::ended), it has failed.
#[derive(Debug)]
pub struct Underway(watch::Sender<Option<bool>>);

impl Underway {
    /// Says how it ended.
    pub fn ended(self, succeeded: bool) {
        self.0.send_replace(Some(succeeded));
    }
}

impl Ongoing {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that something has begun, or has begun again.
    pub fn began(&self, id: &str) -> Underway {
        let (sender, receiver) = watch::channel(None);
        let mut known = self.known();
        if known.ends.len() >= known.forgets_at.max(REMEMBERED) {
            known
                .ends
                .retain(|_, end| end.borrow().is_none() && end.has_changed().is_ok());
            known.forgets_at = known.ends.len() * 2;
        }
        known.ends.insert(id.to_owned(), receiver);
        Underway(sender)
    }

    /// Waits until something has ended, and says whether it succeeded. What is unknown has nothing to wait for: None.
    pub async fn end(&self, id: &str) -> Option<bool> {
        let mut end = self.known().ends.get(id).cloned()?;
        let succeeded = end.wait_for(Option::is_some).await;
        Some(succeeded.is_ok_and(|succeeded| *succeeded == Some(true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_is_told_to_those_who_wait_and_to_those_who_come_later() {
        let ongoing = Ongoing::default();
        let job = ongoing.began("job");
        let (end, ()) = tokio::join!(ongoing.end("job"), async { job.ended(true) });
        assert_eq!(end, Some(true));
        assert_eq!(ongoing.end("job").await, Some(true));
        assert_eq!(ongoing.end("another").await, None);
        drop(ongoing.began("job"));
        assert_eq!(ongoing.end("job").await, Some(false));
    }
}
