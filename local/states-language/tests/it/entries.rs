//! Executions that begin in the midst of a definition, and those that are stopped after a state.

use serde_json::{Value, json};
use states_language::{Entry, Execution, Json, Object, Refused, STOPPED_AFTER_STATE, StartOptions, Status};

use crate::common::{machine, outcome, types};
use crate::tasks::now;

/// Three states, the middle one of which looks at everything that can be seen.
fn definition() -> Value {
    let inner = json!({"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": true}}});
    json!({
        "QueryLanguage": "JSONata",
        "StartAt": "First",
        "States": {
            "First": {"Type": "Pass", "Assign": {"kept": 1, "other": 2}, "Output": {"first": true}, "Next": "Middle"},
            "Middle": {
                "Type": "Pass",
                "Output": {
                    "input": "{% $states.input %}",
                    "started": "{% $states.context.Execution.Input %}",
                    "count": "{% $states.context.Execution.RedriveCount %}",
                    "kept": "{% $kept %}",
                },
                "Next": "Last",
            },
            "Last": {"Type": "Parallel", "Branches": [inner], "End": true},
        },
    })
}

fn start(options: StartOptions) -> Result<Execution, Refused> {
    let mut execution = Execution::start(&machine(&definition()), options, r#"{"given": 7}"#, now())?;
    execution.run(now());
    Ok(execution)
}

fn entry(state: &str) -> Entry {
    let mut variables = Object::new();
    variables.insert("kept", 5_i64);
    Entry {
        state: state.into(),
        input: Json::parse(r#"{"a": "b"}"#).unwrap(),
        variables,
        redrive_count: 3,
    }
}

#[test]
fn it_begins_with_what_an_earlier_one_has_left() {
    let execution = start(StartOptions {
        entry: Some(entry("Middle")),
        ..StartOptions::default()
    });
    let execution = execution.unwrap();
    let seen = json!([{"input": {"a": "b"}, "started": {"given": 7}, "count": 3, "kept": 5}]);
    assert_eq!(outcome(&execution), Ok(seen));
    assert_eq!(execution.input(), r#"{"given": 7}"#);
    assert_eq!(types(&execution)[..2], ["ExecutionStarted", "PassStateEntered"]);
    assert_eq!(execution.history()[1].state_name(), Some("Middle"));
}

#[test]
fn it_is_stopped_after_a_state() {
    let until = |state: &str| StartOptions {
        until: Some(state.into()),
        ..StartOptions::default()
    };
    let mut execution = start(until("First")).unwrap();
    assert_eq!(execution.status(), Status::Aborted);
    let (error, cause) = outcome(&execution).unwrap_err();
    assert_eq!(error, STOPPED_AFTER_STATE);
    assert!(cause.contains("'First'"), "{cause}");
    let expected = [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionAborted",
    ];
    assert_eq!(types(&execution), expected);
    assert!(execution.run(now()).is_empty());
    // Nothing is left to be stopped after the last one.
    assert_eq!(start(until("Last")).unwrap().status(), Status::Succeeded);
}

#[test]
fn both_together_play_one_state() {
    let options = StartOptions {
        entry: Some(entry("Middle")),
        until: Some("Middle".into()),
        ..StartOptions::default()
    };
    let names: Vec<Option<String>> = start(options)
        .unwrap()
        .history()
        .iter()
        .map(|event| event.state_name().map(str::to_owned))
        .collect();
    let middle = Some("Middle".to_owned());
    assert_eq!(names, [None, middle.clone(), middle, None]);
}

#[test]
fn states_that_are_not_in_the_outermost_flow_are_refused() {
    let inner = Refused::InnerState {
        state: "Inner".into(),
        outer: "Last".into(),
    };
    let nowhere = Refused::UnknownState("Nowhere".into());
    for (state, expected) in [("Inner", inner), ("Nowhere", nowhere)] {
        let from = StartOptions {
            entry: Some(entry(state)),
            ..StartOptions::default()
        };
        let until = StartOptions {
            until: Some(state.into()),
            ..StartOptions::default()
        };
        for options in [from, until] {
            assert_eq!(start(options).unwrap_err(), expected);
        }
    }
}
