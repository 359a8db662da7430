//! What an earlier run of an action left running whose approval was over when all actions of the stage were retried, and
//! whose events were lost: the hourly look stops it, and nothing else.

use serde_json::json;
use shared::ports::code_pipeline::ActionStatus;
use shared::ports::step_functions::ExecutionStatus;

use crate::approvals::{Line, approval_event, look, waiting};
use crate::support::{POLL, run};

fn runs(line: &Line) -> Vec<bool> {
    let runs = line.bench.runs().into_iter();
    runs.map(|run| run.status == ExecutionStatus::Running).collect()
}

#[test]
fn it_is_stopped_by_the_next_look() {
    run(async {
        for (more, left) in [
            (json!({}), [false, true]),
            (json!({"onTimeout": "leave"}), [true, true]),
        ] {
            let line = Line::started(more.clone()).await;
            line.ask("1");
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
