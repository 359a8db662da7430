//! Histories, and what is made of them.

use super::{Chosen, Trace};
use serde_json::{Value, json};
use state_graph::Status;

/// A history: each event's type, the number of the one before it, and its details.
fn trace(events: &[(&str, u64, Value)]) -> Trace {
    let mut trace = Trace::default();
    for (at, (kind, previous, details)) in events.iter().enumerate() {
        let mut event = json!({"id": at + 1, "previousEventId": previous, "type": kind, "timestamp": 1000 + at});
        if !details.is_null() {
            event["someEventDetails"] = details.clone();
        }
        trace.push(&event);
    }
    trace
}

fn named(name: &str) -> Value {
    json!({"name": name, "input": "{}", "output": "{}"})
}

/// Each visit: its state, its status, and how many attempts it took.
fn visits(trace: &Trace) -> Vec<(&str, Status, usize)> {
    let visits = trace.visits.iter();
    visits
        .map(|visit| (&*visit.state, visit.status, visit.attempts.len()))
        .collect()
}

fn ways(trace: &Trace) -> Vec<(&str, &str)> {
    trace.ways.iter().map(|(from, to)| (&**from, &**to)).collect()
}

const NOTHING: Value = Value::Null;

#[test]
fn one_state_leads_to_another() {
    let trace = trace(&[
        ("ExecutionStarted", 0, NOTHING),
        ("PassStateEntered", 0, named("A")),
        ("PassStateExited", 2, named("A")),
        ("SucceedStateEntered", 3, named("B")),
        ("SucceedStateExited", 4, named("B")),
        ("ExecutionSucceeded", 5, NOTHING),
    ]);
    assert_eq!(
        visits(&trace),
        [("A", Status::Succeeded, 0), ("B", Status::Succeeded, 0)]
    );
    assert_eq!(ways(&trace), [("A", "B")]);
    assert_eq!((trace.ended, trace.culprit), (Some(Status::Succeeded), None));
}

#[test]
fn a_state_that_is_tried_again_has_attempts_and_a_catch_is_told_from_a_success() {
    let trace = trace(&[
        ("ExecutionStarted", 0, NOTHING),
        ("TaskStateEntered", 0, named("Work")),
        (
            "TaskScheduled",
            2,
            json!({"resourceType": "lambda", "resource": "invoke", "parameters": "{}"}),
        ),
        ("TaskFailed", 3, json!({"error": "Once", "cause": "so"})),
        (
            "TaskScheduled",
            4,
            json!({"resourceType": "lambda", "resource": "invoke", "parameters": "{}"}),
        ),
        ("TaskFailed", 5, json!({"error": "Twice", "cause": "again"})),
        ("TaskStateExited", 6, named("Work")),
        ("PassStateEntered", 7, named("Caught")),
    ]);
    assert_eq!(
        visits(&trace),
        [("Work", Status::Caught, 2), ("Caught", Status::Running, 0)]
    );
    let work = &trace.visits[0];
    let errors: Vec<_> = work.attempts.iter().map(|attempt| attempt.error.as_deref()).collect();
    assert_eq!(errors, [Some("Once"), Some("Twice")]);
    assert_eq!(work.error.as_deref(), Some("Twice"));
    assert_eq!(ways(&trace), [("Work", "Caught")]);
}

#[test]
fn what_failed_is_blamed_and_what_ran_beside_it_was_aborted() {
    let trace = trace(&[
        ("ExecutionStarted", 0, NOTHING),
        ("ParallelStateEntered", 0, named("Both")),
        ("ParallelStateStarted", 2, NOTHING),
        ("PassStateEntered", 3, named("Bad")),
        ("WaitStateEntered", 3, named("Slow")),
        ("PassStateExited", 4, named("Bad")),
        ("FailStateEntered", 6, named("Fail")),
        ("ParallelStateFailed", 7, json!({"error": "E", "cause": "because"})),
        ("ExecutionFailed", 7, json!({"error": "E", "cause": "because"})),
    ]);
    assert_eq!(
        visits(&trace),
        [
            ("Both", Status::Failed, 0),
            ("Bad", Status::Succeeded, 0),
            ("Slow", Status::Aborted, 0),
            ("Fail", Status::Failed, 0),
        ]
    );
    let culprit = trace.culprit.map(|number| &*trace.visits[number].state);
    assert_eq!(culprit, Some("Fail"));
    assert_eq!(trace.visits[3].error.as_deref(), Some("E"));
    assert_eq!(ways(&trace), [("Bad", "Fail")], "where a block begins is no way");
}

/// A Map of three items, of which the second fails.
fn map() -> Trace {
    trace(&[
        ("ExecutionStarted", 0, NOTHING),
        ("MapStateEntered", 0, named("Each")),
        ("MapStateStarted", 2, json!({"length": 3})),
        ("MapIterationStarted", 3, json!({"name": "Each", "index": 0})),
        ("PassStateEntered", 4, named("One")),
        ("MapIterationStarted", 3, json!({"name": "Each", "index": 1})),
        ("PassStateEntered", 6, named("One")),
        ("PassStateExited", 5, named("One")),
        ("MapIterationSucceeded", 8, json!({"name": "Each", "index": 0})),
        ("MapIterationFailed", 7, json!({"name": "Each", "index": 1})),
        ("MapStateFailed", 10, json!({"error": "E", "cause": "c"})),
        ("MapStateExited", 10, named("Each")),
        ("PassStateEntered", 12, named("After")),
    ])
}

#[test]
fn iterations_of_a_map_are_apart() {
    let trace = map();
    let each = &trace.visits[0];
    assert_eq!(each.iterations, [Status::Succeeded, Status::Failed, Status::NotReached]);
    assert_eq!(each.status, Status::Caught);
    let of = |index| {
        let chosen: Chosen = [("Each".to_owned(), index)].into();
        trace
            .visits_of("One", &chosen)
            .iter()
            .map(|(number, _)| *number)
            .collect::<Vec<_>>()
    };
    assert_eq!((of(0), of(1), of(2)), (vec![1], vec![2], vec![]));
    assert_eq!(trace.visits_of("One", &Chosen::default()).len(), 2);
    assert_eq!(ways(&trace), [("Each", "After")]);
}

#[test]
fn states_look_as_in_the_iteration_that_is_chosen() {
    let trace = map();
    let look = |chosen: &Chosen| trace.overlay(chosen, None).states.get("One").map(|look| look.status);
    assert_eq!(look(&[("Each".to_owned(), 0)].into()), Some(Status::Succeeded));
    assert_eq!(look(&[("Each".to_owned(), 2)].into()), None);
    let overlay = trace.overlay(&Chosen::default(), Some("One"));
    assert_eq!(overlay.selected.as_deref(), Some("One"));
    assert_eq!(
        overlay.states["Each"].iterations.as_ref().map(|all| all.statuses.len()),
        Some(3)
    );
}

#[test]
fn a_redrive_goes_on_from_where_it_failed() {
    let trace = trace(&[
        ("ExecutionStarted", 0, NOTHING),
        ("TaskStateEntered", 0, named("Work")),
        (
            "TaskScheduled",
            2,
            json!({"resourceType": "lambda", "resource": "invoke"}),
        ),
        ("TaskFailed", 3, json!({"error": "E"})),
        ("ExecutionFailed", 4, json!({"error": "E"})),
        ("ExecutionRedriven", 5, NOTHING),
        (
            "TaskScheduled",
            6,
            json!({"resourceType": "lambda", "resource": "invoke"}),
        ),
        ("TaskSucceeded", 7, json!({"output": "{}"})),
        ("TaskStateExited", 8, named("Work")),
        ("ExecutionSucceeded", 9, NOTHING),
    ]);
    assert_eq!(visits(&trace), [("Work", Status::Succeeded, 2)]);
    assert_eq!((trace.ended, trace.culprit), (Some(Status::Succeeded), None));
}

#[test]
fn nothing_that_a_history_says_is_too_odd() {
    // Events whose threads lead nowhere, names that were never entered, and indexes beyond all bounds.
    let trace = trace(&[
        ("PassStateExited", 99, named("A")),
        ("MapIterationStarted", 0, json!({"index": u64::MAX})),
        ("TaskScheduled", 7, NOTHING),
        ("ParallelStateSucceeded", 0, NOTHING),
        ("", 0, NOTHING),
        ("ExecutionFailed", 3, NOTHING),
    ]);
    assert!(trace.visits.is_empty());
}

#[test]
fn a_fail_state_that_passes_an_error_on_is_not_to_blame() {
    let passed_on = |error: &str| {
        let trace = trace(&[
            ("ExecutionStarted", 0, NOTHING),
            ("TaskStateEntered", 0, named("Work")),
            (
                "TaskScheduled",
                2,
                json!({"resourceType": "lambda", "resource": "invoke"}),
            ),
            ("TaskFailed", 3, json!({"error": "E", "cause": "c"})),
            ("TaskStateExited", 4, named("Work")),
            ("FailStateEntered", 5, named("Tell")),
            ("ExecutionFailed", 6, json!({"error": error, "cause": "c"})),
        ]);
        trace.culprit.map(|number| trace.visits[number].state.to_string())
    };
    assert_eq!(passed_on("E").as_deref(), Some("Work"));
    assert_eq!(
        passed_on("Other").as_deref(),
        Some("Tell"),
        "one that says something of its own is"
    );
}
