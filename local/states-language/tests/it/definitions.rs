//! What CreateStateMachine would refuse, and where it is.

use serde_json::{Value, json};
use states_language::{Severity, StateMachine};

/// Definitions with one fault each: the code, the pointer, and a part of the message.
#[test]
fn faults_are_found_where_they_are() {
    let pass = json!({"Type": "Pass", "End": true});
    let task = |extra: Value| {
        let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:::s3:getObject", "End": true});
        state
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        state
    };
    let schema = "SCHEMA_VALIDATION_FAILED";
    let target = "MISSING_TRANSITION_TARGET";
    let cases = [
        (
            json!({"Type": "Pass", "Next": "B"}),
            target,
            "/States/A/Next",
            "Missing 'Next' target: B",
        ),
        (json!({"Type": "Pass"}), schema, "/States/A", "either 'Next' or 'End'"),
        (
            json!({"Type": "Pass", "End": true, "Wait": 1}),
            schema,
            "/States/A/Wait",
            "Field 'Wait' is not supported",
        ),
        (
            json!({"Type": "Sleep", "End": true}),
            schema,
            "/States/A/Type",
            "The field 'Type' should have one of these values: [Task, Wait, ",
        ),
        (
            json!({"Type": "Pass", "End": true, "InputPath": "$.a["}),
            schema,
            "/States/A/InputPath",
            "must be a valid JSONPath",
        ),
        (
            json!({"Type": "Pass", "End": true, "ResultPath": "$..a"}),
            schema,
            "/States/A/ResultPath",
            "reference path",
        ),
        (
            json!({"Type": "Pass", "End": true, "Parameters": {"a": {"b.$": "x"}}}),
            schema,
            "/States/A/Parameters/a/b.$",
            "'b.$' must be a valid JSONPath",
        ),
        (
            json!({"Type": "Pass", "End": true, "Parameters": {"b.$": "States.No()"}}),
            schema,
            "/States/A/Parameters/b.$",
            "no intrinsic function",
        ),
        (
            json!({"Type": "Pass", "End": true, "Parameters": {"b.$": "States.Array('a\\q')"}}),
            schema,
            "/States/A/Parameters/b.$",
            "is not an escape",
        ),
        (
            json!({"Type": "Pass", "End": true, "Parameters": {"b.$": 1}}),
            schema,
            "/States/A/Parameters/b.$",
            "must be a STRING",
        ),
        (
            json!({"Type": "Pass", "End": true, "Output": 1}),
            schema,
            "/States/A/Output",
            "but field 'Output' is only supported for the 'JSONata' QueryLanguage",
        ),
        (
            json!({"Type": "Pass", "End": true, "QueryLanguage": "JSONata", "InputPath": "$"}),
            schema,
            "/States/A/InputPath",
            "but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage",
        ),
        (
            json!({"Type": "Pass", "End": true, "QueryLanguage": "JSONata", "Output": {"x": "{% 1 + %}"}}),
            "INVALID_JSONATA_EXPRESSION",
            "/States/A/Output/x",
            "Unexpected end of expression",
        ),
        (
            json!({"Type": "Pass", "End": true, "QueryLanguage": "SQL"}),
            schema,
            "/States/A/QueryLanguage",
            "[JSONPath, JSONata]",
        ),
        (
            json!({"Type": "Pass", "End": true, "Assign": {"states": 1}}),
            "RESERVED_VARIABLE_NAME",
            "/States/A/Assign/states",
            "Cannot assign to reserved variable '$states'.",
        ),
        (
            json!({"Type": "Wait", "End": true}),
            schema,
            "/States/A",
            "exactly one of",
        ),
        (
            json!({"Type": "Wait", "End": true, "Seconds": -1}),
            schema,
            "/States/A/Seconds",
            "Minimum value is 0",
        ),
        (
            json!({"Type": "Wait", "End": true, "Timestamp": "tomorrow"}),
            schema,
            "/States/A/Timestamp",
            "RFC3339",
        ),
        (
            json!({"Type": "Fail", "End": true}),
            schema,
            "/States/A/End",
            "cannot have 'End'",
        ),
        (
            json!({"Type": "Fail", "Error": "a", "ErrorPath": "$.a"}),
            schema,
            "/States/A",
            "There should only be one of the following fields: [Error, ErrorPath]",
        ),
        (
            json!({"Type": "Choice", "Choices": []}),
            schema,
            "/States/A/Choices",
            "Value cannot be empty",
        ),
        (
            json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "A"}]}),
            schema,
            "/States/A/Choices/0",
            "exactly one comparison",
        ),
        (
            json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": "1", "Next": "A"}]}),
            schema,
            "/States/A/Choices/0/NumericEquals",
            "wrong type",
        ),
        (
            json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "A"}], "Default": "Z"}),
            target,
            "/States/A/Default",
            "Missing 'Next' target: Z",
        ),
        (
            task(json!({"Resource": "lambda"})),
            schema,
            "/States/A/Resource",
            "not a valid resource ARN",
        ),
        (
            task(json!({"TimeoutSeconds": 5, "HeartbeatSeconds": 5})),
            schema,
            "/States/A/HeartbeatSeconds",
            "smaller than 'TimeoutSeconds'",
        ),
        (
            task(json!({"TimeoutSeconds": 5, "TimeoutSecondsPath": "$.a"})),
            schema,
            "/States/A",
            "There should only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath]",
        ),
        (
            task(json!({"Retry": [{"ErrorEquals": []}]})),
            schema,
            "/States/A/Retry/0/ErrorEquals",
            "Value cannot be empty",
        ),
        (
            task(json!({"Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["a"]}]})),
            schema,
            "/States/A/Retry/0/ErrorEquals/0",
            "States.ALL must appear alone and at end of list",
        ),
        (
            task(json!({"Retry": [{"ErrorEquals": ["a"], "BackoffRate": 0.5}]})),
            schema,
            "/States/A/Retry/0/BackoffRate",
            "Minimum value is 1.0",
        ),
        (
            task(json!({"Catch": [{"ErrorEquals": ["a"]}]})),
            schema,
            "/States/A/Catch/0",
            "These fields are required: [Next]",
        ),
        (
            json!({"Type": "Parallel", "End": true, "Branches": [{"StartAt": "X", "States": {"B": pass}}]}),
            target,
            "/States/A/Branches/0/StartAt",
            "Missing 'StartAt' target: X",
        ),
        (
            json!({"Type": "Map", "End": true}),
            schema,
            "/States/A",
            "These fields are required: [ItemProcessor]",
        ),
        (
            json!({"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "B", "States": {"B": pass}}}),
            schema,
            "/States/A/ItemProcessor/ProcessorConfig",
            "These fields are required: [ExecutionType]",
        ),
        (
            json!({"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "A", "States": {"A": pass}}}),
            "DUPLICATE_STATE_NAME",
            "/States",
            "Duplicate state name: A",
        ),
    ];
    for (state, code, pointer, message) in cases {
        let definition = json!({"StartAt": "A", "States": {"A": state}}).to_string();
        let findings = StateMachine::validate(&definition);
        let found = findings
            .iter()
            .any(|it| it.code == code && it.pointer == pointer && it.message.contains(message));
        assert!(found, "{definition}\n{findings:#?}");
        assert!(StateMachine::parse(&definition).is_err(), "{definition}");
    }
}

#[test]
fn an_inner_scope_assigns_no_variable_of_an_outer_one() {
    let assigning = |name: &str| json!({"Type": "Pass", "Assign": {name: 1}, "End": true});
    let map_of =
        |inner: &Value| json!({"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": inner}}});
    // What the outer scope does, what the inner one does, and whether both may stand together.
    let outer = [
        json!({"Type": "Pass", "Assign": {"x": 1}, "Next": "M"}),
        json!({"Type": "Wait", "Seconds": 1, "Assign": {"x": 1}, "Next": "M"}),
        json!({
            "Type": "Choice", "Default": "M",
            "Choices": [{"Variable": "$.a", "IsPresent": true, "Assign": {"x": 1}, "Next": "M"}]
        }),
        json!({
            "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:listBuckets", "Next": "M",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"x": 1}, "Next": "M"}]
        }),
    ];
    let parallel = json!({"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "J", "States": {"J": assigning("y")}}, {"StartAt": "I", "States": {"I": assigning("x")}}
    ]});
    let deep = json!({"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "J", "States": {"J": map_of(&assigning("x"))}}});
    for first in &outer {
        for inner in [map_of(&assigning("x")), parallel.clone(), deep.clone()] {
            let definition = json!({"StartAt": "A", "States": {"A": first, "M": inner}}).to_string();
            let findings = StateMachine::validate(&definition);
            let found: Vec<_> = findings
                .iter()
                .map(|it| (it.code, it.pointer.as_str(), it.message.as_str()))
                .collect();
            let message = "The state \"I\" assigns the variable 'x', which an outer scope assigns as well";
            assert_eq!(
                found,
                [("SCHEMA_VALIDATION_FAILED", "/States", message)],
                "{definition}"
            );
        }
        // Scopes side by side, and those of different names, do not see each other.
        let apart = json!({"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "J", "States": {"J": assigning("y")}}, {"StartAt": "I", "States": {"I": assigning("y")}}
        ]});
        let definition = json!({"StartAt": "A", "States": {"A": first, "M": apart}}).to_string();
        assert_eq!(StateMachine::validate(&definition), []);
    }
}

#[test]
fn what_a_state_catches_may_be_called_as_what_was_assigned_within() {
    let assigning = json!({"Type": "Pass", "Assign": {"x": 1}, "End": true});
    let catch = json!([{"ErrorEquals": ["States.ALL"], "Assign": {"x": 2}, "Next": "End"}]);
    let definition = |catching: Value, within: &Value| {
        let branches = json!([{"StartAt": "I", "States": {"I": within}}]);
        let mut parallel = json!({"Type": "Parallel", "Branches": branches, "Next": "End"});
        parallel["Catch"] = catching;
        json!({"StartAt": "P", "States": {"P": parallel, "End": {"Type": "Succeed"}}}).to_string()
    };
    assert_eq!(StateMachine::validate(&definition(catch.clone(), &assigning)), []);
    // Further in, it is somebody else's scope.
    let deeper = json!({"Type": "Parallel", "Branches": [{"StartAt": "J", "States": {"J": assigning}}], "End": true});
    assert_eq!(StateMachine::validate(&definition(catch.clone(), &deeper)), []);
    let mut other = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "P"});
    other["Catch"] = json!([{"ErrorEquals": ["States.ALL"], "Assign": {"x": 2}, "Next": "P"}]);
    let mut beside: Value = serde_json::from_str(&definition(json!([]), &assigning)).unwrap();
    beside["StartAt"] = json!("T");
    beside["States"]["T"] = other;
    let findings = StateMachine::validate(&beside.to_string());
    assert!(
        findings[0].message.contains("which an outer scope assigns as well"),
        "{findings:?}"
    );
}

#[test]
fn a_state_without_a_language_has_that_of_the_state_machine() {
    let map = |inner: Value| {
        json!({
            "Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $states.input %}", "End": true,
            "ItemProcessor": {"StartAt": "I", "States": {"I": inner}}
        })
    };
    let machine = |map: Value| json!({"StartAt": "M", "States": {"M": map}});
    // Within a JSONata state of a JSONPath state machine.
    for inner in [
        json!({"Type": "Pass", "QueryLanguage": "JSONPath", "Parameters": {"v.$": "$"}, "End": true}),
        json!({"Type": "Pass", "Parameters": {"v.$": "$"}, "End": true}),
        json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"v": "{% $states.input %}"}, "End": true}),
    ] {
        let execution = crate::common::run(&machine(map(inner)), &json!([1]));
        assert_eq!(crate::common::outcome(&execution), Ok(json!([{"v": 1}])));
    }
    // In a JSONata state machine nothing goes back.
    let mut whole = machine(map(json!({"Type": "Pass", "QueryLanguage": "JSONPath", "End": true})));
    whole["QueryLanguage"] = json!("JSONata");
    let findings = StateMachine::validate(&whole.to_string());
    let found: Vec<_> = findings
        .iter()
        .map(|it| (it.pointer.as_str(), it.message.as_str()))
        .collect();
    let message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
    assert_eq!(found, [("/States/M/ItemProcessor/States/I", message)]);
}

#[test]
fn a_finding_has_its_line_and_column() {
    let definition =
        "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": {\"Type\": \"Pass\", \"Next\": \"B\"}\n  }\n}";
    let findings = StateMachine::validate(definition);
    assert_eq!((findings[0].line, findings[0].column), (4, 35));
    let error = StateMachine::parse(definition).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next, \
         MISSING_END_STATE: Workflow has no terminal state at null'"
    );
    let broken = StateMachine::validate("{\n\"a\" 1}");
    assert_eq!(
        (broken[0].code, broken[0].line, broken[0].column),
        ("INVALID_JSON_DESCRIPTION", 2, 5)
    );
}

#[test]
fn what_cannot_be_reached_is_an_error_and_what_looks_wrong_a_warning() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Parameters": {"a": "$.b"}, "Result": {"c.$": "$"}, "End": true},
        "B": {"Type": "Succeed"}
    }});
    let findings = StateMachine::validate(&definition.to_string());
    let summary: Vec<_> = findings
        .iter()
        .map(|it| (it.severity, it.code, it.pointer.as_str()))
        .collect();
    assert_eq!(
        summary,
        [
            (Severity::Error, "MISSING_TRANSITION_TARGET", "/States/B"),
            (Severity::Warning, "NO_DOLLAR", "/States/A/Parameters/a"),
            (Severity::Warning, "PASS_RESULT_IS_STATIC", "/States/A/Result"),
        ]
    );
}

#[test]
fn comments_are_welcome_everywhere() {
    let definition = json!({"Comment": "c", "Version": "1.0", "TimeoutSeconds": 9, "StartAt": "T", "States": {
        "T": {
            "Comment": "c", "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:listBuckets",
            "Retry": [{"Comment": "c", "ErrorEquals": ["a"]}], "Catch": [{"Comment": "c", "ErrorEquals": ["a"], "Next": "C"}],
            "Next": "C"
        },
        "C": {
            "Type": "Choice", "Default": "E",
            "Choices": [{"Comment": "c", "And": [{"Comment": "c", "Variable": "$.a", "IsNull": true}], "Next": "E"}]
        },
        "E": {"Type": "Succeed", "Comment": "c"}
    }});
    assert_eq!(StateMachine::validate(&definition.to_string()), []);
}

#[test]
fn machines_and_executions_can_be_sent_to_other_threads() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    is_shared::<StateMachine>();
    is_shared::<states_language::HistoryEvent>();
    is_send::<states_language::Execution>();
}

/// As AWS answered for definitions that lack the most, by published recordings of ValidateStateMachineDefinition and
/// CreateStateMachine.
#[test]
fn what_is_hardly_a_definition_is_refused_in_the_words_of_aws() {
    let pass = json!({"Type": "Pass", "End": true});
    for (text, pointer, message) in [
        (String::new(), "", "Definition must be a valid JSON object"),
        ("[]".into(), "", "Definition must be a valid JSON object"),
        ("{}".into(), "", "These fields are required: [States, StartAt]"),
        (
            json!({"States": {"A": pass}}).to_string(),
            "",
            "These fields are required: [StartAt]",
        ),
        (
            json!({"StartAt": "A"}).to_string(),
            "",
            "These fields are required: [States]",
        ),
        (
            json!({"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [], "End": true}}}).to_string(),
            "/States/A/Branches",
            "Value cannot be empty",
        ),
        (
            json!({"StartAt": "A", "States": {"A": {"Type": "Wait", "Timestamp": "2026-01-31", "End": true}}})
                .to_string(),
            "/States/A/Timestamp",
            "String does not match RFC3339 timestamp",
        ),
    ] {
        let findings = StateMachine::validate(&text);
        let [found] = &findings[..] else {
            panic!("{text}: {findings:?}")
        };
        let found = (found.code, &*found.pointer, &*found.message);
        assert_eq!(found, ("SCHEMA_VALIDATION_FAILED", pointer, message), "{text}");
    }
}
