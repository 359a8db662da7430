//! How fast time goes where AWS makes one wait: between two polls of a job, before a retry.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The waits that AWS does not promise a length for, scaled to a machine at which somebody sits.
#[derive(Debug)]
pub struct Pace(Mutex<Duration>);

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(Duration::from_millis(200)))
    }
}

impl Pace {
    /// Sets how long CodePipeline waits between a continuation and the next call of the function.
    pub fn set_poll_interval(&self, interval: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = interval;
    }

    /// How long CodePipeline waits between a continuation and the next call of the function: on AWS about half a
    /// minute.
    pub fn poll_interval(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long an asynchronous delivery waits before it is tried again: on AWS a minute and then two.
    pub fn retry(&self) -> Duration {
        self.poll_interval() / 2
    }
}
