//! What a redrive took up again, and which of it an event goes on with.
//!
//! The first event of every thread that goes on follows the one `ExecutionRedriven`, so the thread is found by what the
//! event says.

use super::event::Event;
use super::visit::{Attempt, Payload, Visit, Within};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// What a redrive took up again.
#[derive(Debug, Default)]
pub(super) struct Redrive {
    /// The event.
    pub(super) event: u64,
    /// The innermost visits of which no event has come since.
    pub(super) waiting: BTreeSet<usize>,
    /// The same by what an event may say of them, in the order in which they go on.
    pub(super) by_key: HashMap<Key, VecDeque<usize>>,
    /// The blocks that go on inside, by name.
    pub(super) blocks: BTreeMap<Arc<str>, usize>,
    /// The iterations that go on without an open visit.
    pub(super) iterations: VecDeque<Within>,
    /// The innermost of the blocks.
    pub(super) level: Option<Within>,
}

/// What an event may say of the visit that it belongs to.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    State(Arc<str>),
    Kind(Arc<str>),
    Run(Arc<str>),
    Service(Arc<str>, Arc<str>),
    Asked(Arc<str>, Arc<str>, Payload),
}

impl Redrive {
    pub(super) fn is_followed_by(&self, event: &Event<'_>) -> bool {
        self.event != 0 && event.previous == self.event
    }

    /// The visit that goes on with an event.
    pub(super) fn take(&mut self, event: &Event<'_>) -> Option<usize> {
        if event.kind.starts_with("MapIteration") {
            return self.blocks.get(event.detail("name")).copied();
        }
        said(event).iter().find_map(|key| {
            let queue = self.by_key.get_mut(key)?;
            loop {
                let number = queue.pop_front()?;
                if self.waiting.remove(&number) {
                    return Some(number);
                }
            }
        })
    }
}

/// What events may say of a visit.
pub(super) fn keys(visit: &Visit) -> Vec<Key> {
    let mut keys = vec![Key::State(visit.state.clone()), Key::Kind(visit.kind.clone())];
    keys.extend(visit.map_run.clone().map(Key::Run));
    keys.extend(visit.attempts.last().into_iter().flat_map(asked));
    keys
}

fn asked(attempt: &Attempt) -> Vec<Key> {
    let Some((service, resource)) = attempt.resource.clone() else {
        return Vec::new();
    };
    let asked = Key::Asked(service.clone(), resource.clone(), attempt.parameters.clone());
    vec![asked, Key::Service(service, resource)]
}

/// What an event says of its visit, the surest first.
fn said(event: &Event<'_>) -> Vec<Key> {
    let kind = event.kind;
    let task = || Key::Kind("Task".into());
    if kind.ends_with("StateEntered") || kind.ends_with("StateExited") {
        vec![Key::State(event.detail("name").into())]
    } else if kind == "EvaluationFailed" {
        vec![Key::State(event.detail("state").into())]
    } else if kind.starts_with("MapRun") {
        vec![Key::Run(event.detail("mapRunArn").into()), Key::Kind("Map".into())]
    } else if kind.ends_with("Scheduled") {
        let mut keys = asked(&Attempt::scheduled(event));
        keys.push(task());
        keys
    } else if let Some(kind) = kind.strip_suffix("StateStarted").or(kind.strip_suffix("StateAborted")) {
        vec![Key::Kind(kind.into())]
    } else if ["Task", "LambdaFunction", "Activity"]
        .iter()
        .any(|it| kind.starts_with(it))
    {
        vec![task()]
    } else {
        Vec::new()
    }
}
