//! What cannot be seen, or not yet, of an approval and its execution: told of, looked at again, or found by the look.

use pipeline_action::Outcome;
use serde_json::json;
use shared::ports::CallErrorKind::{Denied, NotFound};
use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::{ExecutionStatus, HistoryEvent, StopExecution as _};
use shared::time::Clock as _;

use crate::histories::{CAUGHT, UNCAUGHT, history};
use crate::line::{Line, MINUTE, PIPELINE, approval_event, failed, look, succeeded};
use crate::support::{NOW, RUN_ID, always, run};

#[test]
fn an_execution_that_may_not_be_looked_at_is_told_of_instead_of_waited_for() {
    run(async {
        let line = Line::started(json!({})).await;
        line.ask("1");
        let denied = always("DescribeExecution", Denied, "AccessDeniedException");
        line.bench.world().states.script(denied);
        assert_eq!(line.outcome(look()).await, "rejected");
        let summary = line.answers()[0].summary.clone();
        assert!(summary.contains("The execution cannot be looked at"), "{summary}");
        // Once the approval is over, there is nobody to tell.
        assert_eq!(line.outcome(look()).await, "waiting");
    });
}

#[test]
fn an_execution_that_is_gone_is_waited_for_until_its_time_is_over() {
    run(async {
        let line = Line::started(json!({"timeoutMinutes": 60})).await;
        line.ask("1");
        let gone = always("DescribeExecution", NotFound, "ExecutionDoesNotExist");
        line.bench.world().states.script(gone);
        assert!(line.bench.deliver(look()).await.is_err());
        line.pass(61 * MINUTE);
        assert_eq!(line.outcome(look()).await, "rejected");
        let summary = line.answers()[0].summary.clone();
        assert!(summary.contains("its execution cannot be found"), "{summary}");
        assert_eq!(line.outcome(look()).await, "waiting");
    });
}

#[test]
fn an_approval_that_several_actions_name_counts_for_none() {
    run(async {
        let line = Line::started(json!({})).await;
        let first = line.bench.world().pipelines.inner().action("lambda-1").unwrap();
        for action in ["Second", "Third"] {
            let further = ActionExecution {
                id: format!("lambda-of-{action}"),
                action: action.to_owned(),
                ..first.clone()
            };
            line.bench.world().pipelines.inner().ran(PIPELINE, RUN_ID, further);
        }
        line.ask("1");
        line.end(succeeded(&json!({})));
        // It is answered once, however many name it.
        let report = line.bench.deliver(look()).await.unwrap();
        assert_eq!(report.approvals.len(), 1, "{report:?}");
        assert_eq!(report.approvals[0].outcome, Outcome::Rejected);
        let summary = line.answers()[0].summary.clone();
        assert!(
            summary.contains("Two actions of the pipeline name this approval"),
            "{summary}"
        );
    });
}

#[test]
fn what_runs_on_behind_the_next_execution_of_the_pipeline_is_found_by_the_look() {
    run(async {
        let line = Line::started(json!({})).await;
        line.ask("1");
        line.is_over("1", ActionStatus::Failed);
        // The event that said so is lost, and the stage has the next execution.
        let action = ActionExecution {
            id: "of-the-next".to_owned(),
            stage: "Execute".to_owned(),
            action: "Outcome".to_owned(),
            started_at: line.bench.world().clock.now(),
            ..ActionExecution::default()
        };
        let first = line.bench.world().pipelines.inner().action("lambda-1").unwrap();
        let next = ActionExecution {
            id: "lambda-of-the-next".to_owned(),
            ..first
        };
        let other = "0c4cf1a1-1d4e-4c55-8d0e-2f6a3b7c9d10";
        line.bench.world().pipelines.inner().ran(PIPELINE, other, next);
        line.bench.world().pipelines.inner().ask(PIPELINE, other, action);
        line.pass(3 * MINUTE);
        let _ = line.bench.deliver(look()).await;
        assert!(matches!(line.bench.runs()[0].status, ExecutionStatus::Aborted(_)));
    });
}

#[test]
fn an_event_that_is_ahead_of_the_list_has_lambda_call_again() {
    run(async {
        let line = Line::started(json!({"onRetry": "redrive"})).await;
        line.ask("1");
        line.end(failed("E"));
        assert_eq!(line.outcome(look()).await, "rejected");
        let of = |run: &str, state: &str| {
            let mut event = approval_event(state);
            event["detail"]["action-execution-id"] = json!(run);
            event
        };
        // The approval was asked for anew, and CodePipeline does not list that yet.
        let error = line.bench.deliver(of("approval-2", "STARTED")).await.unwrap_err();
        assert!(error.to_string().contains("does not list this run"), "{error}");
        line.ask("2");
        assert_eq!(line.outcome(of("approval-2", "STARTED")).await, "redriven");
        // It is abandoned, and CodePipeline lists it as waited for.
        let error = line.bench.deliver(of("approval-2", "ABANDONED")).await.unwrap_err();
        assert!(error.to_string().contains("does not list the end"), "{error}");
        // A late event of the first run finds it listed, and changes nothing.
        assert_eq!(line.outcome(of("approval-1", "FAILED")).await, "waiting");
    });
}

/// The event of an approval that is asked for.
fn asked(run: &str) -> serde_json::Value {
    let mut event = approval_event("STARTED");
    event["detail"]["action-execution-id"] = json!(run);
    event
}

#[test]
fn an_approval_comes_after_its_action_whatever_the_list_shows() {
    run(async {
        let line = Line::started(json!({})).await;
        line.ask("1");
        line.end(succeeded(&json!({})));
        let pipelines = line.bench.world().pipelines.inner();
        pipelines.change("lambda-1", |run| run.status = ActionStatus::InProgress);
        let error = line.bench.deliver(asked("approval-1")).await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains("does not list yet that the action has succeeded"),
            "{error}"
        );
        assert!(line.answers().is_empty());
        // The look knows of no event that could be ahead.
        let report = line.bench.deliver(look()).await.unwrap();
        assert_eq!(report.approvals[0].outcome, Outcome::Waiting, "{report:?}");
        pipelines.change("lambda-1", |run| run.status = ActionStatus::Succeeded);
        let report = line.bench.deliver(asked("approval-1")).await.unwrap();
        assert_eq!(
            (report.outcome, report.approvals[0].outcome),
            (Outcome::Looked, Outcome::Approved)
        );
    });
}

#[test]
fn what_is_not_listed_of_another_action_of_the_stage_holds_up_no_approval() {
    run(async {
        let line = Line::started(json!({})).await;
        let first = line.bench.world().pipelines.inner().action("lambda-1").unwrap();
        // One began before the action, and one after; each names an approval of its own, in the same stage.
        for (action, began) in [
            ("Before", first.started_at - MINUTE),
            ("After", first.started_at + MINUTE),
        ] {
            let mut wanted = crate::line::waiting(json!({}));
            wanted["approval"]["action"] = json!(format!("{action}Outcome"));
            let mut other = ActionExecution {
                id: format!("lambda-{action}"),
                action: action.to_owned(),
                started_at: began,
                status: ActionStatus::InProgress,
                ..first.clone()
            };
            other
                .configuration
                .insert("UserParameters".to_owned(), wanted.to_string());
            line.bench.world().pipelines.inner().ran(PIPELINE, RUN_ID, other);
        }
        line.ask("1");
        line.end(succeeded(&json!({})));
        let report = line.bench.deliver(asked("approval-1")).await.unwrap();
        let outcomes: Vec<_> = report.approvals.iter().map(|settled| settled.outcome).collect();
        assert_eq!(outcomes, [Outcome::Waiting, Outcome::Approved, Outcome::Waiting]);
    });
}

#[test]
fn a_history_that_ends_before_the_last_redrive_decides_nothing() {
    run(async {
        let line = Line::started(json!({"onRetry": "redrive"})).await;
        let (arn, states) = (line.execution(), line.bench.world().states.inner());
        line.ask("1");
        line.end(failed("E"));
        line.outcome(look()).await;
        line.is_over("1", ActionStatus::Failed);
        line.ask("2");
        assert_eq!(line.outcome(look()).await, "redriven");
        // It fails again, now by its definition; the history does not show that yet.
        let old = history(&UNCAUGHT)
            .into_iter()
            .map(|event| HistoryEvent { at: NOW, ..event });
        line.pass(MINUTE);
        line.end(failed("States.Runtime"));
        states.write_history(&arn, old.collect());
        line.outcome(look()).await;
        line.is_over("2", ActionStatus::Failed);
        line.ask("3");
        let error = line.bench.deliver(look()).await.unwrap_err().to_string();
        assert!(
            error.contains("does not show yet that the execution was redriven"),
            "{error}"
        );
        assert_eq!((line.bench.runs().len(), line.bench.runs()[0].redrives), (1, 1));
        let mut new = history(&CAUGHT);
        new.last_mut().unwrap().failure = None;
        states.write_history(&arn, new);
        assert_eq!(line.outcome(look()).await, "restarted");
    });
}

#[test]
fn a_history_that_goes_on_behind_the_end_that_shows_decides_nothing() {
    run(async {
        let line = Line::started(json!({"onRetry": "redrive"})).await;
        line.ask("1");
        line.end(failed("E"));
        line.outcome(look()).await;
        line.is_over("1", ActionStatus::Failed);
        line.ask("2");
        let ahead = line.bench.world().clock.now() + MINUTE;
        let ahead = history(&CAUGHT)
            .into_iter()
            .map(|event| HistoryEvent { at: ahead, ..event });
        line.bench
            .world()
            .states
            .inner()
            .write_history(&line.execution(), ahead.collect());
        let error = line.bench.deliver(look()).await.unwrap_err().to_string();
        assert!(error.contains("goes on behind the end"), "{error}");
        assert_eq!((line.bench.runs().len(), line.bench.runs()[0].redrives), (1, 0));
    });
}

#[test]
fn a_stop_before_the_action_handed_its_execution_over_is_old_news() {
    run(async {
        let line = Line::started(json!({"onRetry": "redrive"})).await;
        let states = line.bench.world().states.inner();
        states
            .stop_execution(&line.execution(), "Stepline.ActionAbandoned", "")
            .await
            .unwrap();
        states.write_history(&line.execution(), history(&UNCAUGHT));
        line.pass(MINUTE);
        // The action succeeds with it, so that it was going on by then.
        let pipelines = line.bench.world().pipelines.inner();
        pipelines.change("lambda-1", |run| run.status = ActionStatus::Succeeded);
        line.ask("1");
        let error = line.bench.deliver(look()).await.unwrap_err().to_string();
        assert!(error.contains("an end that lies before"), "{error}");
        // AWS does not lag that long: it was stopped after all.
        line.pass(MINUTE * 10);
        assert_eq!(line.outcome(look()).await, "redriven");
    });
}
