//! JSONata states, and variables in both languages.

use crate::common::{events, outcome, path, run, single, types};
use serde_json::{Value, json};

fn evaluate(expression: &str, input: &Value) -> Result<Value, (String, String)> {
    let state = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"v": format!("{{% {expression} %}}")}});
    outcome(&run(&single(state), input)).map(|output| output["v"].clone())
}

#[test]
fn expressions_see_their_state() {
    let input = json!({"n": [1, 2, 3], "name": "Ann", "nested": {"list": [{"k": "a"}, {"k": "b"}]}, "nothing": null});
    let cases: &[(&str, Value)] = &[
        ("$states.input.name", json!("Ann")),
        ("$sum($states.input.n) / 4", json!(1.5)),
        ("$states.input.nested.list.k", json!(["a", "b"])),
        ("$states.input.nested.list[0].k", json!("a")),
        ("$states.input.nothing", json!(null)),
        ("$states.context.State.Name & '!'", json!("S!")),
        ("$map($states.input.n, function($v) { $v * 2 })", json!([2, 4, 6])),
        ("$merge([{'a': 1}, {'b': 2}])", json!({"a": 1, "b": 2})),
        // AWS's own functions.
        ("$partition($states.input.n, 2)", json!([[1, 2], [3]])),
        ("$range(1, 5, 2)", json!([1, 3, 5])),
        // A sequence of one is that one.
        ("$range(1, 1, 1)", json!(1)),
        ("$hash('x', 'MD5')", json!("9dd4e461268c8034f5c8564e155c67a6")),
        ("$parse('{\"a\": [1]}').a", json!([1])),
        ("$exists($uuid())", json!(true)),
        ("$random() < 1 and $random(7) = $random(7)", json!(true)),
        ("$now()", json!("2026-01-01T00:00:00.000Z")),
        ("$millis()", json!(1_767_225_600_000_i64)),
    ];
    for (expression, expected) in cases {
        assert_eq!(evaluate(expression, &input).as_ref(), Ok(expected), "{expression}");
    }
}

#[test]
fn a_failed_expression_names_itself_and_its_field() {
    let execution = run(
        &json!({"QueryLanguage": "JSONata", "StartAt": "S", "States": {
            "S": {"Type": "Pass", "Output": {"list": [1, "{% $states.input.no %}"]}, "End": true}
        }}),
        &json!({}),
    );
    let (error, cause) = outcome(&execution).unwrap_err();
    assert_eq!(error, "States.QueryEvaluationError");
    assert_eq!(
        cause,
        "An error occurred while executing the state 'S' (entered at the event id #2). The JSONata expression \
         '$states.input.no' specified for the field 'Output/list[1]' returned nothing (undefined)."
    );
    assert_eq!(
        types(&execution),
        [
            "ExecutionStarted",
            "PassStateEntered",
            "EvaluationFailed",
            "ExecutionFailed"
        ]
    );
    let details = &events(&execution)[2]["evaluationFailedEventDetails"];
    assert_eq!(
        (&details["location"], &details["state"]),
        (&json!("Output/list[1]"), &json!("S"))
    );
}

#[test]
fn what_cannot_be_evaluated_fails_and_does_not_hang() {
    for expression in [
        "1 + 'a'",
        "$eval('1+1')",
        "($f := function() { $f() }; $f())",
        "$abs('x')",
        "[1..9999999]",
    ] {
        let (error, cause) = evaluate(expression, &json!({})).unwrap_err();
        assert_eq!(error, "States.QueryEvaluationError", "{expression}");
        assert!(cause.contains("specified for the field 'Output/v'"), "{cause}");
    }
}

#[test]
fn only_a_string_that_is_an_expression_throughout_is_one() {
    let output = json!({"a": " {% 1 %} ", "b": "$states.input", "c.$": "$", "d": {"e": ["{% 1 %}"]}});
    let state = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": output});
    let expected = json!({"a": " {% 1 %} ", "b": "$states.input", "c.$": "$", "d": {"e": [1]}});
    assert_eq!(outcome(&run(&single(state), &json!({}))), Ok(expected));
}

#[test]
fn variables_pass_between_the_languages() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"x.$": "$.n", "text": "$.n", "list": [1, 2]}, "Next": "B"},
        "B": {
            "Type": "Pass", "QueryLanguage": "JSONata",
            "Assign": {"x": "{% $x + 1 %}", "y": "{% $x %}"},
            "Output": "{% $x %}", "Next": "C"
        },
        "C": {"Type": "Choice", "Choices": [{"Variable": "$x", "NumericEqualsPath": "$y", "Next": "No"}], "Default": "D"},
        "No": {"Type": "Fail"},
        "D": {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y", "sum.$": "States.MathAdd($x, $list[1])"}, "End": true}
    }});
    let execution = run(&definition, &json!({"n": 1}));
    // What is assigned counts from the next state on.
    assert_eq!(outcome(&execution), Ok(json!({"x": 2, "y": 1, "sum": 4})));
    let exited = &events(&execution)[2]["stateExitedEventDetails"];
    assert_eq!(
        exited["assignedVariables"],
        json!({"list": "[1,2]", "text": "\"$.n\"", "x": "1"})
    );
}

#[test]
fn an_inner_scope_sees_the_outer_and_keeps_its_own() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "M"},
        "M": {
            "Type": "Map", "ItemsPath": "$.items",
            "ItemProcessor": {"StartAt": "I", "States": {
                "I": {"Type": "Pass", "Assign": {"y.$": "States.MathAdd($x, $)"}, "Next": "J"},
                "J": {"Type": "Pass", "Parameters": {"y.$": "$y", "x.$": "$x"}, "End": true}
            }},
            "End": true
        }
    }});
    let expected = json!([{"y": 11, "x": 1}, {"y": 21, "x": 1}]);
    assert_eq!(outcome(&run(&definition, &json!({"items": [10, 20]}))), Ok(expected));
}

#[test]
fn rules_and_catchers_have_outputs_and_variables_of_their_own() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "C", "States": {
        "C": {
            "Type": "Choice",
            "Choices": [{
                "Condition": "{% $states.input.go %}", "Next": "D",
                "Output": "{% $states.input.value & '!' %}", "Assign": {"was": "rule"}
            }],
            "Default": "D", "Output": "default", "Assign": {"was": "default"}
        },
        "D": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $was %}"], "End": true}
    }});
    assert_eq!(
        outcome(&run(&definition, &json!({"go": true, "value": "v"}))),
        Ok(json!(["v!", "rule"]))
    );
    assert_eq!(
        outcome(&run(&definition, &json!({"go": false}))),
        Ok(json!(["default", "default"]))
    );
    let (error, cause) = outcome(&run(&definition, &json!({"go": 1}))).unwrap_err();
    assert_eq!(error, "States.QueryEvaluationError");
    assert!(cause.ends_with(
        "The JSONata expression '$states.input.go' specified for the field 'Choices[0]/Condition' returned an unexpected \
         result type. Expected 'boolean', but was 'number' for value: 1"
    ));
}

#[test]
fn a_map_over_something_else_than_an_array_fails_before_it_starts() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "M"},
        "M": {
            "Type": "Map", "Items": "{% $states.input.items %}",
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}},
            "End": true
        }
    }});
    let execution = run(&definition, &json!({"items": "x"}));
    assert_eq!(
        path(&execution),
        "1<0 ExecutionStarted\n2<0 PassStateEntered A\n3<2 PassStateExited A\n4<3 MapStateEntered M\n\
         5<3 EvaluationFailed M\n6<5 MapStateFailed\n7<6 ExecutionFailed"
    );
}

#[test]
fn texts_are_matched_by_regular_expressions() {
    let input = json!({"path": "logs/2026/jan$1.txt", "text": "one, two,three"});
    let cases: &[(&str, Value)] = &[
        (r"$contains($states.input.path, /^logs\/\d{4}/)", json!(true)),
        (r"$contains($states.input.path, /jan\$1/)", json!(true)),
        (r"$contains('a$b', /^a\$/)", json!(true)),
        (r#"$contains("a$b", /^a\ /)"#, json!(false)),
        (r"$contains('ABC', /b/)", json!(false)),
        (r"$contains('ABC', /b/i)", json!(true)),
        (r"$split($states.input.text, /,\s*/)", json!(["one", "two", "three"])),
        (r"$split($states.input.text, /,\s*/, 2)", json!(["one", "two"])),
        (r"$replace($states.input.path, /\d+/, '#')", json!("logs/#/jan$#.txt")),
        (
            r"$replace($states.input.path, /\d+/, '#', 1)",
            json!("logs/#/jan$1.txt"),
        ),
        (r"$replace('Smith, Ann', /(\w+), (\w+)/, '$2 $1')", json!("Ann Smith")),
        (
            r"$replace('3 and 4', /\d/, function($m) { $string($number($m.match) * 2) })",
            json!("6 and 8"),
        ),
        (r"$match($states.input.path, /(\d)(\d)/).match", json!(["20", "26"])),
        (r"$match($states.input.path, /(\d)(\d)/)[0].groups", json!(["2", "0"])),
        (r"$match($states.input.path, /(\d)(\d)/)[1].index", json!(7)),
        (r"$count($match('aaa', /a/, 2))", json!(2)),
        (r"/^\d+$/('12').match", json!("12")),
        (r"$exists(/^\d+$/('x'))", json!(false)),
        (
            r"$filter(['a1', 'b', 'c3'], function($v) { $contains($v, /\d/) })",
            json!(["a1", "c3"]),
        ),
    ];
    for (expression, expected) in cases {
        assert_eq!(evaluate(expression, &input).as_ref(), Ok(expected), "{expression}");
    }
}

#[test]
fn numbers_are_read_from_texts_and_truths() {
    let cases: &[(&str, Value)] = &[
        ("$number('2')", json!(2)),
        (r#"$number("2")"#, json!(2)),
        ("$number('-0.5')", json!(-0.5)),
        ("$number('1e3')", json!(1000)),
        ("$number('1.50')", json!(1.5)),
        ("$number(7)", json!(7)),
        ("$number(true) + $number(false)", json!(1)),
        ("$number('0x1F')", json!(31)),
        ("$number($states.input.n) * 2", json!(24)),
        ("$map($states.input.list, $number)", json!([1, 2.5])),
        ("$sum($states.input.list.$number())", json!(3.5)),
        ("$string($number('3')) & '!'", json!("3!")),
    ];
    let input = json!({"n": "12", "list": ["1", "2.5"]});
    for (expression, expected) in cases {
        assert_eq!(evaluate(expression, &input).as_ref(), Ok(expected), "{expression}");
    }
    for text in [
        "''",
        "'two'",
        "'1 2'",
        "'Infinity'",
        "'NaN'",
        "'1,5'",
        "[1]",
        "{}",
        "null",
    ] {
        let (error, cause) = evaluate(&format!("$number({text})"), &input).unwrap_err();
        assert_eq!(error, "States.QueryEvaluationError", "{text}");
        assert!(cause.contains("specified for the field 'Output/v'"), "{cause}");
    }
}
