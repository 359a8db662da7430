//! What an earlier run of an action left running whose approval was over when all actions of the stage were retried, and
//! whose events were lost: the hourly look stops it, and nothing else.

use std::collections::BTreeMap;

use pipeline_action::Outcome;
use serde_json::{Value, json};
use shared::fakes::Fault;
use shared::ports::CallErrorKind::Throttled;
use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::ExecutionStatus;
use shared::time::Clock as _;

use crate::line::{Line, MINUTE, PIPELINE, approval_event, failed, look, waiting};
use crate::support::{Bench, FUNCTION, NOW, POLL, RUN_ID, always, error, parameters, run};

fn runs(line: &Line) -> Vec<bool> {
    let runs = line.bench.runs().into_iter();
    runs.map(|run| run.status == ExecutionStatus::Running).collect()
}

#[test]
fn it_is_stopped_by_the_next_look() {
    run(async {
        let leaves = json!({"onTimeout": "leave", "timeoutMinutes": 60});
        for (more, minutes, left) in [
            (json!({}), 1, [false, true]),
            (json!({"timeoutMinutes": 60}), 61, [false, true]),
            // What had its time is left on purpose, and nothing else.
            (leaves.clone(), 1, [false, true]),
            (leaves, 61, [true, true]),
        ] {
            let line = Line::started(more.clone()).await;
            line.ask("1");
            line.pass(MINUTE * minutes);
            line.is_over("1", ActionStatus::Abandoned);
            line.pass(POLL * 10);
            line.act("lambda-2", "job-2", waiting(more)).await;
            line.ask("2");
            // An event is about the last run alone.
            line.outcome(approval_event("STARTED")).await;
            assert_eq!(runs(&line), [true, true]);
            assert_eq!(line.outcome(look()).await, "waiting");
            assert_eq!(runs(&line), left);
        }
    });
}

#[test]
fn one_that_cannot_be_looked_at_for_now_is_stopped_by_a_later_look() {
    run(async {
        let line = Line::started(json!({})).await;
        line.ask("1");
        line.is_over("1", ActionStatus::Failed);
        line.pass(POLL * 10);
        line.act("lambda-2", "job-2", waiting(json!({}))).await;
        line.ask("2");
        let states = &line.bench.world().states;
        let first = states.count("DescribeExecution") + 1;
        states.script(move |attempt| {
            if attempt.operation == "DescribeExecution" && attempt.nth == first {
                Fault::Before(error(Throttled, "ThrottlingException"))
            } else {
                Fault::None
            }
        });
        let error = line.bench.deliver(look()).await.unwrap_err().to_string();
        assert!(error.contains("ThrottlingException"), "{error}");
        assert_eq!(runs(&line), [true, true]);
        assert_eq!(line.outcome(look()).await, "waiting");
        assert_eq!(runs(&line), [false, true]);
    });
}

#[test]
fn what_the_last_run_goes_on_with_is_left_alone() {
    run(async {
        let redrives = json!({"onRetry": "redrive"});
        let line = Line::started(redrives.clone()).await;
        line.ask("1");
        line.is_over("1", ActionStatus::Failed);
        line.pass(POLL * 10);
        line.act("lambda-2", "job-2", waiting(redrives)).await;
        line.ask("2");
        assert_eq!(line.outcome(look()).await, "waiting");
        assert_eq!(runs(&line), [true]);
    });
}

#[test]
fn what_was_left_on_purpose_by_a_retry_of_the_approval_is_left_and_what_it_took_the_place_of_is_stopped() {
    run(async {
        let leaves = json!({"onTimeout": "leave", "timeoutMinutes": 60});
        let line = Line::started(leaves.clone()).await;
        line.ask("1");
        line.is_over("1", ActionStatus::Failed);
        line.pass(POLL);
        // The approval alone is retried, and starts an execution of its own, which has its time.
        line.ask("2");
        line.bench
            .world()
            .states
            .script(always("StopExecution", Throttled, "ThrottlingException"));
        let error = line
            .bench
            .deliver(approval_event("STARTED"))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("ThrottlingException"), "{error}");
        line.bench.world().states.script(|_| Fault::None);
        line.outcome(approval_event("STARTED")).await;
        assert_eq!(runs(&line), [false, true]);
        line.pass(MINUTE * 61);
        line.is_over("2", ActionStatus::Failed);
        line.pass(POLL * 10);
        line.act("lambda-2", "job-2", waiting(leaves)).await;
        line.ask("3");
        assert_eq!(line.outcome(look()).await, "waiting");
        assert_eq!(runs(&line), [false, true, true]);
    });
}

#[test]
fn what_another_action_of_the_stage_has_handed_over_is_left_alone() {
    run(async {
        let line = Line::started(json!({})).await;
        let pipelines = line.bench.world().pipelines.inner();
        pipelines.declare(PIPELINE, "Execute", "Check");
        let mut another = waiting(json!({"action": "Another"}));
        another["approval"]["action"] = json!("Check");
        line.act("of-another", "job-of-another", another).await;
        pipelines.change("of-another", |run| run.action = "Another".to_owned());
        line.ask("1");
        line.is_over("1", ActionStatus::Failed);
        line.pass(POLL * 10);
        line.act("lambda-2", "job-2", waiting(json!({}))).await;
        line.ask("2");
        line.bench.deliver(look()).await.unwrap();
        assert_eq!(runs(&line), [false, true, true]);
    });
}

#[test]
fn a_look_names_what_runs_on_although_its_action_is_over() {
    use ActionStatus::{Abandoned, Failed, InProgress, Succeeded};
    let leaves = json!({"onTimeout": "leave", "timeoutMinutes": 5});
    run(async {
        // How the action's last run stands, since how long, and whether its execution is named.
        for (more, status, minutes, is_named) in [
            (json!({}), Failed, 3, true),
            (json!({"onRetry": "redrive"}), Failed, 3, true),
            (json!({}), InProgress, 3, false),
            // A job of it was late, and ran on its own.
            (json!({}), Succeeded, 3, true),
            // A retry need not be listed yet.
            (json!({}), Failed, 1, false),
            (leaves.clone(), Failed, 3, true),
            (json!({"input": "of another action"}), Failed, 3, false),
        ] {
            let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
            let wanted = parameters(more.clone());
            let _job = bench
                .started(parameters(if more["input"].is_null() { more } else { json!({}) }))
                .await;
            bench.world().clock.advance(MINUTE);
            ran(&bench, &wanted, status);
            bench.world().clock.advance(MINUTE * minutes);
            assert_eq!(
                !unfollowed(&bench).await.is_empty(),
                is_named,
                "{status:?}, {minutes}, {wanted}"
            );
            assert_eq!(bench.runs()[0].status, ExecutionStatus::Running);
        }
        // What has had its time was left on purpose.
        let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
        let wanted = parameters(leaves);
        let _job = bench.started(wanted.clone()).await;
        bench.world().clock.advance(MINUTE * 5);
        ran(&bench, &wanted, Failed);
        bench.world().clock.advance(MINUTE * 3);
        assert!(unfollowed(&bench).await.is_empty());
        // Nor is anything named where nothing is to be stopped.
        let settings = [("PIPELINES", PIPELINE), ("STOP_ABANDONED_EXECUTIONS", "false")];
        let bench = Bench::with_settings(&settings);
        let wanted = parameters(json!({}));
        let _job = bench.started(wanted.clone()).await;
        ran(&bench, &wanted, Abandoned);
        bench.world().clock.advance(MINUTE * 3);
        assert!(unfollowed(&bench).await.is_empty());
    });
}

#[test]
fn a_look_names_nothing_that_has_ended_though_the_list_shows_it_as_running() {
    run(async {
        let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
        let wanted = parameters(json!({}));
        let _job = bench.started(wanted.clone()).await;
        ran(&bench, &wanted, ActionStatus::Failed);
        bench.world().clock.advance(MINUTE * 3);
        let states = &bench.world().states;
        states.inner().lag_lists();
        states.inner().end(&bench.runs()[0].execution_arn, failed("E"));
        assert!(unfollowed(&bench).await.is_empty());
        // Where it cannot be told, the look is taken again.
        states.script(always("DescribeExecution", Throttled, "ThrottlingException"));
        let error = bench.deliver(look()).await.unwrap_err().to_string();
        assert!(error.contains("ThrottlingException"), "{error}");
    });
}

#[test]
fn a_look_names_what_runs_on_beside_another_action_of_its_stage() {
    run(async {
        let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
        let wanted = parameters(json!({}));
        let _job = bench.started(wanted.clone()).await;
        ran(&bench, &wanted, ActionStatus::Failed);
        let pipelines = bench.world().pipelines.inner();
        let mut another = pipelines.action("the-run").unwrap();
        another.id = "of-another".to_owned();
        another.action = "Another".to_owned();
        another.started_at = NOW + MINUTE;
        let its = parameters(json!({"action": "Another"})).to_string();
        another.configuration.insert("UserParameters".to_owned(), its);
        pipelines.ran(PIPELINE, RUN_ID, another);
        bench.world().clock.advance(MINUTE * 3);
        assert_eq!(unfollowed(&bench).await, [bench.runs()[0].execution_arn.clone()]);
    });
}

#[test]
fn a_look_names_nothing_that_an_approval_waits_for_or_a_person_has_approved() {
    use ActionStatus::{InProgress, Succeeded};
    run(async {
        for status in [InProgress, Succeeded] {
            let line = Line::started(json!({})).await;
            assert!(
                unfollowed(&line.bench).await.is_empty(),
                "the approval is not asked for yet"
            );
            line.ask("1");
            line.is_over("1", status);
            line.pass(MINUTE * 10);
            assert!(unfollowed(&line.bench).await.is_empty(), "{status:?}");
        }
        // The approval that failed was of the run before, and is not asked for again yet.
        let line = Line::started(json!({})).await;
        line.ask("1");
        line.is_over("1", ActionStatus::Failed);
        line.pass(MINUTE * 10);
        line.act("lambda-2", "job-2", waiting(json!({}))).await;
        line.pass(MINUTE * 10);
        assert!(unfollowed(&line.bench).await.is_empty());
        assert_eq!(runs(&line), [false, true]);
    });
}

fn ran(bench: &Bench, wanted: &Value, status: ActionStatus) {
    let configuration = BTreeMap::from([
        ("FunctionName".to_owned(), FUNCTION.to_owned()),
        ("UserParameters".to_owned(), wanted.to_string()),
    ]);
    let action = ActionExecution {
        id: "the-run".to_owned(),
        stage: "Execute".to_owned(),
        action: "Execute".to_owned(),
        configuration,
        status,
        started_at: NOW,
        updated_at: bench.world().clock.now(),
        ..ActionExecution::default()
    };
    bench.world().pipelines.inner().ran(PIPELINE, RUN_ID, action);
}

/// What a look says that nobody follows.
async fn unfollowed(bench: &Bench) -> Vec<String> {
    let report = bench.deliver(look()).await.unwrap();
    let named = bench.world().metrics.text().contains("ExecutionsUnfollowed");
    assert_eq!(named, !report.unfollowed.is_empty());
    let found_something = named || !report.approvals.is_empty();
    assert_eq!(report.outcome == Outcome::Looked, found_something, "{report:?}");
    report.unfollowed
}
