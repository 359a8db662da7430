//! The histories of executions: what AWS writes when one starts, fails in one of several ways, is stopped or redriven.

use shared::ports::step_functions::{Failure, HistoryEvent};

use crate::kept::states::Fate;
use shared::time::Timestamp;

/// Adds events behind what is there.
fn write(history: &mut Vec<HistoryEvent>, events: &[(&str, Option<&str>)], failure: Option<&Failure>, at: Timestamp) {
    for (kind, state) in events {
        let id = history.last().map_or(1, |last| last.id + 1);
        let fails = kind.ends_with("Failed") || kind.ends_with("TimedOut") || kind.ends_with("Aborted");
        history.push(HistoryEvent {
            id,
            // The first event after the start follows nothing.
            previous_id: if id == 2 { 0 } else { id - 1 },
            at,
            kind: (*kind).to_owned(),
            state: state.map(str::to_owned),
            failure: failure.filter(|_| fails).cloned(),
        });
    }
}

pub(super) fn started(history: &mut Vec<HistoryEvent>, at: Timestamp) {
    write(
        history,
        &[
            ("ExecutionStarted", None),
            ("TaskStateEntered", Some("Train")),
            ("TaskScheduled", None),
        ],
        None,
        at,
    );
}

pub(super) fn redriven(history: &mut Vec<HistoryEvent>, at: Timestamp) {
    write(
        history,
        &[("ExecutionRedriven", None), ("TaskScheduled", None)],
        None,
        at,
    );
}

pub(super) fn ended(history: &mut Vec<HistoryEvent>, fate: Fate, failure: Option<&Failure>, at: Timestamp) {
    let events: &[(&str, Option<&str>)] = match fate {
        Fate::Succeeds | Fate::RunsOn => &[
            ("TaskSucceeded", None),
            ("TaskStateExited", Some("Train")),
            ("ExecutionSucceeded", None),
        ],
        Fate::Fails => &[("TaskFailed", None), ("ExecutionFailed", None)],
        Fate::FailsCaught => &[
            ("TaskFailed", None),
            ("TaskStateExited", Some("Train")),
            ("FailStateEntered", Some("FailState")),
            ("ExecutionFailed", None),
        ],
        Fate::FailsByDefinition => &[("ExecutionFailed", None)],
        Fate::TimesOut => &[("ExecutionTimedOut", None)],
        Fate::IsStopped => &[("ExecutionAborted", None)],
    };
    write(history, events, failure, at);
}
