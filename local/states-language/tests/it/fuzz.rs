//! Bounded fuzzing, the same on every run: whatever is read or executed, nothing panics, hangs or grows without end.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use states_language::{
    Execution, Failure, Json, StartOptions, StateMachine, Status, TaskRequest, TestStateOptions, VirtualClock,
    run_to_end, test_state,
};

use crate::common::single;

const CASES: u32 = 400;

/// Checks that many cases, drawn from a fixed seed.
fn check<S: Strategy>(strategy: S, test: impl Fn(S::Value)) {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, rng).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// Runs whatever parses, with tasks that answer what they were asked.
fn execute(definition: &str, input: &str) {
    let Ok(machine) = StateMachine::parse(definition) else {
        return;
    };
    let options = StartOptions {
        max_events: Some(300),
        ..StartOptions::default()
    };
    let mut clock = VirtualClock::default();
    let now = states_language::Clock::now(&mut clock);
    let Ok(mut execution) = Execution::start(&machine, options, input, now) else {
        return;
    };
    let mut echo = |task: &TaskRequest| match task.parameters.get("fail") {
        Some(_) => Err(Failure::new("Asked", "for it")),
        None => Ok(task.parameters.clone()),
    };
    run_to_end(&mut execution, &mut echo, &mut clock);
    let history = execution.history();
    assert!(execution.status() != Status::Running, "{definition}");
    for (at, event) in history.iter().enumerate() {
        assert_eq!(event.id, at as u64 + 1);
        assert!(event.previous_event_id < event.id);
        serde_json::to_string(event).unwrap();
    }
}

/// Texts from pieces of a grammar, which come closer to it than noise does.
fn pieces(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![9 => prop::sample::select(pieces).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..most).prop_map(|pieces| pieces.concat())
}

fn input() -> Value {
    json!({"a": {"b": [1, 2.5, {"c": "x"}], "d-e": null}, "n": 7, "s": "text", "t": "2026-01-01T00:00:00Z", "e": []})
}

#[test]
fn texts_that_are_not_json_are_refused() {
    let text = pieces(
        &[
            "{", "}", "[", "]", ",", ":", "\"", "a", "1", "-", ".5", "e9", "\\", "\\u00", "true", "null", " ",
        ],
        40,
    );
    check(text, |text| {
        let ours = Json::parse(&text);
        let theirs = serde_json::from_str::<Value>(&text);
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{text} {ours:?} {theirs:?}");
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            assert_eq!(Value::from(&ours), Value::from(&Json::from(theirs)), "{text}");
            assert_eq!(Json::parse(&ours.to_string()).as_ref(), Ok(&ours));
            assert_eq!(ours.to_string().len(), ours.text_len());
        }
    });
    for depth in [200, 100_000] {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(Json::parse(&text).is_ok(), depth < 250);
    }
}

#[test]
fn paths_find_something_or_say_why_not() {
    let path = pieces(
        &[
            "$",
            "$$",
            "$v",
            ".a",
            ".b",
            "['d-e']",
            "[0]",
            "[-1]",
            "[*]",
            "..",
            ".",
            "[1:]",
            "[0,1]",
            "[?(@.c)]",
            "[?(@ > 1)]",
            "[?(",
            "@.c",
            "==",
            "'x'",
            "&&",
            "||",
            "!",
            ")",
            "]",
            "[",
            ".length()",
            "=~ /x/i",
            " in ['x']",
            "*",
        ],
        14,
    );
    check(path, |path| {
        let path = format!("${path}");
        for state in [
            json!({"Type": "Pass", "InputPath": path}),
            json!({"Type": "Pass", "Result": 1, "ResultPath": path}),
            json!({"Type": "Pass", "Parameters": {"v.$": path}}),
            json!({"Type": "Wait", "SecondsPath": path}),
        ] {
            execute(&single(state).to_string(), &input().to_string());
        }
    });
    let deep = format!("${}1{}", "[?(@.a == ".repeat(10_000), ")]".repeat(10_000));
    // All of it behind the first `==` is text; it is read once, and not filter by filter.
    assert!(StateMachine::parse(&single(json!({"Type": "Pass", "InputPath": deep})).to_string()).is_ok());
    let long = format!("${}", ".a".repeat(1_001));
    assert!(StateMachine::parse(&single(json!({"Type": "Pass", "InputPath": long})).to_string()).is_err());
}

#[test]
fn intrinsic_functions_give_something_or_say_why_not() {
    let call = pieces(
        &[
            "States.Format(",
            "States.Array(",
            "States.MathAdd(",
            "States.ArrayRange(",
            "States.ArrayPartition(",
            "States.JsonMerge(",
            "States.StringSplit(",
            "States.Hash(",
            "States.UUID(",
            "States.Base64Decode(",
            "States.ArrayGetItem(",
            "'{}'",
            "'MD5'",
            "'\\",
            "'",
            "$.a",
            "$.a.b",
            "$.n",
            "$.s",
            "$$.State",
            "1",
            "-2.5",
            "null",
            "true",
            ",",
            ", ",
            ")",
            "9223372036854775807",
        ],
        14,
    );
    check(call, |call| {
        for call in [
            call.clone(),
            format!("States.Array({call})"),
            format!("States.Format('{{}}', {call})"),
        ] {
            execute(
                &single(json!({"Type": "Pass", "Parameters": {"v.$": call}})).to_string(),
                &input().to_string(),
            );
        }
    });
    let deep = format!("{}1{}", "States.Array(".repeat(10_000), ")".repeat(10_000));
    assert!(StateMachine::parse(&single(json!({"Type": "Pass", "Parameters": {"v.$": deep}})).to_string()).is_err());
}

#[test]
fn jsonata_expressions_give_something_or_say_why_not() {
    let expression = pieces(
        &[
            "$states.input",
            "$states.context",
            ".a",
            ".b",
            "[0]",
            "[",
            "]",
            "(",
            ")",
            "{",
            "}",
            "\"k\"",
            ":",
            "$sum(",
            "$map(",
            "function($x){",
            "$x",
            " + ",
            " & ",
            " = ",
            " ~> ",
            "1",
            "'s'",
            ",",
            ";",
            ":=",
            "$f",
            "$string(",
            "$range(",
            "$partition(",
            "$hash(",
            "$parse(",
            "$now(",
            "$random(",
            "/x/",
            "?",
            "..",
            "^(",
            "%",
            "*",
            "**",
        ],
        12,
    );
    check(expression, |expression| {
        let output = format!("{{% {expression} %}}");
        let state = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": output, "End": true});
        execute(&single(state.clone()).to_string(), &input().to_string());
        let options = TestStateOptions {
            input: input().to_string(),
            ..TestStateOptions::default()
        };
        let _ = test_state(&state.to_string(), options);
    });
    let deep = format!("{{% {}1{} %}}", "(".repeat(10_000), ")".repeat(10_000));
    let state = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": deep});
    assert!(StateMachine::parse(&single(state).to_string()).is_err());
}

/// A definition with every type of state, of which parts are then replaced.
fn seed() -> Value {
    json!({"StartAt": "Pass", "TimeoutSeconds": 100, "States": {
        "Pass": {"Type": "Pass", "Parameters": {"items.$": "$.a.b", "n.$": "States.MathAdd($.n, 1)"}, "ResultPath": "$.p", "Next": "Choice"},
        "Choice": {"Type": "Choice", "Choices": [{"And": [{"Variable": "$.n", "NumericLessThan": 9}, {"Variable": "$.s", "StringMatches": "t*"}], "Next": "Wait"}], "Default": "Fail"},
        "Wait": {"Type": "Wait", "SecondsPath": "$.n", "Next": "Task"},
        "Task": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload.$": "$"}, "TimeoutSeconds": 5,
                 "Retry": [{"ErrorEquals": ["Asked"], "MaxAttempts": 2}], "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Parallel"}], "ResultPath": "$.t", "Next": "Parallel"},
        "Parallel": {"Type": "Parallel", "ResultPath": "$.branches", "Next": "Map", "Branches": [
            {"StartAt": "B1", "States": {"B1": {"Type": "Pass", "Assign": {"x.$": "$.n"}, "End": true}}},
            {"StartAt": "B2", "States": {"B2": {"Type": "Wait", "Seconds": 1, "End": true}}}
        ]},
        "Map": {"Type": "Map", "ItemsPath": "$.p.items", "ItemSelector": {"v.$": "$$.Map.Item.Value"}, "MaxConcurrency": 2, "ResultPath": "$.mapped", "Next": "Distributed",
                "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}},
        "Distributed": {"Type": "Map", "ItemsPath": "$.a.b", "ToleratedFailurePercentage": 50, "ResultPath": "$.children", "Next": "Jsonata",
                "ItemBatcher": {"MaxItemsPerBatch": 2},
                "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "C", "States": {"C": {"Type": "Succeed"}}}},
        "Jsonata": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"n": "{% $states.input.n %}"}, "Assign": {"y": "{% $states.input.s %}"}, "Next": "Succeed"},
        "Succeed": {"Type": "Succeed"},
        "Fail": {"Type": "Fail", "ErrorPath": "$.s", "Cause": "c"}
    }})
}

/// The JSON pointers of all values.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(object) => object
            .iter()
            .for_each(|(key, value)| pointers(value, &format!("{at}/{}", key.replace('/', "~1")), found)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), found)),
        _ => {}
    }
}

#[test]
fn definitions_end_or_are_refused() {
    execute(&seed().to_string(), &input().to_string());
    let mut places = Vec::new();
    pointers(&seed(), "", &mut places);
    let replacement = prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(""),
        json!("$"),
        json!("$.n"),
        json!("$.a.b[*]"),
        json!("$$.Execution"),
        json!("$x"),
        json!("{% $states.input %}"),
        json!("Pass"),
        json!("Map"),
        json!("Choice"),
        json!("States.UUID()"),
        json!([]),
        json!({}),
        json!(["States.ALL"]),
        json!({"fail": 1}),
        json!({"Type": "Pass", "End": true}),
        json!({"Type": "Succeed"}),
    ]);
    let changes = prop::collection::vec((0..places.len(), replacement, any::<bool>()), 1..4);
    check(changes, move |changes| {
        let mut definition = seed();
        for (place, value, moves) in changes {
            let Some(target) = definition.pointer_mut(&places[place]) else {
                continue;
            };
            if moves && let Some(object) = target.as_object_mut() {
                object.insert("Catch".to_owned(), value);
            } else {
                *target = value;
            }
        }
        execute(&definition.to_string(), &input().to_string());
        execute(&definition.to_string(), "[5]");
    });
}

#[test]
fn definitions_that_nest_too_deep_are_refused() {
    let mut flow = json!({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}});
    for level in 0..200 {
        let name = format!("P{level}");
        flow =
            json!({"StartAt": name.clone(), "States": {name: {"Type": "Parallel", "Branches": [flow], "End": true}}});
    }
    assert!(StateMachine::parse(&flow.to_string()).is_err());
}

#[test]
fn data_that_nests_as_deep_as_it_may_is_carried_through() {
    let deep = format!("{}{}", "[".repeat(240), "]".repeat(240));
    let value: Value = json!("DEEP");
    for state in [
        json!({"Type": "Pass", "Parameters": {"v": value}}),
        json!({"Type": "Pass", "Parameters": {"v": value, "w.$": "$"}}),
        json!({"Type": "Pass", "Result": value}),
        json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": [value, "{% $states.input %}"]}),
        json!({"Type": "Pass", "Parameters": {"v.$": "$..a"}}),
        json!({"Type": "Pass", "Parameters": {"v.$": "States.ArrayUnique($)"}}),
        json!({"Type": "Pass", "Parameters": {"v.$": "States.Format('{}', $)"}}),
    ] {
        let definition = single(state).to_string().replace("\"DEEP\"", &deep);
        execute(&definition, &deep);
    }
}

#[test]
fn data_that_is_wrapped_again_and_again_ends_the_execution() {
    let states = [
        json!({"Type": "Pass", "Parameters": {"x.$": "$"}, "Next": "A"}),
        json!({"Type": "Pass", "Assign": {"v": {"x.$": "$v"}}, "Next": "A"}),
        json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"x": "{% $states.input %}"}, "Next": "A"}),
        json!({"Type": "Map", "ItemsPath": "$.x", "Next": "A", "ResultPath": "$.x", "ItemSelector": {"x.$": "$$.Map.Item.Value"},
               "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}}),
    ];
    for state in states {
        let definition = json!({"StartAt": "S", "States": {"S": {"Type": "Pass", "Assign": {"v": 1}, "Next": "C"}, "A": state,
                "C": {"Type": "Choice", "Default": "A", "Choices": [{"Variable": "$.never", "IsPresent": true, "Next": "E"}]},
                "E": {"Type": "Succeed"}}});
        let machine = StateMachine::parse(&definition.to_string()).unwrap();
        let mut clock = VirtualClock::default();
        let now = states_language::Clock::now(&mut clock);
        let mut execution = Execution::start(&machine, StartOptions::default(), r#"{"x": [1]}"#, now).unwrap();
        run_to_end(
            &mut execution,
            &mut |task: &TaskRequest| Ok::<_, Failure>(task.parameters.clone()),
            &mut clock,
        );
        let cause = execution.failure().and_then(|failure| failure.cause.clone()).unwrap();
        assert!(
            cause.ends_with("nests more than 250 levels deep.") || cause.contains("unsupported result type"),
            "{cause}"
        );
    }
}
