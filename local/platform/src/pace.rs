//! How fast time goes where AWS makes one wait: between two polls of a job, before a retry.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The waits that AWS does not promise a length for, scaled to a machine at which somebody sits.
#[derive(Debug)]
pub struct Pace {
    poll_interval: Mutex<Duration>,
    job_timeout: Mutex<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll_interval: Mutex::new(Duration::from_millis(200)),
            // What CodePipeline has, too.
            job_timeout: Mutex::new(Duration::from_secs(20 * 60)),
        }
    }
}

impl Pace {
    /// Sets how long CodePipeline waits between a continuation and the next call of the function.
    pub fn set_poll_interval(&self, interval: Duration) {
        *self.poll_interval.lock().unwrap_or_else(PoisonError::into_inner) = interval;
    }

    /// How long CodePipeline waits between a continuation and the next call of the function: on AWS about half a
    /// minute.
    pub fn poll_interval(&self) -> Duration {
        *self.poll_interval.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how long CodePipeline waits for a job's answer.
    pub fn set_job_timeout(&self, timeout: Duration) {
        *self.job_timeout.lock().unwrap_or_else(PoisonError::into_inner) = timeout;
    }

    /// How long CodePipeline waits for a job's answer: twenty minutes, as on AWS.
    pub fn job_timeout(&self) -> Duration {
        *self.job_timeout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long an asynchronous delivery waits before it is tried again: on AWS a minute and then two.
    pub fn retry(&self) -> Duration {
        self.poll_interval() / 2
    }
}
