//! What AWS refuses that looks right, and what it takes that looks wrong.

use serde_json::{Value, json};
use states_language::{Severity, StateMachine};

/// The findings about a definition, as code, pointer and message.
fn findings(definition: &Value) -> Vec<(&'static str, String, String)> {
    let found = StateMachine::validate(&definition.to_string()).into_iter();
    found.map(|it| (it.code, it.pointer, it.message)).collect()
}

fn task(resource: &str) -> Value {
    let parameters = json!({
        "FunctionName": "f", "QueueUrl": "q", "MessageBody": "m", "Message": "m", "StateMachineArn": "a", "TableName": "t",
        "Item": {}, "Key": {}, "Entries": [], "TaskDefinition": "t", "JobName": "j",
    });
    json!({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true}}})
}

#[test]
fn resources_name_a_function_or_an_operation() {
    // The resource, and whether AWS takes it.
    let cases = [
        ("arn:aws:states:::aws-sdk:s3:getObject", true),
        ("arn:aws:states:us-east-1:123456789012:aws-sdk:s3:getObject", true),
        (
            "arn:aws:states:us-east-1:123456789012:lambda:invoke.waitForTaskToken",
            true,
        ),
        (
            "arn:aws:states:us-east-1:123456789012:states:startExecution.sync:2",
            true,
        ),
        ("arn:aws-cn:states:::sqs:sendMessage", true),
        ("arn:aws:states:us-east-1::aws-sdk:s3:getObject", false),
        ("arn:aws:states::123456789012:aws-sdk:s3:getObject", false),
        ("arn:aws:states:us-east-1:123456789012:stateMachine:other", false),
        ("arn:aws:states:us-east-1:123456789012:execution:other:run", false),
        ("arn:aws:states:us-east-1:123456789012:activity:work", true),
        ("arn:aws:states:us-east-1:123456789012:activity:", false),
        ("arn:aws:states:::activity:work", true),
        ("arn:aws:states:us-east-1:123456789012:aws-sdk:s3:", false),
        ("arn:aws:states:::lambda", false),
        ("arn:aws:lambda:us-east-1:123456789012:function:work", true),
        ("arn:aws:lambda:us-east-1:123456789012:function:work:live", true),
        ("arn:aws:lambda:us-east-1:123456789012:function:work:$LATEST", true),
        ("arn:aws:lambda:REGION:ACCOUNT_ID:function:FUNCTION_NAME", true),
        ("arn:aws:lambda:us-east-1:123456789012:function:${Work}", true),
        ("arn:aws:lambda:us-east-1:123456789012:function:work:", false),
        ("arn:aws:lambda:us-east-1:123456789012:function:", false),
        ("arn:aws:lambda:us-east-1:123456789012:function", false),
        ("arn:aws:lambda:us-east-1:123456789012:function:work:*", false),
        ("arn:aws:lambda:us-east-1:123456789012:function:work:live:2", false),
        ("arn:aws:lambda:us-east-1:123456789012:layer:work", false),
    ];
    for (resource, right) in cases {
        let found = findings(&task(resource));
        assert_eq!(found.is_empty(), right, "{resource}: {found:?}");
    }
}

#[test]
fn a_listing_needs_no_configuration() {
    let map = |resource: &str, config: Value| {
        json!({"StartAt": "M", "States": {"M": {
            "Type": "Map", "End": true,
            "ItemReader": {"Resource": resource, "Parameters": {"Bucket": "b"}, "ReaderConfig": config},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}
            },
            "ResultWriter": {
                "Resource": "arn:aws:states:us-east-1:123456789012:s3:putObject", "Parameters": {"Bucket": "b"}
            }
        }}})
    };
    for resource in [
        "arn:aws:states:::s3:listObjectsV2",
        "arn:aws:states:us-east-1:123456789012:s3:listObjectsV2",
    ] {
        assert_eq!(findings(&map(resource, json!({}))), []);
        assert_eq!(findings(&map(resource, json!({"MaxItems": 3}))), []);
    }
    let found = findings(&map("arn:aws:states:::s3:getObject", json!({})));
    assert!(
        found[0].2.contains("These fields are required: [InputType]"),
        "{found:?}"
    );
    assert_eq!(
        findings(&map("arn:aws:states:::s3:getObject", json!({"InputType": "JSON"}))),
        []
    );
    assert_ne!(findings(&map("arn:aws:states:::s3:putObject", json!({}))), []);
}

#[test]
fn an_expression_is_one_from_end_to_end() {
    for (text, right) in [
        ("{% 1 %}", true),
        ("{%1%}", true),
        ("{% \n1 %}", true),
        ("text", true),
        ("a {% 1 %} b", true),
        ("{ %}%", true),
        ("{% 1", false),
        ("{% 1 %", false),
        ("1 %}", false),
        (" {% 1 %}", false),
        ("{% 1 %} ", false),
        ("{%}", false),
        ("%}", false),
    ] {
        let fields = [
            json!({"Type": "Pass", "Output": {"a": [text]}}),
            json!({"Type": "Pass", "Assign": {"a": text}}),
            json!({"Type": "Task", "Resource": "arn:aws:states:::s3:getObject", "Arguments": {"a": text}}),
        ];
        for mut state in fields {
            state["End"] = json!(true);
            let definition = json!({"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state}});
            let found = findings(&definition);
            assert_eq!(found.is_empty(), right, "{definition} {found:?}");
        }
    }
    // Paths' states do not know expressions.
    let plain = json!({"StartAt": "S", "States": {"S": {"Type": "Pass", "Parameters": {"a": "{% 1"}, "End": true}}});
    assert_eq!(findings(&plain), []);
}

#[test]
fn no_field_is_given_twice() {
    let twice = json!({"a": 1, "a.$": "$.x"});
    let states = [
        (json!({"Type": "Pass", "Parameters": twice}), "/States/S/Parameters/a.$"),
        (
            json!({"Type": "Pass", "Parameters": {"b": [{"c": twice}]}}),
            "/States/S/Parameters/b/0/c/a.$",
        ),
        (json!({"Type": "Pass", "Assign": twice}), "/States/S/Assign/a.$"),
        (
            json!({"Type": "Task", "Resource": "arn:aws:states:::s3:getObject", "ResultSelector": twice}),
            "/States/S/ResultSelector/a.$",
        ),
    ];
    for (mut state, pointer) in states {
        state["End"] = json!(true);
        let found = findings(&json!({"StartAt": "S", "States": {"S": state}}));
        assert_eq!(found[0].1, pointer, "{found:?}");
        assert_eq!(found[0].2, "The fields 'a' and 'a.$' give the same field");
    }
}

/// As AWS answered when it was asked.
#[test]
fn a_workflow_has_an_end() {
    let end = (
        "MISSING_END_STATE",
        String::new(),
        "Workflow has no terminal state".to_owned(),
    );
    let unreachable = |name: &str| {
        let message = format!("State \"{name}\" is not reachable.");
        ("MISSING_TRANSITION_TARGET", format!("/States/{name}"), message)
    };
    let to = |next: &str| json!({"Type": "Pass", "Next": next});
    let choice =
        json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "A"}], "Default": "A"});
    let cases = [
        (json!({"A": to("B"), "B": to("A")}), vec![end.clone()]),
        (json!({"A": to("A")}), vec![end.clone()]),
        // A state that nothing leads to is not reported beside it,
        (json!({"A": to("B"), "B": to("A"), "C": to("A")}), vec![end.clone()]),
        // but instead of it where it is the end.
        (
            json!({"A": to("B"), "B": to("A"), "C": {"Type": "Pass", "End": true}}),
            vec![unreachable("C")],
        ),
        (
            json!({"A": to("NO")}),
            vec![
                (
                    "MISSING_TRANSITION_TARGET",
                    "/States/A/Next".to_owned(),
                    "Missing 'Next' target: NO".to_owned(),
                ),
                end.clone(),
            ],
        ),
        (json!({"A": to("B"), "B": choice}), vec![end.clone()]),
        (json!({"A": to("B"), "B": {"Type": "Fail"}}), vec![]),
        (json!({"A": to("B"), "B": {"Type": "Succeed"}}), vec![]),
    ];
    for (states, expected) in cases {
        let definition = json!({"StartAt": "A", "States": states});
        assert_eq!(findings(&definition), expected, "{definition}");
    }
    let branch = json!({"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "B"}}});
    let within = json!({"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [branch], "End": true}}});
    assert_eq!(findings(&within)[0].0, "MISSING_END_STATE");
}

#[test]
fn literals_suit_their_functions() {
    // The call, and whether its literals can be its arguments.
    let cases = [
        ("States.Array('a', 1, null, true)", true),
        ("States.ArrayPartition($.l, 2)", true),
        ("States.ArrayPartition($.l, '2')", false),
        ("States.ArrayPartition(1, 2)", false),
        ("States.ArrayContains($.l, 'a')", true),
        ("States.ArrayContains('a', 'a')", false),
        ("States.ArrayRange(1, 2, 1)", true),
        ("States.ArrayRange('1', 2, 1)", false),
        ("States.ArrayGetItem($.l, true)", false),
        ("States.ArrayLength('abc')", false),
        ("States.ArrayUnique(null)", false),
        ("States.Base64Encode(1)", false),
        ("States.Base64Decode('QQ==')", true),
        ("States.Hash(1, 'MD5')", true),
        ("States.Hash('a', 5)", false),
        ("States.JsonMerge($.a, $.b, false)", true),
        ("States.JsonMerge($.a, $.b, 'false')", false),
        ("States.JsonMerge('a', $.b, false)", false),
        ("States.StringToJson(1)", false),
        ("States.JsonToString('a')", true),
        ("States.MathRandom(1, 2)", true),
        ("States.MathRandom(1, '2')", false),
        ("States.MathAdd(1, '-1')", false),
        ("States.MathAdd(1, -1)", true),
        ("States.MathAdd(1, $.n)", true),
        ("States.StringSplit('a,b', ',')", true),
        ("States.StringSplit('a1b', 1)", false),
        ("States.Format('{}', 1)", true),
        ("States.Format(1, 1)", false),
        ("States.Format('{}', States.MathAdd('1', 1))", false),
        ("States.UUID()", true),
    ];
    for (call, right) in cases {
        let state = json!({"Type": "Pass", "Parameters": {"v.$": call}, "End": true});
        let found = findings(&json!({"StartAt": "S", "States": {"S": state}}));
        assert_eq!(found.is_empty(), right, "{call}: {found:?}");
        if !right {
            assert!(found[0].2.contains("of the wrong type"), "{found:?}");
        }
    }
}

#[test]
fn a_function_of_jsonpath_is_a_name_and_no_place_to_write_to() {
    let state =
        |field: &str, path: &str| json!({"StartAt": "S", "States": {"S": {"Type": "Pass", field: path, "End": true}}});
    assert_eq!(findings(&state("InputPath", "$.list.length()")), []);
    let found = findings(&state("ResultPath", "$.list.length()"));
    assert!(found[0].2.contains("it has a function"), "{found:?}");
    let severities = StateMachine::validate(&state("ResultPath", "$.a[*]").to_string());
    assert!(severities.iter().all(|it| it.severity == Severity::Error));
}

#[test]
fn an_error_and_a_cause_are_text() {
    for (call, right) in [
        ("States.Format('{}', $.a)", true),
        ("States.JsonToString($.a)", true),
        ("States.ArrayGetItem($.a, 0)", true),
        ("States.UUID()", true),
        ("States.Hash($.a, 'MD5')", true),
        ("States.Base64Encode($.a)", true),
        ("States.StringToJson($.a)", false),
        ("States.MathAdd($.a, 1)", false),
        ("States.Array($.a)", false),
        ("$.a", true),
    ] {
        for field in ["ErrorPath", "CausePath"] {
            let definition = json!({"StartAt": "F", "States": {"F": {"Type": "Fail", field: call}}});
            let found = findings(&definition);
            assert_eq!(found.is_empty(), right, "{call}: {found:?}");
        }
    }
}
