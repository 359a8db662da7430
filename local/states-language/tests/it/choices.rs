//! The Choice state's rules.

use crate::common::{outcome, run};
use serde_json::{Value, json};

/// Whether a rule holds for an input.
fn holds(rule: &Value, input: &Value) -> Result<bool, (String, String)> {
    let mut rule = rule.clone();
    rule["Next"] = json!("Yes");
    let definition = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [rule], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": true, "End": true},
        "No": {"Type": "Pass", "Result": false, "End": true}
    }});
    outcome(&run(&definition, input)).map(|output| output == json!(true))
}

#[test]
fn every_operator_tests_what_it_says() {
    let input = json!({
        "n": 5, "f": 5.0, "m": 7, "s": "beta", "t": "2026-01-01T00:00:00Z", "u": "2026-01-01T01:00:00+01:00", "b": true,
        "z": null, "file": "log-2026.txt", "star": "a*b"
    });
    let cases: &[(Value, bool)] = &[
        (json!({"Variable": "$.n", "NumericEquals": 5}), true),
        (json!({"Variable": "$.n", "NumericEqualsPath": "$.f"}), true),
        (json!({"Variable": "$.s", "NumericEquals": 5}), false),
        (json!({"Variable": "$.n", "NumericLessThan": 5}), false),
        (json!({"Variable": "$.n", "NumericLessThanPath": "$.m"}), true),
        (json!({"Variable": "$.n", "NumericLessThanEquals": 5}), true),
        (json!({"Variable": "$.n", "NumericLessThanEqualsPath": "$.m"}), true),
        (json!({"Variable": "$.n", "NumericGreaterThan": 4.5}), true),
        (json!({"Variable": "$.n", "NumericGreaterThanPath": "$.m"}), false),
        (json!({"Variable": "$.n", "NumericGreaterThanEquals": 6}), false),
        (json!({"Variable": "$.m", "NumericGreaterThanEqualsPath": "$.n"}), true),
        (json!({"Variable": "$.s", "StringEquals": "beta"}), true),
        (json!({"Variable": "$.s", "StringEqualsPath": "$.t"}), false),
        (json!({"Variable": "$.s", "StringLessThan": "gamma"}), true),
        (json!({"Variable": "$.s", "StringLessThanEquals": "beta"}), true),
        (json!({"Variable": "$.s", "StringGreaterThan": "alpha"}), true),
        (json!({"Variable": "$.s", "StringGreaterThanEquals": "gamma"}), false),
        (json!({"Variable": "$.file", "StringMatches": "log-*.txt"}), true),
        (json!({"Variable": "$.file", "StringMatches": "*.log"}), false),
        (json!({"Variable": "$.star", "StringMatches": "a\\*b"}), true),
        (json!({"Variable": "$.file", "StringMatches": "a\\*b"}), false),
        (json!({"Variable": "$.t", "TimestampEqualsPath": "$.u"}), true),
        (
            json!({"Variable": "$.t", "TimestampLessThan": "2026-01-01T00:00:01Z"}),
            true,
        ),
        (
            json!({"Variable": "$.t", "TimestampGreaterThanEquals": "2026-01-02T00:00:00Z"}),
            false,
        ),
        (json!({"Variable": "$.b", "BooleanEquals": true}), true),
        (json!({"Variable": "$.n", "BooleanEquals": true}), false),
        (json!({"Variable": "$.z", "IsNull": true}), true),
        (json!({"Variable": "$.s", "IsNull": false}), true),
        (json!({"Variable": "$.no", "IsPresent": false}), true),
        (json!({"Variable": "$.z", "IsPresent": true}), true),
        (json!({"Variable": "$.f", "IsNumeric": true}), true),
        (json!({"Variable": "$.s", "IsString": true}), true),
        (json!({"Variable": "$.b", "IsBoolean": true}), true),
        (json!({"Variable": "$.t", "IsTimestamp": true}), true),
        (json!({"Variable": "$.s", "IsTimestamp": true}), false),
        (json!({"Not": {"Variable": "$.n", "NumericEquals": 5}}), false),
        (
            json!({"And": [{"Variable": "$.n", "IsNumeric": true}, {"Variable": "$.n", "NumericGreaterThan": 9}]}),
            false,
        ),
        (
            json!({"Or": [{"Variable": "$.n", "NumericGreaterThan": 9}, {"Variable": "$.b", "BooleanEquals": true}]}),
            true,
        ),
        // What a rule does not need to look at may be missing.
        (
            json!({"And": [{"Variable": "$.no", "IsPresent": true}, {"Variable": "$.no", "NumericEquals": 1}]}),
            false,
        ),
    ];
    for (rule, expected) in cases {
        assert_eq!(holds(rule, &input), Ok(*expected), "{rule}");
    }
}

#[test]
fn a_variable_that_is_missing_fails_the_execution() {
    let (error, cause) = holds(&json!({"Variable": "$.no", "NumericEquals": 1}), &json!({})).unwrap_err();
    assert_eq!(error, "States.Runtime");
    assert!(cause.ends_with("Invalid path '$.no': The choice state's condition path references an invalid value."));
}

#[test]
fn without_a_default_there_is_nowhere_to_go() {
    let definition = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": true, "Next": "End"}]},
        "End": {"Type": "Succeed"}
    }});
    let (error, cause) = outcome(&run(&definition, &json!({}))).unwrap_err();
    assert_eq!(error, "States.Runtime");
    assert!(cause.ends_with("Failed to transition out of the state. The state does not point to a next state."));
}
