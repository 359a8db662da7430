//! What becomes of errors, of calls without a mock, and of time.

use super::{error, merge, options, run, seen};
use serde_json::{Value, json};
use states_language::{Failure, StateTest, TestProgress, TestStateConfiguration, TestStateOptions, TestStatus};

#[test]
fn an_error_says_which_retrier_and_which_catcher_it_is_of() {
    let task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"},
        "Retry": [{"ErrorEquals": ["No"]}, {"ErrorEquals": ["E", "F"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 2}],
        "Catch": [{"ErrorEquals": ["No"], "Next": "N"}, {"ErrorEquals": ["E"], "ResultPath": "$.e", "Next": "C"}], "End": true,
    });
    let cases = [
        (
            "E",
            0,
            TestStatus::Retriable,
            json!({"retryIndex": 1, "retryBackoffIntervalSeconds": 3.0, "catchIndex": null}),
            None,
        ),
        (
            "E",
            1,
            TestStatus::Retriable,
            json!({"retryIndex": 1, "retryBackoffIntervalSeconds": 6.0, "catchIndex": null}),
            None,
        ),
        (
            "E",
            2,
            TestStatus::CaughtError,
            json!({"retryIndex": 1, "retryBackoffIntervalSeconds": null, "catchIndex": 1}),
            Some("C"),
        ),
        (
            "F",
            2,
            TestStatus::Failed,
            json!({"retryIndex": 1, "retryBackoffIntervalSeconds": null, "catchIndex": null}),
            None,
        ),
        ("G", 0, TestStatus::Failed, Value::Null, None),
    ];
    for (name, tried, status, details, next) in cases {
        let options = TestStateOptions {
            configuration: TestStateConfiguration {
                retrier_retry_count: Some(tried),
                ..TestStateConfiguration::default()
            },
            ..options(&json!({"i": 1}), error(name))
        };
        let tested = run(&task, options);
        assert_eq!(
            (tested.status, tested.next_state.as_deref()),
            (status, next),
            "{name} {tried}"
        );
        assert_eq!(seen(&tested.inspection)["errorDetails"], details, "{name} {tried}");
        assert_eq!(tested.failure, Some(Failure::new(name, "why")));
        let output = next.map(|_| r#"{"i":1,"e":{"Error":"E","Cause":"why"}}"#);
        assert_eq!(tested.output.as_deref(), output);
    }
}

#[test]
fn an_error_goes_up_to_the_states_around() {
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "End": true});
    let around = |mode: Value, more: Value| {
        let mut outer = json!({
            "Type": "Map", "Next": "Done",
            "ItemProcessor": {"ProcessorConfig": mode, "StartAt": "Work", "States": {"Work": task}},
        });
        merge(&mut outer, &more);
        json!({"StartAt": "Outer", "States": {"Outer": outer, "Done": {"Type": "Succeed"}, "Sorry": {"Type": "Succeed"}}})
    };
    let inline = json!({"Mode": "INLINE"});
    let distributed = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let catch = |error: &str| json!([{"ErrorEquals": [error], "Next": "Sorry"}]);
    let threshold = "States.ExceedToleratedFailureThreshold";
    let cases = [
        (
            around(inline.clone(), json!({"Catch": catch("E")})),
            None,
            TestStatus::CaughtError,
            "E",
        ),
        (
            around(
                inline.clone(),
                json!({"Retry": [{"ErrorEquals": ["E"]}], "Catch": catch("E")}),
            ),
            None,
            TestStatus::Retriable,
            "E",
        ),
        (
            around(inline, json!({"Catch": catch("Other")})),
            None,
            TestStatus::Failed,
            "E",
        ),
        (
            around(distributed.clone(), json!({"Catch": catch(threshold)})),
            None,
            TestStatus::CaughtError,
            threshold,
        ),
        (
            around(
                distributed.clone(),
                json!({"ToleratedFailureCount": 2, "Catch": catch("States.ALL")}),
            ),
            Some(1),
            TestStatus::Failed,
            "E",
        ),
        (
            around(
                distributed,
                json!({"ToleratedFailureCount": 2, "Catch": catch("States.ALL")}),
            ),
            Some(2),
            TestStatus::CaughtError,
            threshold,
        ),
    ];
    for (definition, failed, status, name) in cases {
        let options = TestStateOptions {
            state_name: Some("Work".into()),
            configuration: TestStateConfiguration {
                map_iteration_failure_count: failed,
                error_caused_by_state: Some("Work".into()),
                ..TestStateConfiguration::default()
            },
            ..options(&json!(1), error("E"))
        };
        let tested = run(&definition, options);
        let next = (status == TestStatus::CaughtError).then_some("Sorry");
        assert_eq!(
            (tested.status, tested.next_state.as_deref()),
            (status, next),
            "{definition}"
        );
        assert_eq!(
            tested.failure.and_then(|it| it.error).as_deref(),
            Some(name),
            "{definition}"
        );
    }
}

#[test]
fn without_a_mock_the_host_makes_the_call() {
    let task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "TimeoutSeconds": 9,
        "Parameters": {"QueueUrl": "q", "MessageBody.$": "$.m"},
        "Retry": [{"ErrorEquals": ["SQS.Broken"]}], "ResultPath": "$.sent", "Next": "N",
    });
    let begun = || {
        let options = TestStateOptions {
            role_arn: Some("arn:aws:iam::123456789012:role/r".into()),
            ..options(&json!({"m": "hello"}), None)
        };
        match StateTest::begin(&task.to_string(), options).unwrap() {
            TestProgress::Calls(test) => test,
            TestProgress::Ended(result) => panic!("{result:?}"),
        }
    };
    let test = begun();
    let request = test.request();
    assert_eq!(
        request.parameters.to_string(),
        r#"{"QueueUrl":"q","MessageBody":"hello"}"#
    );
    assert_eq!((&*request.state, request.timeout_seconds), ("StateName", Some(9)));
    let sent = test.end(Ok(r#"{"MessageId": "1"}"#));
    assert_eq!(
        (sent.status, sent.output.as_deref()),
        (TestStatus::Succeeded, Some(r#"{"m":"hello","sent":{"MessageId":"1"}}"#))
    );
    assert_eq!(
        begun().end(Err(Failure::new("SQS.Broken", "why"))).status,
        TestStatus::Retriable
    );
    assert_eq!(
        begun().end(Err(Failure::new("Other", "why"))).status,
        TestStatus::Failed
    );
    let long = format!("\"{}\"", "x".repeat(262_143));
    let error = begun().end(Ok(&long)).failure.and_then(|failure| failure.error);
    assert_eq!(error.as_deref(), Some("States.DataLimitExceeded"));
}

#[test]
fn a_test_takes_five_minutes_at_most() {
    for (seconds, status) in [(300, TestStatus::Succeeded), (301, TestStatus::Failed)] {
        let tested = run(
            &json!({"Type": "Wait", "Seconds": seconds, "End": true}),
            options(&json!({}), None),
        );
        assert_eq!(tested.status, status);
        let error = tested.failure.and_then(|failure| failure.error);
        let expected = (status == TestStatus::Failed).then_some("States.Timeout");
        assert_eq!(error.as_deref(), expected);
    }
}
