//! An action that was abandoned: its execution is stopped.

use std::collections::BTreeMap;

use pipeline_action::Outcome;
use serde_json::{Value, json};
use shared::ports::CallErrorKind::{Denied, NotFound, Throttled};
use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::{ExecutionStatus, RedriveExecution as _, StateMachineType};
use shared::time::{Clock as _, Timestamp};

use crate::support::{Bench, FUNCTION, Job, NOW, POLL, RUN_ID, always, parameters, run};

pub(crate) const OTHER: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:other";
pub(crate) const PIPELINE: &str = "stepline-dev";

pub(crate) fn event() -> Value {
    json!({
        "detail-type": "CodePipeline Action Execution State Change",
        "source": "aws.codepipeline",
        "detail": {
            "pipeline": PIPELINE, "execution-id": RUN_ID, "stage": "Execute", "action": "Execute", "state": "ABANDONED",
        },
    })
}

/// The event with the id of the run that was abandoned.
pub(crate) fn event_of(run: &str) -> Value {
    let mut event = event();
    event["detail"]["action-execution-id"] = json!(run);
    event
}

/// Remembers that an action ran long ago, with these user parameters.
fn ran(bench: &Bench, action: &str, function: &str, parameters: &str) {
    ran_as(bench, action, action, Timestamp::default(), function, parameters);
}

/// Remembers a run of an action.
pub(crate) fn ran_as(bench: &Bench, id: &str, action: &str, began: Timestamp, function: &str, parameters: &str) {
    let configuration = BTreeMap::from([
        ("FunctionName".to_owned(), function.to_owned()),
        ("UserParameters".to_owned(), parameters.to_owned()),
    ]);
    let now = bench.world().clock.now();
    let action = ActionExecution {
        id: id.to_owned(),
        status: ActionStatus::Abandoned,
        started_at: began,
        updated_at: now,
        stage: "Execute".to_owned(),
        action: action.to_owned(),
        configuration,
        ..ActionExecution::default()
    };
    bench.world().pipelines.inner().ran(PIPELINE, RUN_ID, action);
}

pub(crate) fn stopped(bench: &Bench, at: usize) -> bool {
    matches!(&bench.runs()[at].status, ExecutionStatus::Aborted(failure)
        if failure.error.as_deref() == Some("Stepline.ActionAbandoned")
            && failure.cause.as_ref().is_some_and(|cause| cause.contains(RUN_ID) && cause.contains(PIPELINE)))
}

pub(crate) async fn outcome(bench: &Bench) -> String {
    outcome_of(bench, event()).await
}

pub(crate) async fn outcome_of(bench: &Bench, event: Value) -> String {
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
        let job = bench.started_by_parameter(wanted.clone()).await;
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
        let report = bench.deliver(event()).await.unwrap();
        assert_eq!(report.outcome, Outcome::Stopped);
        assert_eq!(report.executions, [bench.runs()[0].execution_arn.clone()]);
    });
}

#[test]
fn what_is_not_to_be_stopped_is_left_alone() {
    let wanted = parameters(json!({})).to_string();
    let nameless = json!({"stateMachine": "ml"}).to_string();
    let cases = [
        ("false", "Execute", FUNCTION, wanted.as_str()),
        ("true", "Execute", "another-function", &wanted),
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

/// The stage ran, and its execution runs; both began a minute ago.
async fn running(on_retry: &str) -> (Bench, Value) {
    let bench = Bench::new();
    let wanted = parameters(json!({"onRetry": on_retry}));
    let _job = bench.started(wanted.clone()).await;
    bench.world().clock.advance(POLL * 2);
    (bench, wanted)
}

/// Runs the action once more, for a retry of the stage.
async fn retry(bench: &Bench, wanted: &Value) {
    ran_as(
        bench,
        "second",
        "Execute",
        bench.world().clock.now(),
        FUNCTION,
        &wanted.to_string(),
    );
    bench
        .world()
        .pipelines
        .inner()
        .change("second", |run| run.status = ActionStatus::InProgress);
    let job = Job {
        id: "the-retry-s".to_owned(),
        ..Job::first(wanted.clone())
    };
    bench.job(job).await;
}

#[test]
fn an_event_that_comes_after_the_retry_leaves_the_retry_s_execution_alone() {
    run(async {
        // With the id of the run, and without, as some events may come.
        for event in [event_of("first"), event()] {
            let (bench, wanted) = running("restart").await;
            ran_as(&bench, "first", "Execute", NOW, FUNCTION, &wanted.to_string());
            bench.world().clock.advance(POLL);
            retry(&bench, &wanted).await;
            assert_eq!(outcome_of(&bench, event.clone()).await, "stopped");
            assert_eq!([stopped(&bench, 0), stopped(&bench, 1)], [true, false]);
            assert_eq!(outcome_of(&bench, event.clone()).await, "ignored");
            // What the retry takes over is the retry's, however long ago it began.
            let (bench, wanted) = running("redrive").await;
            ran_as(&bench, "first", "Execute", NOW, FUNCTION, &wanted.to_string());
            bench.world().clock.advance(POLL);
            retry(&bench, &wanted).await;
            assert_eq!(outcome_of(&bench, event).await, "ignored");
            assert_eq!((bench.runs().len(), stopped(&bench, 0)), (1, false));
        }
    });
}

#[test]
fn what_a_retry_left_that_failed_is_stopped_unless_it_was_to_be_left() {
    run(async {
        for (on_timeout, polls, expected) in [
            ("stop", 2, "stopped"),
            // Only what had its time was left on purpose.
            ("leave", 1, "stopped"),
            ("leave", 2, "ignored"),
        ] {
            let bench = Bench::new();
            let wanted = parameters(json!({"onRetry": "redrive", "onTimeout": on_timeout, "timeoutMinutes": 1}));
            let _job = bench.started(wanted.clone()).await;
            bench.world().clock.advance(POLL * polls);
            ran_as(&bench, "first", "Execute", NOW, FUNCTION, &wanted.to_string());
            bench.world().clock.advance(POLL);
            let began = bench.world().clock.now();
            ran_as(&bench, "second", "Execute", began, FUNCTION, &wanted.to_string());
            bench
                .world()
                .pipelines
                .inner()
                .change("second", |run| run.status = ActionStatus::Failed);
            assert_eq!(outcome_of(&bench, event_of("first")).await, expected);
        }
    });
}

#[test]
fn what_began_after_the_abandonment_may_be_a_retry_s_that_is_not_listed_yet() {
    run(async {
        let (bench, wanted) = running("restart").await;
        ran_as(&bench, "first", "Execute", NOW, FUNCTION, &wanted.to_string());
        bench.world().clock.advance(POLL);
        let retried = Job {
            id: "the-retry-s".to_owned(),
            ..Job::first(wanted.clone())
        };
        bench.job(retried).await;
        let unclear = not_stopped(&bench, event()).await;
        assert!(unclear.contains("perhaps for a retry"), "{unclear}");
        assert_eq!([stopped(&bench, 0), stopped(&bench, 1)], [true, false]);
        // Minutes later the list would show a retry: this was a job of the abandoned run.
        bench.world().clock.advance(POLL * 4);
        assert_eq!(outcome(&bench).await, "stopped");
        assert!(stopped(&bench, 1));
    });
}

#[test]
fn an_execution_that_was_redriven_after_the_abandonment_is_not_its_own_any_more() {
    run(async {
        let (bench, wanted) = running("redrive").await;
        ran_as(&bench, "first", "Execute", NOW, FUNCTION, &wanted.to_string());
        assert_eq!(outcome(&bench).await, "stopped");
        bench.world().clock.advance(POLL);
        let arn = bench.runs()[0].execution_arn.clone();
        bench
            .world()
            .states
            .inner()
            .redrive_execution(&arn, "by-the-retry")
            .await
            .unwrap();
        // The same event once more, and the list does not show the retry yet.
        not_stopped(&bench, event()).await;
        assert!(!stopped(&bench, 0));
    });
}

#[test]
fn the_state_of_the_run_is_heeded() {
    run(async {
        for (status, leads_to) in [
            (ActionStatus::InProgress, "not stopped"),
            (ActionStatus::Succeeded, "ignored"),
            (ActionStatus::Failed, "ignored"),
        ] {
            for event in [event_of("first"), event()] {
                let (bench, wanted) = running("restart").await;
                ran_as(&bench, "first", "Execute", NOW, FUNCTION, &wanted.to_string());
                bench
                    .world()
                    .pipelines
                    .inner()
                    .change("first", |run| run.status = status);
                match leads_to {
                    "ignored" => assert_eq!(outcome_of(&bench, event).await, "ignored", "{status:?}"),
                    _ => drop(not_stopped(&bench, event).await),
                }
                assert!(!stopped(&bench, 0));
            }
        }
    });
}

#[test]
fn an_execution_that_is_not_there_may_come_yet_or_be_elsewhere() {
    run(async {
        // Its first job is still on its way, or ListExecutions lags.
        let bench = Bench::new();
        let wanted = parameters(json!({}));
        bench.world().states.inner().lag_lists();
        ran_as(&bench, "Execute", "Execute", NOW, FUNCTION, &wanted.to_string());
        let missing = not_stopped(&bench, event()).await;
        assert!(missing.contains("no execution of it is listed"), "{missing}");
        let _job = bench.started(wanted).await;
        not_stopped(&bench, event()).await;
        // The parameter has moved: nothing of it is at the other state machine.
        let bench = Bench::new();
        bench.world().states.inner().create(OTHER, StateMachineType::Standard);
        bench.world().parameters.inner().put_string("/dev/machine", "ml");
        let wanted = parameters(json!({"stateMachine": "ssm:/dev/machine"}));
        let _job = bench.started_by_parameter(wanted.clone()).await;
        ran_as(&bench, "Execute", "Execute", NOW, FUNCTION, &wanted.to_string());
        for value in ["other", "no state machine at all"] {
            bench.world().parameters.inner().put_string("/dev/machine", value);
            not_stopped(&bench, event()).await;
        }
        bench.world().parameters.inner().put_string("/dev/machine", "ml");
        assert_eq!(outcome(&bench).await, "stopped");
        // What has ended needs nothing.
        let bench = Bench::new();
        let wanted = parameters(json!({}));
        let _job = bench.started(wanted.clone()).await;
        let arn = bench.runs()[0].execution_arn.clone();
        bench
            .world()
            .states
            .inner()
            .end(&arn, ExecutionStatus::Succeeded { output: "1".to_owned() });
        ran_as(&bench, "Execute", "Execute", NOW, FUNCTION, &wanted.to_string());
        assert_eq!(outcome(&bench).await, "ignored");
    });
}

#[test]
fn a_list_without_the_action_is_late_and_one_without_anything_is_about_nothing() {
    run(async {
        let bench = Bench::new();
        let wanted = parameters(json!({}));
        let _job = bench.started(wanted.clone()).await;
        assert_eq!(outcome(&bench).await, "ignored");
        ran_as(&bench, "other", "Other", NOW, FUNCTION, &wanted.to_string());
        let late = not_stopped(&bench, event()).await;
        assert!(late.contains("does not show the abandoned run yet"), "{late}");
        assert!(!stopped(&bench, 0));
    });
}

#[test]
fn two_actions_with_the_same_user_parameters_cannot_be_told_apart() {
    run(async {
        let bench = Bench::new();
        let wanted = parameters(json!({}));
        let _job = bench.started(wanted.clone()).await;
        for action in ["Execute", "Again"] {
            ran_as(&bench, action, action, NOW, FUNCTION, &wanted.to_string());
        }
        let reason = not_stopped(&bench, event()).await;
        assert!(reason.contains("give each an `action` of its own"), "{reason}");
        assert!(!stopped(&bench, 0));
    });
}

#[test]
fn two_actions_that_name_themselves_have_an_execution_each_and_abandoning_one_leaves_the_other() {
    run(async {
        let bench = Bench::new();
        let named = |name: &str| parameters(json!({"action": name, "onRetry": "redrive"}));
        for name in ["Execute", "Again"] {
            let job = Job {
                id: format!("job-of-{name}"),
                ..Job::first(named(name))
            };
            bench.job(job).await;
            ran_as(&bench, name, name, NOW, FUNCTION, &named(name).to_string());
        }
        assert_eq!(bench.runs().len(), 2);
        assert_eq!(outcome(&bench).await, "stopped");
        assert_eq!([stopped(&bench, 0), stopped(&bench, 1)], [true, false]);
    });
}

#[test]
fn what_ended_before_the_run_began_is_its_own_only_where_a_retry_goes_on_with_it() {
    run(async {
        for on_retry in ["restart", "redrive"] {
            let (bench, wanted) = running(on_retry).await;
            let arn = bench.runs()[0].execution_arn.clone();
            let succeeded = ExecutionStatus::Succeeded { output: "1".to_owned() };
            bench.world().states.inner().end(&arn, succeeded);
            bench.world().clock.advance(POLL * 4);
            let began = bench.world().clock.now();
            ran_as(&bench, "second", "Execute", began, FUNCTION, &wanted.to_string());
            if on_retry == "redrive" {
                assert_eq!(outcome(&bench).await, "ignored");
            } else {
                let missing = not_stopped(&bench, event()).await;
                assert!(missing.contains("no execution of it is listed"), "{missing}");
            }
        }
    });
}
