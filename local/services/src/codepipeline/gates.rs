//! Who may enter a stage: the execution modes, and transitions that are disabled.
//!
//! See
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html#concepts-how-it-works-executions>.

use super::declaration::ExecutionMode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The gates before a pipeline's stages.
#[derive(Debug)]
pub(super) struct Gates {
    stages: Mutex<HashMap<String, Gate>>,
    changed: watch::Sender<()>,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            stages: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }
}

/// A transition that is disabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Disabled {
    pub(super) reason: String,
    pub(super) by: String,
    pub(super) at: Timestamp,
}

#[derive(Debug, Default)]
struct Gate {
    inside: Option<String>,
    waiting: VecDeque<String>,
    /// Nobody enters while it is.
    disabled: Option<Disabled>,
}

/// What happened to an execution that waited before a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// It is inside, and must leave later.
    Entered,
    /// A newer one took its place.
    Superseded,
}

impl Gates {
    /// Waits until `execution` may enter `stage`.
    pub(super) async fn enter(&self, mode: ExecutionMode, stage: &str, execution: &str) -> Entry {
        let mut changed = self.changed.subscribe();
        self.line_up(mode, stage, execution);
        loop {
            changed.mark_unchanged();
            if let Some(entry) = self.try_enter(mode, stage, execution) {
                return entry;
            }
            // Fails only when the sender is gone, and it lives in `self`.
            let _ = changed.changed().await;
        }
    }

    /// Makes room, whether `execution` was inside or still waiting.
    pub(super) fn leave(&self, stage: &str, execution: &str) {
        if let Some(gate) = self.stages().get_mut(stage) {
            gate.inside.take_if(|inside| inside == execution);
            gate.waiting.retain(|waiting| waiting != execution);
        }
        self.changed.send_replace(());
    }

    /// The execution that waits before `stage`, the next one to enter.
    pub(super) fn inbound(&self, stage: &str) -> Option<String> {
        self.stages().get(stage)?.waiting.front().cloned()
    }

    /// Disables the transition to a stage, or enables it.
    pub(super) fn disable(&self, stage: &str, disabled: Option<Disabled>) {
        self.stages().entry(stage.to_owned()).or_default().disabled = disabled;
        self.changed.send_replace(());
    }

    /// Why nobody enters a stage.
    pub(super) fn disabled(&self, stage: &str) -> Option<Disabled> {
        self.stages().get(stage)?.disabled.clone()
    }

    fn line_up(&self, mode: ExecutionMode, stage: &str, execution: &str) {
        let mut stages = self.stages();
        let gate = stages.entry(stage.to_owned()).or_default();
        if mode == ExecutionMode::Superseded {
            gate.waiting.clear();
        }
        gate.waiting.push_back(execution.to_owned());
        drop(stages);
        self.changed.send_replace(());
    }

    fn try_enter(&self, mode: ExecutionMode, stage: &str, execution: &str) -> Option<Entry> {
        let mut stages = self.stages();
        let gate = stages.entry(stage.to_owned()).or_default();
        if !gate.waiting.iter().any(|waiting| waiting == execution) {
            return Some(Entry::Superseded);
        }
        if gate.disabled.is_some() {
            return None;
        }
        if mode == ExecutionMode::Parallel {
            gate.waiting.retain(|waiting| waiting != execution);
            return Some(Entry::Entered);
        }
        if gate.inside.is_none() && gate.waiting.front().is_some_and(|first| first == execution) {
            gate.inside = gate.waiting.pop_front();
            return Some(Entry::Entered);
        }
        None
    }

    fn stages(&self) -> MutexGuard<'_, HashMap<String, Gate>> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn queued_executions_enter_one_after_the_other_and_in_order() {
        let gates = Gates::default();
        assert_eq!(gates.enter(ExecutionMode::Queued, "Build", "one").await, Entry::Entered);
        let entered = async {
            let entry = gates.enter(ExecutionMode::Queued, "Build", "two").await;
            gates.leave("Build", "two");
            entry
        };
        let third = gates.enter(ExecutionMode::Queued, "Build", "three");
        let release = async {
            tokio::task::yield_now().await;
            assert_eq!(gates.inbound("Build").as_deref(), Some("two"));
            gates.leave("Build", "one");
        };
        let (second, third, ()) = tokio::join!(entered, third, release);
        assert_eq!((second, third), (Entry::Entered, Entry::Entered));
    }

    #[tokio::test]
    async fn a_newer_execution_supersedes_the_one_that_waits() {
        let gates = Arc::new(Gates::default());
        assert_eq!(
            gates.enter(ExecutionMode::Superseded, "Build", "one").await,
            Entry::Entered
        );
        let waiting = gates.enter(ExecutionMode::Superseded, "Build", "two");
        let newer = async {
            tokio::task::yield_now().await;
            gates.leave("Build", "nobody");
            let newer = gates.enter(ExecutionMode::Superseded, "Build", "three");
            let release = async {
                tokio::task::yield_now().await;
                gates.leave("Build", "one");
            };
            tokio::join!(newer, release).0
        };
        assert_eq!(tokio::join!(waiting, newer), (Entry::Superseded, Entry::Entered));
    }

    #[tokio::test]
    async fn parallel_executions_do_not_wait() {
        let gates = Gates::default();
        for execution in ["one", "two"] {
            assert_eq!(
                gates.enter(ExecutionMode::Parallel, "Build", execution).await,
                Entry::Entered
            );
        }
    }
}
