//! JSONata as AWS has it: version 2.0.6, with AWS's own functions and limits, at the execution's time.

use serde_json::{Value, json};
use states_language::{Clock, Execution, StartOptions, StateMachine, TaskRequest, VirtualClock, run_to_end};

use crate::common::{machine, outcome, single};

fn state(expression: &str) -> Value {
    single(json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"v": format!("{{% {expression} %}}")}}))
}

/// What an expression gives, or its error's cause behind the sentence that names it; nothing is `null` there.
fn evaluate(expression: &str) -> Result<Value, String> {
    evaluate_at(expression, VirtualClock::default())
}

fn evaluate_at(expression: &str, mut clock: VirtualClock) -> Result<Value, String> {
    let input = json!({"text": "13:45", "list": [3, 1, 2], "empty": [], "umlaut": "äöü"}).to_string();
    let machine = machine(&state(expression));
    let mut execution = match Execution::start(&machine, StartOptions::default(), &input, clock.now()) {
        Ok(execution) => execution,
        Err(error) => panic!("{error}"),
    };
    let mut no_tasks = |task: &TaskRequest| panic!("no task was expected, but there is {}", task.state);
    run_to_end(&mut execution, &mut no_tasks, &mut clock);
    outcome(&execution)
        .map(|output| output["v"].clone())
        .map_err(|(error, cause)| {
            assert_eq!(error, "States.QueryEvaluationError", "{expression}");
            let Some((_, why)) = cause.split_once("specified for the field 'Output/v' ") else {
                panic!("{cause}");
            };
            why.to_owned()
        })
}

fn check(cases: &[(&str, Value)]) {
    for (expression, expected) in cases {
        assert_eq!(evaluate(expression).as_ref(), Ok(expected), "{expression}");
    }
}

/// Each expression fails, and the cause has these words.
fn check_failing(cases: &[(&str, &str)]) {
    for (expression, words) in cases {
        let cause = evaluate(expression).unwrap_err();
        assert!(cause.contains(words), "{expression}: {cause}");
    }
}

#[test]
fn operators_that_came_after_2_0_6_are_refused() {
    let cases = [
        ("$states.input.a ?? 1", "?? is not in JSONata 2.0.6"),
        ("$states.input.a ?: 1", "?: is not in JSONata 2.0.6"),
        ("[{'a': ($states.input.b[c ?? 1])}]", "?? is not in JSONata 2.0.6"),
        ("$map([1], function($v) { $v ?: 2 })", "?: is not in JSONata 2.0.6"),
        // Not in any version, though the evaluator reads them.
        ("$states.input.list[0..1]", "a range has brackets of its own"),
        ("[(1..3)]", "a range has brackets of its own"),
        ("(1 := 2)", "must be a variable name"),
        ("($a := [1]; $a[0] := 2)", "must be a variable name"),
    ];
    for (expression, words) in cases {
        let invalid = StateMachine::parse(&state(expression).to_string()).unwrap_err();
        let finding = &invalid.findings[0];
        assert_eq!(
            (finding.code, &*finding.pointer),
            ("INVALID_JSONATA_EXPRESSION", "/States/S/Output/v"),
            "{expression}"
        );
        assert!(finding.message.contains(words), "{finding}");
    }
}

#[test]
fn what_only_looks_like_a_later_operator_is_read() {
    check(&[
        ("'a ?? b' & ' ?: '", json!("a ?? b ?: ")),
        ("true ? 1 : 2", json!(1)),
        ("function($x)<s?:s> { $x & '!' }('a')", json!("a!")),
        ("$states.input.list[[0..1]]", json!([3, 1])),
        ("[1..3, 7]", json!([1, 2, 3, 7])),
        ("/a??b/('ab').match", json!("ab")),
    ]);
}

#[test]
fn a_reference_to_no_document_is_refused_as_aws_does() {
    let cases = [
        ("phone", "phone"),
        ("customer.name", "customer"),
        ("$sum(prices)", "prices"),
        ("$states.input.a & b", "b"),
        ("{'a': [1, c]}", "c"),
        ("($x := y; $x)", "y"),
        ("z[0].a", "z"),
        ("$", "$"),
        ("$$.a", "$$"),
    ];
    for (expression, name) in cases {
        let invalid = StateMachine::parse(&state(expression).to_string()).unwrap_err();
        assert_eq!(
            invalid.to_string(),
            format!(
                "Invalid State Machine Definition: 'UNSUPPORTED_JSONATA_EXPRESSION: Reference to '{name}' at the top level is \
                 not supported. at /States/S/Output/v'"
            )
        );
    }
    check(&[
        ("$states.input.list[$ > 1]", json!([3, 2])),
        ("$states.input.(text)", json!("13:45")),
        ("$states.input{'k': text}", json!({"k": "13:45"})),
        ("[{'a': 1}, {'a': 2}].a", json!([1, 2])),
        ("[{'a': 2}, {'a': 1}]^(a).a", json!([1, 2])),
        ("{'a': 1} ~> |$|{'b': a}|", json!({"a": 1, "b": 1})),
        ("$map([1, 2], function($v) { $v * 2 })", json!([2, 4])),
    ]);
}

#[test]
fn a_field_that_holds_a_number_refuses_expressions_in_the_same_words() {
    for (expression, code) in [
        ("seconds", "UNSUPPORTED_JSONATA_EXPRESSION"),
        ("1 ?? 2", "INVALID_JSONATA_EXPRESSION"),
    ] {
        let state = json!({"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": format!("{{% {expression} %}}")});
        let invalid = StateMachine::parse(&single(state).to_string()).unwrap_err();
        assert_eq!(
            (invalid.findings[0].code, &*invalid.findings[0].pointer),
            (code, "/States/S/Seconds")
        );
    }
}

#[test]
fn the_clock_is_the_executions() {
    let clock = || VirtualClock::at("2031-07-09T10:20:30.456Z".parse().unwrap());
    let cases = [
        ("$now()", json!("2031-07-09T10:20:30.456Z")),
        ("$now('[Y]-[M01]-[D01] [H01]:[m01]')", json!("2031-07-09 10:20")),
        ("$now('[H01]:[m01]', '+0530')", json!("15:50")),
        ("$fromMillis($millis())", json!("2031-07-09T10:20:30.456Z")),
        (
            "$fromMillis($toMillis('13:45', '[H]:[m]'))",
            json!("2031-07-09T13:45:00.000Z"),
        ),
        (
            "$fromMillis($toMillis('1:45 pm', '[h]:[m] [P]'))",
            json!("2031-07-09T13:45:00.000Z"),
        ),
        // There is no hour 0 of twelve.
        (
            "$fromMillis($toMillis('0:45', '[h]:[m]'))",
            json!("2031-07-09T10:45:00.000Z"),
        ),
        (
            "$fromMillis($toMillis('12:45 am', '[h]:[m] [P]'))",
            json!("2031-07-09T00:45:00.000Z"),
        ),
        (
            "$fromMillis($toMillis('0:45 pm', '[h]:[m] [P]'))",
            json!("2031-07-09T12:45:00.000Z"),
        ),
        ("$fromMillis($toMillis('5', '[m]'))", json!("2031-07-09T10:05:00.000Z")),
        ("$fromMillis($toMillis('5', '[s]'))", json!("2031-07-09T10:20:05.000Z")),
        ("$fromMillis($toMillis('5', '[D]'))", json!("2031-07-05T00:00:00.000Z")),
        (
            "$fromMillis($toMillis('3 May', '[D] [MNn]'))",
            json!("2031-05-03T00:00:00.000Z"),
        ),
        ("$fromMillis($toMillis('60', '[d]'))", json!("2031-03-01T00:00:00.000Z")),
        (
            "$fromMillis($toMillis('2026', '[Y]'))",
            json!("2026-01-01T00:00:00.000Z"),
        ),
        // However the function is called.
        (
            "$fromMillis('13:45' ~> $toMillis('[H]:[m]'))",
            json!("2031-07-09T13:45:00.000Z"),
        ),
        (
            "$fromMillis({'t': '2026-02'}.t.$toMillis())",
            json!("2026-02-01T00:00:00.000Z"),
        ),
        (
            "($f := $toMillis; $fromMillis($f('13:45', '[H]:[m]')))",
            json!("2031-07-09T13:45:00.000Z"),
        ),
        (
            "($f := $toMillis(?, '[H]:[m]'); $fromMillis($f('13:45')))",
            json!("2031-07-09T13:45:00.000Z"),
        ),
    ];
    for (expression, expected) in cases {
        assert_eq!(evaluate_at(expression, clock()), Ok(expected), "{expression}");
    }
}

#[test]
fn times_are_read_as_2_0_6_reads_them() {
    check(&[
        (
            "$toMillis('2026-01-05', '[Y0001]-[M01]-[D01]')",
            json!(1_767_571_200_000_i64),
        ),
        // Fewer digits than the picture has are none of its texts.
        ("$exists($toMillis('2026-1-5', '[Y0001]-[M01]-[D01]'))", json!(false)),
        ("$toMillis('2026-1-5', '[Y]-[M]-[D]')", json!(1_767_571_200_000_i64)),
        (
            "$toMillis('20260105', '[Y0001][M01][D01]')",
            json!(1_767_571_200_000_i64),
        ),
        ("$exists($toMillis('nothing', '[Y]'))", json!(false)),
        ("$exists($toMillis('text', 'text'))", json!(false)),
        ("$fromMillis(2.5)", json!("1970-01-01T00:00:00.002Z")),
        ("$fromMillis(-0.5)", json!("1970-01-01T00:00:00.000Z")),
        ("$fromMillis(1767225600000.9, '[Y]')", json!("2026")),
        ("{'n': 1767225600000}.n.$fromMillis('[Y]')", json!("2026")),
        ("$map([0], $fromMillis(?, '[Y]'))", json!("1970")),
        // A picture, of nothing.
        ("$exists($fromMillis('x'))", json!(false)),
    ]);
    check_failing(&[
        ("$toMillis('x')", "D3110"),
        ("$toMillis('60 1', '[d] [H]')", "D3136"),
        ("$toMillis('10 5', '[H] [s]')", "D3136"),
        (
            "$fromMillis(0, '[Y]', 'UTC')",
            "must be an offset such as '+0100', but is 'UTC'",
        ),
        ("$now('[Y]', '')", "must be an offset"),
        ("$millis(1)", "T0410"),
        ("$now('[Y]', '+1', 2)", "T0410"),
    ]);
}

#[test]
fn numbers_are_rounded_half_to_even() {
    check(&[
        ("[1.5, 2.5, -2.5, 3.5].$formatBase($)", json!(["2", "2", "-2", "4"])),
        ("$formatBase(10, 2.5)", json!("1010")),
        ("{'n': 255}.n.$formatBase()", json!("255")),
        ("$formatBase(255, 16)", json!("ff")),
        ("$map([10, 11], $formatBase(?, 2))", json!(["1010", "1011"])),
        ("$round(2.5) + $round(3.5)", json!(6)),
        ("$exists($round($states.input.nothing))", json!(false)),
    ]);
    check_failing(&[
        ("$formatBase(10, 1)", "D3100"),
        ("$formatBase('10')", "T0410"),
        ("$round('1')", "T0410"),
    ]);
}

#[test]
fn urls_are_written_and_read_as_in_javascript() {
    check(&[
        (
            "$encodeUrlComponent(\"a-b_c.d!~*'() /ü&=+?#\")",
            json!("a-b_c.d!~*'()%20%2F%C3%BC%26%3D%2B%3F%23"),
        ),
        (
            "$encodeUrl('https://x.de/a b?q=ü&r=[1]#50%')",
            json!("https://x.de/a%20b?q=%C3%BC&r=%5B1%5D#50%25"),
        ),
        ("$decodeUrlComponent('a%20b%2Fc+d')", json!("a b/c+d")),
        ("$decodeUrl('a%20b%2Fc%C3%BC')", json!("a b%2Fcü")),
        ("$states.input.umlaut.$encodeUrl()", json!("%C3%A4%C3%B6%C3%BC")),
        ("'a b' ~> $encodeUrl", json!("a%20b")),
        ("$map(['a b', 'c d'], $encodeUrl)", json!(["a%20b", "c%20d"])),
        ("$exists($decodeUrl($states.input.nothing))", json!(false)),
    ]);
    check_failing(&[
        (
            "$decodeUrlComponent('250%')",
            "D3140: Malformed URL passed to $decodeUrlComponent(): \"250%\"",
        ),
        ("$decodeUrl('%zz')", "D3140"),
        ("$decodeUrl('%C3')", "D3140"),
        ("$decodeUrlComponent('%+1')", "D3140"),
        ("$encodeUrl(1)", "T0410"),
        ("{'n': 1}.n.$encodeUrl()", "T0411"),
    ]);
}

#[test]
fn texts_are_handled_as_in_2_0_6() {
    check(&[
        ("$pad('x', 3) & $pad('y', -3, '#')", json!("x  ##y")),
        ("$states.input.text.$pad(7, '.')", json!("13:45..")),
        ("$pad('abc', 2.5)", json!("abc")),
        ("$match('ab', /(a)|(b)/).groups", json!(["a", null, null, "b"])),
        (
            "$base64decode('YWJj') & $base64decode('YQ') & $base64decode('w7w=')",
            json!("abcaü"),
        ),
        ("$base64encode('ü')", json!("w7w=")),
        // Letters and digits are ASCII's in a regular expression.
        (r"$contains($states.input.umlaut, /\w/)", json!(false)),
        (r"$split('éa', /[^\w]/)", json!(["", "a"])),
        (r"$contains('٣', /\d/)", json!(false)),
        (r"$replace('a1-b2', /[\d-]/, '')", json!("ab")),
        (r"$contains('a word', /\bword\b/)", json!(true)),
        (r"$contains('a&&b', /[a&&b]&/)", json!(true)),
        ("$contains('a[b', /[[x]b/)", json!(true)),
    ]);
    check_failing(&[
        ("$pad('x', 3.5)", "Invalid array length"),
        ("$pad('x', 1234567890123)", "must not exceed"),
        ("$base64decode('!!!')", "not Base64"),
        ("$base64decode('//8=')", "not text in UTF-8"),
    ]);
}

#[test]
fn an_empty_list_reduces_to_nothing() {
    check(&[
        ("$exists($reduce([], function($a, $b) { $a + $b }))", json!(false)),
        (
            "$exists($states.input.empty ~> $reduce(function($a, $b) { $a + $b }))",
            json!(false),
        ),
        (
            "$exists($reduce($states.input.nothing, function($a, $b) { $a + $b }))",
            json!(false),
        ),
        ("$reduce([], function($a, $b) { $a + $b }, 7)", json!(7)),
        ("$reduce($states.input.list, function($a, $b) { $a + $b })", json!(6)),
        ("$states.input.list ~> $reduce(function($a, $b) { $a + $b })", json!(6)),
        ("$reduce(5, function($a, $b) { $a + $b })", json!(5)),
    ]);
}

#[test]
fn an_expressions_own_names_come_before_functions() {
    check(&[
        ("($pad := function($x) { $x & '!' }; $pad('a'))", json!("a!")),
        ("(function($now) { $now + 1 })(2)", json!(3)),
    ]);
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"pad": 5}, "Next": "B"},
        "B": {"Type": "Pass", "Output": "{% $pad('x', 3) %}", "End": true}
    }});
    let (_, cause) = outcome(&crate::common::run(&definition, &json!({}))).unwrap_err();
    assert!(cause.contains("T1006: Attempted to invoke a non-function"), "{cause}");
}

#[test]
fn aws_has_functions_of_its_own() {
    check(&[
        ("$partition([1, 2, 3, 4, 5], 2)", json!([[1, 2], [3, 4], [5]])),
        ("$partition([1], 3)", json!([[1]])),
        ("$range(0, 6, 2)", json!([0, 2, 4, 6])),
        ("$range(5, 0, -2)", json!([5, 3, 1])),
        // What is not whole is cut.
        ("$range(-1.7, 2, 1)", json!([-1, 0, 1, 2])),
        ("$count($range(1, 200000, 1))", json!(200_000)),
        (
            "$hash('input', 'SHA-1')",
            json!("140f86aae51ab9e1cda9b4254fe98a74eb54c1a1"),
        ),
        ("$length($hash('input', 'MD5'))", json!(32)),
        ("$length($hash('input', 'SHA-256'))", json!(64)),
        ("$length($hash('input', 'SHA-384'))", json!(96)),
        ("$length($hash('input', 'SHA-512'))", json!(128)),
        // The numbers of Java's generator, as AWS gives them.
        ("$random(42)", json!(0.727_563_680_032_868_1)),
        ("$random(0)", json!(0.730_967_787_376_657)),
        ("[$random() >= 0, $random() < 1]", json!([true, true])),
        ("$parse('[1, {\"a\": null}]')", json!([1, {"a": null}])),
        (
            r"$contains($uuid(), /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)",
            json!(true),
        ),
        ("$sum($shuffle([1, 2, 3]))", json!(6)),
        ("$shuffle([1..9]) = $shuffle([1..9]) and false", json!(false)),
    ]);
    check_failing(&[
        ("$partition([1], -1)", "T0410"),
        ("$range(1, 2, 0)", "T0410"),
        ("$hash('x', 'CRC-32')", "not supported"),
        ("$random('a')", "T0410"),
        ("$parse('{')", "not valid JSON"),
        ("$eval('1 + 1')", "T1006: Attempted to invoke a non-function"),
    ]);
}

#[test]
fn an_expression_has_aws_limits() {
    const MEMORY: &str = "threw an error during evaluation: Expression evaluation memory limit exceeded: Check for excessive \
                          memory usage";
    check(&[("[1..873782] ~> $count()", json!(873_782))]);
    check_failing(&[
        ("[1..873783] ~> $count()", MEMORY),
        ("[1..100000000] ~> $count()", MEMORY),
        ("$range(1, 100000000, 1)", MEMORY),
        (
            "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(60))",
            "D1011: Stack overflow",
        ),
        ("$each($states.input.list)", "T0410"),
        // Panics of the evaluator are errors as well.
        ("$parseInteger('2026-01-02T03:04:05', 'A')", "threw an error"),
    ]);
    check(&[
        (
            "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(20))",
            json!(20),
        ),
        (
            "($f := function($n, $sum) { $n = 0 ? $sum : $f($n - 1, $sum + 1) }; $f(1000, 0))",
            json!(1000),
        ),
    ]);
}
