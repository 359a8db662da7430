//! An event of a history, with the fields that tell of a failure.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>

use serde_json::Value;

use crate::aws::json::{moment, text};
use crate::ports::step_functions::{Failure, HistoryEvent};
use crate::time::Timestamp;

/// The members that have the error and the cause of an event. Each type of event has one of its own.
const FAILURES: [&str; 16] = [
    "activityFailedEventDetails",
    "activityScheduleFailedEventDetails",
    "activityTimedOutEventDetails",
    "taskFailedEventDetails",
    "taskStartFailedEventDetails",
    "taskSubmitFailedEventDetails",
    "taskTimedOutEventDetails",
    "lambdaFunctionFailedEventDetails",
    "lambdaFunctionScheduleFailedEventDetails",
    "lambdaFunctionStartFailedEventDetails",
    "lambdaFunctionTimedOutEventDetails",
    "mapRunFailedEventDetails",
    "evaluationFailedEventDetails",
    "executionFailedEventDetails",
    "executionTimedOutEventDetails",
    "executionAbortedEventDetails",
];

/// The members that name the event's state. The event of a failed expression names it itself: it does not follow the event
/// of entering that state.
const STATES: [(&str, &str); 3] = [
    ("stateEnteredEventDetails", "name"),
    ("stateExitedEventDetails", "name"),
    ("evaluationFailedEventDetails", "state"),
];

/// The answer's event as the port's.
pub(super) fn event(event: Value) -> HistoryEvent {
    let failure = FAILURES.into_iter().find_map(|member| event.get(member)?.as_object());
    HistoryEvent {
        id: event["id"].as_i64().unwrap_or_default(),
        previous_id: event["previousEventId"].as_i64().unwrap_or_default(),
        at: moment(&event["timestamp"]).unwrap_or(Timestamp::from_millis(0)),
        kind: text(&event["type"]).unwrap_or_default(),
        state: STATES.into_iter().find_map(|(member, name)| text(&event[member][name])),
        failure: failure.map(|details| Failure {
            error: details.get("error").and_then(text),
            cause: details.get("cause").and_then(text),
        }),
    }
}
