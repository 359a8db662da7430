//! Wait states: how long, until when, and what cannot be waited for.

use serde_json::{Value, json};
use states_language::Status;

use crate::common::{assert_told, events, outcome, run, single, start};
use crate::tasks::{later, now};

/// A Wait state with this field.
fn wait(field: &str, value: &str) -> Value {
    json!({"Type": "Wait", field: value})
}

/// The same, in JSONata.
fn wait_by_query(field: &str, value: &str) -> Value {
    json!({"Type": "Wait", "QueryLanguage": "JSONata", field: value})
}

#[test]
fn a_wait_takes_as_long_as_it_says() {
    let input = json!({
        "n": 4, "none": 0, "past": "2019-07-20T20:17:40Z", "soon": "2026-01-01T00:02:00Z",
        "zone": "2026-01-01T01:00:30+01:00", "west": "2025-12-31T19:00:45-05:00",
        "fine": "2026-01-01T00:00:01.250400600Z", "finer": "2026-01-01T00:00:01.2504006001234567Z",
        "in": {"n": 2, "at": "2026-01-01T00:00:06Z"}
    });
    let cases = [
        (json!({"Type": "Wait", "Seconds": 3}), 3_000),
        (json!({"Type": "Wait", "Seconds": 0}), 0),
        (wait("SecondsPath", "$.n"), 4_000),
        (wait("SecondsPath", "$.none"), 0),
        (wait("SecondsPath", "$$.Execution.Input.n"), 4_000),
        // A path starts at what `InputPath` leaves.
        (
            json!({"Type": "Wait", "InputPath": "$.in", "SecondsPath": "$.n"}),
            2_000,
        ),
        (
            json!({"Type": "Wait", "InputPath": "$.in", "TimestampPath": "$.at"}),
            6_000,
        ),
        (
            json!({"Type": "Wait", "InputPath": "$.soon", "TimestampPath": "$"}),
            120_000,
        ),
        (wait("Timestamp", "2026-01-01T00:01:00Z"), 60_000),
        (wait("Timestamp", "2026-01-01T02:00:00+02:00"), 0),
        (wait("Timestamp", "2019-07-20T20:17:40Z"), 0),
        (wait("TimestampPath", "$.soon"), 120_000),
        (wait("TimestampPath", "$.past"), 0),
        (wait("TimestampPath", "$.zone"), 30_000),
        (wait("TimestampPath", "$.west"), 45_000),
        (wait("TimestampPath", "$.fine"), 1_250),
        (wait("TimestampPath", "$.finer"), 1_250),
        (wait("TimestampPath", "$$.Execution.StartTime"), 0),
        (wait_by_query("Seconds", "{% $states.input.n * 2 %}"), 8_000),
        (wait_by_query("Timestamp", "2026-01-01T00:01:00Z"), 60_000),
        (wait_by_query("Timestamp", "{% $states.input.soon %}"), 120_000),
        (wait_by_query("Timestamp", "{% $states.input.fine %}"), 1_250),
        (
            wait_by_query("Timestamp", "{% $fromMillis($millis() + 90000) %}"),
            90_000,
        ),
    ];
    for (state, milliseconds) in cases {
        let execution = run(&single(state.clone()), &input);
        assert_eq!(execution.status(), Status::Succeeded, "{state}");
        let waited = execution.stopped_at().unwrap().duration_since(now());
        assert_eq!(waited.as_millis(), milliseconds, "{state}");
    }
}

#[test]
fn a_wait_hands_on_its_input_when_its_time_has_come() {
    let definition = json!({"StartAt": "Doze", "States": {
        "Doze": {"Type": "Wait", "SecondsPath": "$.pause", "InputPath": "$.job", "Next": "Until"},
        "Until": {"Type": "Wait", "TimestampPath": "$.at", "OutputPath": "$.name", "End": true}
    }});
    let input = json!({"pause": 1, "job": {"name": "n", "at": "2026-01-01T00:00:05Z", "pause": 2}});
    let mut execution = start(&definition, &input);
    assert_eq!(execution.run(now()), []);
    for second in [2, 5] {
        assert_eq!(execution.next_wakeup(), Some(later(second)));
        assert_eq!(execution.run(later(second - 1)), []);
        assert_eq!(execution.run(later(second)), []);
    }
    assert_told(
        &execution,
        &[
            r#"1<0 ExecutionStarted input={"pause":1,"job":{"name":"n","at":"2026-01-01T00:00:05Z","pause":2}}"#,
            r#"2<0 WaitStateEntered name=Doze input={"pause":1,"job":{"name":"n","at":"2026-01-01T00:00:05Z","pause":2}}"#,
            r#"3<2 WaitStateExited name=Doze output={"name":"n","at":"2026-01-01T00:00:05Z","pause":2}"#,
            r#"4<3 WaitStateEntered name=Until input={"name":"n","at":"2026-01-01T00:00:05Z","pause":2}"#,
            r#"5<4 WaitStateExited name=Until output="n""#,
            r#"6<5 ExecutionSucceeded output="n""#,
        ],
    );
    let seconds: Vec<f64> = events(&execution)
        .iter()
        .filter_map(|event| event["timestamp"].as_f64())
        .map(|time| time - 1_767_225_600.0)
        .collect();
    assert_eq!(seconds, [0.0, 0.0, 2.0, 2.0, 5.0, 5.0]);
}

#[test]
fn what_is_no_time_to_wait_fails_the_execution() {
    let no_time = "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format \
                   string: $.v == ";
    let cases = [
        (
            "TimestampPath",
            json!("2024-02-29 06:30:00Z"),
            no_time,
            "2024-02-29 06:30:00Z",
        ),
        (
            "TimestampPath",
            json!("2024-02-29T06:30:00"),
            no_time,
            "2024-02-29T06:30:00",
        ),
        (
            "TimestampPath",
            json!("2023-02-29T06:30:00Z"),
            no_time,
            "2023-02-29T06:30:00Z",
        ),
        (
            "TimestampPath",
            json!("2024-02-29T24:30:00Z"),
            no_time,
            "2024-02-29T24:30:00Z",
        ),
        (
            "TimestampPath",
            json!("29-02-2024T06:30:00Z"),
            no_time,
            "29-02-2024T06:30:00Z",
        ),
        (
            "TimestampPath",
            json!("2024-02-29T06:30:00.Z"),
            no_time,
            "2024-02-29T06:30:00.Z",
        ),
        (
            "TimestampPath",
            json!("2024-02-29T06:30:00+0100"),
            no_time,
            "2024-02-29T06:30:00+0100",
        ),
        ("TimestampPath", json!(1), no_time, "1"),
        (
            "SecondsPath",
            json!(-1),
            "The SecondsPath parameter references a negative value: $.v == ",
            "-1",
        ),
        (
            "SecondsPath",
            json!("5"),
            "The SecondsPath parameter cannot be parsed as a long value: $.v == ",
            "5",
        ),
        (
            "SecondsPath",
            json!(1.5),
            "The SecondsPath parameter cannot be parsed as a long value: $.v == ",
            "1.5",
        ),
    ];
    for (field, value, expected, shown) in cases {
        let execution = run(&single(wait(field, "$.v")), &json!({"v": value}));
        let cause =
            format!("An error occurred while executing the state 'S' (entered at the event id #2). {expected}{shown}");
        assert_eq!(outcome(&execution), Err(("States.Runtime".to_owned(), cause.clone())));
        assert_told(
            &execution,
            &[
                &format!("1<0 ExecutionStarted input={{\"v\":{value}}}"),
                &format!("2<0 WaitStateEntered name=S input={{\"v\":{value}}}"),
                &format!("3<2 ExecutionFailed error=States.Runtime cause={cause}"),
            ],
        );
    }
    // Nobody waits for what will fail.
    let execution = run(
        &single(json!({"Type": "Wait", "InputPath": "$.no", "Seconds": 9})),
        &json!({}),
    );
    assert_eq!(execution.stopped_at(), Some(now()));
    assert_eq!(outcome(&execution).unwrap_err().0, "States.Runtime");
    for field in ["SecondsPath", "TimestampPath"] {
        let (error, cause) = outcome(&run(&single(wait(field, "$.no.way")), &json!({}))).unwrap_err();
        assert_eq!(error, "States.Runtime");
        assert!(
            cause.ends_with(&format!(
                "The {field} parameter does not reference an input value: $.no.way"
            )),
            "{cause}"
        );
    }
}

#[test]
fn what_is_no_time_to_an_expression_is_its_failure() {
    let cases = [
        ("Timestamp", "{% 'tomorrow' %}"),
        ("Timestamp", "{% 5 %}"),
        ("Timestamp", "{% $states.input.no %}"),
        ("Seconds", "{% 'soon' %}"),
        ("Seconds", "{% 0.5 %}"),
        ("Seconds", "{% 0 - 1 %}"),
    ];
    for (field, expression) in cases {
        let execution = run(&single(wait_by_query(field, expression)), &json!({}));
        let (error, cause) = outcome(&execution).unwrap_err();
        assert_eq!(error, "States.QueryEvaluationError", "{expression}");
        assert_told(
            &execution,
            &[
                "1<0 ExecutionStarted input={}",
                "2<0 WaitStateEntered name=S input={}",
                &format!("3<2 EvaluationFailed error={error} cause={cause} location={field} state=S"),
                &format!("4<3 ExecutionFailed error={error} cause={cause}"),
            ],
        );
    }
}

#[test]
fn branches_wait_side_by_side() {
    let branch = |name: &str, at: &str| json!({"StartAt": name, "States": {name: {"Type": "Wait", "Timestamp": at, "End": true}}});
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
        branch("Late", "2026-01-01T00:00:09Z"), branch("Early", "2026-01-01T00:00:04Z")
    ]}}});
    let execution = run(&definition, &json!(1));
    assert_eq!(execution.stopped_at(), Some(later(9)));
    assert_told(
        &execution,
        &[
            "1<0 ExecutionStarted input=1",
            "2<0 ParallelStateEntered name=P input=1",
            "3<2 ParallelStateStarted",
            "4<3 WaitStateEntered name=Late input=1",
            "5<3 WaitStateEntered name=Early input=1",
            "6<5 WaitStateExited name=Early output=1",
            "7<4 WaitStateExited name=Late output=1",
            "8<7 ParallelStateSucceeded",
            "9<7 ParallelStateExited name=P output=[1,1]",
            "10<9 ExecutionSucceeded output=[1,1]",
        ],
    );
}

#[test]
fn a_wait_can_be_stopped_and_outlived() {
    let mut definition = single(wait("Timestamp", "2027-01-01T00:00:00Z"));
    let mut execution = start(&definition, &json!({}));
    assert_eq!(execution.run(now()), []);
    assert_eq!(execution.stop(None, None, later(1)), Ok(vec![]));
    assert_eq!((execution.status(), execution.next_wakeup()), (Status::Aborted, None));
    assert_told(
        &execution,
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 WaitStateEntered name=S input={}",
            "3<0 ExecutionAborted",
        ],
    );
    definition["TimeoutSeconds"] = json!(30);
    let execution = run(&definition, &json!({}));
    assert_eq!(execution.stopped_at(), Some(later(30)));
    assert_told(
        &execution,
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 WaitStateEntered name=S input={}",
            "3<0 ExecutionTimedOut error=States.Timeout",
        ],
    );
}
