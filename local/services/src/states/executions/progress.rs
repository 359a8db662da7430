//! Writes the new events of an execution's history to the journal.

use jiff::Timestamp;
use platform::journal::{Happening, Journal};
use serde_json::Value;
use states_language::{Execution, HistoryEvent, Status};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// How much of an execution's history is in the journal.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    seen: usize,
    /// The states that were entered and not left: their types, when, and the last error in them.
    open: HashMap<String, Open>,
    /// The states whose tasks had the outcome of a mock.
    mocked: HashSet<String>,
    /// The last state that was entered; a failure that names no state is its.
    latest: String,
    /// The states that the execution ended in, and their types: a redrive goes on in them.
    ended_in: Vec<(String, String)>,
}

#[derive(Debug)]
struct Open {
    kind: String,
    since: Timestamp,
    error: Option<String>,
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}

impl Progress {
    /// Writes what is new to the journal.
    pub(crate) fn tell(&mut self, journal: &Journal, execution: &mut Execution) {
        for event in &execution.history()[self.seen..] {
            self.event(journal, execution.arn(), event);
        }
        self.seen = execution.history().len();
        for retried in execution.take_retries() {
            journal.record(Happening::StateRetried {
                execution_arn: execution.arn().to_owned(),
                state: retried.state.as_ref().to_owned(),
                error: retried.failure.error.as_deref().unwrap_or_default().to_owned(),
                cause: retried.failure.cause.as_deref().map(str::to_owned),
                attempt: retried.attempt,
                max_attempts: retried.max_attempts,
                next_try_in: Duration::try_from_secs_f64(retried.delay_seconds).unwrap_or_default(),
            });
        }
        if execution.status() != Status::Running {
            let ended = execution.stopped_at().unwrap_or_else(Timestamp::now);
            // What was open when the execution ended, ended with it.
            let open: Vec<(String, String)> = self
                .open
                .iter()
                .map(|(state, open)| (state.clone(), open.kind.clone()))
                .collect();
            for (state, _) in &open {
                self.left(journal, execution.arn(), state, ended);
            }
            self.ended_in = open;
            let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
            journal.record(Happening::ExecutionEnded {
                execution_arn: execution.arn().to_owned(),
                status: execution.status().name().to_owned(),
                error: execution.failure().and_then(|failure| text(&failure.error)),
                cause: execution.failure().and_then(|failure| text(&failure.cause)),
                took: between(execution.started_at(), ended),
            });
        }
    }

    /// Remembers that a state's task had the outcome of a mock.
    pub(crate) fn mocked(&mut self, state: &str) {
        self.mocked.insert(state.to_owned());
    }

    fn event(&mut self, journal: &Journal, execution_arn: &str, event: &HistoryEvent) {
        let kind = event.event_type();
        if kind == "ExecutionStarted" {
            journal.record(Happening::ExecutionStarted {
                execution_arn: execution_arn.to_owned(),
            });
        } else if kind == "ExecutionRedriven" {
            // A Fail state is entered again, and told of then.
            for (state, kind) in std::mem::take(&mut self.ended_in) {
                if kind != "Fail" {
                    let since = event.timestamp;
                    self.open.insert(
                        state,
                        Open {
                            kind,
                            since,
                            error: None,
                        },
                    );
                }
            }
        } else if let (Some(state_type), Some(state)) = (kind.strip_suffix("StateEntered"), event.state_name()) {
            self.latest = state.to_owned();
            let open = Open {
                kind: state_type.to_owned(),
                since: event.timestamp,
                error: None,
            };
            self.open.insert(state.to_owned(), open);
            journal.record(Happening::StateEntered {
                execution_arn: execution_arn.to_owned(),
                state: state.to_owned(),
                state_type: state_type.to_owned(),
            });
        } else if let (true, Some(state)) = (kind.ends_with("StateExited"), event.state_name()) {
            self.left(journal, execution_arn, state, event.timestamp);
        } else if let Some(open) = self.open.get_mut(&self.latest) {
            if kind.ends_with("Failed") || kind.ends_with("TimedOut") {
                open.error = Some(error_of(event));
            } else if kind.ends_with("Succeeded") {
                open.error = None;
            }
        }
    }

    fn left(&mut self, journal: &Journal, execution_arn: &str, state: &str, at: Timestamp) {
        let Some(open) = self.open.remove(state) else { return };
        journal.record(Happening::StateExited {
            execution_arn: execution_arn.to_owned(),
            state: state.to_owned(),
            state_type: open.kind,
            error: open.error,
            took: between(open.since, at),
            mocked: self.mocked.contains(state),
        });
    }
}

/// The name of the error in an event, wherever its details are.
fn error_of(event: &HistoryEvent) -> String {
    let written = serde_json::to_value(event).unwrap_or_default();
    let details = written.as_object().into_iter().flatten();
    let error = details
        .filter_map(|(_, details)| details.get("error"))
        .find_map(Value::as_str);
    error.unwrap_or("States.Timeout").to_owned()
}
