//! Parallel and Map, inline and distributed: results, order, failures, and what is written of them.

use serde_json::{Value, json};
use states_language::{Clock, Command, Status, VirtualClock};

use crate::common::{FUNCTION, assert_told, outcome, path, run, start, told, types};

/// A Map of these states, with these fields beside.
pub(crate) fn map_of(states: Value, fields: Value) -> Value {
    let start_at = states.as_object().unwrap().keys().next().unwrap().clone();
    let mut state = json!({
        "Type": "Map", "ItemProcessor": {"StartAt": start_at, "States": states}, "End": true
    });
    for (key, value) in fields.as_object().unwrap() {
        state[key] = value.clone();
    }
    json!({"StartAt": "M", "States": {"M": state}})
}

/// The same, distributed.
pub(crate) fn distributed(states: Value, fields: Value) -> Value {
    let mut definition = map_of(states, fields);
    definition["States"]["M"]["ItemProcessor"]["ProcessorConfig"] =
        json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    definition
}

/// States that pass their item on.
pub(crate) fn pass() -> Value {
    json!({"I": {"Type": "Pass", "End": true}})
}

#[test]
fn iterations_are_chained_one_by_one_when_they_take_turns() {
    let execution = run(&map_of(pass(), json!({"MaxConcurrency": 1})), &json!(["a", "b"]));
    assert_eq!(
        path(&execution),
        "1<0 ExecutionStarted\n2<0 MapStateEntered M\n3<2 MapStateStarted\n4<3 MapIterationStarted M\n\
         5<4 PassStateEntered I\n6<5 PassStateExited I\n7<6 MapIterationSucceeded M\n8<6 MapIterationStarted M\n\
         9<8 PassStateEntered I\n10<9 PassStateExited I\n11<10 MapIterationSucceeded M\n12<11 MapStateSucceeded\n\
         13<11 MapStateExited M\n14<13 ExecutionSucceeded"
    );
}

#[test]
fn iterations_side_by_side_each_follow_the_start_of_all() {
    let execution = run(&map_of(pass(), json!({})), &json!(["a", "b"]));
    let started: Vec<u64> = execution
        .history()
        .iter()
        .filter(|event| event.event_type() == "MapIterationStarted")
        .map(|event| event.previous_event_id)
        .collect();
    assert_eq!(started, [3, 3]);
    assert_eq!(outcome(&execution), Ok(json!(["a", "b"])));
}

#[test]
fn items_are_selected_and_results_placed() {
    let definition = map_of(
        pass(),
        json!({
            "InputPath": "$.in", "ItemsPath": "$.list", "ResultPath": "$.out", "ResultSelector": {"all.$": "$[*].v"},
            "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "whole.$": "$.name"}
        }),
    );
    let input = json!({"in": {"list": [5, 6], "name": "n"}});
    let expected = json!({"in": {"list": [5, 6], "name": "n"}, "out": {"all": [5, 6]}});
    assert_eq!(outcome(&run(&definition, &input)), Ok(expected));
    assert_eq!(outcome(&run(&map_of(pass(), json!({})), &json!([]))), Ok(json!([])));
    let (error, cause) = outcome(&run(&definition, &json!({"in": {"list": 5, "name": ""}}))).unwrap_err();
    assert_eq!(error, "States.Runtime");
    assert!(
        cause.ends_with("Reference path \"$.list\" must point to array."),
        "{cause}"
    );
}

#[test]
fn bad_limits_each_have_their_own_error() {
    let cases = [
        (
            "ToleratedFailureCountPath",
            json!("x"),
            "The ToleratedFailureCountPath field refers to value \"x\" which is not a valid integer: $.limit",
        ),
        (
            "ToleratedFailureCountPath",
            json!(-1),
            "ToleratedFailureCount cannot be negative.",
        ),
        (
            "ToleratedFailurePercentagePath",
            json!({}),
            "The ToleratedFailurePercentagePath field refers to value \"{}\" which is not a valid float: $.limit",
        ),
        (
            "ToleratedFailurePercentagePath",
            json!(101),
            "ToleratedFailurePercentage must be between 0 and 100.",
        ),
        (
            "MaxConcurrencyPath",
            json!("x"),
            "The MaxConcurrencyPath field refers to value \"x\" which is not a valid integer: $.limit",
        ),
    ];
    for (field, value, expected) in cases {
        let definition = distributed(pass(), json!({"ItemsPath": "$.items", field: "$.limit"}));
        let execution = run(&definition, &json!({"items": [1], "limit": value}));
        let (error, cause) = outcome(&execution).unwrap_err();
        assert_eq!(
            (error.as_str(), cause.ends_with(expected)),
            ("States.Runtime", true),
            "{cause}"
        );
        assert_eq!(
            types(&execution)[1..],
            ["MapStateEntered", "MapStateStarted", "ExecutionFailed"]
        );
    }
    // Of a negative concurrency AWS leaves nothing in the history.
    let definition = map_of(pass(), json!({"ItemsPath": "$.items", "MaxConcurrencyPath": "$.limit"}));
    let execution = run(&definition, &json!({"items": [1], "limit": -1}));
    assert_eq!(
        (execution.status(), types(&execution)),
        (Status::Failed, vec!["ExecutionStarted"])
    );
}

#[test]
fn a_failed_iteration_fails_the_map_which_can_be_retried_and_caught() {
    let fail = json!({"F": {"Type": "Fail", "Error": "Bad", "Cause": "item"}});
    let mut definition = map_of(
        fail,
        json!({
            "MaxConcurrency": 1,
            "Retry": [{"ErrorEquals": ["Bad"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["Bad"], "Next": "Caught"}]
        }),
    );
    definition["States"]["Caught"] = json!({"Type": "Pass", "End": true});
    let execution = run(&definition, &json!([1]));
    assert_eq!(outcome(&execution), Ok(json!({"Error": "Bad", "Cause": "item"})));
    assert_eq!(
        path(&execution),
        "1<0 ExecutionStarted\n2<0 MapStateEntered M\n3<2 MapStateStarted\n4<3 MapIterationStarted M\n\
         5<4 FailStateEntered F\n6<5 MapIterationFailed M\n7<5 MapStateStarted\n8<7 MapIterationStarted M\n\
         9<8 FailStateEntered F\n10<9 MapIterationFailed M\n11<9 MapStateFailed\n12<11 MapStateExited M\n\
         13<12 PassStateEntered Caught\n14<13 PassStateExited Caught\n15<14 ExecutionSucceeded"
    );
}

#[test]
fn a_failed_branch_stops_its_siblings() {
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": FUNCTION, "End": true}}},
        {"StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 60, "End": true}}},
        {"StartAt": "Bad", "States": {"Bad": {"Type": "Fail", "Error": "Bad"}}}
    ]}}});
    let now = VirtualClock::default().now();
    let mut execution = start(&definition, &json!({}));
    let commands = execution.run(now);
    let [Command::StartTask(task), Command::AbortTask { task: aborted }] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(task.id, *aborted);
    assert_eq!((execution.status(), execution.next_wakeup()), (Status::Failed, None));
    let tail = &types(&execution)[types(&execution).len() - 4..];
    assert_eq!(
        tail,
        [
            "TaskStateAborted",
            "WaitStateAborted",
            "ParallelStateFailed",
            "ExecutionFailed"
        ]
    );
}

#[test]
fn branches_give_their_results_in_their_own_order() {
    let definition = json!({"StartAt": "P", "States": {"P": {
        "Type": "Parallel", "End": true, "Parameters": {"n.$": "$.a"}, "ResultSelector": {"last.$": "$[(@.length-1)]", "all.$": "$"},
        "Branches": [
            {"StartAt": "Slow", "States": {"Slow": {"Type": "Wait", "SecondsPath": "$.n", "End": true}}},
            {"StartAt": "Quick", "States": {"Quick": {"Type": "Pass", "Result": 2, "End": true}}}
        ]
    }}});
    let expected = json!({"last": 2, "all": [{"n": 3}, 2]});
    let execution = run(&definition, &json!({"a": 3}));
    assert_eq!(outcome(&execution), Ok(expected));
    assert_eq!(
        execution
            .stopped_at()
            .unwrap()
            .duration_since(execution.started_at())
            .as_secs(),
        3
    );
}

#[test]
fn a_definition_that_does_not_fit_within_a_branch_fails_the_execution_at_once() {
    let definition = json!({"StartAt": "P", "States": {
        "P": {
            "Type": "Parallel", "End": true, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
            "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "InputPath": "$.no", "End": true}}}]
        },
        "Caught": {"Type": "Pass", "End": true}
    }});
    let execution = run(&definition, &json!({}));
    assert_eq!(
        path(&execution),
        "1<0 ExecutionStarted\n2<0 ParallelStateEntered P\n3<2 ParallelStateStarted\n4<3 PassStateEntered B\n5<4 ExecutionFailed"
    );
}

#[test]
fn an_iterator_is_an_item_processor_by_its_old_name() {
    let by_name = |processor: &str, selector: &str, mode: Option<&str>| {
        let mut flow = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}});
        if let Some(mode) = mode {
            flow["ProcessorConfig"] = json!({"Mode": mode});
        }
        if mode == Some("DISTRIBUTED") {
            flow["ProcessorConfig"]["ExecutionType"] = json!("STANDARD");
        }
        json!({"StartAt": "A", "States": {
            "A": {"Type": "Pass", "Result": {"who": "n", "list": ["x", "y"]}, "ResultPath": "$.in", "Next": "M"},
            "M": {
                "Type": "Map", "InputPath": "$.in", "ItemsPath": "$.list", "MaxConcurrency": 1, "ResultPath": "$.in.out",
                processor: flow, "Next": "Z",
                selector: {
                    "item.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index", "who.$": "$.who", "fixed": true
                }
            },
            "Z": {"Type": "Succeed", "OutputPath": "$.in.out"}
        }})
    };
    let expected = json!([
        {"fixed": true, "item": "x", "at": 0, "who": "n"}, {"fixed": true, "item": "y", "at": 1, "who": "n"}
    ]);
    for mode in [None, Some("INLINE"), Some("DISTRIBUTED")] {
        let mut histories = Vec::new();
        for (processor, selector) in [
            ("Iterator", "Parameters"),
            ("Iterator", "ItemSelector"),
            ("ItemProcessor", "Parameters"),
            ("ItemProcessor", "ItemSelector"),
        ] {
            let execution = run(&by_name(processor, selector, mode), &json!({}));
            assert_eq!(
                outcome(&execution).as_ref(),
                Ok(&expected),
                "{processor} {selector} {mode:?}"
            );
            histories.push(told(&execution));
        }
        assert!(histories.iter().all(|history| *history == histories[0]), "{mode:?}");
    }
}

#[test]
fn an_iterator_without_a_selector_gets_its_items() {
    let definition = json!({"StartAt": "M", "States": {
        "M": {
            "Type": "Map", "InputPath": "$.list", "ResultPath": null, "MaxConcurrency": 1, "End": true,
            "Iterator": {"StartAt": "C", "States": {
                "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 3, "Next": "F"}], "Default": "P"},
                "F": {"Type": "Fail", "Error": "Three", "Cause": "found"},
                "P": {"Type": "Pass", "End": true}
            }}
        }
    }});
    assert_told(
        &run(&definition, &json!({"list": [1, {}]})),
        &[
            r#"1<0 ExecutionStarted input={"list":[1,{}]}"#,
            r#"2<0 MapStateEntered name=M input={"list":[1,{}]}"#,
            "3<2 MapStateStarted length=2",
            "4<3 MapIterationStarted name=M index=0",
            "5<4 ChoiceStateEntered name=C input=1",
            "6<5 ChoiceStateExited name=C output=1",
            "7<6 PassStateEntered name=P input=1",
            "8<7 PassStateExited name=P output=1",
            "9<8 MapIterationSucceeded name=M index=0",
            "10<8 MapIterationStarted name=M index=1",
            "11<10 ChoiceStateEntered name=C input={}",
            "12<11 ChoiceStateExited name=C output={}",
            "13<12 PassStateEntered name=P input={}",
            "14<13 PassStateExited name=P output={}",
            "15<14 MapIterationSucceeded name=M index=1",
            "16<15 MapStateSucceeded",
            r#"17<15 MapStateExited name=M output={"list":[1,{}]}"#,
            r#"18<17 ExecutionSucceeded output={"list":[1,{}]}"#,
        ],
    );
    assert_told(
        &run(&definition, &json!({"list": [null, 3, 4]})),
        &[
            r#"1<0 ExecutionStarted input={"list":[null,3,4]}"#,
            r#"2<0 MapStateEntered name=M input={"list":[null,3,4]}"#,
            "3<2 MapStateStarted length=3",
            "4<3 MapIterationStarted name=M index=0",
            "5<4 ChoiceStateEntered name=C input=null",
            "6<5 ChoiceStateExited name=C output=null",
            "7<6 PassStateEntered name=P input=null",
            "8<7 PassStateExited name=P output=null",
            "9<8 MapIterationSucceeded name=M index=0",
            "10<8 MapIterationStarted name=M index=1",
            "11<10 ChoiceStateEntered name=C input=3",
            "12<11 ChoiceStateExited name=C output=3",
            "13<12 FailStateEntered name=F input=3",
            "14<13 MapIterationFailed name=M index=1",
            "15<13 MapStateFailed",
            "16<15 ExecutionFailed error=Three cause=found",
        ],
    );
}
