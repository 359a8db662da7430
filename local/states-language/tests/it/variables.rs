//! Variables: which states assign them, from what, and where they can be read.

use serde_json::{Value, json};
use states_language::{Failure, Json, TaskRequest};

use crate::common::{FUNCTION, assert_told, events, failing, outcome, run, run_with};
use crate::tasks::later;

/// What the state `A` assigned, as its event tells it.
fn assigned(execution: &states_language::Execution) -> Value {
    let events = events(execution);
    let exited = events.iter().map(|event| &event["stateExitedEventDetails"]);
    let mut of_a = exited.filter(|details| details["name"] == "A");
    of_a.next()
        .map(|details| details["assignedVariables"].clone())
        .unwrap_or_default()
}

/// A state machine that assigns these variables in a Pass state `A`, and goes on to `B`.
fn after(variables: Value, b: Value) -> Value {
    json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": variables, "Next": "B"}, "B": b}})
}

#[test]
fn every_state_assigns_from_what_it_has() {
    let item = json!({"Type": "Pass", "End": true});
    let task = |fields: Value| {
        let mut state = json!({"Type": "Task", "Resource": FUNCTION});
        state
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        state
    };
    let input = json!({"n": 1, "list": [5, 6], "in": {"n": 2}});
    // The state, what it assigns, and its output. Functions give what they are given.
    let cases = [
        // In JSONPath, `$` is the state's result: before it is placed, and before `OutputPath`.
        (
            json!({"Type": "Pass", "Assign": {"x.$": "$.n", "y": "$.n"}}),
            json!({"x": "1", "y": "\"$.n\""}),
            input.clone(),
        ),
        (
            json!({"Type": "Pass", "InputPath": "$.in", "Assign": {"x.$": "$.n"}}),
            json!({"x": "2"}),
            json!({"n": 2}),
        ),
        (
            json!({"Type": "Pass", "Result": {"r": [true]}, "ResultPath": "$.out", "OutputPath": "$.out", "Assign": {"x.$": "$.r[0]"}}),
            json!({"x": "true"}),
            json!({"r": [true]}),
        ),
        (
            json!({"Type": "Pass", "Parameters": {"p.$": "$.list"}, "ResultPath": null, "Assign": {"x.$": "$.p[1]"}}),
            json!({"x": "6"}),
            input.clone(),
        ),
        (
            json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": 7, "Assign": {"x": "{% $states.input.n + 1 %}"}}),
            json!({"x": "2"}),
            json!(7),
        ),
        (
            json!({"Type": "Wait", "Seconds": 1, "InputPath": "$.in", "Assign": {"x.$": "$.n", "at.$": "$$.State.EnteredTime"}}),
            json!({"at": "\"2026-01-01T00:00:00.000Z\"", "x": "2"}),
            json!({"n": 2}),
        ),
        (
            json!({"Type": "Wait", "Seconds": 1, "QueryLanguage": "JSONata", "Output": "{% $states.input.n %}", "Assign": {"x": "{% $states.input.list %}"}}),
            json!({"x": "[5,6]"}),
            json!(1),
        ),
        (
            task(json!({"InputPath": "$.in", "ResultPath": "$.out", "OutputPath": "$.out", "Assign": {"x.$": "$"}})),
            json!({"x": r#"{"n":2}"#}),
            json!({"n": 2}),
        ),
        (
            task(json!({"ResultSelector": {"sel.$": "$.list"}, "ResultPath": null, "Assign": {"x.$": "$.sel"}})),
            json!({"x": "[5,6]"}),
            input.clone(),
        ),
        (
            task(json!({
                "QueryLanguage": "JSONata", "Arguments": "{% $states.input.in %}", "Output": "{% $states.result %}",
                "Assign": {"x": "{% $states.result.n + $states.input.n %}"}
            })),
            json!({"x": "3"}),
            json!({"n": 2}),
        ),
        (
            json!({
                "Type": "Map", "ItemsPath": "$.list", "ItemProcessor": {"StartAt": "I", "States": {"I": item}},
                "ResultSelector": {"all.$": "$"}, "ResultPath": "$.n", "Assign": {"x.$": "$.all[(@.length-1)]"}
            }),
            json!({"x": "6"}),
            json!({"n": {"all": [5, 6]}, "list": [5, 6], "in": {"n": 2}}),
        ),
        (
            json!({
                "Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $states.input.list %}",
                "ItemProcessor": {"StartAt": "I", "States": {"I": item}}, "Output": "{% $count($states.result) %}",
                "Assign": {"x": "{% $sum($states.result) %}"}
            }),
            json!({"x": "11"}),
            json!(2),
        ),
        (
            json!({
                "Type": "Parallel", "InputPath": "$.in", "Branches": [{"StartAt": "I", "States": {"I": item}}],
                "Assign": {"x.$": "$[0].n"}
            }),
            json!({"x": "2"}),
            json!([{"n": 2}]),
        ),
        (
            json!({
                "Type": "Parallel", "QueryLanguage": "JSONata", "Arguments": {"a": "{% $states.input.n %}"},
                "Branches": [{"StartAt": "I", "States": {"I": item}}], "Output": "{% $states.input.n %}",
                "Assign": {"x": "{% $states.result[0].a %}"}
            }),
            json!({"x": "1"}),
            json!(1),
        ),
    ];
    for (mut state, variables, output) in cases {
        state["Next"] = json!("B");
        // What was assigned is there from the next state on, and changes no output.
        let definition = json!({"StartAt": "A", "States": {
            "A": state, "B": {"Type": "Pass", "ResultPath": "$.b", "InputPath": "$x", "Next": "C"}, "C": {"Type": "Succeed"}
        }});
        let execution = run_with(&definition, &input, failing(0, ""));
        assert_eq!(assigned(&execution), variables, "{definition}");
        let exited = &events(&execution);
        let exited = exited
            .iter()
            .find(|event| event["stateExitedEventDetails"]["name"] == "A")
            .unwrap();
        let handed_on = exited["stateExitedEventDetails"]["output"].as_str().unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(handed_on).unwrap(),
            output,
            "{definition}"
        );
        if output.is_object() {
            let b = outcome(&execution).unwrap()["b"].clone();
            assert_eq!(json!(b.to_string()), variables["x"], "{definition}");
        }
    }
}

#[test]
fn constants_are_assigned_as_they_are_and_sorted_by_name() {
    let definition = after(
        json!({
            "z": null, "float": 0.1, "text": "$.gone.away", "context": "$$.Execution.Id", "variable": "$none",
            "call": "States.Format('{}', $none)", "query": "{% $none %}", "list": [null, "$", {"a": "$b"}], "Big": {},
            "nested": {"path.$": "$.n", "list": ["$.n", {"deep.$": "States.MathAdd($.n, 1)"}]}
        }),
        json!({"Type": "Succeed"}),
    );
    assert_told(
        &run(&definition, &json!({"n": 1})),
        &[
            r#"1<0 ExecutionStarted input={"n":1}"#,
            r#"2<0 PassStateEntered name=A input={"n":1}"#,
            r#"3<2 PassStateExited name=A output={"n":1} assignedVariables={Big={} call="States.Format('{}', $none)" context="$$.Execution.Id" float=0.1 list=[null,"$",{"a":"$b"}] nested={"list":["$.n",{"deep":2}],"path":1} query="{% $none %}" text="$.gone.away" variable="$none" z=null}"#,
            r#"4<3 SucceedStateEntered name=B input={"n":1}"#,
            r#"5<4 SucceedStateExited name=B output={"n":1}"#,
            r#"6<5 ExecutionSucceeded output={"n":1}"#,
        ],
    );
    // What assigns nothing says nothing of it.
    let execution = run(&after(json!({}), json!({"Type": "Succeed"})), &json!({"n": 1}));
    assert_eq!(assigned(&execution), Value::Null);
}

#[test]
fn a_variable_can_stand_wherever_a_path_can() {
    let variables = json!({
        "n": 2, "at": "2026-01-01T00:00:02Z", "list": [[1, 2], [3]], "deep": {"list": [{"k": "v"}], "role": "arn:aws:iam::1:role/r"},
        "word": "v", "end": 5
    });
    let echo = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}});
    let cases = [
        (json!({"Type": "Pass", "InputPath": "$deep.list[0]"}), json!({"k": "v"})),
        (json!({"Type": "Pass", "OutputPath": "$list[*][0]"}), json!([1, 3])),
        (
            json!({"Type": "Pass", "Parameters": {"a.$": "$list[1:]", "b": "$list"}}),
            json!({"a": [[3]], "b": "$list"}),
        ),
        (
            json!({"Type": "Pass", "Parameters": {"a.$": "States.Format('{}-{}', $word, $deep.list[0].k)"}}),
            json!({"a": "v-v"}),
        ),
        (
            json!({"Type": "Pass", "Parameters": {"a.$": "$deep..k", "b.$": "$deep.list[?(@.k == 'v')].k"}}),
            json!({"a": ["v"], "b": ["v"]}),
        ),
        (json!({"Type": "Wait", "SecondsPath": "$n"}), json!({"in": 1})),
        (json!({"Type": "Wait", "TimestampPath": "$at"}), json!({"in": 1})),
        (json!({"Type": "Succeed", "OutputPath": "$n"}), json!(2)),
        (
            json!({"Type": "Map", "ItemsPath": "$list", "ItemProcessor": echo}),
            json!([[1, 2], [3]]),
        ),
        (
            json!({
                "Type": "Map", "ItemsPath": "$list[0]", "MaxConcurrencyPath": "$n", "ItemProcessor": echo,
                "ItemSelector": {"v.$": "$$.Map.Item.Value", "n.$": "$n", "in.$": "$.in"}, "ResultSelector": {"w.$": "$word", "all.$": "$"}
            }),
            json!({"w": "v", "all": [{"v": 1, "n": 2, "in": 1}, {"v": 2, "n": 2, "in": 1}]}),
        ),
        (
            json!({"Type": "Parallel", "Branches": [echo], "Parameters": {"n.$": "$n"}}),
            json!([{"n": 2}]),
        ),
        (
            json!({
                "Type": "Task", "Resource": FUNCTION, "Parameters": {"n.$": "$n"}, "TimeoutSecondsPath": "$end",
                "HeartbeatSecondsPath": "$n", "Credentials": {"RoleArn.$": "$deep.role"}, "ResultSelector": {"got.$": "$.n", "w.$": "$word"}
            }),
            json!({"got": 2, "w": "v"}),
        ),
        (
            json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% [$n, $deep.list.k, $states.input.in, $sum($list[0])] %}"}),
            json!([2, "v", 1, 3]),
        ),
    ];
    for (mut state, expected) in cases {
        if state["Type"] != "Succeed" {
            state["End"] = json!(true);
        }
        let mut seen = Vec::new();
        let execution = run_with(
            &after(variables.clone(), state.clone()),
            &json!({"in": 1}),
            |task: &TaskRequest| {
                seen.push((
                    task.timeout_seconds,
                    task.heartbeat_seconds,
                    task.credentials_role_arn.clone(),
                ));
                Ok::<Json, Failure>(task.parameters.clone())
            },
        );
        assert_eq!(outcome(&execution).as_ref(), Ok(&expected), "{state}");
        if state["Type"] == "Task" {
            assert_eq!(seen, [(Some(5), Some(2), Some("arn:aws:iam::1:role/r".into()))]);
        }
        if state["Type"] == "Wait" {
            assert_eq!(execution.stopped_at(), Some(later(2)), "{state}");
        }
    }
}

#[test]
fn a_choice_reads_and_assigns_until_it_holds() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"left": 2, "word": "go"}, "Next": "C"},
        "C": {
            "Type": "Choice", "Default": "D", "Assign": {"left.$": "States.MathAdd($left, -1)"},
            "Choices": [{"Variable": "$left", "NumericLessThanEquals": 0, "Assign": {"word.$": "$.said"}, "Next": "E"}]
        },
        "D": {"Type": "Pass", "Next": "C"},
        "E": {"Type": "Pass", "Parameters": {"left.$": "$left", "word.$": "$word"}, "End": true}
    }});
    assert_told(
        &run(&definition, &json!({"said": "stop"})),
        &[
            r#"1<0 ExecutionStarted input={"said":"stop"}"#,
            r#"2<0 PassStateEntered name=A input={"said":"stop"}"#,
            r#"3<2 PassStateExited name=A output={"said":"stop"} assignedVariables={left=2 word="go"}"#,
            r#"4<3 ChoiceStateEntered name=C input={"said":"stop"}"#,
            r#"5<4 ChoiceStateExited name=C output={"said":"stop"} assignedVariables={left=1}"#,
            r#"6<5 PassStateEntered name=D input={"said":"stop"}"#,
            r#"7<6 PassStateExited name=D output={"said":"stop"}"#,
            r#"8<7 ChoiceStateEntered name=C input={"said":"stop"}"#,
            r#"9<8 ChoiceStateExited name=C output={"said":"stop"} assignedVariables={left=0}"#,
            r#"10<9 PassStateEntered name=D input={"said":"stop"}"#,
            r#"11<10 PassStateExited name=D output={"said":"stop"}"#,
            r#"12<11 ChoiceStateEntered name=C input={"said":"stop"}"#,
            r#"13<12 ChoiceStateExited name=C output={"said":"stop"} assignedVariables={word="stop"}"#,
            r#"14<13 PassStateEntered name=E input={"said":"stop"}"#,
            r#"15<14 PassStateExited name=E output={"left":0,"word":"stop"}"#,
            r#"16<15 ExecutionSucceeded output={"left":0,"word":"stop"}"#,
        ],
    );
}

#[test]
fn a_catcher_assigns_instead_of_its_state() {
    let definition = |language: &str, fields: Value| {
        let mut task = json!({
            "Type": "Task", "Resource": FUNCTION, "QueryLanguage": language, "Assign": {"how": "well"}, "Next": "B",
            "Catch": [fields]
        });
        task["Catch"][0]["ErrorEquals"] = json!(["Oops"]);
        task["Catch"][0]["Next"] = json!("B");
        json!({"StartAt": "A", "States": {"A": task, "B": {"Type": "Pass", "Parameters": {"how.$": "$how", "in.$": "$"}, "End": true}}})
    };
    let in_path = definition(
        "JSONPath",
        json!({"Assign": {"how.$": "$.Error"}, "ResultPath": "$.why"}),
    );
    assert_told(
        &run_with(&in_path, &json!({"n": 1}), failing(1, "Oops")),
        &[
            r#"1<0 ExecutionStarted input={"n":1}"#,
            r#"2<0 TaskStateEntered name=A input={"n":1}"#,
            &format!(r#"3<2 LambdaFunctionScheduled resource={FUNCTION} input={{"n":1}}"#),
            "4<3 LambdaFunctionStarted",
            "5<4 LambdaFunctionFailed error=Oops cause=a reason",
            r#"6<5 TaskStateExited name=A output={"n":1,"why":{"Error":"Oops","Cause":"a reason"}} assignedVariables={how="Oops"}"#,
            r#"7<6 PassStateEntered name=B input={"n":1,"why":{"Error":"Oops","Cause":"a reason"}}"#,
            r#"8<7 PassStateExited name=B output={"how":"Oops","in":{"n":1,"why":{"Error":"Oops","Cause":"a reason"}}}"#,
            r#"9<8 ExecutionSucceeded output={"how":"Oops","in":{"n":1,"why":{"Error":"Oops","Cause":"a reason"}}}"#,
        ],
    );
    let well = run_with(&in_path, &json!({"n": 1}), failing(0, ""));
    assert_eq!(outcome(&well), Ok(json!({"how": "well", "in": {"n": 1}})));
    let by_query = definition(
        "JSONata",
        json!({"Assign": {"how": "{% $states.errorOutput.Cause %}"}, "Output": "{% $states.errorOutput.Error & $states.input.n %}"}),
    );
    let caught = run_with(&by_query, &json!({"n": 1}), failing(1, "Oops"));
    assert_eq!(outcome(&caught), Ok(json!({"how": "a reason", "in": "Oops1"})));
    // Without an `Assign` of the catcher nothing is assigned.
    let silent = run_with(&definition("JSONata", json!({})), &json!({"n": 1}), failing(1, "Oops"));
    let (error, cause) = outcome(&silent).unwrap_err();
    assert_eq!(error, "States.Runtime");
    assert!(cause.ends_with("The variable 'how' could not be found"), "{cause}");
}
