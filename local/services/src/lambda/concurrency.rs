//! How many invocations run at once.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html>. When the account runs its most
//! invocations, a caller who waits for an answer is throttled, and an event waits for its turn.

use platform::error::ServiceError;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// How many AWS lets an account run at once by default:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const ACCOUNT_CONCURRENCY: u32 = 1000;

/// How many of the account's invocations run, and how many may run at once.
#[derive(Debug)]
pub(super) struct Concurrency {
    most: Mutex<u32>,
    running: watch::Sender<u32>,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self {
            most: Mutex::new(ACCOUNT_CONCURRENCY),
            running: watch::Sender::new(0),
        }
    }
}

/// One invocation that runs, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn(watch::Sender<u32>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

impl Concurrency {
    /// How many may run at once.
    pub(super) fn most(&self) -> u32 {
        *self.most.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how many may; those that run go on.
    pub(super) fn set(&self, most: u32) {
        *self.most.lock().unwrap_or_else(PoisonError::into_inner) = most;
        self.running.send_modify(|_| ());
    }

    /// A turn now.
    ///
    /// # Errors
    /// TooManyRequestsException: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors>.
    pub(super) fn turn(&self) -> Result<Turn, ServiceError> {
        let most = self.most();
        let begun = self.running.send_if_modified(|running| {
            let may = *running < most;
            *running += u32::from(may);
            may
        });
        if begun {
            Ok(Turn(self.running.clone()))
        } else {
            Err(ServiceError::new("TooManyRequestsException", "Rate Exceeded.").with_status(429))
        }
    }

    /// A turn as soon as there is one.
    pub(super) async fn next_turn(&self) -> Turn {
        let mut changes = self.running.subscribe();
        loop {
            if let Ok(turn) = self.turn() {
                return turn;
            }
            // The sender is this one's own: it cannot be gone.
            let _ = changes.changed().await;
        }
    }
}
