//! The chain of events: ids, what each event follows, and what it says, through choices, ends, stops and loops.

use serde_json::{Value, json};

use crate::common::{FUNCTION, assert_told, failing, outcome, run, run_with, start};
use crate::tasks::{later, now};

/// A state machine that begins with a Choice of these fields, and ends in `Yes` or `No`.
fn choice(fields: Value) -> Value {
    let mut state = json!({"Type": "Choice", "Default": "No"});
    state
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    json!({"StartAt": "C", "States": {
        "C": state, "Yes": {"Type": "Succeed"}, "No": {"Type": "Fail", "Error": "No"}
    }})
}

#[test]
fn a_choice_follows_the_start_and_leads_on() {
    let rule = json!([{"And": [{"Variable": "$.kind", "StringEquals": "good"}], "Next": "Yes"}]);
    let machine = choice(json!({"Choices": rule}));
    assert_told(
        &run(&machine, &json!({"kind": "good"})),
        &[
            r#"1<0 ExecutionStarted input={"kind":"good"}"#,
            r#"2<0 ChoiceStateEntered name=C input={"kind":"good"}"#,
            r#"3<2 ChoiceStateExited name=C output={"kind":"good"}"#,
            r#"4<3 SucceedStateEntered name=Yes input={"kind":"good"}"#,
            r#"5<4 SucceedStateExited name=Yes output={"kind":"good"}"#,
            r#"6<5 ExecutionSucceeded output={"kind":"good"}"#,
        ],
    );
    assert_told(
        &run(&machine, &json!({"kind": "bad"})),
        &[
            r#"1<0 ExecutionStarted input={"kind":"bad"}"#,
            r#"2<0 ChoiceStateEntered name=C input={"kind":"bad"}"#,
            r#"3<2 ChoiceStateExited name=C output={"kind":"bad"}"#,
            r#"4<3 FailStateEntered name=No input={"kind":"bad"}"#,
            "5<4 ExecutionFailed error=No",
        ],
    );
}

#[test]
fn a_choice_hands_on_what_its_paths_leave() {
    let rule = |variable: &str| json!([{"Variable": variable, "NumericGreaterThan": 1, "Next": "Yes"}]);
    let input = json!({"in": {"n": 2, "out": [3]}});
    let cases = [
        (
            json!({"InputPath": "$.in", "Choices": rule("$.n")}),
            json!({"n": 2, "out": [3]}),
        ),
        (json!({"OutputPath": "$.in.out", "Choices": rule("$.in.n")}), json!([3])),
        (
            json!({"InputPath": "$.in", "OutputPath": "$.out[0]", "Choices": rule("$.n")}),
            json!(3),
        ),
        (json!({"OutputPath": null, "Choices": rule("$.in.n")}), json!({})),
        (
            json!({"QueryLanguage": "JSONata", "Choices": [{"Condition": "{% $states.input.in.n > 1 %}", "Next": "Yes", "Output": "{% $states.input.in.out %}"}]}),
            json!([3]),
        ),
    ];
    for (fields, output) in cases {
        assert_told(
            &run(&choice(fields), &input),
            &[
                &format!("1<0 ExecutionStarted input={input}"),
                &format!("2<0 ChoiceStateEntered name=C input={input}"),
                &format!("3<2 ChoiceStateExited name=C output={output}"),
                &format!("4<3 SucceedStateEntered name=Yes input={output}"),
                &format!("5<4 SucceedStateExited name=Yes output={output}"),
                &format!("6<5 ExecutionSucceeded output={output}"),
            ],
        );
    }
}

#[test]
fn a_choice_that_cannot_choose_is_not_left() {
    let rule = json!([{"Variable": "$.no", "NumericEquals": 1, "Next": "Yes"}]);
    let mut nowhere = choice(json!({"Choices": [{"Variable": "$.no", "IsPresent": true, "Next": "Yes"}]}));
    nowhere["States"]["C"].as_object_mut().unwrap().remove("Default");
    nowhere["States"].as_object_mut().unwrap().remove("No");
    let cases = [
        (
            choice(json!({"Choices": rule})),
            "Invalid path '$.no': The choice state's condition path references an invalid value.",
        ),
        (
            nowhere,
            "Failed to transition out of the state. The state does not point to a next state.",
        ),
    ];
    for (definition, expected) in cases {
        let cause = format!("An error occurred while executing the state 'C' (entered at the event id #2). {expected}");
        assert_told(
            &run(&definition, &json!({})),
            &[
                "1<0 ExecutionStarted input={}",
                "2<0 ChoiceStateEntered name=C input={}",
                &format!("3<2 ExecutionFailed error=States.Runtime cause={cause}"),
            ],
        );
    }
}

#[test]
fn a_succeed_state_ends_with_what_its_paths_leave() {
    let cases = [
        (json!({"Type": "Succeed"}), json!({"a": {"b": 1}})),
        (json!({"Type": "Succeed", "InputPath": "$.a"}), json!({"b": 1})),
        (json!({"Type": "Succeed", "OutputPath": "$.a.b"}), json!(1)),
        (
            json!({"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"}),
            json!(1),
        ),
        (json!({"Type": "Succeed", "InputPath": null}), json!({})),
        (
            json!({"Type": "Succeed", "QueryLanguage": "JSONata", "Output": {"b": "{% $states.input.a.b + 1 %}"}}),
            json!({"b": 2}),
        ),
        (
            json!({"Type": "Succeed", "InputPath": "$$.State", "OutputPath": "$.Name"}),
            json!("S"),
        ),
    ];
    for (state, output) in cases {
        let definition = json!({"StartAt": "S", "States": {"S": state}});
        assert_told(
            &run(&definition, &json!({"a": {"b": 1}})),
            &[
                r#"1<0 ExecutionStarted input={"a":{"b":1}}"#,
                r#"2<0 SucceedStateEntered name=S input={"a":{"b":1}}"#,
                &format!("3<2 SucceedStateExited name=S output={output}"),
                &format!("4<3 ExecutionSucceeded output={output}"),
            ],
        );
    }
}

#[test]
fn a_loop_of_all_kinds_of_states_is_one_chain() {
    let definition = json!({"StartAt": "Work", "States": {
        "Work": {
            "Type": "Task", "Resource": FUNCTION, "ResultPath": "$.done", "Next": "Enough",
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.why", "Next": "Rest"}]
        },
        "Rest": {"Type": "Wait", "Seconds": 3, "Next": "Again"},
        "Again": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Work"},
        "Enough": {"Type": "Choice", "Choices": [{"Variable": "$.done.n", "NumericEquals": 2, "Next": "End"}], "Default": "Again"},
        "End": {"Type": "Succeed", "OutputPath": "$.n"}
    }});
    let execution = run_with(&definition, &json!({"n": 0}), failing(1, "Oops"));
    assert_eq!(execution.stopped_at(), Some(later(3)));
    assert_told(
        &execution,
        &[
            r#"1<0 ExecutionStarted input={"n":0}"#,
            r#"2<0 TaskStateEntered name=Work input={"n":0}"#,
            r#"3<2 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={"n":0}"#,
            "4<3 LambdaFunctionStarted",
            "5<4 LambdaFunctionFailed error=Oops cause=a reason",
            r#"6<5 TaskStateExited name=Work output={"n":0,"why":{"Error":"Oops","Cause":"a reason"}}"#,
            r#"7<6 WaitStateEntered name=Rest input={"n":0,"why":{"Error":"Oops","Cause":"a reason"}}"#,
            r#"8<7 WaitStateExited name=Rest output={"n":0,"why":{"Error":"Oops","Cause":"a reason"}}"#,
            r#"9<8 PassStateEntered name=Again input={"n":0,"why":{"Error":"Oops","Cause":"a reason"}}"#,
            r#"10<9 PassStateExited name=Again output={"n":1}"#,
            r#"11<10 TaskStateEntered name=Work input={"n":1}"#,
            r#"12<11 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={"n":1}"#,
            "13<12 LambdaFunctionStarted",
            r#"14<13 LambdaFunctionSucceeded output={"n":1}"#,
            r#"15<14 TaskStateExited name=Work output={"n":1,"done":{"n":1}}"#,
            r#"16<15 ChoiceStateEntered name=Enough input={"n":1,"done":{"n":1}}"#,
            r#"17<16 ChoiceStateExited name=Enough output={"n":1,"done":{"n":1}}"#,
            r#"18<17 PassStateEntered name=Again input={"n":1,"done":{"n":1}}"#,
            r#"19<18 PassStateExited name=Again output={"n":2}"#,
            r#"20<19 TaskStateEntered name=Work input={"n":2}"#,
            r#"21<20 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={"n":2}"#,
            "22<21 LambdaFunctionStarted",
            r#"23<22 LambdaFunctionSucceeded output={"n":2}"#,
            r#"24<23 TaskStateExited name=Work output={"n":2,"done":{"n":2}}"#,
            r#"25<24 ChoiceStateEntered name=Enough input={"n":2,"done":{"n":2}}"#,
            r#"26<25 ChoiceStateExited name=Enough output={"n":2,"done":{"n":2}}"#,
            r#"27<26 SucceedStateEntered name=End input={"n":2,"done":{"n":2}}"#,
            "28<27 SucceedStateExited name=End output=2",
            "29<28 ExecutionSucceeded output=2",
        ],
    );
}

#[test]
fn a_stop_follows_nothing_wherever_it_comes() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "P"},
        "P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}},
            {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": FUNCTION, "End": true}}}
        ]}
    }});
    let mut execution = start(&definition, &json!({}));
    assert_eq!(execution.run(now()).len(), 1);
    assert_eq!(
        execution.stop(Some("Enough"), Some("by hand"), later(1)).unwrap().len(),
        1
    );
    assert_told(
        &execution,
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 PassStateEntered name=A input={}",
            "3<2 PassStateExited name=A output={}",
            "4<3 ParallelStateEntered name=P input={}",
            "5<4 ParallelStateStarted",
            "6<5 WaitStateEntered name=W input={}",
            "7<5 TaskStateEntered name=T input={}",
            "8<7 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={}",
            "9<0 ExecutionAborted error=Enough cause=by hand",
        ],
    );
    assert_eq!(outcome(&execution), Err(("Enough".to_owned(), "by hand".to_owned())));
}

#[test]
fn an_input_stands_in_the_first_event_as_it_came() {
    let definition = json!({"StartAt": "S", "States": {"S": {"Type": "Pass", "End": true}}});
    let machine = crate::common::machine(&definition);
    for (text, compact) in [
        ("{ \"a\" : [1,  2] }", r#"{"a":[1,2]}"#),
        ("[[1, 2], [3]]", "[[1,2],[3]]"),
        (" 5 ", "5"),
        (r#""\u00e4""#, r#""ä""#),
    ] {
        let mut execution = states_language::Execution::start(&machine, Default::default(), text, now()).unwrap();
        execution.run(now());
        assert_told(
            &execution,
            &[
                format!("1<0 ExecutionStarted input={text}").trim_end(),
                &format!("2<0 PassStateEntered name=S input={compact}"),
                &format!("3<2 PassStateExited name=S output={compact}"),
                &format!("4<3 ExecutionSucceeded output={compact}"),
            ],
        );
    }
}
