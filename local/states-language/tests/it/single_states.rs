//! TestState: one state, with something in place of its work.

use serde_json::{Value, json};
use states_language::{
    Failure, MockedResult, TestStateConfiguration, TestStateError, TestStateOptions, TestStatus, test_state,
};

fn options(input: Value, mock: Option<MockedResult>) -> TestStateOptions {
    TestStateOptions {
        input: input.to_string(),
        mock,
        ..TestStateOptions::default()
    }
}

fn failure() -> Option<MockedResult> {
    Some(MockedResult::Error(Failure::new("Oops", "why")))
}

#[test]
fn each_way_to_end_has_its_status() {
    let task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload.$": "$.in"},
        "ResultPath": "$.out", "Next": "After",
        "Retry": [{"ErrorEquals": ["Oops"], "MaxAttempts": 2}],
        "Catch": [{"ErrorEquals": ["Other"], "Next": "Caught", "ResultPath": "$.error"}]
    });
    let run = |options| test_state(&task.to_string(), options).unwrap();
    let done = run(options(json!({"in": 1}), Some(MockedResult::Result("2".into()))));
    assert_eq!(
        (done.status, done.output.as_deref()),
        (TestStatus::Succeeded, Some(r#"{"in":1,"out":2}"#))
    );
    assert_eq!((done.next_state.as_deref(), done.failure), (Some("After"), None));
    assert_eq!(
        done.inspection.after_parameters.as_deref(),
        Some(r#"{"FunctionName":"f","Payload":1}"#)
    );
    assert_eq!(done.inspection.result.as_deref(), Some("2"));

    let again = run(options(json!({"in": 1}), failure()));
    assert_eq!(
        (again.status, again.failure),
        (TestStatus::Retriable, Some(Failure::new("Oops", "why")))
    );
    let failed = run(TestStateOptions {
        configuration: TestStateConfiguration {
            retrier_retry_count: Some(2),
            ..TestStateConfiguration::default()
        },
        ..options(json!({"in": 1}), failure())
    });
    assert_eq!((failed.status, failed.output), (TestStatus::Failed, None));
    let other = Some(MockedResult::Error(Failure::new("Other", "why")));
    let caught = run(options(json!({"in": 1}), other));
    assert_eq!(
        (caught.status, caught.next_state.as_deref()),
        (TestStatus::CaughtError, Some("Caught"))
    );
    assert_eq!(
        caught.output.as_deref(),
        Some(r#"{"in":1,"error":{"Error":"Other","Cause":"why"}}"#)
    );

    let wrong = run(options(json!({}), Some(MockedResult::Result("2".into()))));
    let cause = wrong.failure.and_then(|failure| failure.cause).unwrap();
    assert!(
        wrong.status == TestStatus::Failed && cause.contains("'$.in' specified for the field 'Payload.$'"),
        "{cause}"
    );
    assert!(matches!(
        test_state(&task.to_string(), options(json!({"in": 1}), None)),
        Err(TestStateError::Validation(_))
    ));
}

#[test]
fn other_states_need_no_mock_and_do_not_wait() {
    let cases = [
        (json!({"Type": "Pass", "Result": 1, "End": true}), json!({}), "1", None),
        (
            json!({"Type": "Wait", "Seconds": 300, "Next": "B"}),
            json!({"a": 1}),
            r#"{"a":1}"#,
            Some("B"),
        ),
        (
            json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "One"}], "Default": "Two"}),
            json!({"a": 1}),
            r#"{"a":1}"#,
            Some("One"),
        ),
        (
            json!({"Type": "Succeed", "OutputPath": "$.a"}),
            json!({"a": 1}),
            "1",
            None,
        ),
    ];
    for (state, input, output, next) in cases {
        let result = test_state(&state.to_string(), options(input, None)).unwrap();
        assert_eq!(
            (result.output.as_deref(), result.next_state.as_deref()),
            (Some(output), next),
            "{state}"
        );
    }
    let result = test_state(r#"{"Type": "Fail", "Error": "E"}"#, TestStateOptions::default()).unwrap();
    assert_eq!(
        (result.status, result.failure.unwrap().error.as_deref()),
        (TestStatus::Failed, Some("E"))
    );
}

#[test]
fn a_state_of_a_machine_sees_its_variables_and_context() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Map", "Items": [1], "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}},
              "Output": "{% [$states.result, $x, $states.context.Execution.Id] %}", "Next": "C"},
        "C": {"Type": "Succeed"}
    }});
    let result = test_state(
        &definition.to_string(),
        TestStateOptions {
            state_name: Some("B".into()),
            variables: Some(r#"{"x": 5}"#.into()),
            context: Some(r#"{"Execution": {"Id": "arn"}}"#.into()),
            ..options(json!({}), Some(MockedResult::Result("[7]".into())))
        },
    );
    let result = result.unwrap();
    assert_eq!(
        (result.output.as_deref(), result.next_state.as_deref()),
        (Some(r#"[7,5,"arn"]"#), Some("C"))
    );
}

#[test]
fn what_comes_next_is_named_and_not_run() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "u", "MessageBody": "m"},
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}], "Next": "A"},
        "C": {"Type": "Fail", "Error": "OfTheNextState"}
    }});
    let tested = |name: &str, mock| {
        let options = TestStateOptions {
            state_name: Some(name.into()),
            ..options(json!({}), mock)
        };
        test_state(&definition.to_string(), options).unwrap()
    };
    assert_eq!(tested("A", None).next_state.as_deref(), Some("B"));
    let error = Failure {
        error: Some("Mocked".into()),
        cause: None,
    };
    let caught = tested("B", Some(MockedResult::Error(error)));
    assert_eq!(caught.next_state.as_deref(), Some("C"));
    assert_eq!(
        caught.failure.and_then(|failure| failure.error).as_deref(),
        Some("Mocked")
    );
}
