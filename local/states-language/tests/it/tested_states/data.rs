//! What is shown of the data on its way through a state.

use super::{branches, distributed, map, merge, options, result, run, seen};
use serde_json::{Value, json};
use states_language::{Failure, TestStateConfiguration, TestStateOptions, TestStatus};

#[test]
fn each_step_of_the_data_is_seen_that_aws_shows() {
    let input = json!({"a": {"b": 1}});
    let cases = [
        (
            json!({"Type": "Pass", "InputPath": "$.a", "Parameters": {"c.$": "$.b"}, "ResultPath": "$.r", "OutputPath": "$.r.c", "Next": "N"}),
            None,
            json!({
                "input": input, "afterInputPath": {"b": 1}, "afterParameters": {"c": 1}, "afterResultSelector": {"c": 1},
                "afterResultPath": {"a": {"b": 1}, "r": {"c": 1}},
            }),
        ),
        // Nothing is shown of what a `Result` takes the place of.
        (
            json!({"Type": "Pass", "Result": 7, "End": true}),
            None,
            json!({"input": input, "result": 7, "afterResultSelector": 7, "afterResultPath": 7}),
        ),
        (
            json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": 1, "End": true}),
            None,
            json!({"input": input}),
        ),
        (
            json!({"Type": "Succeed", "InputPath": "$.a"}),
            None,
            json!({"input": input, "afterInputPath": {"b": 1}}),
        ),
        (
            json!({"Type": "Fail", "Error": "E"}),
            None,
            json!({"input": input, "afterInputPath": input}),
        ),
        (
            json!({"Type": "Fail", "QueryLanguage": "JSONata", "Error": "E"}),
            None,
            json!({"input": input}),
        ),
        (
            json!({"Type": "Choice", "Choices": [{"Variable": "$.b", "IsPresent": true, "Next": "N"}], "InputPath": "$.a"}),
            None,
            json!({"input": input, "afterInputPath": {"b": 1}}),
        ),
        (
            json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"},
                   "ResultSelector": {"s.$": "$.Payload"}, "ResultPath": "$.r", "End": true}),
            result(&json!({"Payload": 2})),
            json!({
                "input": input, "afterInputPath": input, "afterParameters": {"FunctionName": "f"}, "result": {"Payload": 2},
                "afterResultSelector": {"s": 2}, "afterResultPath": {"a": {"b": 1}, "r": {"s": 2}},
            }),
        ),
        (
            json!({"Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::lambda:invoke",
                   "Arguments": {"FunctionName": "f"}, "Assign": {"v": "{% $states.result %}"}, "End": true}),
            result(&json!(2)),
            json!({"input": input, "afterArguments": {"FunctionName": "f"}, "result": 2, "variables": {"v": 2}}),
        ),
        // Of a Parallel nothing is shown before its result, nor the result itself.
        (
            json!({"Type": "Parallel", "Branches": branches(), "InputPath": "$.a", "ResultPath": "$.r", "End": true}),
            result(&json!([1, 2])),
            json!({"input": input, "afterResultSelector": [1, 2], "afterResultPath": {"a": {"b": 1}, "r": [1, 2]}}),
        ),
    ];
    for (definition, mock, expected) in cases {
        let tested = run(&definition, options(&input, mock));
        assert_eq!(seen(&tested.inspection), expected, "{definition}");
    }
    // Up to where it fails.
    let failing = json!({"Type": "Pass", "InputPath": "$.a", "Parameters": {"c.$": "$.x"}, "End": true});
    let tested = run(&failing, options(&input, None));
    assert_eq!(
        seen(&tested.inspection),
        json!({"input": input, "afterInputPath": {"b": 1}})
    );
    assert_eq!(
        tested.failure,
        Some(Failure::new(
            "States.Runtime",
            "The JSONPath '$.x' specified for the field 'c.$' could not be found in the input '{\"b\":1}'"
        ))
    );
}

#[test]
fn what_is_handed_on_as_it_came_is_told_as_it_was_written() {
    let written = "{\"a\":  1}";
    let options = TestStateOptions {
        input: written.to_owned(),
        ..TestStateOptions::default()
    };
    let tested = run(&json!({"Type": "Pass", "End": true}), options);
    assert_eq!(tested.output.as_deref(), Some(written));
    assert_eq!(tested.inspection.input.as_deref(), Some(written));
}

#[test]
fn a_map_shows_its_items_on_their_way() {
    let input = json!({"list": [5, 6, 7], "x": "y"});
    let selector = json!({"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "x.$": "$.x"});
    let selected = json!([{"v": 5, "i": 0, "x": "y"}, {"v": 6, "i": 1, "x": "y"}, {"v": 7, "i": 2, "x": "y"}]);
    let after = json!({"afterResultSelector": [1, 2, 3], "afterResultPath": [1, 2, 3]});
    let cases = [
        (
            map(&json!({"ItemsPath": "$.list", "ItemSelector": selector, "MaxConcurrency": 2})),
            json!({"input": input, "afterInputPath": input, "afterItemsPath": [5, 6, 7], "afterItemSelector": selected, "maxConcurrency": 2}),
        ),
        (
            distributed(&json!({
                "ItemsPath": "$.list", "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"b": 1}},
                "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 50,
            })),
            json!({
                "input": input, "afterInputPath": input, "afterItemsPath": [5, 6, 7], "maxConcurrency": 0,
                "afterItemBatcher": [{"BatchInput": {"b": 1}, "Items": [5, 6]}, {"BatchInput": {"b": 1}, "Items": [7]}],
                "toleratedFailureCount": 1, "toleratedFailurePercentage": 50.0,
            }),
        ),
    ];
    for (definition, mut expected) in cases {
        merge(&mut expected, &after);
        let tested = run(&definition, options(&input, result(&json!([1, 2, 3]))));
        assert_eq!(seen(&tested.inspection), expected, "{definition}");
    }
    // Where the items lead nowhere, nothing more is seen; a path into the context object loses a dollar.
    for (path, told) in [("$.x", "$.x"), ("$$.Execution.Input", "$.Execution.Input"), ("$", "$")] {
        let tested = run(
            &map(&json!({"ItemsPath": path})),
            options(&json!({"x": 1}), result(&json!([]))),
        );
        let cause = format!("Reference path \"{told}\" must point to array.");
        assert_eq!(tested.failure, Some(Failure::new("States.Runtime", cause)));
        assert_eq!(
            seen(&tested.inspection),
            json!({"input": {"x": 1}, "afterInputPath": {"x": 1}})
        );
    }
}

#[test]
fn an_item_reader_reads_what_the_test_gives() {
    let reader = |config: Value| {
        distributed(&json!({
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config, "Parameters": {"Bucket": "b", "Key": "k"}},
            "ItemSelector": {"v.$": "$$.Map.Item.Value"},
        }))
    };
    let tested = |definition: &Value, data: &str| {
        let options = TestStateOptions {
            configuration: TestStateConfiguration {
                map_item_reader_data: Some(data.to_owned()),
                ..TestStateConfiguration::default()
            },
            ..options(&json!({}), result(&json!([0])))
        };
        run(definition, options)
    };
    let csv = reader(json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 1}));
    let read = seen(&tested(&csv, "a,b\n1,2\n3,4\n").inspection);
    assert_eq!(read["afterItemSelector"], json!([{"v": {"a": "1", "b": "2"}}]));
    let inner = reader(json!({"InputType": "JSON", "ItemsPointer": "/deep/list"}));
    let read = seen(&tested(&inner, r#"{"deep": {"list": [1, 2]}}"#).inspection);
    assert_eq!(read["afterItemsPointer"], json!([1, 2]));
    assert_eq!(read["afterItemSelector"], json!([{"v": 1}, {"v": 2}]));
    let broken = tested(&inner, "{");
    assert_eq!(broken.status, TestStatus::Failed);
    let error = broken.failure.and_then(|failure| failure.error);
    assert_eq!(error.as_deref(), Some("States.ItemReaderFailed"));
}

#[test]
fn failed_iterations_are_held_against_the_threshold_that_a_map_names() {
    let input = json!([1, 2, 3, 4]);
    let catch = json!([{"ErrorEquals": ["Other"], "Next": "O"}, {"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "T"}]);
    let cases = [
        // One that names none takes any number: recorded, though an execution would fail.
        (json!({}), 4, TestStatus::Succeeded, None),
        (json!({"ToleratedFailureCount": 2}), 2, TestStatus::Succeeded, None),
        (
            json!({"ToleratedFailureCount": 2}),
            3,
            TestStatus::CaughtError,
            Some("T"),
        ),
        (
            json!({"ToleratedFailurePercentage": 50}),
            2,
            TestStatus::Succeeded,
            None,
        ),
        (
            json!({"ToleratedFailurePercentage": 50}),
            3,
            TestStatus::CaughtError,
            Some("T"),
        ),
    ];
    for (fields, failed, status, next) in cases {
        let mut definition = distributed(&fields);
        definition["Catch"] = catch.clone();
        let options = TestStateOptions {
            configuration: TestStateConfiguration {
                map_iteration_failure_count: Some(failed),
                ..TestStateConfiguration::default()
            },
            ..options(&input, result(&json!([])))
        };
        let tested = run(&definition, options);
        assert_eq!(
            (tested.status, tested.next_state.as_deref()),
            (status, next),
            "{definition} {failed}"
        );
        if status == TestStatus::CaughtError {
            let cause = "The specified tolerated failure threshold was exceeded";
            assert_eq!(
                tested.failure,
                Some(Failure::new("States.ExceedToleratedFailureThreshold", cause))
            );
            assert_eq!(tested.inspection.error_details.unwrap().catch_index, Some(1));
        }
    }
}
