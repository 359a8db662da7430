//! The state that is to blame, found in an execution's history from its end backwards.
//!
//! Each event names the one before it in its branch, so that one can walk from the end into the branch that failed. A
//! state machine that catches a failure ends in a Fail state: people want to know the state that failed before.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>

use shared::ports::step_functions::{Failure, HistoryEvent};

use crate::history::{Torn, Walk, by_id};

/// The state that is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Culprit {
    /// Its name.
    pub state: String,
    /// What it failed with, where an event of its own says so.
    pub failure: Option<Failure>,
    /// The Fail state that the execution ended in after the failure was caught.
    pub ended_in: Option<String>,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Search {
    /// The culprit.
    Found(Culprit),
    /// The walk led to events that are not there: earlier ones are needed.
    NeedsEarlier,
    /// The history does not tell.
    Nothing,
}

/// Searches some last events of a history.
#[must_use]
pub(crate) fn search(events: &[HistoryEvent]) -> Search {
    let by_id = by_id(events);
    let Some((_, end)) = by_id.last_key_value() else {
        return Search::Nothing;
    };
    let mut walk = Walk::from(&by_id, end);
    match walk.first_to_blame() {
        Step::Failure(event) => walk.state_of(event, None),
        Step::FailState(name) => match walk.caught(end) {
            Ok(Some(event)) => match walk.state_of(event, Some(name)) {
                Search::Nothing => Search::Found(Culprit {
                    state: name.to_owned(),
                    failure: None,
                    ended_in: None,
                }),
                search => search,
            },
            Ok(None) => Search::Found(Culprit {
                state: name.to_owned(),
                failure: None,
                ended_in: None,
            }),
            Err(Torn) => Search::NeedsEarlier,
        },
        Step::State(name) => Search::Found(Culprit {
            state: name.to_owned(),
            failure: None,
            ended_in: None,
        }),
        Step::Start => Search::Nothing,
        Step::Torn => Search::NeedsEarlier,
    }
}

/// Where a walk from the end first comes to.
enum Step<'a> {
    /// Something that failed, with its error.
    Failure(&'a HistoryEvent),
    /// A Fail state that was entered.
    FailState(&'a str),
    /// Another state that was entered, and in which it ended.
    State(&'a str),
    /// The beginning.
    Start,
    /// An event that is not there.
    Torn,
}

impl<'a> Walk<'a, '_> {
    fn first_to_blame(&mut self) -> Step<'a> {
        loop {
            match self.next() {
                Err(Torn) => return Step::Torn,
                Ok(None) => return Step::Start,
                // The end of an earlier run is not news: the execution was redriven since.
                Ok(Some(event)) if event.failure.is_some() && !event.kind.starts_with("Execution") => {
                    return Step::Failure(event);
                }
                Ok(Some(HistoryEvent {
                    kind,
                    state: Some(name),
                    ..
                })) if kind == "FailStateEntered" => {
                    return Step::FailState(name);
                }
                Ok(Some(HistoryEvent {
                    kind,
                    state: Some(name),
                    ..
                })) if kind.ends_with("StateEntered") => {
                    return Step::State(name);
                }
                Ok(Some(_)) => {}
            }
        }
    }

    /// The failure that led to a Fail state: one that was caught right before it, or an earlier one of the same name.
    fn caught(&mut self, end: &HistoryEvent) -> Result<Option<&'a HistoryEvent>, Torn> {
        let error_of = |event: &HistoryEvent| event.failure.as_ref().and_then(|failure| failure.error.clone());
        let mut directly = true;
        while let Some(event) = self.next()? {
            if event.failure.is_some() && (directly || error_of(event) == error_of(end)) {
                return Ok(Some(event));
            }
            directly &= !event.kind.ends_with("StateEntered");
        }
        Ok(None)
    }

    /// The state in which something failed: the one that was entered last before.
    fn state_of(&mut self, failed: &HistoryEvent, ended_in: Option<&str>) -> Search {
        let found = |state: &str| {
            Search::Found(Culprit {
                state: state.to_owned(),
                failure: failed.failure.clone(),
                ended_in: ended_in.map(str::to_owned),
            })
        };
        if let Some(state) = &failed.state {
            return found(state);
        }
        loop {
            match self.next() {
                Err(Torn) => return Search::NeedsEarlier,
                Ok(None) => return Search::Nothing,
                Ok(Some(HistoryEvent {
                    kind,
                    state: Some(name),
                    ..
                })) if kind.ends_with("StateEntered") => {
                    return found(name);
                }
                Ok(Some(_)) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::time::Timestamp;

    use super::*;

    /// An event: id, id before, type, state, error.
    type Row = (i64, i64, &'static str, Option<&'static str>, Option<&'static str>);

    fn events(rows: &[Row]) -> Vec<HistoryEvent> {
        let event = |&(id, previous_id, kind, state, error): &Row| HistoryEvent {
            id,
            previous_id,
            at: Timestamp::default(),
            kind: kind.to_owned(),
            state: state.map(str::to_owned),
            failure: error.map(|error| Failure {
                error: Some(error.to_owned()),
                cause: None,
            }),
        };
        rows.iter().rev().map(event).collect()
    }

    /// Which state is found, what it failed with, and where the execution ended.
    fn check(rows: &[Row], expected: Option<(&str, Option<&str>, Option<&str>)>) {
        let expected = match expected {
            None => Search::Nothing,
            Some((state, error, ended_in)) => Search::Found(Culprit {
                state: state.to_owned(),
                failure: error.map(|error| Failure {
                    error: Some(error.to_owned()),
                    cause: None,
                }),
                ended_in: ended_in.map(str::to_owned),
            }),
        };
        assert_eq!(search(&events(rows)), expected, "{rows:?}");
    }

    const START: Row = (1, 0, "ExecutionStarted", None, None);

    #[test]
    fn a_task_that_nothing_catches_is_first_to_blame() {
        check(
            &[
                START,
                (2, 0, "TaskStateEntered", Some("Train"), None),
                (3, 2, "TaskScheduled", None, None),
                (4, 3, "TaskStarted", None, None),
                (5, 4, "TaskFailed", None, Some("E")),
                (6, 5, "ExecutionFailed", None, Some("E")),
            ],
            Some(("Train", Some("E"), None)),
        );
    }

    #[test]
    fn a_caught_task_is_first_to_blame_and_the_fail_state_is_told() {
        for end in ["E", "Other"] {
            check(
                &[
                    START,
                    (2, 0, "TaskStateEntered", Some("Train"), None),
                    (3, 2, "TaskFailed", None, Some("E")),
                    (4, 3, "TaskStateExited", Some("Train"), None),
                    (5, 4, "FailStateEntered", Some("FailState"), None),
                    (6, 5, "ExecutionFailed", None, Some(end)),
                ],
                Some(("Train", Some("E"), Some("FailState"))),
            );
        }
    }

    #[test]
    fn a_failure_that_was_dealt_with_is_not_first_to_blame_for_another() {
        let rows = |end| {
            [
                START,
                (2, 0, "TaskStateEntered", Some("Try"), None),
                (3, 2, "TaskFailed", None, Some("E")),
                (4, 3, "TaskStateExited", Some("Try"), None),
                (5, 4, "PassStateEntered", Some("Mend"), None),
                (6, 5, "PassStateExited", Some("Mend"), None),
                (7, 6, "FailStateEntered", Some("FailState"), None),
                (8, 7, "ExecutionFailed", None, Some(end)),
            ]
        };
        check(&rows("Other"), Some(("FailState", None, None)));
        check(&rows("E"), Some(("Try", Some("E"), Some("FailState"))));
    }

    #[test]
    fn a_branch_that_failed_is_walked_into() {
        check(
            &[
                START,
                (2, 0, "ParallelStateEntered", Some("Both"), None),
                (3, 2, "ParallelStateStarted", None, None),
                (4, 3, "TaskStateEntered", Some("Left"), None),
                (5, 3, "TaskStateEntered", Some("Right"), None),
                (6, 4, "TaskScheduled", None, None),
                (7, 5, "TaskScheduled", None, None),
                (8, 6, "TaskFailed", None, Some("E")),
                (9, 8, "ParallelStateFailed", None, None),
                (10, 9, "ExecutionFailed", None, Some("E")),
            ],
            Some(("Left", Some("E"), None)),
        );
        check(
            &[
                START,
                (2, 0, "MapStateEntered", Some("Each"), None),
                (3, 2, "MapStateStarted", None, None),
                (4, 3, "MapIterationStarted", Some("Each"), None),
                (5, 4, "FailStateEntered", Some("Refuse"), None),
                (6, 5, "MapIterationFailed", Some("Each"), None),
                (7, 5, "MapStateFailed", None, None),
                (8, 7, "ExecutionFailed", None, Some("E")),
            ],
            Some(("Refuse", None, None)),
        );
    }

    #[test]
    fn what_fails_by_itself_is_first_to_blame() {
        let entered: Row = (2, 0, "MapStateEntered", Some("Each"), None);
        check(
            &[START, entered, (3, 2, "ExecutionFailed", None, Some("States.Runtime"))],
            Some(("Each", None, None)),
        );
        check(
            &[START, entered, (3, 2, "ExecutionTimedOut", None, Some("E"))],
            Some(("Each", None, None)),
        );
        // An expression that fails names its state itself: it does not follow the event of entering it.
        check(
            &[
                START,
                entered,
                (3, 0, "EvaluationFailed", Some("Each"), Some("E")),
                (4, 3, "MapStateFailed", None, None),
                (5, 4, "ExecutionFailed", None, Some("E")),
            ],
            Some(("Each", Some("E"), None)),
        );
        check(&[START, (2, 1, "ExecutionFailed", None, Some("E"))], None);
        check(&[], None);
    }

    #[test]
    fn a_walk_that_leaves_the_page_asks_for_earlier_events() {
        let rows: [Row; 4] = [
            (901, 900, "TaskFailed", None, Some("E")),
            (902, 901, "TaskStateExited", Some("Train"), None),
            (903, 902, "FailStateEntered", Some("FailState"), None),
            (904, 903, "ExecutionFailed", None, Some("E")),
        ];
        for from in 0..4 {
            assert_eq!(search(&events(&rows[from..])), Search::NeedsEarlier, "from {from}");
        }
    }

    #[test]
    fn events_in_a_circle_end_the_walk() {
        let rows: [Row; 3] = [
            (5, 6, "TaskStarted", None, None),
            (6, 5, "TaskStarted", None, None),
            (7, 6, "ExecutionFailed", None, Some("E")),
        ];
        assert_eq!(search(&events(&rows)), Search::Nothing);
    }
}
