//! What changes, as it changes: server-sent events of topics.
//!
//! A browser is not told what happened, only what it was about. It then asks again for what it shows. The journal is
//! looked at ten times a second while somebody watches, so that nobody is slowed down who writes to it; the files of the
//! definitions are looked at five times a second, and once a second which ones there are.

use crate::account::{Stamps, stamps};
use crate::served::Served;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use platform::journal::{Entry, Happening};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often the journal is looked at.
const EVERY: Duration = Duration::from_millis(100);
/// Every how many looks at the journal the files are looked at, too.
const FILES: u32 = 2;
/// Every how many looks at the journal it is found out which files there are.
const FINDS: u32 = 10;
/// Where more than this happened at once, everything may have changed.
const MANY: usize = 5000;

/// From where somebody wants to hear.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    from: Option<u64>,
}

pub(super) async fn live(
    State(served): State<Arc<Served>>,
    Query(asked): Query<Asked>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // What happened before the view was read is in it. A number of another server's journal is none of this one.
    let (now, _) = served.page.platform.journal.since(u64::MAX);
    let from = asked.from.filter(|from| *from <= now).unwrap_or(now);
    // A save that comes before this is told to nobody: the view that asks was drawn just now from these files.
    let files = served.definitions.found();
    let watched = Watched {
        stamps: stamps(&files),
        files,
        looks: 0,
        served,
        from,
    };
    let stream = unfold(watched, |mut watched| async move {
        loop {
            tokio::time::sleep(EVERY).await;
            let topics = watched.look();
            if !topics.is_empty() {
                let event = Event::default().data(serde_json::to_string(&topics).unwrap_or_default());
                return Some((Ok(event), watched));
            }
        }
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

/// What one browser was told of so far.
struct Watched {
    served: Arc<Served>,
    from: u64,
    files: BTreeMap<String, PathBuf>,
    stamps: Stamps,
    looks: u32,
}

impl Watched {
    /// What has changed since the last look.
    fn look(&mut self) -> BTreeSet<String> {
        let (next, entries) = self.served.page.platform.journal.since(self.from);
        self.from = next;
        let mut topics = topics(&entries);
        self.looks = self.looks.wrapping_add(1);
        if self.looks.is_multiple_of(FINDS) {
            self.files = self.served.definitions.files();
        }
        if self.looks.is_multiple_of(FILES) {
            let stamps = stamps(&self.files);
            let names = stamps.keys().chain(self.stamps.keys());
            let changed = names.filter(|name| stamps.get(*name) != self.stamps.get(*name));
            topics.extend(changed.map(|name| format!("definition {name}")));
            self.stamps = stamps;
        }
        topics
    }
}

/// What the entries are about.
fn topics(entries: &[Entry]) -> BTreeSet<String> {
    if entries.len() > MANY {
        return ["everything".to_owned()].into();
    }
    entries.iter().filter_map(|entry| topic(&entry.happening)).collect()
}

fn topic(happening: &Happening) -> Option<String> {
    let topic = match happening {
        Happening::PipelineStarted { .. }
        | Happening::PipelineEnded { .. }
        | Happening::StageStarted { .. }
        | Happening::StageEnded { .. }
        | Happening::ActionStarted { .. }
        | Happening::ActionEnded { .. }
        | Happening::ApprovalAsked { .. }
        | Happening::ApprovalAnswered { .. }
        | Happening::JobAnswered { .. }
        | Happening::OutputVariables { .. }
        | Happening::BuildPhase { .. }
        | Happening::Report { .. } => "run".to_owned(),
        Happening::ExecutionStarted { execution_arn }
        | Happening::ExecutionEnded { execution_arn, .. }
        | Happening::StateEntered { execution_arn, .. }
        | Happening::StateExited { execution_arn, .. }
        | Happening::StateRetried { execution_arn, .. }
        | Happening::WorkerAwaited { execution_arn, .. } => format!("execution {execution_arn}"),
        Happening::Job { .. } => "job".to_owned(),
        Happening::LogLine { group, stream, .. } => format!("log {group} {stream}"),
        Happening::Invocation { .. } => "function".to_owned(),
        Happening::ImagePushed { .. } => "image".to_owned(),
        Happening::RuleMatched { .. } | Happening::EventSent { .. } | Happening::DeliveryFailed { .. } => {
            "event".to_owned()
        }
        Happening::Authorized { .. } => "permission".to_owned(),
        Happening::Containers { .. } | Happening::Note { .. } => return None,
    };
    Some(topic)
}
