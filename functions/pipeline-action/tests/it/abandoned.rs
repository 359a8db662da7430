//! An action that was abandoned: its execution is stopped.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::ports::CallErrorKind::{Denied, NotFound, Throttled};
use shared::ports::code_pipeline::ActionExecution;
use shared::ports::step_functions::ExecutionStatus;
use shared::time::Timestamp;

use crate::support::{Bench, FUNCTION, Job, NOW, POLL, RUN_ID, always, parameters, run};

const PIPELINE: &str = "stepline-dev";

fn event() -> Value {
    json!({
        "detail-type": "CodePipeline Action Execution State Change",
        "source": "aws.codepipeline",
        "detail": {
            "pipeline": PIPELINE, "execution-id": RUN_ID, "stage": "Execute", "action": "Execute", "state": "ABANDONED",
        },
    })
}

/// The event with the id of the run that was abandoned.
fn event_of(run: &str) -> Value {
    let mut event = event();
    event["detail"]["action-execution-id"] = json!(run);
    event
}

/// Remembers that an action ran long ago, with these user parameters.
fn ran(bench: &Bench, action: &str, function: &str, parameters: &str) {
    ran_as(bench, action, action, Timestamp::default(), function, parameters);
}

/// Remembers a run of an action.
fn ran_as(bench: &Bench, id: &str, action: &str, began: Timestamp, function: &str, parameters: &str) {
    let configuration = BTreeMap::from([
        ("FunctionName".to_owned(), function.to_owned()),
        ("UserParameters".to_owned(), parameters.to_owned()),
    ]);
    let action = ActionExecution {
        id: id.to_owned(),
        started_at: began,
        stage: "Execute".to_owned(),
        action: action.to_owned(),
        configuration,
        ..ActionExecution::default()
    };
    bench.world().pipelines.inner().ran(PIPELINE, RUN_ID, action);
}

fn stopped(bench: &Bench, at: usize) -> bool {
    matches!(&bench.runs()[at].status, ExecutionStatus::Aborted(failure)
        if failure.error.as_deref() == Some("Stepline.ActionAbandoned")
            && failure.cause.as_ref().is_some_and(|cause| cause.contains(RUN_ID) && cause.contains(PIPELINE)))
}

async fn outcome(bench: &Bench) -> String {
    outcome_of(bench, event()).await
}

async fn outcome_of(bench: &Bench, event: Value) -> String {
    let report = serde_json::to_value(bench.deliver(event).await.unwrap()).unwrap();
    report["outcome"].as_str().unwrap().to_owned()
}

/// What Lambda is told, so that it calls again.
async fn not_stopped(bench: &Bench, event: Value) -> String {
    let diagnostic = lambda_runtime::Diagnostic::from(bench.deliver(event).await.unwrap_err());
    assert_eq!(diagnostic.error_type, "NotStopped");
    diagnostic.error_message
}

#[test]
fn the_action_s_execution_is_stopped_and_no_other() {
    run(async {
        let bench = Bench::new();
        bench.world().parameters.inner().put_string("/dev/machine", "ml");
        let wanted = parameters(json!({"stateMachine": "ssm:/dev/machine"}));
        let other = parameters(json!({"input": {"other": "action"}}));
        let job = bench.started(wanted.clone()).await;
        bench
            .job(Job {
                id: "another-action".to_owned(),
                ..Job::first(other.clone())
            })
            .await;
        bench
            .job(Job {
                id: "another-pipeline".to_owned(),
                ..Job::first(json!({"stateMachine": "ml"}))
            })
            .await;
        ran(&bench, "Other", FUNCTION, &other.to_string());
        ran(&bench, "Execute", FUNCTION, &wanted.to_string());
        ran(&bench, "Notify", "another-function", "{}");
        assert_eq!(outcome(&bench).await, "stopped");
        assert_eq!([0, 1, 2].map(|at| stopped(&bench, at)), [true, false, false]);
        assert!(bench.world().metrics.text().contains("\"ExecutionsStopped\":1.0"));
        // Delivered again, there is nothing left to do; and the job, should its event still come, is answered.
        assert_eq!(outcome(&bench).await, "ignored");
        bench.open(&job);
        assert!(bench.deliver(job.event()).await.is_ok());
    });
}

#[test]
fn the_only_action_of_this_function_owns_what_bears_the_pipeline_s_execution_id() {
    run(async {
        let bench = Bench::new();
        let _job = bench.started(parameters(json!({"input": {"as": "delivered"}}))).await;
        ran(
            &bench,
            "Execute",
            FUNCTION,
            &parameters(json!({"input": {"as": "told differently"}})).to_string(),
        );
        assert_eq!(outcome(&bench).await, "stopped");
    });
}

#[test]
fn what_is_not_to_be_stopped_is_left_alone() {
    let wanted = parameters(json!({})).to_string();
    let nameless = json!({"stateMachine": "ml"}).to_string();
    let cases = [
        ("false", "Execute", FUNCTION, wanted.as_str()),
        ("true", "Execute", "another-function", &wanted),
        ("true", "Other", FUNCTION, &wanted),
        ("true", "Execute", FUNCTION, "no json"),
        ("true", "Execute", FUNCTION, &nameless),
    ];
    run(async {
        for (stops, action, function, text) in cases {
            let bench = Bench::with_settings(&[("STOP_ABANDONED_EXECUTIONS", stops)]);
            let _job = bench.started(parameters(json!({}))).await;
            ran(&bench, action, function, text);
            assert_eq!(outcome(&bench).await, "ignored", "{stops} {action} {function} {text}");
            assert!(!stopped(&bench, 0));
        }
    });
}

#[test]
fn what_cannot_be_stopped_for_now_is_tried_again_by_lambda() {
    run(async {
        for (operation, kind) in [
            ("ListActionExecutions", Throttled),
            ("ListActionExecutions", Denied),
            ("ListExecutions", Throttled),
            ("StopExecution", Denied),
        ] {
            let bench = Bench::new();
            let _job = bench.started(parameters(json!({}))).await;
            ran(&bench, "Execute", FUNCTION, &parameters(json!({})).to_string());
            bench.world().states.script(always(operation, kind, "Code"));
            bench.world().pipelines.script(always(operation, kind, "Code"));
            let error = bench.deliver(event()).await.unwrap_err();
            assert_eq!(
                lambda_runtime::Diagnostic::from(error).error_type,
                "NotStopped",
                "{operation}"
            );
        }
        let bench = Bench::new();
        let _job = bench.started(parameters(json!({}))).await;
        ran(&bench, "Execute", FUNCTION, &parameters(json!({})).to_string());
        bench
            .world()
            .states
            .script(always("StopExecution", NotFound, "ExecutionDoesNotExist"));
        assert_eq!(outcome(&bench).await, "stopped");
    });
}

#[test]
fn a_run_that_the_list_does_not_show_yet_is_looked_for_again() {
    run(async {
        let bench = Bench::new();
        let wanted = parameters(json!({}));
        let _job = bench.started(wanted.clone()).await;
        let shows_nothing = not_stopped(&bench, event_of("second")).await;
        assert!(
            shows_nothing.contains("does not show the abandoned run yet"),
            "{shows_nothing}"
        );
        // The run before the retry is no sign that the stage was retried since.
        ran_as(
            &bench,
            "first",
            "Execute",
            Timestamp::default(),
            FUNCTION,
            &wanted.to_string(),
        );
        let shows_the_first = not_stopped(&bench, event_of("second")).await;
        assert!(
            shows_the_first.contains("does not show the abandoned run yet"),
            "{shows_the_first}"
        );
        assert!(!stopped(&bench, 0));
        ran_as(&bench, "second", "Execute", NOW, FUNCTION, &wanted.to_string());
        assert_eq!(outcome_of(&bench, event_of("second")).await, "stopped");
    });
}

#[test]
fn a_run_that_was_retried_since_is_left_alone() {
    run(async {
        let bench = Bench::new();
        let wanted = parameters(json!({}));
        let _job = bench.started(wanted.clone()).await;
        ran_as(
            &bench,
            "first",
            "Execute",
            Timestamp::default(),
            FUNCTION,
            &wanted.to_string(),
        );
        ran_as(&bench, "second", "Execute", NOW, FUNCTION, &wanted.to_string());
        assert_eq!(outcome_of(&bench, event_of("first")).await, "ignored");
        assert!(!stopped(&bench, 0));
    });
}

#[test]
fn a_run_that_has_just_begun_may_yet_start_its_execution() {
    run(async {
        for event in [event(), event_of("Execute")] {
            let bench = Bench::new();
            let wanted = parameters(json!({}));
            ran_as(&bench, "Execute", "Execute", NOW, FUNCTION, &wanted.to_string());
            bench.world().clock.advance(POLL * 4 - POLL / 30);
            let early = not_stopped(&bench, event.clone()).await;
            assert!(early.contains("may be about to start"), "{early}");
            bench.world().clock.advance(POLL / 30);
            assert_eq!(outcome_of(&bench, event.clone()).await, "ignored");
            // It was about to.
            let _job = bench.started(wanted).await;
            assert_eq!(outcome_of(&bench, event).await, "stopped");
        }
    });
}
