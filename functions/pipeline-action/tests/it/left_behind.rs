//! What an earlier run of an action left running whose approval was over when all actions of the stage were retried, and
//! whose events were lost: the hourly look stops it, and nothing else.

use serde_json::json;
use shared::fakes::Fault;
use shared::ports::CallErrorKind::Throttled;
use shared::ports::code_pipeline::ActionStatus;
use shared::ports::step_functions::ExecutionStatus;

use crate::approvals::{Line, MINUTE, approval_event, look, waiting};
use crate::support::{POLL, always, run};

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
