//! Histories as the engine writes them, for redrives and failures inside of blocks.

use super::{Chosen, Trace};
use serde_json::{Value, json};
use state_graph::Status;
use states_language::{
    Clock, Execution, Failure, Json, StartOptions, StateMachine, TaskRequest, VirtualClock, run_to_end,
};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

fn start(definition: &Value, input: &Value) -> Execution {
    let machine = StateMachine::parse(&definition.to_string()).expect("a definition");
    let now = VirtualClock::default().now();
    Execution::start(&machine, StartOptions::default(), &input.to_string(), now).expect("an execution")
}

/// Goes on to the end; tasks of these states fail.
fn go(execution: &mut Execution, bad: &[&str]) {
    let mut handler = |task: &TaskRequest| -> Result<Json, Failure> {
        if bad.contains(&&*task.state) {
            Err(Failure::new("Oops", "a reason"))
        } else {
            Ok(task.parameters.clone())
        }
    };
    run_to_end(execution, &mut handler, &mut VirtualClock::default());
}

fn redrive(execution: &mut Execution) {
    execution.redrive(VirtualClock::default().now()).expect("a redrive");
}

fn traced(execution: &Execution) -> Trace {
    let mut trace = Trace::default();
    for event in execution.history() {
        trace.push(&serde_json::to_value(event).expect("an event"));
    }
    trace
}

fn statuses(trace: &Trace) -> Vec<(&str, Status)> {
    let visits = trace.visits.iter();
    visits.map(|visit| (&*visit.state, visit.status)).collect()
}

fn culprit(trace: &Trace) -> Option<&str> {
    trace.culprit.map(|number| &*trace.visits[number].state)
}

fn flow(name: &str, mut state: Value) -> Value {
    state["End"] = json!(true);
    json!({"StartAt": name, "States": {name: state}})
}

fn task() -> Value {
    json!({"Type": "Task", "Resource": FUNCTION})
}

fn parallel(branches: &Value) -> Value {
    json!({"Type": "Parallel", "Branches": branches})
}

#[test]
fn a_redriven_parallel_has_all_its_branches_go_on() {
    // Both branches ask the same of the same function, and the second comes to it first.
    let first = json!({"StartAt": "Wait", "States": {
        "Wait": {"Type": "Pass", "Next": "A"}, "A": {"Type": "Task", "Resource": FUNCTION, "End": true}}});
    let branches = json!([
        first,
        flow("B", task()),
        flow("Later", json!({"Type": "Wait", "Seconds": 9}))
    ]);
    let mut execution = start(&flow("P", parallel(&branches)), &json!({}));
    go(&mut execution, &["A"]);
    let trace = traced(&execution);
    assert_eq!(culprit(&trace), Some("A"));
    redrive(&mut execution);
    let trace = traced(&execution);
    let open: Vec<_> = trace
        .visits
        .iter()
        .filter(|it| it.is_open())
        .map(|it| &*it.state)
        .collect();
    assert!(
        open.starts_with(&["P"]) && open.contains(&"A") && open.contains(&"Later"),
        "{open:?}"
    );
    assert_eq!(
        trace.overlay(&Chosen::default(), None).states["A"].status,
        Status::Running
    );
    go(&mut execution, &[]);
    let trace = traced(&execution);
    assert!(
        trace.visits.iter().all(|visit| visit.status == Status::Succeeded),
        "{:?}",
        statuses(&trace)
    );
    assert_eq!((trace.ended, trace.culprit), (Some(Status::Succeeded), None));
}

#[test]
fn a_redriven_map_has_the_strip_that_it_comes_to() {
    let map = json!({"Type": "Map", "ItemProcessor": flow("Each", task())});
    let mut execution = start(&flow("M", map), &json!([1, 2, 3]));
    go(&mut execution, &["Each"]);
    let trace = traced(&execution);
    assert_eq!(culprit(&trace), Some("Each"));
    assert!(trace.visits[0].iterations.contains(&Status::Failed));
    redrive(&mut execution);
    assert!(traced(&execution).visits[0].iterations.contains(&Status::Running));
    go(&mut execution, &[]);
    let trace = traced(&execution);
    assert_eq!(trace.visits[0].iterations, [Status::Succeeded; 3]);
    assert!(trace.visits.iter().all(|visit| visit.status == Status::Succeeded));
}

#[test]
fn what_had_only_begun_goes_on_in_its_iteration() {
    // The first iteration fails before the others have entered a state.
    let fails = json!({"Type": "Map", "ItemProcessor": {"StartAt": "Bad", "States": {
        "Bad": {"Type": "Fail", "Error": "E"}}}});
    let mut execution = start(&flow("M", fails), &json!([1, 2]));
    go(&mut execution, &[]);
    redrive(&mut execution);
    go(&mut execution, &[]);
    let trace = traced(&execution);
    assert_eq!(culprit(&trace), Some("Bad"));
    let inside = trace.visits.iter().filter(|visit| &*visit.state == "Bad");
    assert!(
        inside
            .into_iter()
            .all(|visit| visit.within.is_some_and(|it| it.iteration.is_some()))
    );
    assert!(trace.visits.iter().all(|visit| !visit.is_open()));
}

#[test]
fn a_failure_opens_at_the_innermost_state() {
    let inner = flow("Inner", parallel(&json!([flow("Deep", task()), flow("Good", task())])));
    let map = json!({"Type": "Map", "ItemProcessor": inner});
    let mut execution = start(&flow("Outer", map), &json!([1]));
    go(&mut execution, &["Deep"]);
    let trace = traced(&execution);
    assert_eq!(culprit(&trace), Some("Deep"));
    for (state, status) in statuses(&trace) {
        let is_beside = state == "Good";
        assert!(is_beside || status == Status::Failed, "{state} is {status:?}");
    }
    redrive(&mut execution);
    go(&mut execution, &[]);
    assert!(
        traced(&execution)
            .visits
            .iter()
            .all(|visit| visit.status == Status::Succeeded)
    );
}

#[test]
fn a_fail_state_in_a_block_passes_on_who_began_it() {
    let branch = json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": FUNCTION, "End": true,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}]},
        "Tell": {"Type": "Fail", "ErrorPath": "$.Error", "CausePath": "$.Cause"}}});
    let mut execution = start(&flow("P", parallel(&json!([branch]))), &json!({}));
    go(&mut execution, &["Work"]);
    assert_eq!(culprit(&traced(&execution)), Some("Work"));
    redrive(&mut execution);
    go(&mut execution, &[]);
    assert_eq!(culprit(&traced(&execution)), Some("Work"), "after a redrive, too");
}

#[test]
fn a_block_that_is_retried_begins_anew() {
    let mut outer = parallel(&json!([flow("Inner", parallel(&json!([flow("Deep", task())])))]));
    outer["Retry"] = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]);
    let mut execution = start(&flow("Outer", outer), &json!({}));
    let mut calls = 0;
    let mut handler = |task: &TaskRequest| -> Result<Json, Failure> {
        calls += 1;
        if calls == 1 {
            Err(Failure::new("Oops", ""))
        } else {
            Ok(task.parameters.clone())
        }
    };
    run_to_end(&mut execution, &mut handler, &mut VirtualClock::default());
    let trace = traced(&execution);
    let (failed, well) = (Status::Failed, Status::Succeeded);
    assert_eq!(
        statuses(&trace),
        [
            ("Outer", well),
            ("Inner", failed),
            ("Deep", failed),
            ("Inner", well),
            ("Deep", well)
        ]
    );
    let overlay = trace.overlay(&Chosen::default(), None);
    assert!(overlay.states.values().all(|look| look.status == well));
}

#[test]
fn the_worst_iteration_stands_for_a_state_in_any_order() {
    let of = |order: [&str; 2]| {
        let mut trace = Trace::default();
        let mut push = |id: u64, previous: u64, kind: &str, details: Value| {
            trace.push(
                &json!({"id": id, "previousEventId": previous, "type": kind, "timestamp": id,
                "xEventDetails": details}),
            );
        };
        push(1, 0, "MapStateEntered", json!({"name": "M"}));
        push(2, 1, "MapStateStarted", json!({"length": 2}));
        for (index, kind) in (0_u64..).zip(order) {
            let at = 3 + index * 3;
            push(at, 2, "MapIterationStarted", json!({"name": "M", "index": index}));
            push(at + 1, at, "PassStateEntered", json!({"name": "One"}));
            push(at + 2, at + 1, kind, json!({"name": "M", "index": index}));
        }
        trace.overlay(&Chosen::default(), None).states["One"].status
    };
    assert_eq!(of(["MapIterationFailed", "MapIterationAborted"]), Status::Failed);
    assert_eq!(of(["MapIterationAborted", "MapIterationFailed"]), Status::Failed);
}

#[test]
fn each_of_many_iterations_goes_on() {
    let mut execution = start(
        &flow("M", json!({"Type": "Map", "ItemProcessor": flow("Each", task())})),
        &json!((0..1_000).collect::<Vec<_>>()),
    );
    go(&mut execution, &["Each"]);
    redrive(&mut execution);
    go(&mut execution, &[]);
    let mut trace = Trace::default();
    for event in execution.history() {
        trace.push(&serde_json::to_value(event).expect("an event"));
    }
    let overlay = trace.overlay(&Chosen::default(), None);
    let iterations = overlay.states["M"].iterations.as_ref().expect("a Map has iterations");
    let succeeded = iterations.statuses.iter().filter(|it| **it == Status::Succeeded);
    assert_eq!(succeeded.count(), 1_000);
}
