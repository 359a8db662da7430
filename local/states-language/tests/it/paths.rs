//! JSONPath in Jayway's dialect, through a Pass state's `Parameters`.

use crate::common::{outcome, run, single};
use serde_json::{Value, json};

fn evaluate(path: &str, input: &Value) -> Result<Value, (String, String)> {
    outcome(&run(
        &single(json!({"Type": "Pass", "Parameters": {"v.$": path}})),
        input,
    ))
    .map(|output| output["v"].clone())
}

/// What becomes of a path's value.
type Becomes = fn(&Value) -> Value;

/// Where a path may stand: states, each with the path put in, and what becomes of the value.
fn places(path: &str) -> Vec<(Value, Becomes)> {
    let inner = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}});
    let call = format!("States.Array({path})");
    vec![
        (json!({"Type": "Pass", "InputPath": path}), Value::clone),
        (json!({"Type": "Pass", "OutputPath": path}), Value::clone),
        (
            json!({"Type": "Pass", "Parameters": {"v.$": path}}),
            |value| json!({"v": value}),
        ),
        (
            json!({"Type": "Pass", "Parameters": {"v.$": call}}),
            |value| json!({"v": [value]}),
        ),
        (
            json!({"Type": "Pass", "Parameters": {"v.$": format!("States.ArrayLength( {path} )")}}),
            |value| json!({"v": value.as_array().map(Vec::len)}),
        ),
        (
            json!({"Type": "Map", "ItemsPath": path, "ItemProcessor": inner}),
            Value::clone,
        ),
        (
            json!({
                "Type": "Map", "ItemsPath": "$$.Execution.Input.one", "ItemProcessor": inner,
                "ItemSelector": {"v.$": path}
            }),
            |value| json!([{"v": value}]),
        ),
    ]
}

#[test]
fn an_indefinite_path_over_what_is_not_there_is_empty_everywhere() {
    let input = json!({"one": [1], "a": {}, "s": "t"});
    let below = [
        "z[*]",
        "z.y[*]",
        "a.b.c[*].d",
        "z[1:].c",
        "a.b[0,1]",
        "a.b[?(@.c == 'd')].e",
        "z..y",
        "a..b",
    ];
    for below in below {
        for root in ["$", "$$.Execution.Input", "$kept"] {
            for (state, expected) in places(&format!("{root}.{below}")) {
                if root == "$" && state.get("ItemSelector").is_none()
                    || root != "$" && state.get("OutputPath").is_none()
                {
                    let keeping = json!({"Type": "Pass", "Assign": {"kept.$": "$"}, "Next": "S"});
                    let mut definition = single(state);
                    definition["States"]["K"] = keeping;
                    definition["StartAt"] = json!("K");
                    let found = outcome(&run(&definition, &input));
                    assert_eq!(found.as_ref(), Ok(&expected(&json!([]))), "{definition}");
                }
            }
        }
    }
}

#[test]
fn an_empty_list_is_a_value_that_choices_and_fail_states_see() {
    let choice = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Default": "N", "Choices": [
            {"Not": {"Variable": "$.z[*].a", "IsNull": true}, "Next": "Y"}
        ]},
        "Y": {"Type": "Pass", "Result": true, "End": true}, "N": {"Type": "Pass", "Result": false, "End": true}
    }});
    assert_eq!(outcome(&run(&choice, &json!({}))), Ok(json!(true)));
    for (field, value) in [("SecondsPath", "$.z[*]"), ("TimestampPath", "$.z[1:].a")] {
        let (error, cause) = outcome(&run(&single(json!({"Type": "Wait", field: value})), &json!({}))).unwrap_err();
        assert_eq!(error, "States.Runtime");
        assert!(cause.contains(" == []"), "{cause}");
    }
}

#[test]
fn a_missing_path_fails_the_execution_and_says_where() {
    let (error, cause) = evaluate("$.a.b", &json!({"x": 1})).unwrap_err();
    assert_eq!(error, "States.Runtime");
    assert_eq!(
        cause,
        "An error occurred while executing the state 'S' (entered at the event id #2). The JSONPath '$.a.b' specified \
         for the field 'v.$' could not be found in the input '{\"x\":1}'"
    );
}

#[test]
fn input_and_output_paths_have_words_of_their_own() {
    let cases = [
        (
            json!({"Type": "Pass", "InputPath": "$.no"}),
            "Invalid path '$.no' : No results for path: $['no']",
        ),
        (
            json!({"Type": "Pass", "OutputPath": "$.no.way"}),
            "Invalid path '$.no.way' : Missing property in path $['no']",
        ),
    ];
    for (state, expected) in cases {
        let (error, cause) = outcome(&run(&single(state), &json!({}))).unwrap_err();
        assert_eq!(error, "States.Runtime");
        assert!(cause.ends_with(expected), "{cause}");
    }
}

#[test]
fn data_flows_through_the_paths_in_their_order() {
    let input = json!({"in": {"a": 1}, "keep": true});
    let cases: &[(Value, Value)] = &[
        (json!({"Type": "Pass", "InputPath": "$.in"}), json!({"a": 1})),
        (json!({"Type": "Pass", "InputPath": null}), json!({})),
        (json!({"Type": "Pass", "OutputPath": null}), json!({})),
        (json!({"Type": "Pass", "Result": 5, "ResultPath": null}), input.clone()),
        (json!({"Type": "Pass", "Result": 5, "ResultPath": "$"}), json!(5)),
        (
            json!({"Type": "Pass", "Result": 5, "ResultPath": "$.in.new.deep"}),
            json!({"in": {"a": 1, "new": {"deep": 5}}, "keep": true}),
        ),
        // The result goes into the input as it came, whatever `InputPath` left of it.
        (
            json!({"Type": "Pass", "InputPath": "$.in", "ResultPath": "$.copy", "OutputPath": "$.copy"}),
            json!({"a": 1}),
        ),
        // A result is not evaluated; parameters are.
        (
            json!({"Type": "Pass", "Result": {"x.$": "$.in"}}),
            json!({"x.$": "$.in"}),
        ),
        (
            json!({"Type": "Pass", "InputPath": "$.in", "Parameters": {"list": [{"n.$": "$.a"}], "name.$": "$$.State.Name"}}),
            json!({"list": [{"n": 1}], "name": "S"}),
        ),
    ];
    for (state, expected) in cases {
        assert_eq!(
            outcome(&run(&single(state.clone()), &input)).as_ref(),
            Ok(expected),
            "{state}"
        );
    }
}

#[test]
fn what_is_evaluated_stands_behind_what_is_constant_in_javas_order() {
    let state = json!({"Type": "Pass", "Parameters": {
        "size.$": "$", "zone": 1, "image.$": "$", "role.$": "$", "account": {"owner.$": "$", "team.$": "$", "cost.$": "$"},
        "name.$": "States.JsonToString(States.JsonMerge($.a, $.b, false))"
    }});
    let input = json!({"a": {"size": 1, "image": 2}, "b": {"role": 3, "name": 4}});
    let output = outcome(&run(&single(state), &input)).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&output), ["zone", "account", "image", "role", "size", "name"]);
    assert_eq!(keys(&output["account"]), ["owner", "cost", "team"]);
    assert_eq!(output["name"], json!(r#"{"image":2,"role":3,"size":1,"name":4}"#));
}

#[test]
fn numbers_may_be_given_as_text_where_a_map_asks_for_them() {
    let inner = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}});
    let distributed = json!({
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}
    });
    let input = json!({"l": [1], "n": "1", "part": "0.5", "less": "-1", "word": "one", "none": "", "half": "1.5"});
    // The field, the path, and a part of the cause where there is one. AWS says nothing of a negative concurrency.
    let cases = [
        ("MaxConcurrencyPath", "$.n", None),
        ("MaxConcurrencyPath", "$kept.n", None),
        ("MaxConcurrencyPath", "$$.Execution.Input.n", None),
        ("MaxConcurrencyPath", "$.less", Some("cannot be negative")),
        (
            "MaxConcurrencyPath",
            "$.word",
            Some("value \"one\" which is not a valid integer: $.word"),
        ),
        (
            "MaxConcurrencyPath",
            "$.none",
            Some("value \"\" which is not a valid integer"),
        ),
        (
            "MaxConcurrencyPath",
            "$.half",
            Some("value \"1.5\" which is not a valid integer"),
        ),
        ("ToleratedFailureCountPath", "$.n", None),
        ("ToleratedFailureCountPath", "$kept.n", None),
        (
            "ToleratedFailureCountPath",
            "$.part",
            Some("which is not a valid integer: $.part"),
        ),
        ("ToleratedFailurePercentagePath", "$.n", None),
        ("ToleratedFailurePercentagePath", "$kept.part", None),
        (
            "ToleratedFailurePercentagePath",
            "$.less",
            Some("must be between 0 and 100"),
        ),
        (
            "ToleratedFailurePercentagePath",
            "$.word",
            Some("value \"one\" which is not a valid float: $.word"),
        ),
    ];
    for (field, path, expected) in cases {
        let processor = if field == "MaxConcurrencyPath" {
            &inner
        } else {
            &distributed
        };
        let mut definition =
            single(json!({"Type": "Map", "ItemsPath": "$.l", field: path, "ItemProcessor": processor}));
        definition["States"]["K"] = json!({"Type": "Pass", "Assign": {"kept.$": "$"}, "Next": "S"});
        definition["StartAt"] = json!("K");
        match (outcome(&run(&definition, &input)), expected) {
            (Ok(output), None) => assert_eq!(output, json!([1]), "{definition}"),
            (Err((_, cause)), Some(expected)) => assert!(cause.contains(expected), "{definition}\n{cause}"),
            (found, _) => panic!("{definition}\n{found:?}"),
        }
    }
}
