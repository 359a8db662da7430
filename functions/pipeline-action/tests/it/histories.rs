//! How an execution ended, and the histories that tell of it.

use shared::ports::step_functions::{ExecutionStatus, Failure, HistoryEvent};

pub(crate) fn failed() -> ExecutionStatus {
    ExecutionStatus::Failed(Failure {
        error: Some("E".to_owned()),
        cause: None,
    })
}

/// The history of an execution that goes through these events, each after the one before.
pub(crate) fn history(events: &[(&str, Option<&str>)]) -> Vec<HistoryEvent> {
    let event = |(at, (kind, state)): (usize, &(&str, Option<&str>))| HistoryEvent {
        id: at as i64 + 1,
        previous_id: if at == 1 { 0 } else { at as i64 },
        at: shared::time::Timestamp::default(),
        kind: (*kind).to_owned(),
        state: state.map(str::to_owned),
        failure: kind.ends_with("Failed").then(|| Failure {
            error: Some("E".to_owned()),
            cause: None,
        }),
    };
    events.iter().enumerate().map(event).collect()
}

/// A task failed, and nothing caught it.
pub(crate) const UNCAUGHT: [(&str, Option<&str>); 4] = [
    ("ExecutionStarted", None),
    ("TaskStateEntered", Some("Train")),
    ("TaskFailed", None),
    ("ExecutionFailed", None),
];
/// A task failed, and a Catch led into a Fail state.
pub(crate) const CAUGHT: [(&str, Option<&str>); 6] = [
    ("ExecutionStarted", None),
    ("TaskStateEntered", Some("Train")),
    ("TaskFailed", None),
    ("TaskStateExited", Some("Train")),
    ("FailStateEntered", Some("FailState")),
    ("ExecutionFailed", None),
];
