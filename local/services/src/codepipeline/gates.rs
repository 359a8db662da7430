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
    /// Those that run the stage again. They have been in it, so that they come first, no transition holds them back, and
    /// nobody takes their place.
    back: VecDeque<String>,
    waiting: VecDeque<(String, Timestamp)>,
    /// Nobody enters for the first time while it is.
    disabled: Option<Disabled>,
}

impl Gate {
    /// Takes an execution out of the line.
    fn forget(&mut self, execution: &str) {
        self.back.retain(|back| back != execution);
        self.waiting.retain(|(waiting, _)| waiting != execution);
    }

    /// The execution that enters next.
    fn next(&self) -> Option<&String> {
        self.back.front().or(self.waiting.front().map(|(waiting, _)| waiting))
    }
}

/// An execution that comes to a stage.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visitor<'a> {
    pub(super) execution: &'a str,
    /// When the execution started.
    pub(super) started: Timestamp,
    /// Whether it has been in the stage, and runs it again.
    pub(super) is_back: bool,
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
    /// Waits until an execution may enter `stage`.
    pub(super) async fn enter(&self, mode: ExecutionMode, stage: &str, visitor: Visitor<'_>) -> Entry {
        let mut changed = self.changed.subscribe();
        self.line_up(mode, stage, visitor);
        loop {
            changed.mark_unchanged();
            if let Some(entry) = self.try_enter(mode, stage, visitor.execution) {
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
            gate.forget(execution);
        }
        self.changed.send_replace(());
    }

    /// The execution that waits before `stage`, the next one to enter.
    pub(super) fn inbound(&self, stage: &str) -> Option<String> {
        let stages = self.stages();
        let (waiting, _) = stages.get(stage)?.waiting.front()?;
        Some(waiting.clone())
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

    /// Puts an execution in the line. It takes the place of older ones; where a newer one waits, it has none.
    fn line_up(&self, mode: ExecutionMode, stage: &str, visitor: Visitor<'_>) {
        let mut stages = self.stages();
        let gate = stages.entry(stage.to_owned()).or_default();
        let execution = visitor.execution.to_owned();
        if visitor.is_back {
            gate.back.push_back(execution);
        } else if mode != ExecutionMode::Superseded {
            gate.waiting.push_back((execution, visitor.started));
        } else if gate.waiting.iter().all(|(_, started)| *started <= visitor.started) {
            gate.waiting.clear();
            gate.waiting.push_back((execution, visitor.started));
        }
        drop(stages);
        self.changed.send_replace(());
    }

    fn try_enter(&self, mode: ExecutionMode, stage: &str, execution: &str) -> Option<Entry> {
        let mut stages = self.stages();
        let gate = stages.entry(stage.to_owned()).or_default();
        let is_back = gate.back.iter().any(|back| back == execution);
        if !is_back && !gate.waiting.iter().any(|(waiting, _)| waiting == execution) {
            return Some(Entry::Superseded);
        }
        if !is_back && gate.disabled.is_some() {
            return None;
        }
        if mode == ExecutionMode::Parallel {
            gate.forget(execution);
            return Some(Entry::Entered);
        }
        if gate.inside.is_none() && gate.next().is_some_and(|next| next == execution) {
            gate.forget(execution);
            gate.inside = Some(execution.to_owned());
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

    /// An execution that comes for the first time, and started together with all the others.
    fn new(execution: &str) -> Visitor<'_> {
        Visitor {
            execution,
            started: Timestamp::UNIX_EPOCH,
            is_back: false,
        }
    }

    #[tokio::test]
    async fn queued_executions_enter_one_after_the_other_and_in_order() {
        let gates = Gates::default();
        assert_eq!(
            gates.enter(ExecutionMode::Queued, "Build", new("one")).await,
            Entry::Entered
        );
        let entered = async {
            let entry = gates.enter(ExecutionMode::Queued, "Build", new("two")).await;
            gates.leave("Build", "two");
            entry
        };
        let third = gates.enter(ExecutionMode::Queued, "Build", new("three"));
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
            gates.enter(ExecutionMode::Superseded, "Build", new("one")).await,
            Entry::Entered
        );
        let waiting = gates.enter(ExecutionMode::Superseded, "Build", new("two"));
        let newer = async {
            tokio::task::yield_now().await;
            gates.leave("Build", "nobody");
            let newer = gates.enter(ExecutionMode::Superseded, "Build", new("three"));
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
                gates.enter(ExecutionMode::Parallel, "Build", new(execution)).await,
                Entry::Entered
            );
        }
    }

    #[tokio::test]
    async fn an_older_execution_does_not_take_the_place_of_a_newer_one() {
        let gates = Gates::default();
        let mode = ExecutionMode::Superseded;
        assert_eq!(gates.enter(mode, "Build", new("inside")).await, Entry::Entered);
        let newer = Visitor {
            started: Timestamp::MAX,
            ..new("newer")
        };
        let older = async {
            assert_eq!(gates.enter(mode, "Build", new("older")).await, Entry::Superseded);
            gates.leave("Build", "inside");
        };
        let (newer, ()) = tokio::join!(gates.enter(mode, "Build", newer), older);
        assert_eq!(newer, Entry::Entered);
    }
}
