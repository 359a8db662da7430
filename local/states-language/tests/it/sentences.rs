//! What AWS says of definitions that it refuses, word for word, and of some that it takes.
//!
//! Measured by others with ValidateStateMachineDefinition or CreateStateMachine, and published: floci-io/floci issues 2670, 2735,
//! 2745 and 2968, aws/aws-cdk issues 10530 and 20835, and the rules of the package cdk-preflight.

use serde_json::{Value, json};
use states_language::StateMachine;

use crate::common::{outcome, run};

/// The refusal of a definition, without the words that begin and end it; nothing where it is taken.
fn refusal(definition: &Value) -> String {
    match StateMachine::parse(&definition.to_string()) {
        Ok(_) => String::new(),
        Err(invalid) => {
            let told = invalid.to_string();
            let told = told.strip_prefix("Invalid State Machine Definition: '").unwrap();
            told.strip_suffix('\'').unwrap().to_owned()
        }
    }
}

fn one(state: &Value) -> Value {
    json!({"StartAt": "A", "States": {"A": state}})
}

fn with(state: Value, more: Value) -> Value {
    let (Value::Object(mut state), Value::Object(more)) = (state, more) else {
        panic!("both are objects");
    };
    state.extend(more);
    state.into()
}

#[test]
fn a_state_is_refused_in_the_words_of_aws() {
    let pass = json!({"Type": "Pass", "End": true});
    let wait = json!({"Type": "Wait", "End": true});
    let task = json!({
        "Type": "Task", "End": true, "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"},
    });
    let inner = json!({"StartAt": "I", "States": {"I": pass}});
    let map = json!({"Type": "Map", "End": true, "ItemProcessor": inner});
    let configured = |config: Value| with(inner.clone(), json!({"ProcessorConfig": config}));
    let choice = |rule: Value| json!({"Type": "Choice", "Choices": [rule], "Default": "A"});
    let schema = |message: &str, place: &str| format!("SCHEMA_VALIDATION_FAILED: {message} at /States/A{place}");
    let cases = [
        (
            with(pass.clone(), json!({"TimeoutSeconds": 1})),
            schema("Field 'TimeoutSeconds' is not supported", ""),
        ),
        (
            with(pass.clone(), json!({"Catch": []})),
            schema("Field 'Catch' is not supported", ""),
        ),
        (
            with(wait.clone(), json!({"Seconds": 1, "Retry": []})),
            schema("Field 'Retry' is not supported", ""),
        ),
        (
            with(map.clone(), json!({"TimeoutSeconds": 1})),
            schema("Field 'TimeoutSeconds' is not supported", ""),
        ),
        (
            with(
                map.clone(),
                json!({"ItemProcessor": with(inner.clone(), json!({"QueryLanguage": "JSONata"}))}),
            ),
            schema("Field 'QueryLanguage' is not supported", "/ItemProcessor"),
        ),
        (
            with(pass.clone(), json!({"Output": 1})),
            schema(
                "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage",
                "",
            ),
        ),
        (
            with(pass.clone(), json!({"QueryLanguage": "SQL"})),
            schema(
                "Value should be one of the following: [JSONPath, JSONata]",
                "/QueryLanguage",
            ),
        ),
        (
            with(pass.clone(), json!({"Next": "A"})),
            schema("There should only be one of the following fields: [Next, End]", ""),
        ),
        (
            with(wait.clone(), json!({"Seconds": -1})),
            schema("Minimum value is 0", "/Seconds"),
        ),
        (
            with(wait.clone(), json!({"Seconds": 100_000_000})),
            schema("Maximum value is 99999999", "/Seconds"),
        ),
        (
            with(wait.clone(), json!({"Seconds": 1, "TimestampPath": "$.t"})),
            schema(
                "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]",
                "",
            ),
        ),
        (
            with(wait.clone(), json!({"Timestamp": "tomorrow"})),
            schema("String does not match RFC3339 timestamp", "/Timestamp"),
        ),
        (
            with(task.clone(), json!({"TimeoutSeconds": 0})),
            schema("Minimum value is 1", "/TimeoutSeconds"),
        ),
        (
            with(map.clone(), json!({"MaxConcurrency": "$.n"})),
            schema("Expected value of type Integer", "/MaxConcurrency"),
        ),
        (
            with(map.clone(), json!({"MaxConcurrency": -1})),
            schema("Minimum value is 0", "/MaxConcurrency"),
        ),
        (
            with(map.clone(), json!({"ToleratedFailurePercentage": 101})),
            schema("Maximum value is 100.0", "/ToleratedFailurePercentage"),
        ),
        (
            with(
                map.clone(),
                json!({"ItemProcessor": configured(json!({"Mode": "DISTRIBUTED"}))}),
            ),
            schema(
                "These fields are required: [ExecutionType]",
                "/ItemProcessor/ProcessorConfig",
            ),
        ),
        (
            with(
                map.clone(),
                json!({"ItemProcessor": configured(json!({"Mode": "DISTRIBUTED", "ExecutionType": "FAST"}))}),
            ),
            schema(
                "Value should be one of the following: [STANDARD, EXPRESS]",
                "/ItemProcessor/ProcessorConfig/ExecutionType",
            ),
        ),
        (
            with(
                map.clone(),
                json!({"ItemProcessor": configured(json!({"Mode": "INLINE", "ExecutionType": "EXPRESS"}))}),
            ),
            schema(
                "Field 'ExecutionType' is not supported",
                "/ItemProcessor/ProcessorConfig",
            ),
        ),
        (
            with(
                task.clone(),
                json!({"Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["e"]}]}),
            ),
            schema(
                "States.ALL must appear alone and at end of list",
                "/Retry[0]/ErrorEquals[0]",
            ),
        ),
        (
            with(task.clone(), json!({"Retry": [{"ErrorEquals": []}]})),
            schema("Value cannot be empty", "/Retry[0]/ErrorEquals"),
        ),
        (
            with(task.clone(), json!({"Retry": [{"MaxAttempts": 1}]})),
            schema("These fields are required: [ErrorEquals]", "/Retry[0]"),
        ),
        (
            with(
                task.clone(),
                json!({"Retry": [{"ErrorEquals": ["e"], "JitterStrategy": "HALF"}]}),
            ),
            schema(
                "Value should be one of the following: [NONE, FULL]",
                "/Retry[0]/JitterStrategy",
            ),
        ),
        (
            with(
                task.clone(),
                json!({"Retry": [{"ErrorEquals": ["e"], "MaxDelaySeconds": 31_622_401}]}),
            ),
            schema("Maximum value is 31622400", "/Retry[0]/MaxDelaySeconds"),
        ),
        (
            with(task.clone(), json!({"Parameters": {"Payload.$": "$"}})),
            schema("The field 'FunctionName' is required but was missing", "/Parameters"),
        ),
        (
            json!({"Type": "Task", "End": true, "Resource": "arn:aws:states:::sqs:sendMessage"}),
            schema(
                "Parameters field is required for resource ARN: arn:aws:states:::sqs:sendMessage",
                "",
            ),
        ),
        (
            with(task.clone(), json!({"Credentials": null})),
            schema("Expected value of type Object", "/Credentials"),
        ),
        (
            with(task.clone(), json!({"Resource": "arn:aws:states:::lambda:invoke.sync"})),
            schema(
                "The resource provided arn:aws:states:::lambda:invoke.sync is not recognized. The value is not a valid \
                 resource ARN, or the resource is not available in this region.",
                "/Resource",
            ),
        ),
        (
            with(task.clone(), json!({"Catch": [{"ErrorEquals": ["e"]}]})),
            schema("These fields are required: [Next]", "/Catch[0]"),
        ),
        (
            json!({"Type": "Parallel", "End": true, "Branches": []}),
            schema("Value cannot be empty", "/Branches"),
        ),
        (
            json!({"Type": "Parallel", "End": true, "Branches": [{"States": {"I": pass}}]}),
            schema("These fields are required: [StartAt]", "/Branches[0]"),
        ),
        (
            choice(json!({"Next": "A"})),
            schema(
                "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]",
                "/Choices[0]",
            ),
        ),
        (
            choice(json!({"Not": {"Variable": "$.a", "IsNull": true, "Next": "A"}, "Next": "A"})),
            schema("Field 'Next' is not supported", "/Choices[0]/Not"),
        ),
        (
            with(pass.clone(), json!({"Assign": {"states": 1}})),
            "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/A/Assign/states"
                .to_owned(),
        ),
        (
            with(pass.clone(), json!({"Assign": {"a-b": 1}})),
            "INVALID_VARIABLE_NAME: Invalid variable name 'a-b': the variable name contains invalid characters. at \
             /States/A/Assign/a-b"
                .to_owned(),
        ),
    ];
    for (state, expected) in cases {
        let told = refusal(&one(&state));
        let told = told
            .strip_suffix(", MISSING_END_STATE: Workflow has no terminal state at null")
            .unwrap_or(&told);
        assert_eq!(told, expected, "{state}");
    }
}

#[test]
fn what_is_taken_is_not_refused() {
    let task = json!({
        "Type": "Task", "End": true, "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"},
        "Retry": [{"ErrorEquals": ["e"], "IntervalSeconds": 0}],
    });
    let mut definition = one(&task);
    definition["TimeoutSeconds"] = 0.into();
    assert_eq!(refusal(&definition), "");
    let credentials = json!({
        "Type": "Task", "End": true, "Resource": "arn:aws:states:::lambda:invoke", "QueryLanguage": "JSONata",
        "Arguments": {"FunctionName": "f"}, "Credentials": "{% $states.input.credentials %}",
    });
    assert_eq!(refusal(&one(&credentials)), "");
}

#[test]
fn some_of_it_fails_when_it_runs() {
    let pass = json!({"Type": "Pass", "End": true});
    let with_mode = |mode: &Value| json!({"StartAt": "I", "States": {"I": pass}, "ProcessorConfig": mode});
    let distributed = with_mode(&json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}));
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "k"},
    });
    // Seen in an execution: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html names no such fields.
    let inline = "The ItemReader, ItemBatcher and ResultWriter fields are not supported for INLINE maps";
    let map = json!({"Type": "Map", "End": true, "Label": "l"});
    for (fields, cause) in [
        (
            json!({"ItemProcessor": with_mode(&json!({"Mode": "INLINE"})), "ItemReader": reader}),
            Some(inline),
        ),
        (
            json!({"ItemProcessor": with_mode(&json!({})), "ItemBatcher": {"MaxItemsPerBatch": 2}}),
            Some(inline),
        ),
        (json!({"ItemProcessor": with_mode(&json!({}))}), None),
        (
            json!({"ItemProcessor": distributed, "ResultWriter": {}}),
            Some("The ResultWriter field cannot be empty"),
        ),
    ] {
        let definition = one(&with(map.clone(), fields));
        assert_eq!(refusal(&definition), "");
        let warned = StateMachine::validate(&definition.to_string());
        assert_eq!(warned.len(), usize::from(cause.is_some()), "{warned:?}");
        let ended = outcome(&run(&definition, &json!([1])));
        let failed = ended.err().map(|(error, cause)| {
            assert_eq!(error, "States.Runtime");
            cause
        });
        assert_eq!(failed.is_some(), cause.is_some(), "{definition}");
        assert!(
            failed.unwrap_or_default().contains(cause.unwrap_or_default()),
            "{definition}"
        );
    }
}

#[test]
fn an_expression_is_refused_in_the_words_of_aws() {
    let invalid = |message: &str| format!("INVALID_JSONATA_EXPRESSION: {message} at /States/A/Output");
    let unsupported = |message: &str| format!("UNSUPPORTED_JSONATA_EXPRESSION: {message} at /States/A/Output");
    for (expression, expected) in [
        ("a[1,2)", invalid("Expected \"]\", got \",\"")),
        (
            "\"unterminated",
            invalid("String literal must be terminated by a matching quote"),
        ),
        ("1 +", invalid("Unexpected end of expression")),
        (
            "{\"a\":}",
            invalid("The symbol \"}\" cannot be used as a unary operator"),
        ),
        ("$x :=", invalid("Unexpected end of expression")),
        (
            "$states.errorOutput",
            unsupported("Field '$states.errorOutput' does not exist."),
        ),
        (
            "$states.errorOutput.Error & 'x'",
            unsupported("Field '$states.errorOutput' does not exist."),
        ),
        (
            "[1].($states.mistake.a)",
            unsupported("Field '$states.mistake' does not exist."),
        ),
        (
            "phone",
            unsupported("Reference to 'phone' at the top level is not supported."),
        ),
    ] {
        let state =
            json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": format!("{{% {expression} %}}"), "End": true});
        assert_eq!(refusal(&one(&state)), expected, "{expression}");
    }
    let caught = json!({
        "Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "f"}, "Output": "{% $states.result %}", "End": true,
        "Catch": [{
            "ErrorEquals": ["States.ALL"], "Next": "A",
            "Output": {"e": "{% $states.errorOutput.Error %}"}, "Assign": {"c": "{% $states.errorOutput.Cause %}"},
        }],
    });
    assert_eq!(refusal(&one(&caught)), "");
}

#[test]
fn targets_that_are_missing_are_named_where_they_are() {
    let missing = |place: &str| format!("MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at /States/A{place}");
    let end = ", MISSING_END_STATE: Workflow has no terminal state at null";
    let choice = json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "NOPE"}]});
    let caught = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "End": true,
        "Catch": [{"ErrorEquals": ["e"], "Next": "NOPE"}],
    });
    let default = json!({
        "Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "A"}], "Default": "NOPE",
    });
    for (state, expected) in [
        (json!({"Type": "Pass", "Next": "NOPE"}), missing("/Next") + end),
        (choice, missing("/Choices[0]/Next") + end),
        (default, missing("/Default") + end),
        (caught, missing("/Catch[0]/Next")),
    ] {
        assert_eq!(refusal(&one(&state)), expected, "{state}");
    }
}
