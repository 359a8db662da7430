//! Parallel states within each other and within Maps: results, failures, and the order of all events.

use serde_json::{Value, json};
use states_language::{Command, Status};

use crate::common::{FUNCTION, assert_told, failing, outcome, run, run_with, start, types};
use crate::maps::map_of;
use crate::tasks::{later, now};

/// A branch of these states, which begins with the first.
fn branch(states: Value) -> Value {
    let start_at = states.as_object().unwrap().keys().next().unwrap().clone();
    json!({"StartAt": start_at, "States": states})
}

/// A Parallel state of these branches, with these fields beside.
fn parallel(branches: Value, fields: Value) -> Value {
    let mut state = json!({"Type": "Parallel", "Branches": branches});
    state
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    state
}

/// A branch of one state, which passes this on.
fn pass(name: &str, result: i64) -> Value {
    branch(json!({name: {"Type": "Pass", "Result": result, "End": true}}))
}

/// A branch that fails.
fn fail(name: &str) -> Value {
    branch(json!({name: {"Type": "Fail", "Error": "Bad", "Cause": "branch"}}))
}

/// A state machine of this state, and of `After` behind it.
fn machine_of(mut state: Value) -> Value {
    state["Next"] = json!("After");
    json!({"StartAt": "P", "States": {"P": state, "After": {"Type": "Succeed"}}})
}

#[test]
fn a_parallel_of_one_branch_within_another() {
    let inner = branch(json!({"Q": parallel(json!([pass("B", 1)]), json!({"End": true}))}));
    assert_told(
        &run(&machine_of(parallel(json!([inner]), json!({}))), &json!([1, 2])),
        &[
            "1<0 ExecutionStarted input=[1,2]",
            "2<0 ParallelStateEntered name=P input=[1,2]",
            "3<2 ParallelStateStarted",
            "4<3 ParallelStateEntered name=Q input=[1,2]",
            "5<4 ParallelStateStarted",
            "6<5 PassStateEntered name=B input=[1,2]",
            "7<6 PassStateExited name=B output=1",
            "8<7 ParallelStateSucceeded",
            "9<7 ParallelStateExited name=Q output=[1]",
            "10<9 ParallelStateSucceeded",
            "11<9 ParallelStateExited name=P output=[[1]]",
            "12<11 SucceedStateEntered name=After input=[[1]]",
            "13<12 SucceedStateExited name=After output=[[1]]",
            "14<13 ExecutionSucceeded output=[[1]]",
        ],
    );
}

#[test]
fn each_branch_follows_its_own_events() {
    let inner = branch(json!({
        "Q": parallel(json!([pass("C", 1), pass("D", 2)]), json!({"ResultPath": "$.q", "Next": "E"})),
        "E": {"Type": "Pass", "End": true}
    }));
    let state = parallel(
        json!([pass("A", 0), inner, pass("F", 3)]),
        json!({"Parameters": {"n.$": "$.m"}}),
    );
    assert_told(
        &run(&machine_of(state), &json!({"m": 1})),
        &[
            r#"1<0 ExecutionStarted input={"m":1}"#,
            r#"2<0 ParallelStateEntered name=P input={"m":1}"#,
            "3<2 ParallelStateStarted",
            r#"4<3 PassStateEntered name=A input={"n":1}"#,
            "5<4 PassStateExited name=A output=0",
            r#"6<3 ParallelStateEntered name=Q input={"n":1}"#,
            "7<6 ParallelStateStarted",
            r#"8<3 PassStateEntered name=F input={"n":1}"#,
            "9<8 PassStateExited name=F output=3",
            r#"10<7 PassStateEntered name=C input={"n":1}"#,
            "11<10 PassStateExited name=C output=1",
            r#"12<7 PassStateEntered name=D input={"n":1}"#,
            "13<12 PassStateExited name=D output=2",
            "14<13 ParallelStateSucceeded",
            r#"15<13 ParallelStateExited name=Q output={"n":1,"q":[1,2]}"#,
            r#"16<15 PassStateEntered name=E input={"n":1,"q":[1,2]}"#,
            r#"17<16 PassStateExited name=E output={"n":1,"q":[1,2]}"#,
            "18<17 ParallelStateSucceeded",
            r#"19<17 ParallelStateExited name=P output=[0,{"n":1,"q":[1,2]},3]"#,
            r#"20<19 SucceedStateEntered name=After input=[0,{"n":1,"q":[1,2]},3]"#,
            r#"21<20 SucceedStateExited name=After output=[0,{"n":1,"q":[1,2]},3]"#,
            r#"22<21 ExecutionSucceeded output=[0,{"n":1,"q":[1,2]},3]"#,
        ],
    );
}

#[test]
fn what_fails_deep_within_fails_all_around_it() {
    let inner = parallel(json!([pass("B", 1), fail("F")]), json!({"End": true}));
    let state = parallel(json!([branch(json!({"Q": inner})), pass("C", 2)]), json!({}));
    assert_told(
        &run(&machine_of(state), &json!({})),
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 ParallelStateEntered name=P input={}",
            "3<2 ParallelStateStarted",
            "4<3 ParallelStateEntered name=Q input={}",
            "5<4 ParallelStateStarted",
            "6<3 PassStateEntered name=C input={}",
            "7<6 PassStateExited name=C output=2",
            "8<5 PassStateEntered name=B input={}",
            "9<8 PassStateExited name=B output=1",
            "10<5 FailStateEntered name=F input={}",
            "11<10 ParallelStateFailed",
            "12<11 ParallelStateFailed",
            "13<12 ExecutionFailed error=Bad cause=branch",
        ],
    );
}

#[test]
fn what_an_inner_parallel_catches_is_no_failure_outside() {
    let inner = branch(json!({
        "Q": parallel(json!([fail("F")]), json!({
            "End": true, "Catch": [{"ErrorEquals": ["Bad"], "ResultPath": "$.why", "Next": "D"}]
        })),
        "D": {"Type": "Pass", "InputPath": "$.why.Error", "End": true}
    }));
    assert_told(
        &run(
            &machine_of(parallel(json!([inner, pass("C", 2)]), json!({}))),
            &json!({}),
        ),
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 ParallelStateEntered name=P input={}",
            "3<2 ParallelStateStarted",
            "4<3 ParallelStateEntered name=Q input={}",
            "5<4 ParallelStateStarted",
            "6<3 PassStateEntered name=C input={}",
            "7<6 PassStateExited name=C output=2",
            "8<5 FailStateEntered name=F input={}",
            "9<8 ParallelStateFailed",
            r#"10<9 ParallelStateExited name=Q output={"why":{"Error":"Bad","Cause":"branch"}}"#,
            r#"11<10 PassStateEntered name=D input={"why":{"Error":"Bad","Cause":"branch"}}"#,
            r#"12<11 PassStateExited name=D output="Bad""#,
            "13<12 ParallelStateSucceeded",
            r#"14<12 ParallelStateExited name=P output=["Bad",2]"#,
            r#"15<14 SucceedStateEntered name=After input=["Bad",2]"#,
            r#"16<15 SucceedStateExited name=After output=["Bad",2]"#,
            r#"17<16 ExecutionSucceeded output=["Bad",2]"#,
        ],
    );
}

#[test]
fn an_outer_parallel_catches_what_an_inner_one_does_not() {
    let inner = branch(json!({
        "Q": parallel(json!([fail("F")]), json!({"End": true, "Catch": [{"ErrorEquals": ["Other"], "Next": "D"}]})),
        "D": {"Type": "Succeed"}
    }));
    let state = parallel(
        json!([inner]),
        json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "After"}]}),
    );
    assert_told(
        &run(&machine_of(state), &json!({})),
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 ParallelStateEntered name=P input={}",
            "3<2 ParallelStateStarted",
            "4<3 ParallelStateEntered name=Q input={}",
            "5<4 ParallelStateStarted",
            "6<5 FailStateEntered name=F input={}",
            "7<6 ParallelStateFailed",
            "8<7 ParallelStateFailed",
            r#"9<8 ParallelStateExited name=P output={"Error":"Bad","Cause":"branch"}"#,
            r#"10<9 SucceedStateEntered name=After input={"Error":"Bad","Cause":"branch"}"#,
            r#"11<10 SucceedStateExited name=After output={"Error":"Bad","Cause":"branch"}"#,
            r#"12<11 ExecutionSucceeded output={"Error":"Bad","Cause":"branch"}"#,
        ],
    );
}

#[test]
fn a_parallel_is_retried_with_all_its_branches() {
    let work = branch(json!({"Work": {"Type": "Task", "Resource": FUNCTION, "End": true}}));
    let state = parallel(
        json!([pass("A", 1), work]),
        json!({"Retry": [{"ErrorEquals": ["Oops"], "IntervalSeconds": 7}]}),
    );
    let execution = run_with(&machine_of(state), &json!({}), failing(1, "Oops"));
    assert_eq!(execution.stopped_at(), Some(later(7)));
    assert_told(
        &execution,
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 ParallelStateEntered name=P input={}",
            "3<2 ParallelStateStarted",
            "4<3 PassStateEntered name=A input={}",
            "5<4 PassStateExited name=A output=1",
            "6<3 TaskStateEntered name=Work input={}",
            "7<6 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={}",
            "8<7 LambdaFunctionStarted",
            "9<8 LambdaFunctionFailed error=Oops cause=a reason",
            "10<9 ParallelStateStarted",
            "11<10 PassStateEntered name=A input={}",
            "12<11 PassStateExited name=A output=1",
            "13<10 TaskStateEntered name=Work input={}",
            "14<13 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={}",
            "15<14 LambdaFunctionStarted",
            "16<15 LambdaFunctionSucceeded output={}",
            "17<16 TaskStateExited name=Work output={}",
            "18<17 ParallelStateSucceeded",
            "19<17 ParallelStateExited name=P output=[1,{}]",
            "20<19 SucceedStateEntered name=After input=[1,{}]",
            "21<20 SucceedStateExited name=After output=[1,{}]",
            "22<21 ExecutionSucceeded output=[1,{}]",
        ],
    );
}

#[test]
fn parallels_and_maps_nest_in_each_other() {
    let within = parallel(
        json!([branch(json!({"A": {"Type": "Pass", "End": true}})), pass("B", 9)]),
        json!({"End": true}),
    );
    let mut definition = map_of(json!({"P": within}), json!({"MaxConcurrency": 1}));
    assert_told(
        &run(&definition, &json!([1, 2])),
        &[
            "1<0 ExecutionStarted input=[1,2]",
            "2<0 MapStateEntered name=M input=[1,2]",
            "3<2 MapStateStarted length=2",
            "4<3 MapIterationStarted name=M index=0",
            "5<4 ParallelStateEntered name=P input=1",
            "6<5 ParallelStateStarted",
            "7<6 PassStateEntered name=A input=1",
            "8<7 PassStateExited name=A output=1",
            "9<6 PassStateEntered name=B input=1",
            "10<9 PassStateExited name=B output=9",
            "11<10 ParallelStateSucceeded",
            "12<10 ParallelStateExited name=P output=[1,9]",
            "13<12 MapIterationSucceeded name=M index=0",
            "14<12 MapIterationStarted name=M index=1",
            "15<14 ParallelStateEntered name=P input=2",
            "16<15 ParallelStateStarted",
            "17<16 PassStateEntered name=A input=2",
            "18<17 PassStateExited name=A output=2",
            "19<16 PassStateEntered name=B input=2",
            "20<19 PassStateExited name=B output=9",
            "21<20 ParallelStateSucceeded",
            "22<20 ParallelStateExited name=P output=[2,9]",
            "23<22 MapIterationSucceeded name=M index=1",
            "24<23 MapStateSucceeded",
            "25<23 MapStateExited name=M output=[[1,9],[2,9]]",
            "26<25 ExecutionSucceeded output=[[1,9],[2,9]]",
        ],
    );
    let map = definition["States"]["M"].take();
    let state = parallel(
        json!([branch(json!({"M": map})), pass("Z", 0)]),
        json!({"OutputPath": "$[0]", "End": true}),
    );
    let outer = json!({"StartAt": "O", "States": {"O": state}});
    assert_eq!(outcome(&run(&outer, &json!([1, 2]))), Ok(json!([[1, 9], [2, 9]])));
}

#[test]
fn a_failure_stops_what_runs_at_any_depth() {
    let work = |name: &str| branch(json!({name: {"Type": "Task", "Resource": FUNCTION, "End": true}}));
    let deep = branch(json!({"Q": parallel(json!([work("X"), work("Y")]), json!({"End": true}))}));
    let slow = branch(json!({"W": {"Type": "Wait", "Seconds": 5, "Next": "F"}, "F": {"Type": "Fail", "Error": "Bad"}}));
    let mut execution = start(&machine_of(parallel(json!([deep, slow]), json!({}))), &json!({}));
    let started: Vec<_> = execution
        .run(now())
        .into_iter()
        .map(|command| match command {
            Command::StartTask(task) => task.id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(started.len(), 2);
    for task in &started {
        execution.task_started(*task, now()).unwrap();
    }
    let aborted = execution.run(later(5));
    let expected: Vec<_> = started.into_iter().map(|task| Command::AbortTask { task }).collect();
    assert_eq!(aborted, expected);
    assert_eq!((execution.status(), execution.next_wakeup()), (Status::Failed, None));
    assert_told(
        &execution,
        &[
            "1<0 ExecutionStarted input={}",
            "2<0 ParallelStateEntered name=P input={}",
            "3<2 ParallelStateStarted",
            "4<3 ParallelStateEntered name=Q input={}",
            "5<4 ParallelStateStarted",
            "6<3 WaitStateEntered name=W input={}",
            "7<5 TaskStateEntered name=X input={}",
            "8<7 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={}",
            "9<5 TaskStateEntered name=Y input={}",
            "10<9 LambdaFunctionScheduled resource=arn:aws:lambda:us-east-1:123456789012:function:work input={}",
            "11<8 LambdaFunctionStarted",
            "12<10 LambdaFunctionStarted",
            "13<6 WaitStateExited name=W output={}",
            "14<13 FailStateEntered name=F input={}",
            "15<11 TaskStateAborted",
            "16<12 TaskStateAborted",
            "17<5 ParallelStateAborted",
            "18<14 ParallelStateFailed",
            "19<18 ExecutionFailed error=Bad",
        ],
    );
}

#[test]
fn a_query_shapes_what_goes_in_and_what_comes_out() {
    let mut definition = machine_of(json!({
        "Type": "Parallel", "Arguments": {"n": "{% $states.input.n + 1 %}"},
        "Branches": [
            branch(json!({"A": {"Type": "Pass", "End": true}})),
            branch(json!({"B": {"Type": "Pass", "Output": "{% $states.input.n * 10 %}", "End": true}}))
        ],
        "Output": {"sum": "{% $states.result[0].n + $states.result[1] %}", "was": "{% $states.input.n %}"}
    }));
    definition["QueryLanguage"] = json!("JSONata");
    assert_told(
        &run(&definition, &json!({"n": 1})),
        &[
            r#"1<0 ExecutionStarted input={"n":1}"#,
            r#"2<0 ParallelStateEntered name=P input={"n":1}"#,
            "3<2 ParallelStateStarted",
            r#"4<3 PassStateEntered name=A input={"n":2}"#,
            r#"5<4 PassStateExited name=A output={"n":2}"#,
            r#"6<3 PassStateEntered name=B input={"n":2}"#,
            "7<6 PassStateExited name=B output=20",
            "8<7 ParallelStateSucceeded",
            r#"9<7 ParallelStateExited name=P output={"sum":22,"was":1}"#,
            r#"10<9 SucceedStateEntered name=After input={"sum":22,"was":1}"#,
            r#"11<10 SucceedStateExited name=After output={"sum":22,"was":1}"#,
            r#"12<11 ExecutionSucceeded output={"sum":22,"was":1}"#,
        ],
    );
}

#[test]
fn an_expression_that_fails_in_a_parallel_can_be_caught() {
    // The fields, the field that fails, and whether the branches started.
    let cases = [
        (json!({"Arguments": "{% $states.input.no %}"}), "Arguments", false),
        (json!({"Output": "{% $states.result.no %}"}), "Output", true),
    ];
    for (fields, field, starts) in cases {
        let mut state = json!({
            "Type": "Parallel", "Branches": [branch(json!({"A": {"Type": "Pass", "End": true}}))],
            "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "After"}]
        });
        state
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let mut definition = machine_of(state);
        definition["QueryLanguage"] = json!("JSONata");
        let execution = run(&definition, &json!({}));
        let caught = outcome(&execution).unwrap();
        assert_eq!(caught["Error"], "States.QueryEvaluationError");
        let cause = caught["Cause"].as_str().unwrap();
        let expected = format!("specified for the field '{field}' returned nothing (undefined).");
        assert!(cause.ends_with(&expected), "{cause}");
        assert_eq!(types(&execution).contains(&"PassStateEntered"), starts);
    }
}
