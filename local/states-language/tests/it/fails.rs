//! Fail states: where their error and cause come from, and what is written of them.

use serde_json::{Value, json};

use crate::common::{assert_told, outcome, run};
use crate::tasks::now;

/// A state machine that ends in a Fail state with these fields.
fn fail(fields: Value) -> Value {
    let mut state = json!({"Type": "Fail"});
    for (key, value) in fields.as_object().unwrap() {
        state[key] = value.clone();
    }
    json!({"StartAt": "S", "States": {"S": state}})
}

/// The same, behind a Pass state that assigns variables.
fn fail_after_assigning(fields: Value) -> Value {
    let mut definition = fail(fields);
    definition["StartAt"] = json!("First");
    definition["States"]["First"] = json!({
        "Type": "Pass", "Next": "S", "Assign": {"kind": "Broken", "parts": ["door", "lock"], "count": 3}
    });
    definition
}

#[test]
fn an_error_and_a_cause_come_from_many_places() {
    let input = json!({"kind": "Late", "who": {"name": "Ann", "days": 3}, "coded": "TGF0ZQ==", "all": ["a", "b"]});
    // The fields, and the details of the event.
    let cases = [
        (json!({}), ""),
        (json!({"Error": "Late"}), "error=Late"),
        (json!({"Cause": "too late"}), "cause=too late"),
        (json!({"Error": "", "Cause": ""}), "error= cause="),
        (
            json!({"Error": "$.kind", "Cause": "States.UUID()"}),
            "error=$.kind cause=States.UUID()",
        ),
        (
            json!({"ErrorPath": "$.kind", "CausePath": "$.who.name"}),
            "error=Late cause=Ann",
        ),
        (json!({"ErrorPath": "$.kind"}), "error=Late"),
        (json!({"CausePath": "$.all[1]"}), "cause=b"),
        (
            json!({"Error": "Own", "CausePath": "$.who.name"}),
            "error=Own cause=Ann",
        ),
        (json!({"ErrorPath": "$.kind", "Cause": "own"}), "error=Late cause=own"),
        (
            json!({"ErrorPath": "$$.State.Name", "CausePath": "$$.Execution.Name"}),
            "error=S cause=execution",
        ),
        (
            json!({
                "ErrorPath": "States.Format('{}', $.kind)",
                "CausePath": "States.Format('{} is {} days late, of {}.', $.who.name, $.who.days, $$.State.Name)"
            }),
            "error=Late cause=Ann is 3 days late, of S.",
        ),
        (
            json!({"ErrorPath": "States.Base64Decode($.coded)", "CausePath": "States.JsonToString($.who)"}),
            r#"error=Late cause={"name":"Ann","days":3}"#,
        ),
        (
            json!({"ErrorPath": "States.ArrayGetItem($.all, 0)", "CausePath": "States.Base64Encode($.kind)"}),
            "error=a cause=TGF0ZQ==",
        ),
        (
            json!({"CausePath": "States.Hash($.kind, 'MD5')"}),
            "cause=d9359722ca1b596c94882e47ad970cb5",
        ),
        (
            json!({"QueryLanguage": "JSONata", "Error": "Late", "Cause": "{% $states.input.who.name & '!' %}"}),
            "error=Late cause=Ann!",
        ),
        (
            json!({"QueryLanguage": "JSONata", "Error": "{% $states.input.kind %}"}),
            "error=Late",
        ),
        (
            json!({"QueryLanguage": "JSONata", "Error": "{% $states.context.State.Name %}", "Cause": "{% $join($states.input.all, '+') %}"}),
            "error=S cause=a+b",
        ),
    ];
    for (fields, details) in cases {
        let execution = run(&fail(fields), &input);
        assert_told(
            &execution,
            &[
                &format!("1<0 ExecutionStarted input={input}"),
                &format!("2<0 FailStateEntered name=S input={input}"),
                format!("3<2 ExecutionFailed {details}").trim_end(),
            ],
        );
        assert_eq!(execution.stopped_at(), Some(now()));
    }
}

#[test]
fn an_error_and_a_cause_come_from_variables() {
    let cases = [
        (
            json!({"ErrorPath": "$kind", "CausePath": "$parts[1]"}),
            "error=Broken cause=lock",
        ),
        (
            json!({"ErrorPath": "$kind", "CausePath": "States.Format('{} of {}', $count, $parts)"}),
            "error=Broken cause=3 of [door, lock]",
        ),
        (
            json!({"QueryLanguage": "JSONata", "Error": "{% $kind %}", "Cause": "{% $parts[0] & $count %}"}),
            "error=Broken cause=door3",
        ),
    ];
    for (fields, details) in cases {
        assert_told(
            &run(&fail_after_assigning(fields), &json!({})),
            &[
                "1<0 ExecutionStarted input={}",
                "2<0 PassStateEntered name=First input={}",
                r#"3<2 PassStateExited name=First output={} assignedVariables={count=3 kind="Broken" parts=["door","lock"]}"#,
                "4<3 FailStateEntered name=S input={}",
                &format!("5<4 ExecutionFailed {details}"),
            ],
        );
    }
}

#[test]
fn what_a_fail_state_does_not_find_is_the_error_instead() {
    let input = json!({"kind": "Late", "count": 3});
    let cases = [
        (
            json!({"ErrorPath": "$.no"}),
            r#"The JSONPath '$.no' specified for the field 'ErrorPath' could not be found in the input '{"kind":"Late","count":3}'"#,
        ),
        (
            json!({"ErrorPath": "$.kind", "CausePath": "$.no.way"}),
            r#"The JSONPath '$.no.way' specified for the field 'CausePath' could not be found in the input '{"kind":"Late","count":3}'"#,
        ),
        (json!({"ErrorPath": "$no"}), "The variable 'no' could not be found"),
        (
            json!({"Error": "Late", "CausePath": "$.count"}),
            "The field 'CausePath' must refer to a string, but it refers to: 3",
        ),
    ];
    for (fields, expected) in cases {
        let execution = run(&fail(fields), &input);
        let cause = format!("An error occurred while executing the state 'S' (entered at the event id #2). {expected}");
        assert_eq!(outcome(&execution), Err(("States.Runtime".to_owned(), cause.clone())));
        assert_told(
            &execution,
            &[
                &format!("1<0 ExecutionStarted input={input}"),
                &format!("2<0 FailStateEntered name=S input={input}"),
                &format!("3<2 ExecutionFailed error=States.Runtime cause={cause}"),
            ],
        );
    }
    let cases = [
        ("Error", "{% $states.input.no %}", "returned nothing (undefined)."),
        (
            "Cause",
            "{% $states.input.count %}",
            "returned an unexpected result type. Expected 'string', but was 'number' for value: 3",
        ),
    ];
    for (field, expression, expected) in cases {
        let execution = run(&fail(json!({"QueryLanguage": "JSONata", field: expression})), &input);
        let inner = expression.trim_matches(['{', '%', '}', ' ']);
        let cause = format!(
            "An error occurred while executing the state 'S' (entered at the event id #2). The JSONata expression \
             '{inner}' specified for the field '{field}' {expected}"
        );
        assert_told(
            &execution,
            &[
                &format!("1<0 ExecutionStarted input={input}"),
                &format!("2<0 FailStateEntered name=S input={input}"),
                &format!(
                    "3<2 EvaluationFailed error=States.QueryEvaluationError cause={cause} location={field} state=S"
                ),
                &format!("4<3 ExecutionFailed error=States.QueryEvaluationError cause={cause}"),
            ],
        );
    }
}

#[test]
fn a_fail_state_within_a_branch_is_caught_by_the_name_it_found() {
    let definition = json!({"StartAt": "P", "States": {
        "P": {
            "Type": "Parallel", "Next": "Fine",
            "Branches": [{"StartAt": "F", "States": {"F": {
                "Type": "Fail", "ErrorPath": "$.kind", "CausePath": "States.Format('of {}', $.kind)"
            }}}],
            "Catch": [
                {"ErrorEquals": ["Other"], "Next": "Fine"},
                {"ErrorEquals": ["Late"], "ResultPath": "$.why", "Next": "Again"}
            ]
        },
        "Fine": {"Type": "Succeed"},
        "Again": {"Type": "Fail", "ErrorPath": "$.why.Error", "CausePath": "$.why.Cause"}
    }});
    assert_told(
        &run(&definition, &json!({"kind": "Late"})),
        &[
            r#"1<0 ExecutionStarted input={"kind":"Late"}"#,
            r#"2<0 ParallelStateEntered name=P input={"kind":"Late"}"#,
            "3<2 ParallelStateStarted",
            r#"4<3 FailStateEntered name=F input={"kind":"Late"}"#,
            "5<4 ParallelStateFailed",
            r#"6<5 ParallelStateExited name=P output={"kind":"Late","why":{"Error":"Late","Cause":"of Late"}}"#,
            r#"7<6 FailStateEntered name=Again input={"kind":"Late","why":{"Error":"Late","Cause":"of Late"}}"#,
            "8<7 ExecutionFailed error=Late cause=of Late",
        ],
    );
}
