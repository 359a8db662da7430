//! Maps of JSONata: what they go over, what an iteration gets, and what comes of it.

use serde_json::{Value, json};

use crate::common::{assert_told, events, outcome, run, types};

/// A JSONata state machine of one Map, whose items are passed on, with these fields beside.
fn map(fields: Value) -> Value {
    let mut state = json!({
        "Type": "Map", "MaxConcurrency": 1, "End": true,
        "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}
    });
    state
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    json!({"QueryLanguage": "JSONata", "StartAt": "M", "States": {"M": state}})
}

/// The same, behind a Pass state that assigns `v` and hands on its input.
fn map_after(value: &Value, fields: Value) -> Value {
    let mut definition = map(fields);
    definition["StartAt"] = json!("A");
    definition["States"]["A"] = json!({"Type": "Pass", "Assign": {"v": value}, "Next": "M"});
    definition
}

#[test]
fn items_are_evaluated_once_and_passed_on_one_by_one() {
    let definition = map(json!({"Items": [1, "{% $number('2') %}", {"n": "{% $states.input.n %}"}]}));
    assert_told(
        &run(&definition, &json!({"n": 3})),
        &[
            r#"1<0 ExecutionStarted input={"n":3}"#,
            r#"2<0 MapStateEntered name=M input={"n":3}"#,
            "3<2 MapStateStarted length=3",
            "4<3 MapIterationStarted name=M index=0",
            "5<4 PassStateEntered name=I input=1",
            "6<5 PassStateExited name=I output=1",
            "7<6 MapIterationSucceeded name=M index=0",
            "8<6 MapIterationStarted name=M index=1",
            "9<8 PassStateEntered name=I input=2",
            "10<9 PassStateExited name=I output=2",
            "11<10 MapIterationSucceeded name=M index=1",
            "12<10 MapIterationStarted name=M index=2",
            r#"13<12 PassStateEntered name=I input={"n":3}"#,
            r#"14<13 PassStateExited name=I output={"n":3}"#,
            "15<14 MapIterationSucceeded name=M index=2",
            "16<15 MapStateSucceeded",
            r#"17<15 MapStateExited name=M output=[1,2,{"n":3}]"#,
            r#"18<17 ExecutionSucceeded output=[1,2,{"n":3}]"#,
        ],
    );
}

#[test]
fn items_come_from_an_input_an_expression_or_a_variable() {
    let cases = [
        (map(json!({})), json!([]), json!([])),
        (map(json!({})), json!([0]), json!([0])),
        (
            map(json!({})),
            json!([1, "two", true, null, {"a": []}]),
            json!([1, "two", true, null, {"a": []}]),
        ),
        (
            map(json!({"Items": "{% $states.input.list %}"})),
            json!({"list": [1, [2]]}),
            json!([1, [2]]),
        ),
        (map(json!({"Items": "{% [1..3] %}"})), json!({}), json!([1, 2, 3])),
        (
            map(json!({"Items": "{% $range(2, 6, 2) %}"})),
            json!({}),
            json!([2, 4, 6]),
        ),
        (
            map(json!({"Items": "{% $states.input.list[n > 1] ~> $map(function($v) { $v.n }) ~> $append([]) %}"})),
            json!({"list": [{"n": 1}, {"n": 2}, {"n": 3}]}),
            json!([2, 3]),
        ),
        (
            map(json!({"Items": ["{% $states.input.a %}", [], {"b": "{% $states.input.a + 1 %}"}]})),
            json!({"a": 1}),
            json!([1, [], {"b": 2}]),
        ),
        (
            map_after(&json!([7, 8]), json!({"Items": "{% $v %}"})),
            json!({}),
            json!([7, 8]),
        ),
        (
            map_after(&json!(9), json!({"Items": ["{% $v %}", "v"]})),
            json!({}),
            json!([9, "v"]),
        ),
    ];
    for (definition, input, output) in cases {
        assert_eq!(outcome(&run(&definition, &input)), Ok(output), "{definition}");
    }
}

#[test]
fn a_map_over_nothing_starts_and_ends() {
    assert_told(
        &run(&map(json!({"Items": []})), &json!({})),
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 MapStateEntered name=M input={}",
            "3<2 MapStateStarted length=0",
            "4<3 MapStateSucceeded",
            "5<3 MapStateExited name=M output=[]",
            "6<5 ExecutionSucceeded output=[]",
        ],
    );
}

#[test]
fn what_is_no_array_fails_before_the_map_starts() {
    for value in [json!(1), json!("text"), json!(true), json!({"a": 1}), json!(null)] {
        let type_name = match &value {
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Bool(_) => "boolean",
            Value::Object(_) => "object",
            _ => "null",
        };
        let wrong = |expression: &str, entered: u64| {
            format!(
                "An error occurred while executing the state 'M' (entered at the event id #{entered}). The JSONata \
                 expression '{expression}' specified for the field 'Items' returned an unexpected result type. Expected \
                 'array', but was '{type_name}' for value: {value}"
            )
        };
        let literal = value.to_string();
        let cause = wrong(&literal, 2);
        assert_told(
            &run(&map(json!({"Items": format!("{{% {literal} %}}")})), &json!({})),
            &[
                "1<0 ExecutionStarted input={}",
                "2<0 MapStateEntered name=M input={}",
                &format!("3<0 EvaluationFailed error=States.QueryEvaluationError cause={cause} location=Items state=M"),
                "4<3 MapStateFailed",
                &format!("5<4 ExecutionFailed error=States.QueryEvaluationError cause={cause}"),
            ],
        );
        let cause = wrong("$v", 4);
        assert_told(
            &run(&map_after(&value, json!({"Items": "{% $v %}"})), &json!({})),
            &[
                "1<0 ExecutionStarted input={}",
                "2<0 PassStateEntered name=A input={}",
                &format!("3<2 PassStateExited name=A output={{}} assignedVariables={{v={value}}}"),
                "4<3 MapStateEntered name=M input={}",
                &format!("5<3 EvaluationFailed error=States.QueryEvaluationError cause={cause} location=Items state=M"),
                "6<5 MapStateFailed",
                &format!("7<6 ExecutionFailed error=States.QueryEvaluationError cause={cause}"),
            ],
        );
        // Without `Items`, the input itself must be an array.
        let cause = format!(
            "An error occurred while executing the state 'M' (entered at the event id #2). Map state input must be an array \
             but was: {value}"
        );
        assert_told(
            &run(&map(json!({})), &value),
            &[
                &format!("1<0 ExecutionStarted input={value}"),
                &format!("2<0 MapStateEntered name=M input={value}"),
                &format!("3<0 EvaluationFailed error=States.QueryEvaluationError cause={cause} state=M"),
                "4<3 MapStateFailed",
                &format!("5<4 ExecutionFailed error=States.QueryEvaluationError cause={cause}"),
            ],
        );
    }
}

#[test]
fn an_item_is_selected_with_all_that_is_around() {
    let definition = map_after(
        &json!(["a", "b"]),
        json!({
            "Items": "{% $v %}",
            "ItemSelector": {
                "item": "{% $states.context.Map.Item.Value %}", "at": "{% $states.context.Map.Item.Index %}",
                "n": "{% $states.input.n %}", "all": "{% $v %}", "plain": "$v"
            },
            "Output": {"last": "{% $states.result[-1] %}", "n": "{% $states.input.n %}"}
        }),
    );
    let execution = run(&definition, &json!({"n": 5}));
    let entered: Vec<Value> = events(&execution)
        .iter()
        .map(|event| &event["stateEnteredEventDetails"])
        .filter(|details| details["name"] == "I")
        .map(|details| serde_json::from_str(details["input"].as_str().unwrap()).unwrap())
        .collect();
    let selected = |item: &str, at: u64| json!({"item": item, "at": at, "n": 5, "all": ["a", "b"], "plain": "$v"});
    assert_eq!(entered, [selected("a", 0), selected("b", 1)]);
    assert_eq!(outcome(&execution), Ok(json!({"last": selected("b", 1), "n": 5})));
}

#[test]
fn limits_can_be_expressions() {
    for field in ["MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"] {
        let execution = run(&map(json!({"Items": [1, 2], field: "{% $limit := 1 %}"})), &json!({}));
        assert_eq!(outcome(&execution), Ok(json!([1, 2])), "{field}");
        let execution = run(&map(json!({"Items": [1, 2], field: "{% 'many' %}"})), &json!({}));
        let (error, cause) = outcome(&execution).unwrap_err();
        assert_eq!(error, "States.QueryEvaluationError", "{field}");
        assert!(cause.contains(&format!("specified for the field '{field}'")), "{cause}");
        assert!(!types(&execution).contains(&"MapIterationStarted"));
    }
    // With one at a time, the second follows the first.
    let execution = run(
        &map(json!({"Items": [1, 2], "MaxConcurrency": "{% $states.input.most %}"})),
        &json!({"most": 1}),
    );
    let followed: Vec<u64> = execution
        .history()
        .iter()
        .filter(|event| event.event_type() == "MapIterationStarted")
        .map(|event| event.previous_event_id)
        .collect();
    assert_eq!(followed, [3, 6]);
}

#[test]
fn an_iterations_failure_is_caught_with_an_output_of_its_own() {
    let mut definition = map(json!({
        "Items": "{% $states.input.list %}",
        "Catch": [{
            "ErrorEquals": ["Odd"], "Next": "B", "Assign": {"why": "{% $states.errorOutput.Cause %}"},
            "Output": {"list": "{% $states.input.list %}", "error": "{% $states.errorOutput.Error %}"}
        }]
    }));
    definition["States"]["M"]["ItemProcessor"] = json!({"StartAt": "I", "States": {
        "I": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input % 2 = 1 %}", "Next": "F"}], "Default": "P"},
        "F": {"Type": "Fail", "Error": "Odd", "Cause": "{% $string($states.input) & ' is odd' %}"},
        "P": {"Type": "Pass", "End": true}
    }});
    definition["States"]["B"] =
        json!({"Type": "Pass", "Output": "{% $merge([$states.input, {'why': $why}]) %}", "End": true});
    assert_told(
        &run(&definition, &json!({"list": [2, 3, 4]})),
        &[
            r#"1<0 ExecutionStarted input={"list":[2,3,4]}"#,
            r#"2<0 MapStateEntered name=M input={"list":[2,3,4]}"#,
            "3<2 MapStateStarted length=3",
            "4<3 MapIterationStarted name=M index=0",
            "5<4 ChoiceStateEntered name=I input=2",
            "6<5 ChoiceStateExited name=I output=2",
            "7<6 PassStateEntered name=P input=2",
            "8<7 PassStateExited name=P output=2",
            "9<8 MapIterationSucceeded name=M index=0",
            "10<8 MapIterationStarted name=M index=1",
            "11<10 ChoiceStateEntered name=I input=3",
            "12<11 ChoiceStateExited name=I output=3",
            "13<12 FailStateEntered name=F input=3",
            "14<13 MapIterationFailed name=M index=1",
            "15<13 MapStateFailed",
            r#"16<15 MapStateExited name=M output={"list":[2,3,4],"error":"Odd"} assignedVariables={why="3 is odd"}"#,
            r#"17<16 PassStateEntered name=B input={"list":[2,3,4],"error":"Odd"}"#,
            r#"18<17 PassStateExited name=B output={"list":[2,3,4],"error":"Odd","why":"3 is odd"}"#,
            r#"19<18 ExecutionSucceeded output={"list":[2,3,4],"error":"Odd","why":"3 is odd"}"#,
        ],
    );
}
