//! `approval`: the action hands its execution over to a Manual approval, which the function answers when it has ended.

use std::time::Duration;

use serde_json::{Value, json};
use shared::ports::CallErrorKind::{Denied, Throttled};
use shared::ports::code_pipeline::{ActionExecution, ActionStatus, FailureType};
use shared::ports::step_functions::{ExecutionStatus, Failure};
use shared::time::Clock as _;

use crate::histories::{CAUGHT, UNCAUGHT, history};
use crate::line::{Line, MINUTE, PIPELINE, approval_event, ended_event, failed, look, succeeded, waiting};
use crate::support::{Bench, Job, RUN_ID, always, assert_fails, run};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn the_execution_s_end_answers_the_approval_once() {
    run(async {
        let line = Line::started(json!({"outputVariables": {"Model": "$.model"}})).await;
        line.ask("1");
        assert_eq!(line.outcome(look()).await, "waiting");
        line.end(succeeded(&json!({"model": "m-7"})));
        assert_eq!(line.outcome(ended_event(&line.execution(), None)).await, "approved");
        assert_eq!(line.outcome(ended_event(&line.execution(), None)).await, "waiting");
        assert_eq!(line.outcome(look()).await, "waiting");
        let [answer] = &line.answers()[..] else {
            panic!("{:?}", line.answers())
        };
        assert!(
            answer.approved && answer.summary.contains("\nModel: m-7\n"),
            "{}",
            answer.summary
        );
        assert!(answer.summary.ends_with(&line.execution()), "{}", answer.summary);
        assert!(line.bench.world().metrics.text().contains("\"ApprovalsApproved\":1.0"));
    });
}

#[test]
fn an_execution_that_ended_before_its_approval_was_asked_for_answers_it_then() {
    run(async {
        let line = Line::started(json!({})).await;
        line.end(succeeded(&json!({})));
        assert_eq!(line.outcome(ended_event(&line.execution(), None)).await, "waiting");
        line.ask("1");
        assert_eq!(line.outcome(approval_event("STARTED")).await, "approved");
    });
}

#[test]
fn an_execution_of_thirty_days_is_answered_by_the_look_alone() {
    run(async {
        let line = Line::started(json!({"timeoutMinutes": 86_250})).await;
        line.ask("1");
        for _ in 0..30 {
            line.pass(DAY);
            assert_eq!(line.outcome(look()).await, "waiting");
        }
        line.end(succeeded(&json!({})));
        assert_eq!(line.outcome(look()).await, "approved");
        assert_eq!(line.answers().len(), 1);
    });
}

#[test]
fn a_failure_rejects_with_all_that_people_need() {
    run(async {
        let line = Line::started(json!({"onRetry": "redrive"})).await;
        line.ask("1");
        line.end(failed("E"));
        let mut end = history(&UNCAUGHT);
        for event in &mut end {
            event.failure = event.failure.as_ref().map(|_| Failure {
                error: Some("SageMaker.ResourceLimitExceededException".to_owned()),
                cause: Some("c".repeat(2_000)),
            });
        }
        line.bench.world().states.inner().write_history(&line.execution(), end);
        assert_eq!(line.outcome(ended_event(&line.execution(), None)).await, "rejected");
        let summary = &line.answers()[0].summary;
        assert!(
            !line.answers()[0].approved && summary.encode_utf16().count() <= 512,
            "{summary}"
        );
        for fragment in [
            "SageMaker.ResourceLimitExceededException",
            "ccc […] ccc",
            "Retrying the stage redrives",
        ] {
            assert!(summary.contains(fragment), "{summary}");
        }
    });
}

#[test]
fn who_answers_first_is_not_overruled() {
    run(async {
        for status in [ActionStatus::Succeeded, ActionStatus::Failed] {
            let line = Line::started(json!({})).await;
            line.ask("1");
            line.end(failed("E"));
            line.is_over("1", status);
            assert_eq!(line.outcome(ended_event(&line.execution(), None)).await, "waiting");
            assert!(line.answers().is_empty());
        }
        // Somebody answers between the look and the answer.
        let line = Line::started(json!({})).await;
        line.ask("1");
        line.end(failed("E"));
        let code = "ApprovalAlreadyCompletedException";
        let faults = always("PutApprovalResult", shared::ports::CallErrorKind::Conflict, code);
        line.bench.world().pipelines.script(faults);
        assert_eq!(line.outcome(look()).await, "answeredBefore");
    });
}

#[test]
fn what_nobody_waits_for_is_stopped_unless_that_is_not_wanted() {
    run(async {
        for (setting, status, event, stopped) in [
            ("true", ActionStatus::Abandoned, approval_event("ABANDONED"), true),
            ("true", ActionStatus::Failed, approval_event("FAILED"), true),
            ("true", ActionStatus::Failed, look(), true),
            ("true", ActionStatus::Succeeded, approval_event("SUCCEEDED"), false),
            ("false", ActionStatus::Failed, approval_event("FAILED"), false),
        ] {
            let settings = [("STOP_ABANDONED_EXECUTIONS", setting)];
            let line = Line::with_settings(json!({}), &settings).await;
            line.ask("1");
            line.is_over("1", status);
            let outcome = line.outcome(event).await;
            let is_stopped = matches!(&line.bench.runs()[0].status, ExecutionStatus::Aborted(failure)
                if failure.error.as_deref() == Some("Stepline.ActionAbandoned"));
            assert_eq!(
                (outcome == "stopped", is_stopped),
                (stopped, stopped),
                "{setting} {status:?}"
            );
        }
    });
}

#[test]
fn a_timeout_is_found_by_the_look() {
    run(async {
        for (on_timeout, stopped) in [("stop", true), ("leave", false)] {
            let line = Line::started(json!({"timeoutMinutes": 90, "onTimeout": on_timeout})).await;
            line.ask("1");
            line.pass(60 * MINUTE);
            assert_eq!(line.outcome(look()).await, "waiting");
            line.pass(60 * MINUTE);
            assert_eq!(line.outcome(look()).await, "rejected");
            assert!(
                line.answers()[0]
                    .summary
                    .starts_with("The execution took longer than 1 h 30 min")
            );
            // The rejection is an event again: what is to be left is left.
            assert_eq!(line.outcome(approval_event("FAILED")).await, "waiting");
            let runs = line.bench.runs();
            assert_eq!(runs[0].status != ExecutionStatus::Running, stopped, "{on_timeout}");
        }
    });
}

#[test]
fn a_retry_of_the_approval_alone_goes_on_as_on_retry_says() {
    run(async {
        for (on_retry, started, redrives) in [("restart", 2, 0), ("redrive", 1, 1)] {
            let line = Line::started(json!({"onRetry": on_retry, "input": {"a": 1}})).await;
            line.ask("1");
            line.end(failed("E"));
            let first_end = ended_event(&line.execution(), Some(line.bench.world().clock.now()));
            assert_eq!(line.outcome(first_end.clone()).await, "rejected");
            line.pass(20 * MINUTE);
            line.ask("2");
            let outcomes = [
                line.outcome(approval_event("STARTED")).await,
                line.outcome(look()).await,
            ];
            assert!(
                ["redriven", "restarted"].contains(&outcomes[0].as_str()),
                "{outcomes:?}"
            );
            assert_eq!(outcomes[1], "waiting");
            // Late events of the first attempt change nothing.
            assert_eq!(line.outcome(first_end).await, "waiting");
            assert_eq!(line.outcome(approval_event("FAILED")).await, "waiting");
            let runs = line.bench.runs();
            assert_eq!((runs.len(), runs[0].redrives), (started, redrives), "{on_retry}");
            assert_eq!(runs[0].input, runs[started - 1].input);
            assert_eq!(runs[started - 1].status, ExecutionStatus::Running);
            line.end(succeeded(&json!({})));
            assert_eq!(line.outcome(ended_event(&line.execution(), None)).await, "approved");
            let answers: Vec<bool> = line.answers().iter().map(|answer| answer.approved).collect();
            assert_eq!(answers, [false, true]);
        }
    });
}

#[test]
fn a_retry_starts_anew_where_a_redrive_would_only_enter_a_fail_state_again() {
    run(async {
        let line = Line::started(json!({"onRetry": "redrive"})).await;
        line.ask("1");
        line.end(failed("E"));
        let states = line.bench.world().states.inner();
        states.write_history(&line.execution(), history(&CAUGHT));
        assert_eq!(line.outcome(look()).await, "rejected");
        let summary = line.answers()[0].summary.clone();
        assert!(
            summary.contains("Retrying the stage starts a new execution"),
            "{summary}"
        );
        line.ask("2");
        assert_eq!(line.outcome(approval_event("STARTED")).await, "restarted");
        assert_eq!(line.outcome(approval_event("STARTED")).await, "waiting");
        let runs = line.bench.runs();
        assert_eq!((runs.len(), runs[0].redrives), (2, 0));
        line.end(succeeded(&json!({})));
        assert_eq!(line.outcome(look()).await, "approved");
    });
}

#[test]
fn a_retry_of_all_actions_goes_on_as_the_action_does() {
    run(async {
        for (on_retry, started, redrives) in [("restart", 2, 0), ("redrive", 1, 1)] {
            let line = Line::started(json!({"onRetry": on_retry})).await;
            line.ask("1");
            line.end(failed("E"));
            assert_eq!(line.outcome(look()).await, "rejected");
            line.pass(20 * MINUTE);
            line.act("lambda-2", "job-2", waiting(json!({"onRetry": on_retry})))
                .await;
            // The first attempt's approval is none of the second run's.
            assert_eq!(line.outcome(approval_event("FAILED")).await, "waiting");
            line.ask("2");
            assert_eq!(line.outcome(approval_event("STARTED")).await, "waiting");
            let runs = line.bench.runs();
            assert_eq!((runs.len(), runs[0].redrives), (started, redrives), "{on_retry}");
            line.end(succeeded(&json!({})));
            assert_eq!(line.outcome(look()).await, "approved");
        }
    });
}

#[test]
fn what_cannot_be_redriven_is_started_anew_and_what_cannot_be_started_is_rejected() {
    run(async {
        let line = Line::started(json!({"onRetry": "redrive"})).await;
        line.ask("1");
        line.end(failed("E"));
        assert_eq!(line.outcome(look()).await, "rejected");
        line.ask("2");
        line.bench.world().states.inner().refuse_redrives();
        let denied = always("StartExecution", Denied, "AccessDeniedException");
        let throttled = always("StartExecution", Throttled, "ThrottlingException");
        line.bench.world().states.script(throttled);
        // AWS refuses what runs, too, which may not show yet.
        assert!(line.bench.deliver(look()).await.is_err());
        line.pass(Duration::from_secs(600));
        assert!(line.bench.deliver(look()).await.is_err());
        line.bench.world().states.script(|_| shared::fakes::Fault::None);
        assert_eq!(line.outcome(look()).await, "restarted");
        assert_eq!(line.outcome(look()).await, "waiting");
        assert_eq!(line.bench.runs().len(), 2);
        line.end(failed("F"));
        assert_eq!(line.outcome(look()).await, "rejected");
        line.ask("3");
        line.pass(Duration::from_secs(600));
        line.bench.world().states.script(denied);
        assert_eq!(line.outcome(look()).await, "rejected");
        let summary = line.answers().last().unwrap().summary.clone();
        assert!(summary.contains("cannot be started for the retried stage"), "{summary}");
        // Nor may it be found out where a redrive leads: somebody has to be told, or the approval would wait for good.
        line.ask("4");
        let denied = always("GetExecutionHistory", Denied, "AccessDeniedException");
        line.bench.world().states.script(denied);
        assert_eq!(line.outcome(look()).await, "rejected");
        let summary = line.answers().last().unwrap().summary.clone();
        assert!(
            summary.contains("cannot be redriven for the retried stage"),
            "{summary}"
        );
    });
}

#[test]
fn an_end_that_does_not_show_yet_is_looked_at_again() {
    run(async {
        let line = Line::started(json!({})).await;
        line.ask("1");
        let told = ended_event(&line.execution(), Some(line.bench.world().clock.now()));
        let error = line.bench.deliver(told).await.unwrap_err();
        assert_eq!(lambda_runtime::Diagnostic::from(error).error_type, "NotSettled");
        assert_eq!(line.bench.runs()[0].looks, 3);
        assert!(line.answers().is_empty());
        // It may be a good end, so that its time being over is no reason yet to reject it.
        line.pass(DAY * 60);
        let told = ended_event(&line.execution(), Some(line.bench.world().clock.now()));
        assert!(line.bench.deliver(told).await.is_err());
        assert!(line.answers().is_empty());
        assert_eq!(line.outcome(look()).await, "rejected");
    });
}

#[test]
fn a_job_with_an_approval_that_cannot_be_is_refused_by_name() {
    run(async {
        let bench = Bench::with_settings(&[("PIPELINES", PIPELINE)]);
        bench.world().pipelines.inner().declare(PIPELINE, "Execute", "Other");
        let job = |id: &str, wanted: &Value| Job {
            id: id.to_owned(),
            ..Job::first(wanted.clone())
        };
        let mut foreign = waiting(json!({}));
        foreign["approval"]["pipeline"] = json!("other");
        let express = waiting(json!({"stateMachine": "quick"}));
        let wanted = waiting(json!({}));
        let with_output = Job {
            outputs: vec!["Output"],
            ..job("3", &wanted)
        };
        for (job, fragments) in [
            (
                job("1", &wanted),
                ["action `Outcome` in stage `Execute`", "add a Manual approval"],
            ),
            (
                job("2", &foreign),
                ["pipeline `other`", "`PIPELINES` names `stepline-dev`"],
            ),
            (with_output, ["output artifact `Output`", "declare no output artifact"]),
        ] {
            assert_fails(&bench.job(job).await, FailureType::ConfigurationError, &fragments);
        }
        bench.world().pipelines.inner().declare(PIPELINE, "Execute", "Outcome");
        let refused = bench.job(job("4", &express)).await;
        assert_fails(
            &refused,
            FailureType::ConfigurationError,
            &["An Express execution", "`approval`"],
        );
        assert!(bench.runs().is_empty());
    });
}

#[test]
fn an_approval_that_no_action_of_this_function_names_is_never_answered() {
    run(async {
        let line = Line::started(json!({})).await;
        line.end(succeeded(&json!({})));
        let action = ActionExecution {
            id: "a-person-s".to_owned(),
            stage: "Approval".to_owned(),
            action: "Approval".to_owned(),
            started_at: line.bench.world().clock.now(),
            ..ActionExecution::default()
        };
        line.bench.world().pipelines.inner().ask(PIPELINE, RUN_ID, action);
        assert_eq!(line.outcome(look()).await, "waiting");
        assert!(line.answers().is_empty());
    });
}
