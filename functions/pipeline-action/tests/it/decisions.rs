//! Which facts lead to which decision: by data, for what stand-ins that are never late cannot show.

use std::collections::BTreeMap;
use std::time::Duration;

use pipeline_action::plan::approval::{Carrier, Circumstances, Decision, left_behind, waits};
use pipeline_action::plan::{ABANDONED, NOT_HANDED_OVER, ToRedrive, to_redrive};
use serde_json::json;
use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::{Execution, ExecutionStatus, Failure};
use shared::time::Timestamp;

use crate::support::{FUNCTION, NOW, parameters};

const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:ml:one";

fn at(minutes: u64) -> Timestamp {
    NOW + Duration::from_secs(minutes * 60)
}

/// The runs of a pipeline's execution: the action at minute 10, and approvals that began at these minutes, all but the
/// last of which failed.
fn runs(on_retry: &str, asked: &[u64]) -> Vec<ActionExecution> {
    runs_of(on_retry, "stop", asked)
}

/// The same, with what is to become of an execution that takes too long.
fn runs_of(on_retry: &str, on_timeout: &str, asked: &[u64]) -> Vec<ActionExecution> {
    let wanted = parameters(json!({
        "onRetry": on_retry, "timeoutMinutes": 600, "onTimeout": on_timeout,
        "approval": {"pipeline": "p", "stage": "Execute", "action": "Outcome"},
    }));
    let mut runs = vec![ActionExecution {
        id: "action".to_owned(),
        stage: "Execute".to_owned(),
        action: "Execute".to_owned(),
        configuration: BTreeMap::from([
            ("FunctionName".to_owned(), FUNCTION.to_owned()),
            ("UserParameters".to_owned(), wanted.to_string()),
        ]),
        status: ActionStatus::Succeeded,
        started_at: at(10),
        output_variables: BTreeMap::from([("ExecutionArn".to_owned(), ARN.to_owned())]),
        ..ActionExecution::default()
    }];
    for (number, minute) in asked.iter().enumerate() {
        let is_last = number + 1 == asked.len();
        runs.push(ActionExecution {
            id: format!("approval-{number}"),
            stage: "Execute".to_owned(),
            action: "Outcome".to_owned(),
            status: if is_last {
                ActionStatus::InProgress
            } else {
                ActionStatus::Failed
            },
            started_at: at(*minute),
            ..ActionExecution::default()
        });
    }
    runs
}

/// How an execution ended: with this error at this minute.
fn failed(error: &str, minute: u64) -> (ExecutionStatus, Option<u64>) {
    let failure = Failure {
        error: Some(error.to_owned()),
        cause: None,
    };
    (ExecutionStatus::Failed(failure), Some(minute))
}

const RUNS: (ExecutionStatus, Option<u64>) = (ExecutionStatus::Running, None);

fn name_of(decision: &Decision) -> &'static str {
    match decision {
        Decision::Nothing(_) => "nothing",
        Decision::LookAgain(_) => "look again",
        Decision::Approve { .. } => "approve",
        Decision::Reject { .. } => "reject",
        Decision::GiveUp { .. } => "give up",
        Decision::Redrive => "redrive",
        Decision::StartAnew { stop_first: true } => "stop and start anew",
        Decision::StartAnew { stop_first: false } => "start anew",
        Decision::Stop => "stop",
    }
}

#[test]
fn facts_lead_to_one_decision() {
    let succeeded = ExecutionStatus::Succeeded {
        output: "{}".to_owned(),
    };
    let once: &[u64] = &[12];
    let again: &[u64] = &[12, 100];
    // On a retry; when the approval was asked for; the execution, whether it is the attempt's own, when it was redriven,
    // when an event says that it ended; now.
    let cases = [
        ("restart", once, RUNS, true, None, None, 20, "nothing"),
        ("restart", once, failed("E", 15), true, None, None, 20, "reject"),
        (
            "restart",
            once,
            (succeeded.clone(), Some(11)),
            true,
            None,
            None,
            20,
            "approve",
        ),
        // The action has redriven it, and it still shows the end before.
        ("redrive", once, failed("E", 5), true, None, None, 20, "look again"),
        ("redrive", once, failed("E", 10), true, None, None, 20, "reject"),
        ("redrive", once, RUNS, true, Some(11), Some(5), 20, "nothing"),
        // An event tells of an end that does not show.
        ("redrive", once, RUNS, true, Some(11), Some(15), 20, "look again"),
        ("redrive", once, RUNS, true, None, Some(15), 20, "look again"),
        // What an earlier attempt adopted has ended well before: it is what is wanted.
        (
            "redrive",
            once,
            (succeeded.clone(), Some(5)),
            true,
            None,
            None,
            20,
            "approve",
        ),
        ("redrive", once, RUNS, true, None, None, 610, "give up"),
        ("redrive", once, RUNS, true, Some(300), None, 610, "nothing"),
        ("redrive", again, failed("E", 15), false, None, None, 101, "redrive"),
        (
            "redrive",
            again,
            failed("E", 105),
            false,
            Some(101),
            None,
            110,
            "reject",
        ),
        ("redrive", again, RUNS, false, None, None, 110, "nothing"),
        ("redrive", again, RUNS, false, None, None, 610, "nothing"),
        (
            "redrive",
            again,
            (succeeded, Some(90)),
            false,
            None,
            None,
            110,
            "approve",
        ),
        // A stop that was meant for the attempt before.
        (
            "redrive",
            again,
            failed(ABANDONED, 105),
            false,
            Some(101),
            None,
            110,
            "redrive",
        ),
        // It was stopped for a job that had its answer, which had handed it over.
        (
            "redrive",
            once,
            failed(NOT_HANDED_OVER, 15),
            true,
            None,
            None,
            20,
            "redrive",
        ),
        (
            "restart",
            once,
            failed(NOT_HANDED_OVER, 15),
            true,
            None,
            None,
            20,
            "redrive",
        ),
        ("restart", again, failed("E", 15), false, None, None, 101, "start anew"),
        ("restart", again, RUNS, false, None, None, 101, "stop and start anew"),
        ("restart", again, failed("E", 105), true, None, None, 110, "reject"),
    ];
    for (number, case) in cases.into_iter().enumerate() {
        let (on_retry, asked, (status, stopped), is_own, redriven, told, now, expected) = case;
        let runs = runs(on_retry, asked);
        let waits = waits(&runs, "p", FUNCTION);
        let [wait] = &waits[..] else { panic!("one wait") };
        let carrier = Carrier {
            execution: Execution {
                execution_arn: ARN.to_owned(),
                status,
                started_at: at(if asked.len() > 1 && is_own { 101 } else { 1 }),
                stopped_at: stopped.map(at),
                redriven_at: redriven.map(at),
                input: None,
            },
            is_own,
        };
        let circumstances = Circumstances {
            now: at(now),
            stops: true,
            told_end: told.map(at),
        };
        let decision = wait.decide(&carrier, circumstances);
        assert_eq!(name_of(&decision), expected, "case {number}: {decision:?}");
    }
}

#[test]
fn the_names_of_a_retry_s_execution_are_its_own_and_always_the_same() {
    let runs = runs("restart", &[12, 100, 200]);
    let waits = waits(&runs, "p", FUNCTION);
    let pipeline_action::plan::approval::WaitStage::Asked(attempt) = &waits[0].stage else {
        panic!("{:?}", waits[0].stage)
    };
    let candidates = attempt
        .candidates(&waits[0].parameters)
        .expect("the action names its execution");
    let [(own, true), (before, false), (started, false)] = &candidates[..] else {
        panic!("{candidates:?}")
    };
    assert_eq!(started, ARN);
    assert!(own != before && own.ends_with(attempt.execution_name(&waits[0].parameters).as_str()));
    // Of another pipeline, or for another function, there is nothing to wait for.
    assert!(pipeline_action::plan::approval::waits(&runs, "q", FUNCTION).is_empty());
    assert!(pipeline_action::plan::approval::waits(&runs, "p", "another-function").is_empty());
}

#[test]
fn a_redrive_is_the_wanted_one_only_if_it_is_later_than_the_decision() {
    let (status, stopped) = failed("E", 5);
    let redriven = |minute| Execution {
        execution_arn: ARN.to_owned(),
        status: status.clone(),
        started_at: at(1),
        stopped_at: stopped.map(at),
        redriven_at: Some(at(minute)),
        input: None,
    };
    assert_eq!(to_redrive(&redriven(10), at(10)), ToRedrive::Redrive);
    assert_eq!(to_redrive(&redriven(11), at(10)), ToRedrive::Nothing(Some(at(11))));
}

#[test]
fn what_earlier_runs_of_the_action_and_of_its_approval_started_was_left_behind_and_nothing_else() {
    let mut runs = runs("restart", &[12, 13]);
    let action = runs[0].clone();
    let (in_another_stage, of_another_name) = (runs[2].clone(), runs[2].clone());
    runs.push(ActionExecution {
        stage: "Another".to_owned(),
        ..in_another_stage
    });
    runs.push(ActionExecution {
        action: "Another".to_owned(),
        ..of_another_name
    });
    let machine = "arn:aws:states:us-east-1:123456789012:execution:ml";
    runs.push(ActionExecution {
        id: "again".to_owned(),
        started_at: at(20),
        output_variables: BTreeMap::from([("ExecutionArn".to_owned(), format!("{machine}:two"))]),
        ..action
    });
    let name = |id: &str| waits(&runs, "p", FUNCTION)[0].parameters.execution_name(id);
    let own = |id: &str| format!("{machine}:{}", name(id));
    let expected = [ARN.to_owned(), own("approval-0"), own("approval-1")];
    let left = left_behind(&runs, "p", FUNCTION);
    let executions = left.iter().map(|left| left.execution.clone());
    assert_eq!(executions.collect::<Vec<_>>(), expected);
    let began = |minute| Execution {
        execution_arn: ARN.to_owned(),
        status: ExecutionStatus::Running,
        started_at: at(minute),
        stopped_at: None,
        redriven_at: None,
        input: None,
    };
    assert!(left.iter().all(|left| left.is_to_be_stopped(&began(19))));
    assert!(!left.iter().any(|left| left.is_to_be_stopped(&began(20))));
}

#[test]
fn what_began_in_the_same_moment_as_the_last_run_was_not_left_behind() {
    let runs = runs("restart", &[10]);
    assert!(left_behind(&runs, "p", FUNCTION).is_empty());
}

#[test]
fn what_runs_when_its_approval_is_over_is_stopped_unless_it_may_be_a_newer_one_s_or_was_to_be_left() {
    // On a timeout; when the approval was over; when the execution was redriven; now.
    let cases = [
        ("stop", 20, None, 30, "stop"),
        ("stop", 20, Some(20), 21, "stop"),
        // A newer run of the approval may have redriven it, for as long as it may not be listed yet.
        ("stop", 20, Some(21), 22, "look again"),
        ("stop", 20, Some(21), 23, "stop"),
        // Whether it had its time when it was waited for no longer.
        ("stop", 610, None, 620, "stop"),
        ("leave", 610, None, 620, "nothing"),
        ("leave", 609, None, 620, "stop"),
    ];
    for (on_timeout, over, redriven, now, expected) in cases {
        let mut runs = runs_of("redrive", on_timeout, &[12]);
        runs[1].status = ActionStatus::Failed;
        runs[1].updated_at = at(over);
        let carrier = Carrier {
            execution: Execution {
                execution_arn: ARN.to_owned(),
                status: ExecutionStatus::Running,
                started_at: at(1),
                stopped_at: None,
                redriven_at: redriven.map(at),
                input: None,
            },
            is_own: true,
        };
        let circumstances = Circumstances {
            now: at(now),
            stops: true,
            told_end: None,
        };
        let decision = waits(&runs, "p", FUNCTION)[0].decide(&carrier, circumstances);
        assert_eq!(
            name_of(&decision),
            expected,
            "{on_timeout} {over} {redriven:?} {now}: {decision:?}"
        );
    }
}
