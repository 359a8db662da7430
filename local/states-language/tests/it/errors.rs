//! What `Retry` and `Catch` do about errors, and what nothing does.

use serde_json::{Value, json};
use states_language::{Clock, Execution, Failure, Json, TaskRequest, VirtualClock, run_to_end};

use crate::common::{FUNCTION, failing, outcome, run_with, single, start, types};
use crate::tasks::{later, now};

#[test]
fn retries_wait_longer_and_longer() {
    let retry = json!([
        {"ErrorEquals": ["Rare"], "MaxAttempts": 9},
        {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 4, "MaxDelaySeconds": 20}
    ]);
    let definition = single(json!({"Type": "Task", "Resource": FUNCTION, "Retry": retry}));
    let mut clock = VirtualClock::default();
    let mut execution = start(&definition, &json!({}));
    run_to_end(&mut execution, &mut failing(4, "Oops"), &mut clock);
    assert_eq!(outcome(&execution), Ok(json!({})));
    // 2, 6, 18, and then no more than 20.
    assert_eq!(clock.now(), later(2 + 6 + 18 + 20));
    let mut execution = start(&definition, &json!({}));
    run_to_end(&mut execution, &mut failing(5, "Oops"), &mut VirtualClock::default());
    assert_eq!(outcome(&execution), Err(("Oops".to_owned(), "a reason".to_owned())));
}

#[test]
fn each_attempt_has_a_fresh_call() {
    let definition = single(json!({
        "Type": "Task", "Resource": FUNCTION, "Parameters": {"attempt.$": "$$.State.RetryCount"},
        "Retry": [{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL"}]
    }));
    let mut seen = Vec::new();
    run_with(&definition, &json!({}), |task: &TaskRequest| {
        seen.push((task.retry_count, task.parameters.to_string()));
        Err::<Json, _>(Failure::new("Oops", ""))
    });
    let expected: Vec<_> = (0..4)
        .map(|count| (count, format!(r#"{{"attempt":{count}}}"#)))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn errors_are_caught_by_name() {
    let cases = [
        ("Oops", json!(["Oops"]), true),
        ("Oops", json!(["oops"]), false),
        ("Oops", json!(["States.TaskFailed"]), true),
        ("States.Timeout", json!(["States.TaskFailed"]), false),
        ("States.Timeout", json!(["States.Timeout"]), true),
        ("Oops", json!(["States.ALL"]), true),
        ("Oops", json!(["Other", "Oops"]), true),
    ];
    for (error, names, caught) in cases {
        let definition = json!({"StartAt": "T", "States": {
            "T": {
                "Type": "Task", "Resource": FUNCTION, "InputPath": "$.part", "End": true,
                "Catch": [{"ErrorEquals": names, "ResultPath": "$.error", "Next": "Caught"}]
            },
            "Caught": {"Type": "Pass", "End": true}
        }});
        let execution = run_with(&definition, &json!({"part": 1}), failing(1, error));
        let expected = json!({"part": 1, "error": {"Error": error, "Cause": "a reason"}});
        // The error goes into the state's raw input.
        assert_eq!(outcome(&execution).ok(), caught.then_some(expected), "{error} {names}");
    }
}

#[test]
fn nothing_catches_a_definition_that_does_not_fit_its_data() {
    let definition = json!({"StartAt": "T", "States": {
        "T": {
            "Type": "Task", "Resource": FUNCTION, "OutputPath": "$.no", "End": true,
            "Retry": [{"ErrorEquals": ["States.ALL"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
        },
        "Caught": {"Type": "Pass", "End": true}
    }});
    let (error, _) = outcome(&run_with(&definition, &json!({}), failing(0, ""))).unwrap_err();
    assert_eq!(error, "States.Runtime");
}

#[test]
fn what_a_service_does_not_take_is_not_started_and_nothing_retries_or_catches_that() {
    let definition = json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync", "End": true,
            "Parameters": {"RoleARN": "r"},
            "Retry": [{"ErrorEquals": ["States.ALL"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]},
        "Caught": {"Type": "Pass", "End": true}
    }});
    let options = states_language::StartOptions {
        refusal: Some(|_, parameters| Some(format!("not {parameters}"))),
        ..states_language::StartOptions::default()
    };
    let machine = states_language::StateMachine::parse(&definition.to_string()).unwrap();
    let mut execution = Execution::start(&machine, options, "{}", now()).unwrap();
    assert_eq!(execution.run(now()), []);
    assert_eq!(
        outcome(&execution),
        Err((
            "States.Runtime".to_owned(),
            "An error occurred while executing the state 'Work' (entered at the event id #2). The Parameters \
             '{\"RoleARN\":\"r\"}' could not be used to start the Task: [not {\"RoleARN\":\"r\"}]"
                .to_owned()
        ))
    );
    assert_eq!(
        types(&execution),
        ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
    );
}

#[test]
fn each_retry_is_told_once_with_its_attempt_and_delay() {
    let definition = json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": FUNCTION, "End": true,
            "Retry": [{"ErrorEquals": ["Oops"], "IntervalSeconds": 5, "BackoffRate": 2, "MaxAttempts": 3}]}
    }});
    let mut execution = start(&definition, &json!({}));
    run_to_end(&mut execution, &mut failing(2, "Oops"), &mut VirtualClock::default());
    let told: Vec<_> = execution
        .take_retries()
        .into_iter()
        .map(|retried| {
            let error = retried.failure.error.as_deref().map(str::to_owned);
            (
                retried.state.to_string(),
                error,
                retried.attempt,
                retried.max_attempts,
                retried.delay_seconds,
            )
        })
        .collect();
    let oops = || Some("Oops".to_owned());
    let work = || "Work".to_owned();
    assert_eq!(told, [(work(), oops(), 1, 3, 5.0), (work(), oops(), 2, 3, 10.0)]);
    assert_eq!(execution.take_retries(), []);
}

#[test]
fn nothing_catches_what_a_catcher_gets_wrong() {
    let definition = |language: &str, catcher: Value| {
        json!({"QueryLanguage": language, "StartAt": "T", "States": {
            "T": {"Type": "Task", "Resource": FUNCTION, "End": true, "Catch": [catcher]},
            "C": {"Type": "Pass", "End": true}
        }})
    };
    let cases = [
        (
            definition(
                "JSONPath",
                json!({"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "C"}),
            ),
            "States.ResultPathMatchFailure",
        ),
        (
            definition(
                "JSONata",
                json!({"ErrorEquals": ["States.ALL"], "Output": "{% $no %}", "Next": "C"}),
            ),
            "States.QueryEvaluationError",
        ),
    ];
    for (definition, expected) in cases {
        let (error, cause) = outcome(&run_with(&definition, &json!(5), failing(1, "Oops"))).unwrap_err();
        assert_eq!(error, expected);
        assert!(
            cause.starts_with("An error occurred while executing the state 'T'"),
            "{cause}"
        );
    }
}
