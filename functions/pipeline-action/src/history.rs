//! An execution's history, walked from its end backwards, and where a redrive of the execution would lead.
//!
//! Each event names the one before it in its branch, so that one can walk from the end into the branch that failed. A
//! redrive does the work of the state again that was entered last and never left. Where that is a Fail state, at the top
//! or in the branch or iteration that failed, it is entered again and fails again: no work is done.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>

use std::collections::BTreeMap;

use shared::ports::step_functions::HistoryEvent;

/// Where a redrive of an execution that did not succeed leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To work: the state that did not succeed does its work again.
    Work,
    /// Back into the Fail state of this name, where it would only fail again.
    FailState(String),
    /// To the same error, of this name: it comes of the definition and the input, and a redrive takes the same.
    SameError(String),
}

/// Errors that the same definition and the same input always lead to, if nothing else was at fault.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
const BY_DEFINITION: [&str; 6] = [
    "States.IntrinsicFailure",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.Runtime",
];

/// What some last events of a history say about that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Where it leads.
    Known(Destination),
    /// The walk led to events that are not there: earlier ones are needed.
    NeedsEarlier,
    /// The history does not show the execution's end yet.
    NotEnded,
}

/// Where a redrive leads, by some last events of the execution's history.
#[must_use]
pub(crate) fn destination(events: &[HistoryEvent]) -> Sight {
    let by_id = by_id(events);
    let Some((_, end)) = by_id.last_key_value() else {
        return Sight::NotEnded;
    };
    match end.kind.as_str() {
        "ExecutionFailed" => {}
        // What was stopped or took too long was at work, and goes on there.
        "ExecutionTimedOut" | "ExecutionAborted" => return Sight::Known(Destination::Work),
        _ => return Sight::NotEnded,
    }
    let error = end.failure.as_ref().and_then(|failure| failure.error.as_deref());
    let no_fail_state = match error.filter(|error| BY_DEFINITION.contains(error)) {
        Some(error) => Destination::SameError(error.to_owned()),
        None => Destination::Work,
    };
    let mut walk = Walk::from(&by_id, end);
    loop {
        match walk.next() {
            Err(Torn) => return Sight::NeedsEarlier,
            Ok(None) => return Sight::Known(no_fail_state),
            Ok(Some(event)) if event.kind == "FailStateEntered" => {
                return Sight::Known(Destination::FailState(event.state.clone().unwrap_or_default()));
            }
            Ok(Some(event)) if event.kind.ends_with("StateEntered") || event.kind.ends_with("StateExited") => {
                return Sight::Known(no_fail_state);
            }
            // The run before a redrive ended right before it, whichever event AWS says that it follows.
            Ok(Some(event)) if event.kind == "ExecutionRedriven" => walk.at = event.id - 1,
            Ok(Some(_)) => {}
        }
    }
}

/// Events by their numbers.
pub(crate) fn by_id(events: &[HistoryEvent]) -> BTreeMap<i64, &HistoryEvent> {
    events.iter().map(|event| (event.id, event)).collect()
}

/// The walk led to an event that is not there.
pub(crate) struct Torn;

/// A walk backwards through a branch.
pub(crate) struct Walk<'a, 'b> {
    by_id: &'b BTreeMap<i64, &'a HistoryEvent>,
    at: i64,
}

impl<'a, 'b> Walk<'a, 'b> {
    /// Begins before an event.
    pub(crate) fn from(by_id: &'b BTreeMap<i64, &'a HistoryEvent>, event: &HistoryEvent) -> Self {
        Self {
            by_id,
            at: event.previous_id,
        }
    }

    /// The next event backwards; nothing at the beginning.
    pub(crate) fn next(&mut self) -> Result<Option<&'a HistoryEvent>, Torn> {
        if self.at == 0 {
            return Ok(None);
        }
        let event = *self.by_id.get(&self.at).ok_or(Torn)?;
        // An event comes after the one before it: anything else would walk in circles.
        self.at = if event.previous_id < event.id {
            event.previous_id
        } else {
            0
        };
        Ok(Some(event))
    }
}

#[cfg(test)]
mod tests {
    use shared::ports::step_functions::Failure;

    use super::*;

    /// An event: id, id before, type, state.
    type Row = (i64, i64, &'static str, Option<&'static str>);

    fn sight(rows: &[Row]) -> Sight {
        let event = |&(id, previous_id, kind, state): &Row| HistoryEvent {
            id,
            previous_id,
            at: shared::time::Timestamp::default(),
            kind: kind.to_owned(),
            state: state.map(str::to_owned),
            failure: None,
        };
        let events: Vec<HistoryEvent> = rows.iter().rev().map(event).collect();
        destination(&events)
    }

    #[track_caller]
    fn check(rows: &[Row], fail_state: Option<&str>) {
        let expected = fail_state.map_or(Destination::Work, |name| Destination::FailState(name.to_owned()));
        assert_eq!(sight(rows), Sight::Known(expected), "{rows:?}");
    }

    const START: Row = (1, 0, "ExecutionStarted", None);
    const CAUGHT: [Row; 6] = [
        START,
        (2, 0, "TaskStateEntered", Some("Train")),
        (3, 2, "TaskFailed", None),
        (4, 3, "TaskStateExited", Some("Train")),
        (5, 4, "FailStateEntered", Some("FailState")),
        (6, 5, "ExecutionFailed", None),
    ];
    const UNCAUGHT: [Row; 4] = [
        START,
        (2, 0, "TaskStateEntered", Some("Train")),
        (3, 2, "TaskFailed", None),
        (4, 3, "ExecutionFailed", None),
    ];

    #[test]
    fn a_redrive_leads_to_the_state_that_was_entered_last() {
        check(&CAUGHT, Some("FailState"));
        check(&UNCAUGHT, None);
        // It failed before any state was entered.
        check(&[START, (2, 1, "ExecutionFailed", None)], None);
        // It was the first state.
        check(
            &[
                START,
                (2, 0, "FailStateEntered", Some("Refuse")),
                (3, 2, "ExecutionFailed", None),
            ],
            Some("Refuse"),
        );
    }

    #[test]
    fn what_comes_of_the_definition_would_come_again() {
        let event = |id, previous_id, kind: &str, state: Option<&str>, error: Option<&str>| HistoryEvent {
            id,
            previous_id,
            at: shared::time::Timestamp::default(),
            kind: kind.to_owned(),
            state: state.map(str::to_owned),
            failure: error.map(|error| Failure {
                error: Some(error.to_owned()),
                cause: None,
            }),
        };
        let ended = |last: &str, error| {
            let events = [
                event(3, 2, "ExecutionFailed", None, Some(error)),
                event(2, 0, last, Some("Train"), None),
                event(1, 0, "ExecutionStarted", None, None),
            ];
            destination(&events)
        };
        for error in BY_DEFINITION {
            let same = Sight::Known(Destination::SameError(error.to_owned()));
            assert_eq!(ended("TaskStateEntered", error), same);
        }
        for error in ["States.TaskFailed", "States.Timeout", "Lambda.Unknown"] {
            assert_eq!(
                ended("TaskStateEntered", error),
                Sight::Known(Destination::Work),
                "{error}"
            );
        }
        // A Fail state's own error may have any name.
        let fail_state = Sight::Known(Destination::FailState("Train".to_owned()));
        assert_eq!(ended("FailStateEntered", "States.Runtime"), fail_state);
    }

    #[test]
    fn the_branch_or_iteration_that_failed_counts() {
        let both: [Row; 5] = [
            START,
            (2, 0, "ParallelStateEntered", Some("Both")),
            (3, 2, "ParallelStateStarted", None),
            (4, 3, "TaskStateEntered", Some("Left")),
            (5, 3, "FailStateEntered", Some("Right")),
        ];
        let right: [Row; 2] = [(6, 5, "ParallelStateFailed", None), (7, 6, "ExecutionFailed", None)];
        check(&[both.as_slice(), &right].concat(), Some("Right"));
        let left: [Row; 3] = [
            (6, 4, "TaskFailed", None),
            (7, 6, "ParallelStateFailed", None),
            (8, 7, "ExecutionFailed", None),
        ];
        check(&[both.as_slice(), &left].concat(), None);
        // As AWS records it: the Map fails after the Fail state, not after its iteration's end.
        check(
            &[
                START,
                (2, 0, "MapStateEntered", Some("Each")),
                (3, 2, "MapStateStarted", None),
                (4, 3, "MapIterationStarted", Some("Each")),
                (5, 4, "FailStateEntered", Some("Refuse")),
                (6, 5, "MapIterationFailed", Some("Each")),
                (7, 5, "MapStateFailed", None),
                (8, 7, "ExecutionFailed", None),
            ],
            Some("Refuse"),
        );
    }

    #[test]
    fn a_fail_state_that_was_dealt_with_does_not_count() {
        check(
            &[
                START,
                (2, 0, "MapStateEntered", Some("Each")),
                (3, 2, "MapStateStarted", None),
                (4, 3, "FailStateEntered", Some("Refuse")),
                (5, 4, "MapStateFailed", None),
                (6, 5, "MapStateExited", Some("Each")),
                (7, 6, "TaskStateEntered", Some("Train")),
                (8, 7, "TaskFailed", None),
                (9, 8, "ExecutionFailed", None),
            ],
            None,
        );
    }

    #[test]
    fn what_was_stopped_or_took_too_long_goes_on() {
        for end in ["ExecutionTimedOut", "ExecutionAborted"] {
            check(
                &[START, (2, 0, "TaskStateEntered", Some("Train")), (3, 2, end, None)],
                None,
            );
        }
    }

    #[test]
    fn an_execution_that_was_redriven_before_leads_where_it_failed_last() {
        // Whether AWS writes that a Fail state is entered again, or only that the execution fails again.
        let redriven: [Row; 2] = [(7, 6, "ExecutionRedriven", None), (8, 7, "ExecutionFailed", None)];
        check(&[CAUGHT.as_slice(), &redriven].concat(), Some("FailState"));
        let entered: [Row; 3] = [
            (7, 6, "ExecutionRedriven", None),
            (8, 7, "FailStateEntered", Some("FailState")),
            (9, 8, "ExecutionFailed", None),
        ];
        check(&[CAUGHT.as_slice(), &entered].concat(), Some("FailState"));
        let follows_nothing: [Row; 2] = [(7, 0, "ExecutionRedriven", None), (8, 7, "ExecutionFailed", None)];
        check(&[CAUGHT.as_slice(), &follows_nothing].concat(), Some("FailState"));
        let task: [Row; 4] = [
            (5, 4, "ExecutionRedriven", None),
            (6, 5, "TaskScheduled", None),
            (7, 6, "TaskFailed", None),
            (8, 7, "ExecutionFailed", None),
        ];
        check(&[UNCAUGHT.as_slice(), &task].concat(), None);
        let caught_now: [Row; 5] = [
            (5, 4, "ExecutionRedriven", None),
            (6, 5, "TaskSucceeded", None),
            (7, 6, "TaskStateExited", Some("Train")),
            (8, 7, "FailStateEntered", Some("Refuse")),
            (9, 8, "ExecutionFailed", None),
        ];
        check(&[UNCAUGHT.as_slice(), &caught_now].concat(), Some("Refuse"));
    }

    #[test]
    fn nothing_is_guessed() {
        for from in 5..6 {
            assert_eq!(sight(&CAUGHT[from..]), Sight::NeedsEarlier, "from {from}");
        }
        for to in 0..6 {
            assert_eq!(sight(&CAUGHT[..to]), Sight::NotEnded, "to {to}");
        }
        let goes_on: [Row; 1] = [(7, 6, "ExecutionRedriven", None)];
        assert_eq!(sight(&[CAUGHT.as_slice(), &goes_on].concat()), Sight::NotEnded);
    }
}
