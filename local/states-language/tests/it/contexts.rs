//! The context object, in each place in which it can be read, and templates of every form.

use serde_json::{Value, json};
use states_language::{Failure, Json, TaskRequest};

use crate::common::{FUNCTION, assert_told, outcome, run, run_with, single};
use crate::maps::{map_of, pass};

const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:StateMachine:execution";

/// The context object of the state `S`, with this beside what is always there.
fn context(more: Value) -> Value {
    let mut context = json!({
        "Execution": {
            "Id": EXECUTION, "Input": {"n": 1}, "StartTime": "2026-01-01T00:00:00.000Z", "Name": "execution",
            "RoleArn": "arn:aws:iam::123456789012:role/states", "RedriveCount": 0
        },
        "StateMachine": {"Id": "arn:aws:states:us-east-1:123456789012:stateMachine:StateMachine", "Name": "StateMachine"},
        "State": {"Name": "S", "EnteredTime": "2026-01-01T00:00:00.000Z"}
    });
    for (key, value) in more.as_object().unwrap() {
        for (field, value) in value.as_object().unwrap() {
            context[key][field] = value.clone();
        }
    }
    context
}

#[test]
fn the_whole_context_can_be_handed_on() {
    let input = json!({"n": 1});
    let cases = [
        (json!({"Type": "Pass", "InputPath": "$$"}), context(json!({}))),
        (json!({"Type": "Pass", "OutputPath": "$$"}), context(json!({}))),
        (
            json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.context %}"}),
            context(json!({})),
        ),
        (
            json!({"Type": "Pass", "Parameters": {"c.$": "$$"}, "OutputPath": "$.c"}),
            context(json!({})),
        ),
        (
            json!({"Type": "Pass", "InputPath": "$$.Execution.Input"}),
            input.clone(),
        ),
        (json!({"Type": "Pass", "OutputPath": "$$.Execution.Input.n"}), json!(1)),
        (
            json!({"Type": "Wait", "Seconds": 0, "OutputPath": "$$.StateMachine.Name"}),
            json!("StateMachine"),
        ),
        // A state that does work counts its attempts.
        (
            json!({"Type": "Task", "Resource": FUNCTION, "Parameters": {"c.$": "$$"}, "OutputPath": "$.c"}),
            context(json!({"State": {"RetryCount": 0}})),
        ),
        (
            json!({"Type": "Task", "Resource": FUNCTION, "ResultSelector": {"in.$": "$$.Execution.Input", "all.$": "$"}}),
            json!({"in": {"n": 1}, "all": {"n": 1}}),
        ),
        (
            json!({"Type": "Task", "Resource": FUNCTION, "QueryLanguage": "JSONata", "Output": "{% $states.context %}"}),
            context(json!({"State": {"RetryCount": 0}})),
        ),
        (
            json!({
                "Type": "Parallel", "Branches": [{"StartAt": "I", "States": {"I": {"Type": "Pass", "InputPath": "$$.State.Name", "End": true}}}],
                "ResultSelector": {"in.$": "$[0]", "out.$": "$$.State.Name"}
            }),
            json!({"in": "I", "out": "S"}),
        ),
    ];
    for (state, expected) in cases {
        let execution = run_with(&single(state.clone()), &input, |task: &TaskRequest| {
            Ok::<Json, Failure>(task.parameters.clone())
        });
        assert_eq!(outcome(&execution), Ok(expected), "{state}");
    }
}

#[test]
fn a_choice_can_look_at_the_context() {
    let definition = json!({"StartAt": "C", "States": {
        "C": {
            "Type": "Choice", "Default": "No",
            "Choices": [{"And": [
                {"Variable": "$$.Execution.Input.n", "NumericLessThanEquals": 1},
                {"Variable": "$$.State.Name", "StringEqualsPath": "$.name"},
                {"Variable": "$$.Map", "IsPresent": false}
            ], "Next": "Yes"}]
        },
        "Yes": {"Type": "Succeed"}, "No": {"Type": "Fail"}
    }});
    assert_told(
        &run(&definition, &json!({"n": 1, "name": "C"})),
        &[
            r#"1<0 ExecutionStarted input={"n":1,"name":"C"}"#,
            r#"2<0 ChoiceStateEntered name=C input={"n":1,"name":"C"}"#,
            r#"3<2 ChoiceStateExited name=C output={"n":1,"name":"C"}"#,
            r#"4<3 SucceedStateEntered name=Yes input={"n":1,"name":"C"}"#,
            r#"5<4 SucceedStateExited name=Yes output={"n":1,"name":"C"}"#,
            r#"6<5 ExecutionSucceeded output={"n":1,"name":"C"}"#,
        ],
    );
}

#[test]
fn an_item_is_in_the_context_of_all_states_of_its_iteration_and_of_none_behind_the_map() {
    let states = json!({
        "I": {"Type": "Pass", "Parameters": {"first.$": "$$.Map.Item.Index"}, "Next": "J"},
        "J": {"Type": "Pass", "Parameters": {"first.$": "$.first", "item.$": "$$.Map.Item"}, "End": true}
    });
    let execution = run(&map_of(states, json!({})), &json!(["a", "b"]));
    let expected = json!([
        {"first": 0, "item": {"Index": 0, "Value": "a"}}, {"first": 1, "item": {"Index": 1, "Value": "b"}}
    ]);
    assert_eq!(outcome(&execution), Ok(expected));
    let (error, cause) = outcome(&run(&map_of(pass(), json!({"OutputPath": "$$.Map"})), &json!([1]))).unwrap_err();
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("Invalid path '$$.Map'"), "{cause}");
}

#[test]
fn a_template_can_be_anything() {
    let rich = json!([{"deep": [{"k": "{% $states.input.n = 1 %}"}]}, "{% $states.input %}", "$x", "$.x", -2.5, null]);
    let cases = [
        (json!(null), json!(null)),
        (json!(7), json!(7)),
        (json!(-0.25), json!(-0.25)),
        (json!(true), json!(true)),
        (json!("text"), json!("text")),
        (json!([]), json!([])),
        (json!({}), json!({})),
        (json!("{% $states.input %}"), json!({"n": 1})),
        (
            rich,
            json!([{"deep": [{"k": true}]}, {"n": 1}, "$x", "$.x", -2.5, null]),
        ),
    ];
    for (output, expected) in cases {
        let state = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": output});
        assert_told(
            &run(&single(state), &json!({"n": 1})),
            &[
                r#"1<0 ExecutionStarted input={"n":1}"#,
                r#"2<0 PassStateEntered name=S input={"n":1}"#,
                &format!("3<2 PassStateExited name=S output={expected}"),
                &format!("4<3 ExecutionSucceeded output={expected}"),
            ],
        );
    }
    // Within a template, a comment is a field like any other.
    let commented = json!({"Comment": "c", "comment": "d", "deep": {"Comment": "e"}});
    let state = json!({"Type": "Pass", "Comment": "no data", "Parameters": commented});
    assert_eq!(outcome(&run(&single(state), &json!({}))), Ok(commented));
}

#[test]
fn a_variable_is_no_larger_than_a_payload() {
    let large = "x".repeat(262_144);
    for (value, fits) in [(&large[..262_100], true), (&large[..], false)] {
        let mut definition = single(json!({"Type": "Pass", "Assign": {"x": value}}));
        definition["States"]["S"]["Result"] = json!(1);
        let ended = outcome(&run(&definition, &json!({})));
        match fits {
            true => assert_eq!(ended, Ok(json!(1))),
            false => assert_eq!(ended.unwrap_err().0, "States.DataLimitExceeded"),
        }
    }
}
