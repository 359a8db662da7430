//! The context object, and what a test may not have.

use super::{branches, distributed, error, map, options, result, run};
use serde_json::{Value, json};
use states_language::{
    FieldValidation, Integration, Json, MockedResult, TestStateConfiguration, TestStateError, TestStateOptions,
    TestStatus, test_state,
};

#[test]
fn without_a_context_there_is_the_one_that_aws_makes() {
    let of = |kind: &str| {
        let mut state =
            json!({"Type": kind, "QueryLanguage": "JSONata", "Output": "{% $states.context %}", "End": true});
        if kind == "Task" {
            state["Resource"] = "arn:aws:states:::sqs:sendMessage.waitForTaskToken".into();
            state["Arguments"] = json!({"QueueUrl": "q", "MessageBody": "m"});
        }
        state
    };
    let context = |definition: &Value, options: TestStateOptions| -> Value {
        serde_json::from_str(&run(definition, options).output.unwrap()).unwrap()
    };
    let passed = context(&of("Pass"), options(&json!({"i": 1}), None));
    assert_eq!(
        passed,
        json!({
            "Execution": {
                "Id": "arn:aws:states:us-east-1:123456789012:express:StateMachine:execution", "Input": {"i": 1},
                "Name": "execution", "RoleArn": null, "StartTime": "1970-01-01T00:00:00.000Z",
            },
            "StateMachine": {"Id": "arn:aws:states:us-east-1:123456789012:stateMachine:StateMachine", "Name": "StateMachine"},
            "State": {"Name": "StateName", "EnteredTime": "1970-01-01T00:00:00.000Z"},
        })
    );
    let waiting = TestStateOptions {
        role_arn: Some("arn:aws:iam::123456789012:role/r".into()),
        ..options(&json!({}), result(&json!({})))
    };
    let worked = context(&of("Task"), waiting);
    assert_eq!(worked["Execution"]["RoleArn"], "arn:aws:iam::123456789012:role/r");
    assert_eq!(worked["State"]["RetryCount"], 0);
    assert!(worked["Task"]["Token"].is_string());
    // A state inside of a Map is of the first iteration.
    let mut machine = json!({"QueryLanguage": "JSONata", "StartAt": "M", "States": {"M": map(&json!({}))}});
    machine["States"]["M"]["ItemProcessor"]["States"]["Each"]["Output"] = "{% $states.context.Map %}".into();
    let inner = TestStateOptions {
        state_name: Some("Each".into()),
        ..options(&json!("item"), None)
    };
    assert_eq!(context(&machine, inner), json!({"Item": {"Index": 0, "Value": "item"}}));
    // What is given is taken as it is.
    for given in [json!({}), json!({"State": {"Name": "Mine"}, "Task": {"Token": "t"}})] {
        let options = TestStateOptions {
            context: Some(given.to_string()),
            ..options(&json!({}), result(&json!({})))
        };
        assert_eq!(context(&of("Task"), options), given);
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "End": true});
    let with = |resource: &str| {
        let mut task = task.clone();
        task["Resource"] = resource.into();
        task
    };
    let machine = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}});
    let configured = |configuration| TestStateOptions {
        configuration,
        ..TestStateOptions::default()
    };
    let failed = |count| TestStateConfiguration {
        map_iteration_failure_count: Some(count),
        ..TestStateConfiguration::default()
    };
    let in_context = |context: Value| TestStateOptions {
        context: Some(context.to_string()),
        ..options(&json!({}), result(&json!({})))
    };
    let named = |name: &str| TestStateOptions {
        state_name: Some(name.into()),
        ..TestStateOptions::default()
    };
    let mocked = |value: Value| options(&json!([1]), result(&value));
    let role = TestStateOptions {
        role_arn: Some("arn:aws:iam::123456789012:role/r".into()),
        ..TestStateOptions::default()
    };
    let no_json = TestStateOptions {
        mock: Some(MockedResult::Result("no".into())),
        ..TestStateOptions::default()
    };
    let parallel = json!({"Type": "Parallel", "Branches": branches(), "End": true});
    let writer = json!({"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}});
    let many = TestStateOptions {
        configuration: failed(2),
        ..mocked(json!([1]))
    };
    let elsewhere = TestStateOptions {
        configuration: TestStateConfiguration {
            error_caused_by_state: Some("Nowhere".into()),
            ..TestStateConfiguration::default()
        },
        ..options(&json!([1]), error("E"))
    };
    let cases = [
        (machine, named("B"), "State not found in definition"),
        (
            task.clone(),
            TestStateOptions::default(),
            "RoleArn must be specified when testing a Task state",
        ),
        (
            with("arn:aws:states:::codebuild:startBuild.sync"),
            role.clone(),
            "service integration patterns when a mock is specified.",
        ),
        (
            with("arn:aws:states:us-east-1:123456789012:activity:a"),
            role,
            "Activity tasks when a mock is specified.",
        ),
        (
            json!({"Type": "Pass", "End": true}),
            mocked(json!({})),
            "State type 'Pass' is not supported when a mock is specified",
        ),
        (
            json!({"Type": "Wait", "Seconds": 1, "End": true}),
            mocked(json!({})),
            "State type 'Wait' is not supported when a mock is specified",
        ),
        (
            map(&json!({})),
            TestStateOptions::default(),
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
        ),
        (
            map(&json!({})),
            configured(failed(0)),
            "TestState does not support MapIterationFailureCount when a mock is not specified.",
        ),
        (map(&json!({})), mocked(json!({})), "Mocked result must be an array."),
        (
            distributed(&writer),
            mocked(json!([])),
            "Mocked result must be a JSON object.",
        ),
        (parallel.clone(), mocked(json!({})), "Mocked result must be an array."),
        (
            parallel,
            mocked(json!([1])),
            "Mocked result must contain the same number of items as number of Parallel branches.",
        ),
        (
            map(&json!({})),
            many,
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        ),
        (map(&json!({})), elsewhere, "State not found in definition"),
        (task.clone(), no_json, "Mocked result must be valid JSON"),
        (
            task.clone(),
            in_context(json!({"Map": {}})),
            "Invalid Context object provided: 'Map' field is not supported when mocking a Context object",
        ),
        (
            task.clone(),
            in_context(json!({"Execution": {"Id": 1}})),
            "Invalid Context object provided: Execution.Id must be a string",
        ),
        (
            task.clone(),
            in_context(json!({"Execution": {"x": 1}})),
            "Invalid Context object provided: Field 'x' is not allowed",
        ),
        (
            task.clone(),
            in_context(json!({"x": {}})),
            "Invalid Context object provided: Field 'x' is not allowed",
        ),
        (
            task,
            in_context(json!({"Task": {"Token": "t"}})),
            "Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern",
        ),
        (
            json!({"Type": "Parallel", "Branches": [], "End": true}),
            mocked(json!([])),
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/StateName/Branches'",
        ),
        (
            json!({"Type": "Jump", "End": true}),
            TestStateOptions::default(),
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/StateName/Type'",
        ),
    ];
    for (definition, options, expected) in cases {
        let error = test_state(&definition.to_string(), options).expect_err(&definition.to_string());
        let told = error.to_string();
        assert!(told.ends_with(expected), "{definition}: {told}");
        let is_definition = told.contains("State Machine Definition") || told.starts_with("TestState API");
        let code = if is_definition {
            "InvalidDefinition"
        } else {
            "ValidationException"
        };
        assert_eq!(error.code(), code, "{told}");
    }
}

#[test]
fn a_mocked_result_can_be_held_against_an_api() {
    fn check(integration: &Integration, mode: FieldValidation, _: &Json) -> Result<(), String> {
        match (integration, mode) {
            (Integration::Service { operation, .. }, FieldValidation::Strict) => Err(format!("not of {operation}")),
            _ => Ok(()),
        }
    }
    let parameters = json!({"QueueUrl": "q", "MessageBody": "m"});
    let resource = "arn:aws:states:::sqs:sendMessage";
    let task = json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true});
    let of = |field_validation| TestStateOptions {
        field_validation,
        result_check: Some(check),
        ..options(&json!({}), result(&json!({})))
    };
    let refused = test_state(&task.to_string(), of(FieldValidation::Strict)).unwrap_err();
    assert_eq!(refused, TestStateError::Validation("not of sendMessage".into()));
    assert_eq!(run(&task, of(FieldValidation::None)).status, TestStatus::Succeeded);
}
