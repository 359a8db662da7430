//! The tasks that wait for a worker, by activity, and the workers that wait for a task.

use states_language::TaskId;
use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Notify;

/// An execution that waits for workers.
pub(crate) trait Waiting: Debug + Send + Sync {
    /// A worker takes this task. Says whether it is still waited for.
    fn take(&self, task: TaskId, worker_name: Option<&str>) -> bool;
}

/// A task that waits for a worker.
#[derive(Debug)]
pub(crate) struct Scheduled {
    /// Who has scheduled it.
    pub(crate) execution: Weak<dyn Waiting>,
    pub(crate) task: TaskId,
    /// What the worker sends with its answer.
    pub(crate) token: Arc<str>,
    /// The task's input, as JSON.
    pub(crate) input: String,
}

/// What waits, by the activity's ARN.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<HashMap<String, Queue>>);

/// What waits for or at one activity.
#[derive(Debug, Default)]
struct Queue {
    /// The oldest first.
    tasks: VecDeque<Scheduled>,
    /// How many workers ask for a task at this moment.
    polling: usize,
    /// Whether any worker has asked, ever.
    was_polled: bool,
    arrived: Arc<Notify>,
}

/// A worker that asks, until this is dropped.
#[derive(Debug)]
pub(super) struct Polling<'q> {
    queues: &'q Queues,
    activity_arn: &'q str,
    pub(super) arrived: Arc<Notify>,
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a task wait for a worker. Says whether any worker has asked this activity for one so far.
    pub(crate) fn schedule(&self, activity_arn: &str, scheduled: Scheduled) -> bool {
        let mut queues = self.lock();
        let queue = queues.entry(activity_arn.to_owned()).or_default();
        queue.tasks.push_back(scheduled);
        queue.arrived.notify_waiters();
        queue.was_polled
    }

    /// A task that nobody waits for any more.
    pub(crate) fn forget(&self, token: &str) {
        for queue in self.lock().values_mut() {
            queue.tasks.retain(|scheduled| *scheduled.token != *token);
        }
    }

    /// The task that has waited longest.
    pub(super) fn take(&self, activity_arn: &str) -> Option<Scheduled> {
        self.lock().get_mut(activity_arn)?.tasks.pop_front()
    }

    /// A worker asks. None if `most` do so already.
    pub(super) fn poll<'q>(&'q self, activity_arn: &'q str, most: usize) -> Option<Polling<'q>> {
        let mut queues = self.lock();
        let queue = queues.entry(activity_arn.to_owned()).or_default();
        if queue.polling >= most {
            return None;
        }
        queue.polling += 1;
        queue.was_polled = true;
        let arrived = Arc::clone(&queue.arrived);
        Some(Polling {
            queues: self,
            activity_arn,
            arrived,
        })
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.queues.lock().get_mut(self.activity_arn) {
            queue.polling -= 1;
        }
    }
}
