//! The histories of executions that did not succeed; of one that did, nobody asks.

use shared::ports::step_functions::HistoryEvent;

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A task failed, and nothing caught it.
    Uncaught,
    /// A task failed, and a Catch led into a Fail state.
    Caught,
    /// Somebody stopped it.
    Stopped,
}

pub(crate) fn history(ending: Ending) -> Vec<HistoryEvent> {
    let last: &[(&str, Option<&str>)] = match ending {
        Ending::Uncaught => &[("TaskFailed", None), ("ExecutionFailed", None)],
        Ending::Caught => &[
            ("TaskFailed", None),
            ("TaskStateExited", Some("Train")),
            ("FailStateEntered", Some("FailState")),
            ("ExecutionFailed", None),
        ],
        Ending::Stopped => &[("ExecutionAborted", None)],
    };
    let first = [("ExecutionStarted", None), ("TaskStateEntered", Some("Train"))];
    (1..)
        .zip(first.iter().chain(last))
        .map(|(id, (kind, state))| HistoryEvent {
            id,
            previous_id: if id == 2 { 0 } else { id - 1 },
            kind: (*kind).to_owned(),
            state: state.map(str::to_owned),
            failure: None,
        })
        .collect()
}
