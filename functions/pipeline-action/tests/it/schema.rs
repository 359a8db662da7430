//! The published JSON Schema and the parser are of one mind.

use boon::{Compiler, Schemas};
use pipeline_action::user_parameters::{MAX_APPROVAL_MINUTES, MAX_TIMEOUT_MINUTES, RESERVED_VARIABLES, UserParameters};
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../user-parameters.schema.json");
const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml";

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("the schema is JSON")
}

/// Whether the schema accepts each of some values.
fn accepted_by_schema(values: &[Value]) -> Vec<bool> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("user-parameters.json", schema()).unwrap();
    let index = compiler
        .compile("user-parameters.json", &mut schemas)
        .expect("the schema is one");
    values
        .iter()
        .map(|value| schemas.validate(value, index).is_ok())
        .collect()
}

#[test]
fn both_accept_and_refuse_the_same() {
    let with = |field: &str, value: Value| {
        let mut parameters = json!({"stateMachine": "ml"});
        parameters[field] = value;
        parameters
    };
    let mut values = vec![json!({}), json!([]), json!("text"), json!(null), json!({"input": 1})];
    for machine in [
        json!("ml"),
        json!("ml_pipeline-1.0"),
        json!("ü"),
        json!(MACHINE),
        json!(format!("{MACHINE}:live")),
        json!(format!("{MACHINE}:7")),
        json!("ssm:/a/b"),
        json!("ssm:/a:3"),
        json!(""),
        json!("a b"),
        json!("a:b"),
        json!("ssm:"),
        json!("ssm:  "),
        json!(format!("{MACHINE}:")),
        json!(format!("{MACHINE}:a:b")),
        json!(7),
        json!("a/b"),
        json!("a\u{7}b"),
        json!("a\tb"),
        json!("a\\b"),
        json!("x".repeat(80)),
        json!("x".repeat(81)),
        json!("arn:aws:states:us-east-1:123456789012:execution:ml:one"),
        json!("arn:aws:states:us-east-1:1:stateMachine:ml"),
        json!("arn:aws:lambda:us-east-1:123456789012:stateMachine:ml"),
    ] {
        values.push(json!({"stateMachine": machine}));
    }
    for input in [json!(null), json!(1), json!("x"), json!([]), json!({"a": [{}]})] {
        values.push(with("input", input));
    }
    for file in [
        "A::b",
        "A-b_9::c/d.json",
        "A",
        "A::",
        "::b",
        "A b::c",
        "A::b::c",
        "A::b\nc",
    ] {
        values.push(with("inputFile", json!(file)));
    }
    for id in [
        "5f2c1a6e-8f0b-4d3e-9a57-3b1f0c9e7d42",
        "x",
        "-x",
        "",
        "-",
        "a_b",
        "a b",
        &"x".repeat(101),
    ] {
        values.push(with("pipelineExecutionId", json!(id)));
    }
    for (name, path) in [
        ("A", "$"),
        ("a@b-c_9", "$.a"),
        ("A", "$.a['b c'][0][\"d\"]"),
        ("A", "$['']"),
        ("A", "$.ü-x"),
        ("A", "a"),
        ("A", "$."),
        ("A", "$..a"),
        ("A", "$.a[*]"),
        ("A", "$.a[-1]"),
        ("A", "$.a[1234567890]"),
        ("A", "$.a['b\\'c']"),
        ("A", "$.a b"),
        ("A B", "$"),
        ("", "$"),
        ("ü", "$"),
        ("ExecutionArn", "$"),
        ("ExecutionName", "$"),
        ("StateMachineArn", "$"),
    ] {
        values.push(with("outputVariables", json!({name: path})));
    }
    values.extend([
        with("outputVariables", json!([])),
        with("outputVariables", json!({"A": 7})),
    ]);
    for minutes in [
        json!(1),
        json!(1430),
        json!(30.0),
        json!(0),
        json!(1431),
        json!(1.5),
        json!(-1),
        json!("1"),
        json!(null),
    ] {
        values.push(with("timeoutMinutes", minutes));
    }
    let approval = json!({"pipeline": "p", "stage": "s", "action": "a.@-_9"});
    for minutes in [json!(1), json!(86_250), json!(86_251), json!(0)] {
        values.push(json!({
            "stateMachine": "ml", "pipelineExecutionId": "x", "approval": approval, "timeoutMinutes": minutes}));
    }
    values.push(with("approval", approval));
    for approval in [
        json!(null),
        json!("a"),
        json!({}),
        json!({"pipeline": "p", "stage": "s"}),
        json!({"pipeline": "p", "stage": "s", "action": "a", "token": "t"}),
        json!({"pipeline": "p", "stage": "s", "action": ""}),
        json!({"pipeline": "p", "stage": "s", "action": "a b"}),
        json!({"pipeline": "p", "stage": "s", "action": 7}),
        json!({"pipeline": "p", "stage": "s", "action": "a".repeat(101)}),
    ] {
        values.push(json!({"stateMachine": "ml", "pipelineExecutionId": "x", "approval": approval}));
    }
    for word in ["stop", "leave", "restart", "redrive", "Stop", ""] {
        values.push(with("onTimeout", json!(word)));
        values.push(with("onRetry", json!(word)));
        values.push(json!({"stateMachine": "ml", "pipelineExecutionId": "x", "onRetry": word}));
    }
    values.extend([
        with("unknown", json!(1)),
        with("StateMachine", json!("ml")),
        with("onTimeout", json!(1)),
    ]);
    for (value, by_schema) in values.iter().zip(accepted_by_schema(&values)) {
        let parsed = UserParameters::parse(Some(&value.to_string()));
        assert_eq!(by_schema, parsed.is_ok(), "{value}: {:?}", parsed.err());
    }
}

#[test]
fn the_schema_takes_what_people_write_before_codepipeline_puts_values() {
    let written = [
        json!({"stateMachine": "#{variables.Machine}"}),
        json!({"stateMachine": "ml", "pipelineExecutionId": "#{codepipeline.PipelineExecutionId}"}),
    ];
    assert_eq!(accepted_by_schema(&written), [true, true]);
    for value in written {
        let error = UserParameters::parse(Some(&value.to_string())).unwrap_err().to_string();
        assert!(
            error.contains("`stateMachine`") || error.contains("`pipelineExecutionId`"),
            "{error}"
        );
    }
}

#[test]
fn the_schema_s_examples_defaults_and_limits_are_the_parser_s() {
    let schema = schema();
    let properties = schema["properties"].as_object().unwrap();
    for (field, property) in properties {
        for example in property["examples"].as_array().into_iter().flatten() {
            let mut value = json!({"stateMachine": "ml", "pipelineExecutionId": "x"});
            value[field] = example.clone();
            assert!(UserParameters::parse(Some(&value.to_string())).is_ok(), "{value}");
        }
        assert!(property["description"].is_string(), "{field}");
    }
    let mut defaults = json!({"stateMachine": "ml"});
    for (field, property) in properties {
        if let Some(default) = property.get("default") {
            defaults[field] = default.clone();
        }
    }
    let parse = |value: Value| UserParameters::parse(Some(&value.to_string())).unwrap();
    let (with, without) = (parse(defaults), parse(json!({"stateMachine": "ml"})));
    assert_eq!(
        (with.timeout, with.on_timeout, with.on_retry),
        (without.timeout, without.on_timeout, without.on_retry)
    );
    assert_eq!(properties["timeoutMinutes"]["maximum"], json!(MAX_APPROVAL_MINUTES));
    let polling = &schema["allOf"][1]["else"]["properties"]["timeoutMinutes"];
    assert_eq!(polling["maximum"], json!(MAX_TIMEOUT_MINUTES));
    assert_eq!(
        properties["outputVariables"]["propertyNames"]["not"]["enum"],
        json!(RESERVED_VARIABLES)
    );
}
