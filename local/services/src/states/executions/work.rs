//! A task that is being done.

use crate::states::tasks::jobs;
use states_language::{Integration, Pattern, TaskRequest};
use std::sync::Arc;
use tokio::task::AbortHandle;

/// A task that is being done.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) abort: AbortHandle,
    pub(super) request: Arc<TaskRequest>,
    /// The job that the task waits for, to be stopped when the task is aborted.
    pub(super) job: Option<jobs::Job>,
}

impl Work {
    /// Whether it starts a job and waits for it.
    pub(super) fn starts_a_job(&self) -> bool {
        matches!(
            &self.request.integration,
            Integration::Service {
                pattern: Pattern::Sync,
                ..
            }
        )
    }
}
