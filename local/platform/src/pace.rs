//! How fast time goes where AWS makes one wait: between two polls of a job, before a retry.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The waits that AWS does not promise a length for, scaled to a machine at which somebody sits.
#[derive(Debug)]
pub struct Pace {
    poll_interval: Mutex<Duration>,
    job_timeout: Mutex<Duration>,
    patience: Mutex<Duration>,
}

/// What AWS takes about as long for as the local run for one poll: CodePipeline's wait between two calls of a function.
const POLL_ON_AWS: u32 = 30;

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll_interval: Mutex::new(Duration::from_millis(200)),
            // What CodePipeline has, too.
            job_timeout: Mutex::new(Duration::from_secs(20 * 60)),
            patience: Mutex::new(Duration::from_secs(20)),
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

    /// A wait of AWS's, such as the one between two health checks, as long as it is here.
    pub fn scaled(&self, on_aws: Duration) -> Duration {
        (on_aws * self.poll_interval().as_millis().try_into().unwrap_or(u32::MAX)) / (POLL_ON_AWS * 1000)
    }

    /// Sets how long a program that was started here may take until it serves.
    pub fn set_patience(&self, patience: Duration) {
        *self.patience.lock().unwrap_or_else(PoisonError::into_inner) = patience;
    }

    /// How long a program that was started here may take until it serves, where AWS gives it longer. It is started on
    /// this machine, so that it takes as long as it takes.
    pub fn patience(&self) -> Duration {
        *self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long an asynchronous delivery waits before it is tried again: on AWS a minute and then two.
    pub fn retry(&self) -> Duration {
        self.poll_interval() / 2
    }
}
