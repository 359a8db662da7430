//! Scopes of variables: what branches, iterations, children, retries and redrives see of each other.

use serde_json::{Value, json};
use states_language::{Execution, StartOptions, Status, VirtualClock, run_to_end};

use crate::common::{FUNCTION, assert_told, failing, machine, outcome, path, run, run_with, start};
use crate::maps::{distributed, map_of};
use crate::tasks::{later, now};

/// A state machine that assigns `x` and goes on to these states, of which the first is `B`.
fn with_x(states: Value) -> Value {
    let mut definition = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"}}});
    for (name, state) in states.as_object().unwrap() {
        definition["States"][name] = state.clone();
    }
    definition
}

/// A Pass state that hands on this variable.
fn read(name: &str) -> Value {
    json!({"Type": "Pass", "Parameters": {"v.$": format!("${name}")}, "End": true})
}

#[test]
fn branches_see_what_stands_around_and_keep_what_they_assign() {
    let branch = |name: &str, value: i64| {
        let (first, second) = (format!("{name}1"), format!("{name}2"));
        json!({"StartAt": first, "States": {
            &first: {"Type": "Pass", "Assign": {"y": value, "z.$": "States.MathAdd($x, 10)"}, "Next": second},
            &second: {"Type": "Pass", "Parameters": {"y.$": "$y", "z.$": "$z"}, "End": true}
        }})
    };
    let definition = with_x(json!({
        "B": {"Type": "Parallel", "Branches": [branch("L", 2), branch("R", 3)], "Assign": {"x.$": "$[1].y"}, "Next": "D"},
        "D": read("x")
    }));
    assert_told(
        &run(&definition, &json!({})),
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 PassStateEntered name=A input={}",
            "3<2 PassStateExited name=A output={} assignedVariables={x=1}",
            "4<3 ParallelStateEntered name=B input={}",
            "5<4 ParallelStateStarted",
            "6<5 PassStateEntered name=L1 input={}",
            "7<6 PassStateExited name=L1 output={} assignedVariables={y=2 z=11}",
            "8<7 PassStateEntered name=L2 input={}",
            r#"9<8 PassStateExited name=L2 output={"y":2,"z":11}"#,
            "10<5 PassStateEntered name=R1 input={}",
            "11<10 PassStateExited name=R1 output={} assignedVariables={y=3 z=11}",
            "12<11 PassStateEntered name=R2 input={}",
            r#"13<12 PassStateExited name=R2 output={"y":3,"z":11}"#,
            "14<13 ParallelStateSucceeded",
            r#"15<13 ParallelStateExited name=B output=[{"y":2,"z":11},{"y":3,"z":11}] assignedVariables={x=3}"#,
            r#"16<15 PassStateEntered name=D input=[{"y":2,"z":11},{"y":3,"z":11}]"#,
            r#"17<16 PassStateExited name=D output={"v":3}"#,
            r#"18<17 ExecutionSucceeded output={"v":3}"#,
        ],
    );
}

#[test]
fn what_was_assigned_within_is_gone_outside() {
    let inner = json!({"Type": "Pass", "Assign": {"y": 2}, "End": true});
    let flow = json!({"StartAt": "I", "States": {"I": inner}});
    let around = [
        json!({"Type": "Parallel", "Branches": [flow], "Next": "D"}),
        json!({"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": flow, "Next": "D"}),
    ];
    for state in around {
        let definition = with_x(json!({"B": state, "D": read("y")}));
        let execution = run(&definition, &json!({"items": [1]}));
        let (error, cause) = outcome(&execution).unwrap_err();
        assert_eq!(error, "States.Runtime", "{}", path(&execution));
        assert!(cause.ends_with("The variable 'y' could not be found"), "{cause}");
        let by_query = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $y %}", "End": true});
        let mut definition = definition;
        definition["States"]["D"] = by_query;
        let (error, cause) = outcome(&run(&definition, &json!({"items": [1]}))).unwrap_err();
        assert_eq!(error, "States.QueryEvaluationError");
        assert!(
            cause.ends_with(
                "The JSONata expression '$y' specified for the field 'Output' returned nothing (undefined)."
            ),
            "{cause}"
        );
    }
}

#[test]
fn iterations_do_not_see_each_other() {
    let states = json!({
        "I": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "J"}], "Default": "K"},
        "J": {"Type": "Pass", "Assign": {"y.$": "$"}, "Next": "K"},
        "K": {"Type": "Choice", "Choices": [{"Variable": "$y", "IsPresent": true, "Next": "Yes"}], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": "seen", "End": true},
        "No": {"Type": "Pass", "Result": "not seen", "End": true}
    });
    for concurrency in [0, 1, 2] {
        let definition = map_of(states.clone(), json!({"MaxConcurrency": concurrency}));
        let execution = run(&definition, &json!([1, 2, 1, 3]));
        assert_eq!(outcome(&execution), Ok(json!(["seen", "not seen", "seen", "not seen"])));
    }
}

#[test]
fn scopes_nest() {
    let innermost = json!({
        "K": {"Type": "Pass", "Assign": {"z.$": "States.MathAdd(States.MathAdd($x, $y), $)"}, "Next": "L"},
        "L": {"Type": "Pass", "Parameters": {"z.$": "$z", "i.$": "$$.Map.Item.Index"}, "End": true}
    });
    let mut inner = map_of(innermost, json!({"ItemsPath": "$list", "MaxConcurrency": 1}));
    let map = inner["States"]["M"].take();
    let definition = with_x(json!({
        "B": {"Type": "Map", "MaxConcurrency": 1, "End": true, "ItemProcessor": {"StartAt": "I", "States": {
            "I": {"Type": "Pass", "Assign": {"y.$": "$", "list": [100, 200]}, "Next": "M"}, "M": map
        }}}
    }));
    assert_eq!(
        outcome(&run(&definition, &json!([10, 20]))),
        Ok(json!([[{"z": 111, "i": 0}, {"z": 211, "i": 1}], [{"z": 121, "i": 0}, {"z": 221, "i": 1}]]))
    );
}

#[test]
fn children_of_a_distributed_map_have_no_variables_but_their_own() {
    let blind = distributed(json!({"I": read("x")}), json!({}));
    let definition = with_x(json!({"B": blind["States"]["M"].clone()}));
    let options = StartOptions {
        keep_children: true,
        ..StartOptions::default()
    };
    let mut execution = Execution::start(&machine(&definition), options, "[1]", now()).unwrap();
    execution.run(now());
    assert_eq!(execution.status(), Status::Failed);
    let last = serde_json::to_value(execution.children()[0].history.last()).unwrap();
    let cause = last["executionFailedEventDetails"]["cause"].as_str().unwrap();
    assert!(cause.ends_with("The variable 'x' could not be found"), "{cause}");
    let seeing = distributed(
        json!({"I": {"Type": "Pass", "Assign": {"y.$": "$.n"}, "Next": "J"}, "J": read("y")}),
        json!({"ItemSelector": {"n.$": "$$.Map.Item.Value"}}),
    );
    let definition = with_x(json!({"B": seeing["States"]["M"].clone()}));
    assert_eq!(
        outcome(&run(&definition, &json!([7, 8]))),
        Ok(json!([{"v": 7}, {"v": 8}]))
    );
}

#[test]
fn a_catch_around_assigns_outside_and_loses_what_was_within() {
    let definition = with_x(json!({
        "B": {
            "Type": "Parallel", "Next": "D", "Assign": {"x": "well"},
            "Branches": [{"StartAt": "I", "States": {
                "I": {"Type": "Pass", "Assign": {"y": 2}, "Next": "J"}, "J": {"Type": "Fail", "Error": "Oops", "Cause": "why"}
            }}],
            "Catch": [{"ErrorEquals": ["Oops"], "Assign": {"x.$": "States.Format('{} {}', $x, $.Error)"}, "Next": "D"}]
        },
        "D": {"Type": "Choice", "Choices": [{"Variable": "$y", "IsPresent": false, "Next": "E"}]},
        "E": read("x")
    }));
    assert_told(
        &run(&definition, &json!({})),
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 PassStateEntered name=A input={}",
            "3<2 PassStateExited name=A output={} assignedVariables={x=1}",
            "4<3 ParallelStateEntered name=B input={}",
            "5<4 ParallelStateStarted",
            "6<5 PassStateEntered name=I input={}",
            "7<6 PassStateExited name=I output={} assignedVariables={y=2}",
            "8<7 FailStateEntered name=J input={}",
            "9<8 ParallelStateFailed",
            r#"10<9 ParallelStateExited name=B output={"Error":"Oops","Cause":"why"} assignedVariables={x="1 Oops"}"#,
            r#"11<10 ChoiceStateEntered name=D input={"Error":"Oops","Cause":"why"}"#,
            r#"12<11 ChoiceStateExited name=D output={"Error":"Oops","Cause":"why"}"#,
            r#"13<12 PassStateEntered name=E input={"Error":"Oops","Cause":"why"}"#,
            r#"14<13 PassStateExited name=E output={"v":"1 Oops"}"#,
            r#"15<14 ExecutionSucceeded output={"v":"1 Oops"}"#,
        ],
    );
}

#[test]
fn an_attempt_assigns_nothing_and_a_redrive_forgets_nothing() {
    let definition = with_x(json!({
        "B": {
            "Type": "Task", "Resource": FUNCTION, "Parameters": {"x.$": "$x"}, "Next": "D",
            "Assign": {"x.$": "States.MathAdd($x, 1)"}, "Retry": [{"ErrorEquals": ["Oops"], "MaxAttempts": 2}]
        },
        "D": read("x")
    }));
    assert_eq!(
        outcome(&run_with(&definition, &json!({}), failing(2, "Oops"))),
        Ok(json!({"v": 2}))
    );
    let mut execution = start(&definition, &json!({}));
    let mut handler = failing(3, "Oops");
    run_to_end(&mut execution, &mut handler, &mut VirtualClock::default());
    assert_eq!(execution.status(), Status::Failed);
    execution.redrive(later(60)).unwrap();
    run_to_end(&mut execution, &mut handler, &mut VirtualClock::at(later(60)));
    assert_eq!(outcome(&execution), Ok(json!({"v": 2})));
}
