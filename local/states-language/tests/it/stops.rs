//! A handler that ends the run, and one whose work takes longer than any time there is.

use std::time::Duration;

use serde_json::json;
use states_language::{Failure, ItemSource, Json, ReadRequest, Status, TaskHandler, TaskRequest};

use crate::common::{FUNCTION, run_with, types};
use crate::maps::{distributed, pass};

/// Stops at a state, and counts what it was asked after that.
struct StopsAt {
    state: &'static str,
    stopped: bool,
}

impl TaskHandler for &mut StopsAt {
    fn handle(&mut self, task: &TaskRequest) -> Result<Json, Failure> {
        assert!(
            !self.stopped,
            "'{}' was begun after the handler had stopped the run",
            task.state
        );
        self.stopped = self.state == &*task.state;
        Err(Failure::new("Never", "seen"))
    }

    fn read_items(&mut self, read: &ReadRequest) -> Result<ItemSource, Failure> {
        self.stopped = self.state == &*read.state;
        Err(Failure::new("Never", "seen"))
    }

    fn stops(&mut self) -> bool {
        self.stopped
    }
}

#[test]
fn nothing_is_retried_caught_or_begun_behind_a_handler_that_stops() {
    let all = json!([{"ErrorEquals": ["States.ALL"]}]);
    let each = json!({"Type": "Task", "Resource": FUNCTION, "Retry": all, "End": true});
    let inner = json!({"StartAt": "Each", "States": {"Each": each}});
    let catch = json!([{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]);
    let definition = json!({"StartAt": "All", "States": {
        "All": {"Type": "Map", "ItemProcessor": inner, "Catch": catch, "End": true},
        "Caught": {"Type": "Succeed"},
    }});
    let mut handler = StopsAt {
        state: "Each",
        stopped: false,
    };
    let execution = run_with(&definition, &json!([1, 2, 3]), &mut handler);
    assert_eq!(execution.status(), Status::Running);
    assert!(
        !types(&execution).iter().any(|kind| kind.ends_with("Failed")),
        "{:?}",
        types(&execution)
    );
}

#[test]
fn a_reader_can_stop_it_too() {
    let reader = json!({"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "k"}});
    let map = distributed(pass(), json!({"ItemReader": reader}));
    let mut handler = StopsAt {
        state: "M",
        stopped: false,
    };
    let execution = run_with(&map, &json!({}), &mut handler);
    assert_eq!(execution.status(), Status::Running);
}

/// Work that never ends.
struct Endless;

impl TaskHandler for Endless {
    fn handle(&mut self, _: &TaskRequest) -> Result<Json, Failure> {
        Ok(Json::Null)
    }

    fn duration(&mut self, _: &TaskRequest) -> Duration {
        Duration::MAX
    }
}

#[test]
fn work_that_never_ends_is_ended_by_its_timeout() {
    let state = json!({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 60, "End": true});
    let execution = run_with(&json!({"StartAt": "S", "States": {"S": state}}), &json!({}), Endless);
    assert_eq!(execution.status(), Status::Failed);
    assert_eq!(
        execution.failure().and_then(|failure| failure.error.as_deref()),
        Some("States.Timeout")
    );
}
