//! Definitions are read leniently.

use crate::house::{chart, definitions, svg};
use serde_json::json;
use state_graph::{Chart, Kind, Overlay};

#[test]
fn what_is_no_json_is_named_with_its_place() {
    let error = Chart::read("{\n  \"States\": {,}\n}").unwrap_err().to_string();
    assert_eq!(error, "line 2, column 14: key must be a string");
    let error = Chart::read("[]").unwrap_err().to_string();
    assert_eq!(error, "the definition has no `States` object");
}

#[test]
fn what_is_wrong_is_left_out_or_shown_as_missing() {
    let definition = json!({"States": {
        "A": {"Type": "Task", "Next": "Nowhere", "Retry": 5, "Catch": [{}, 7]},
        "B": {"Type": "Banana", "Branches": [3, {"States": {"C": {}}}]},
        "D": 12,
        "E": {"Type": "Choice", "Choices": [{"Next": "E"}, 1]},
        "F": {"Type": "Map", "Iterator": {"StartAt": "G", "States": {"G": {"Type": "Pass", "Next": "A"}}}}}});
    let chart = chart(&definition);
    let names: Vec<&str> = chart.states().map(|state| state.name.as_str()).collect();
    assert_eq!(names, ["A", "B", "C", "D", "E", "F", "G"]);
    assert_eq!(chart.state("B").unwrap().kind, Kind::Unknown("Banana".into()));
    let drawn = svg(&definition, &Overlay::default());
    assert!(drawn.contains("data-state=\"Nowhere\"") && drawn.contains("no such state"));
}

#[test]
fn states_say_where_they_are() {
    for (name, definition) in definitions() {
        let chart = Chart::read(&definition).unwrap();
        let value: serde_json::Value = serde_json::from_str(&definition).unwrap();
        for state in chart.states() {
            assert!(value.pointer(&state.pointer).is_some(), "{} in {name}", state.pointer);
        }
    }
    let nested = chart(&json!({"States": {"a/b~": {"Type": "Parallel", "Branches": [
        {"States": {"x": {"Type": "Pass"}}}, {"States": {"y": {"Type": "Pass"}}}]}}}));
    let y = nested.state("y").unwrap();
    assert_eq!(y.pointer, "/States/a~1b~0/Branches/1/States/y");
    assert_eq!((y.parent.as_deref(), y.branch), (Some("a/b~"), 1));
}

#[test]
fn tasks_say_what_they_call() {
    for (resource, arguments, expected) in [
        (
            "arn:${Partition}:states:::sagemaker:createTrainingJob.sync",
            json!({}),
            "SageMaker: CreateTrainingJob (.sync)",
        ),
        (
            "arn:aws:states:::aws-sdk:ssm:getParameter",
            json!({}),
            "SDK ssm:GetParameter",
        ),
        (
            "arn:aws:states:::states:startExecution.sync:2",
            json!({}),
            "Step Functions: StartExecution (.sync:2)",
        ),
        (
            "arn:aws:states:::lambda:invoke",
            json!({"FunctionName": "resolve-parameters"}),
            "Lambda: resolve-parameters",
        ),
        (
            "arn:aws:states:::lambda:invoke.waitForTaskToken",
            json!({"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:ask:$LATEST"}),
            "Lambda: ask (.waitForTaskToken)",
        ),
        (
            "arn:aws:lambda:eu-west-1:123456789012:function:resize",
            json!({}),
            "Lambda: resize",
        ),
        (
            "arn:aws:states:eu-west-1:123456789012:activity:paint",
            json!({}),
            "Activity: paint",
        ),
        ("${SomeArn}", json!({}), "${SomeArn}"),
    ] {
        let definition = json!({"States": {"A": {"Type": "Task", "Resource": resource, "Arguments": arguments}}});
        assert_eq!(chart(&definition).state("A").unwrap().does.as_deref(), Some(expected));
    }
}

#[test]
fn retriers_are_said_in_full_and_in_short() {
    let definition = json!({"States": {"A": {"Type": "Task", "Retry": [
        {"ErrorEquals": ["States.TaskFailed", "B"], "MaxAttempts": 4, "IntervalSeconds": 2, "MaxDelaySeconds": 9},
        {"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL"}]}}});
    let state = chart(&definition).state("A").unwrap().clone();
    assert_eq!(state.retry_in_short.as_deref(), Some("retry ×4: States.TaskFailed +2"));
    assert_eq!(
        state.retry,
        [
            "retry ×4: States.TaskFailed, B. First after 2 s, then × 2, at most 9 s",
            "retry ×3: States.ALL. First after 1 s, then × 2, with jitter"
        ]
    );
}
