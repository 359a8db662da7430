//! What changes, as it changes: server-sent events of topics.
//!
//! A browser is not told what happened, only what it was about. It then asks again for what it shows. The journal is
//! looked at ten times a second while somebody watches, so that nobody is slowed down who writes to it.

use crate::served::Served;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use platform::journal::{Entry, Happening};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How often the journal is looked at.
const EVERY: Duration = Duration::from_millis(100);
/// Where more than this happened at once, everything may have changed.
const MANY: usize = 5000;

pub(super) async fn live(State(served): State<Arc<Served>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // What happened before is in the page that was just answered.
    let (from, _) = served.page.platform.journal.since(u64::MAX);
    let stream = unfold((served, from), |(served, mut from)| async move {
        loop {
            tokio::time::sleep(EVERY).await;
            let (next, entries) = served.page.platform.journal.since(from);
            from = next;
            let topics = topics(&entries);
            if !topics.is_empty() {
                let event = Event::default().data(serde_json::to_string(&topics).unwrap_or_default());
                return Some((Ok(event), (served, from)));
            }
        }
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
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
        | Happening::StateRetried { execution_arn, .. } => format!("execution {execution_arn}"),
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
