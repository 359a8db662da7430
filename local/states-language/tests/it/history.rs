//! The exact text of every type of event: the names of its fields, and their order.

use std::sync::Arc;
use std::time::Duration;

use states_language::history::{EventDetails, Payload, StateKind, TaskResource, TaskScheduled};
use states_language::{Failure, HistoryEvent, Json, Timestamp};

fn text(text: &str) -> Arc<str> {
    text.into()
}

fn some(value: &str) -> Option<Arc<str>> {
    Some(text(value))
}

fn data() -> Payload {
    Json::from(vec![1_i64]).into()
}

fn task_resource() -> TaskResource {
    TaskResource {
        resource_type: text("lambda"),
        resource: text("invoke"),
    }
}

fn scheduled(timeout: Option<u64>) -> EventDetails {
    EventDetails::TaskScheduled(Box::new(TaskScheduled {
        resource: task_resource(),
        region: text("us-east-1"),
        parameters: data(),
        timeout_in_seconds: timeout,
        heartbeat_in_seconds: timeout,
        credentials_role_arn: timeout.and_then(|_| some("role")),
    }))
}

/// Every type of event, with everything that it can say, and then with the least.
fn events() -> Vec<EventDetails> {
    use EventDetails::*;
    let input = data;
    let output = data;
    let name = || text("A");
    let (error, cause) = (|| some("Error"), || some("Cause"));
    let resource = task_resource;
    let failure = |error, cause| Failure { error, cause };
    let started = |qualified_arn| ExecutionStarted {
        input: Payload::Text(text("{ }")),
        role_arn: text("role"),
        qualified_arn,
    };
    let exited = |assigned| StateExited {
        kind: StateKind::Task,
        name: name(),
        output: output(),
        assigned,
    };
    vec![
        started(some("machine:3")),
        started(some("machine:alias")),
        started(None),
        ExecutionSucceeded { output: output() },
        ExecutionFailed(failure(error(), cause())),
        ExecutionFailed(failure(None, None)),
        ExecutionTimedOut(failure(error(), cause())),
        ExecutionAborted(failure(error(), cause())),
        ExecutionRedriven { redrive_count: 2 },
        StateEntered {
            kind: StateKind::Pass,
            name: name(),
            input: input(),
        },
        exited(Some(Arc::new(vec![
            (text("b"), Json::from(vec![1_i64])),
            (text("c"), Json::Null),
        ]))),
        exited(None),
        EvaluationFailed {
            state: name(),
            location: some("Output"),
            error: text("E"),
            cause: text("C"),
        },
        EvaluationFailed {
            state: name(),
            location: None,
            error: text("E"),
            cause: text("C"),
        },
        LambdaFunctionScheduled {
            resource: text("invoke"),
            input: input(),
            timeout_in_seconds: Some(60),
            credentials_role_arn: some("role"),
        },
        LambdaFunctionScheduled {
            resource: text("invoke"),
            input: input(),
            timeout_in_seconds: None,
            credentials_role_arn: None,
        },
        LambdaFunctionStarted,
        LambdaFunctionSucceeded { output: output() },
        LambdaFunctionFailed(failure(error(), cause())),
        LambdaFunctionTimedOut(failure(error(), None)),
        scheduled(Some(60)),
        scheduled(None),
        TaskStarted(resource()),
        TaskStartFailed {
            resource: resource(),
            failure: failure(error(), cause()),
        },
        TaskSubmitted {
            resource: resource(),
            output: output(),
        },
        TaskSucceeded {
            resource: resource(),
            output: output(),
        },
        TaskFailed {
            resource: resource(),
            failure: failure(error(), cause()),
        },
        TaskTimedOut {
            resource: resource(),
            failure: failure(None, cause()),
        },
        ParallelStateStarted,
        ParallelStateSucceeded,
        ParallelStateFailed,
        ParallelStateAborted,
        TaskStateAborted,
        WaitStateAborted,
        MapStateStarted { length: 3 },
        MapStateSucceeded,
        MapStateFailed,
        MapStateAborted,
        MapIterationStarted { name: name(), index: 1 },
        MapIterationSucceeded { name: name(), index: 1 },
        MapIterationFailed { name: name(), index: 1 },
        MapIterationAborted { name: name(), index: 1 },
        MapRunStarted {
            map_run_arn: text("run"),
        },
        MapRunSucceeded,
        MapRunFailed(failure(error(), cause())),
        MapRunAborted,
        MapRunRedriven {
            map_run_arn: text("run"),
            redrive_count: 1,
        },
    ]
}

/// As `GetExecutionHistory` says it.
fn written(details: EventDetails) -> String {
    let event = HistoryEvent {
        id: 7,
        previous_event_id: 6,
        timestamp: Timestamp::UNIX_EPOCH + Duration::from_millis(1_500),
        details,
    };
    serde_json::to_string(&event).expect("an event") + "\n"
}

#[test]
fn every_type_has_its_own_text() {
    let lines: String = events().into_iter().map(written).collect();
    assert_eq!(lines, include_str!("history.jsonl"));
}
