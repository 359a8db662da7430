//! Conditions in words.

use crate::house::chart;
use serde_json::{Value, json};
use state_graph::WayKind;

fn words(rule: Value) -> String {
    let mut rule = rule;
    rule["Next"] = json!("B");
    let chart = chart(&json!({"StartAt": "A", "States": {
        "A": {"Type": "Choice", "Choices": [rule]}, "B": {"Type": "Succeed"}}}));
    let condition = chart.ways().find_map(|way| match &way.kind {
        WayKind::Choice { condition } => Some(condition.clone()),
        WayKind::Start | WayKind::Next | WayKind::Default | WayKind::Catch { .. } | WayKind::End => None,
    });
    condition.unwrap()
}

#[test]
fn every_comparison_has_words() {
    for (operator, right, expected) in [
        ("StringEquals", json!("ok"), r#"a.b = "ok""#),
        ("StringEqualsPath", json!("$.c"), "a.b = c"),
        ("StringLessThan", json!("m"), r#"a.b < "m""#),
        ("StringLessThanPath", json!("$$.Execution.Id"), "a.b < $$.Execution.Id"),
        ("StringGreaterThan", json!("m"), r#"a.b > "m""#),
        ("StringGreaterThanPath", json!("$limit"), "a.b > $limit"),
        ("StringLessThanEquals", json!("m"), r#"a.b ≤ "m""#),
        ("StringLessThanEqualsPath", json!("$.c"), "a.b ≤ c"),
        ("StringGreaterThanEquals", json!("m"), r#"a.b ≥ "m""#),
        ("StringGreaterThanEqualsPath", json!("$.c"), "a.b ≥ c"),
        ("StringMatches", json!("*.png"), r#"a.b matches "*.png""#),
        ("NumericEquals", json!(1), "a.b = 1"),
        ("NumericEqualsPath", json!("$.c"), "a.b = c"),
        ("NumericLessThan", json!(0.5), "a.b < 0.5"),
        ("NumericLessThanPath", json!("$.c"), "a.b < c"),
        ("NumericGreaterThan", json!(1), "a.b > 1"),
        ("NumericGreaterThanPath", json!("$.c"), "a.b > c"),
        ("NumericLessThanEquals", json!(1), "a.b ≤ 1"),
        ("NumericLessThanEqualsPath", json!("$.c"), "a.b ≤ c"),
        ("NumericGreaterThanEquals", json!(0.95), "a.b ≥ 0.95"),
        ("NumericGreaterThanEqualsPath", json!("$.c"), "a.b ≥ c"),
        ("BooleanEquals", json!(true), "a.b = true"),
        ("BooleanEqualsPath", json!("$.c"), "a.b = c"),
        (
            "TimestampEquals",
            json!("2026-01-01T00:00:00Z"),
            r#"a.b = "2026-01-01T00:00:00Z""#,
        ),
        ("TimestampEqualsPath", json!("$.c"), "a.b = c"),
        ("TimestampLessThan", json!("2026"), r#"a.b < "2026""#),
        ("TimestampLessThanPath", json!("$.c"), "a.b < c"),
        ("TimestampGreaterThan", json!("2026"), r#"a.b > "2026""#),
        ("TimestampGreaterThanPath", json!("$.c"), "a.b > c"),
        ("TimestampLessThanEquals", json!("2026"), r#"a.b ≤ "2026""#),
        ("TimestampLessThanEqualsPath", json!("$.c"), "a.b ≤ c"),
        ("TimestampGreaterThanEquals", json!("2026"), r#"a.b ≥ "2026""#),
        ("TimestampGreaterThanEqualsPath", json!("$.c"), "a.b ≥ c"),
        ("IsNull", json!(true), "a.b is null"),
        ("IsNull", json!(false), "a.b is not null"),
        ("IsPresent", json!(true), "a.b is present"),
        ("IsPresent", json!(false), "a.b is not present"),
        ("IsNumeric", json!(true), "a.b is a number"),
        ("IsString", json!(false), "a.b is not a string"),
        ("IsBoolean", json!(true), "a.b is a boolean"),
        ("IsTimestamp", json!(true), "a.b is a timestamp"),
    ] {
        assert_eq!(
            words(json!({"Variable": "$.a.b", operator: right})),
            expected,
            "{operator}"
        );
    }
}

#[test]
fn rules_are_joined_with_brackets_where_they_need_them() {
    let is = |name: &str| json!({"Variable": format!("$.{name}"), "BooleanEquals": true});
    for (rule, expected) in [
        (json!({"And": [is("a"), is("b")]}), "a = true and b = true"),
        (
            json!({"And": [is("a"), {"Or": [is("b"), is("c")]}]}),
            "a = true and (b = true or c = true)",
        ),
        (
            json!({"Or": [is("a"), {"And": [is("b"), is("c")]}]}),
            "a = true or b = true and c = true",
        ),
        (
            json!({"Not": {"And": [is("a"), is("b")]}}),
            "not (a = true and b = true)",
        ),
        (json!({"Not": is("a")}), "not a = true"),
        (json!({"And": [{"Or": [is("a")]}, is("b")]}), "a = true and b = true"),
        (json!({"Condition": "{% $states.input.n\n   > 1 %}"}), "input.n > 1"),
        (json!({"Condition": true}), "true"),
        (json!({"Variable": "$", "IsNull": true}), "input is null"),
        (json!({"Variable": "$.a", "FutureOperator": 1}), "a FutureOperator 1"),
        (json!({"And": 1}), "input And 1"),
        (json!({}), "input"),
    ] {
        assert_eq!(words(rule.clone()), expected, "{rule}");
    }
}
