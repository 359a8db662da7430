//! What an expression is not given, it cannot miss: a value that is handed on without the evaluator, or of which the evaluator
//! gets a part alone, is the value that the whole of `$states` would have led to.

use crate::common::{outcome, run, single};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What an expression comes to; of a failure its name, as its cause quotes the expression.
fn evaluate(expression: &str, input: &Value) -> Result<String, String> {
    let state = json!({
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Assign": {"all": "{% $states.input %}"},
        "Output": {"v": format!("{{% {expression} %}}")}
    });
    let execution = run(&single(state), input);
    match outcome(&execution) {
        // The text, which tells `1` from `1.0`.
        Ok(_) => Ok(execution.output().unwrap_or_default().to_string()),
        Err((error, _)) => Err(error),
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5_i64..5).prop_map(Value::from),
        prop::sample::select(vec![1.0, -0.0, 2.5, 1e300, 0.1]).prop_map(Value::from),
        prop::sample::select(vec![i64::MAX, 9_007_199_254_740_993]).prop_map(Value::from),
        "[a-c ]{0,3}".prop_map(Value::from),
        // Long enough to be found again.
        Just(Value::from("long ".repeat(300))),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4).prop_map(|fields| json!(fields)),
        ]
    })
}

/// Expressions, without what stands in their way of being told apart.
const EXPRESSIONS: &[&str] = &[
    "$states.input",
    "$states.input.a",
    "$states.input.a.b",
    "$states.input.a.b.c",
    "$states.input.b[0].a",
    "$states.input.a[b = 1].c",
    "$states.input.*",
    "$states.input.**.a",
    "$states.input.a.(b & 'x')",
    "$states.input.a{'k': b}",
    "[$states.input.a, $states.input.b.c, $states.input.a.b]",
    "$merge([$states.input.a, {'n': $states.input.c}])",
    "$append($states.input.a, $states.input.b)",
    "$reverse($states.input.a)",
    "$sort($states.input.a.b)",
    "$keys($states.input)",
    "$type($states.input.a.c)",
    "($x := $states; $x.input.b.a)",
    "$map($states.input.a, function($v) { $v.b })",
    "$count($states.input.a) = 1 ? $states.input.a : $states.input.b",
    "{'a': $states.input.a, 'again': $states.input.a, 'in': [$states.input.a]}",
    "$states.context.State.Name",
    "$exists($states.result)",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_part_says_what_the_whole_says(input in prop::collection::btree_map("[abc]", json_value(), 0..4)) {
        let input = json!(input);
        prop_assert!(evaluate("( $states.input /* % */ )", &input).is_ok());
        for expression in EXPRESSIONS {
            // With a `%` in it, all is read. In parentheses, a way is an expression like others.
            let whole = evaluate(&format!("( {expression} /* % */ )"), &input);
            prop_assert_eq!(evaluate(expression, &input), whole, "{} of {}", expression, input);
        }
    }
}

#[test]
fn variables_are_ready_in_part_too() {
    let input = json!({"a": {"b": {"c": [1, 2.0, 3]}, "d": 1}, "e": "f"});
    let definition = |expression: &str| {
        json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Pass", "Assign": {"all": "{% $states.input %}"}, "Next": "B"},
            "B": {"Type": "Pass", "Output": format!("{{% {expression} %}}"), "End": true}
        }})
    };
    for (expression, expected) in [
        ("$all.a.b.c", json!([1, 2, 3])),
        ("$all.a.b", json!({"c": [1, 2, 3]})),
        ("$all.a.d + $all.a.b.c[2]", json!(4)),
        ("$all.e", json!("f")),
        ("$merge([$all.a, {'d': 2}])", json!({"b": {"c": [1, 2, 3]}, "d": 2})),
    ] {
        assert_eq!(
            outcome(&run(&definition(expression), &input)),
            Ok(expected),
            "{expression}"
        );
    }
}
