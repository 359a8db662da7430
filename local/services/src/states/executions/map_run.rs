//! A Map Run, as the operations show it.

use platform::input::seconds;
use serde_json::{Value, json};
use states_language::MapRun;

/// Map Runs, each as ListMapRuns and as DescribeMapRun answers it.
pub(super) fn shown(machine_arn: &str, runs: &[MapRun]) -> Vec<(Value, Value)> {
    let runs = runs.iter();
    runs.map(|run| (listed(machine_arn, run), described(run))).collect()
}

fn listed(machine_arn: &str, run: &MapRun) -> Value {
    let mut shown = json!({
        "executionArn": &*run.execution_arn,
        "mapRunArn": &*run.arn,
        "stateMachineArn": machine_arn,
        "startDate": seconds(run.started_at),
    });
    if let Some(stopped) = run.stopped_at {
        shown["stopDate"] = seconds(stopped);
    }
    shown
}

fn described(run: &MapRun) -> Value {
    let pending = run.total.saturating_sub(run.succeeded + run.failed + run.running);
    let counts = json!({
        "pending": pending,
        "running": run.running,
        "succeeded": run.succeeded,
        "failed": run.failed,
        "timedOut": 0,
        "aborted": 0,
        "total": run.total,
        "resultsWritten": run.succeeded,
    });
    let mut shown = json!({
        "mapRunArn": &*run.arn,
        "executionArn": &*run.execution_arn,
        "status": run.status.name(),
        "startDate": seconds(run.started_at),
        "itemCounts": counts,
        "executionCounts": counts,
        "redriveCount": run.redrive_count,
    });
    if let Some(stopped) = run.stopped_at {
        shown["stopDate"] = seconds(stopped);
    }
    shown
}
