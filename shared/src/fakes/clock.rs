//! A clock that only moves when it is told to.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::time::{Clock, Timestamp};

/// A clock that stands still, until a test moves it or somebody sleeps. Its clones show the same time.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    now: Timestamp,
    waiting: Vec<Waker>,
}

impl ManualClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            waiting: Vec::new(),
        })))
    }

    /// Moves the clock.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.now = state.now + duration;
        state.waiting.drain(..).for_each(Waker::wake);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    /// Who sleeps moves the clock: a test does not wait.
    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }

    /// Waits until somebody has moved the clock that far.
    async fn reached(&self, moment: Timestamp) {
        poll_fn(|context| {
            let mut state = self.state();
            if state.now >= moment {
                return Poll::Ready(());
            }
            state.waiting.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
