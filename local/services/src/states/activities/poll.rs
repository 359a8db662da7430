//! GetActivityTask: a worker waits for a task and takes it.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html>.

use super::kept::find;
use super::queue::Scheduled;
use crate::states::registry::StepFunctions;
use platform::{Call, Operation, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// For this long a worker waits.
const LONGEST: Duration = Duration::from_secs(60);

/// As many workers can ask one activity at a time:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
const MOST_WORKERS: usize = 1000;

/// As many characters as a worker's name may have.
const LONGEST_NAME: usize = 80;

/// The row of this operation.
pub(super) fn operations() -> [Operation<StepFunctions>; 1] {
    [Operation::waiting(
        "GetActivityTask",
        |_, _, it: &GetTask| Ok(vec![Requirement::new("states:GetActivityTask", &*it.activity_arn)]),
        StepFunctions::get_activity_task,
    )]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetTask {
    activity_arn: String,
    worker_name: Option<String>,
}

impl StepFunctions {
    async fn get_activity_task(self: Arc<Self>, _: Call, input: GetTask) -> Result<Value, ServiceError> {
        let (arn, worker) = (input.activity_arn.as_str(), input.worker_name.as_deref());
        worker.map_or(Ok(()), check_worker_name)?;
        let activities = &self.activities;
        find(&activities.rows.lock(), arn)?;
        let polling = activities.queues.poll(arn, MOST_WORKERS).ok_or_else(|| {
            ServiceError::new(
                "ActivityWorkerLimitExceeded",
                "The maximum number of workers concurrently polling for activity tasks has been reached.",
            )
        })?;
        let until = Instant::now() + *activities.longest_poll.get_or_init(|| LONGEST);
        loop {
            let arrived = polling.arrived.notified();
            while let Some(scheduled) = activities.queues.take(arn) {
                // What was aborted meanwhile is nobody's work any more.
                if is_taken(&scheduled, worker) {
                    return Ok(json!({"taskToken": &*scheduled.token, "input": scheduled.input}));
                }
            }
            if timeout_at(until, arrived).await.is_err() {
                return Ok(json!({"taskToken": null}));
            }
        }
    }
}

fn is_taken(scheduled: &Scheduled, worker: Option<&str>) -> bool {
    let execution = scheduled.execution.upgrade();
    execution.is_some_and(|execution| execution.take(scheduled.task, worker))
}

fn check_worker_name(name: &str) -> Result<(), ServiceError> {
    let bound = match name.chars().count() {
        0 => "greater than or equal to 1",
        1..=LONGEST_NAME => return Ok(()),
        _ => "less than or equal to 80",
    };
    let rule = format_args!("Member must have length {bound}");
    Err(ServiceError::constraint(name, "workerName", rule))
}
