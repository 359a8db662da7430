//! A task that is aborted while the call that starts its job is under way.

use super::{World, anything};
use platform::{Call, Operation, Operations, Requirement, Served, Service, ServiceError};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock, Mutex};
use tokio::sync::Notify;

/// A SageMaker whose answers come when the test lets them.
#[derive(Default)]
struct Slow {
    asked: Notify,
    go_on: Notify,
    stopped: Notify,
    jobs: Mutex<Vec<String>>,
}

fn nothing(_: &Slow, _: &platform::Platform, _: &Value) -> Result<Vec<Requirement>, ServiceError> {
    Ok(Vec::new())
}

impl Served for Slow {
    const SIGNING_NAME: &'static str = "sagemaker";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Slow>> = LazyLock::new(|| {
            Operations::new([
                Operation::waiting(
                    "CreateProcessingJob",
                    nothing,
                    async |slow: Arc<Slow>, _: Call, _: Value| {
                        slow.asked.notify_one();
                        slow.go_on.notified().await;
                        Ok(json!({"ProcessingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:processing-job/j"}))
                    },
                ),
                Operation::new("StopProcessingJob", nothing, |slow: &Slow, _: &Call, input: Value| {
                    let name = input["ProcessingJobName"].as_str().unwrap_or_default();
                    slow.jobs.lock().unwrap().push(name.to_owned());
                    slow.stopped.notify_one();
                    Ok(json!({}))
                }),
            ])
        });
        &TABLE
    }
}

#[tokio::test]
async fn its_job_is_stopped_once_it_is_there() {
    let (states, slow): (Arc<crate::states::StepFunctions>, Arc<Slow>) = Default::default();
    let services: Vec<Arc<dyn Service>> = vec![
        states.clone(),
        slow.clone(),
        Arc::<crate::events::EventBridge>::default(),
    ];
    let world = World::with(services, states, &anything());
    let task = json!({"Job": {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": {"ProcessingJobName": "j"},
        "End": true,
    }});
    let machine = world.machine("m", task).await;
    let execution = world.start(&machine, "e", json!({})).await;
    slow.asked.notified().await;
    world.call("StopExecution", json!({"executionArn": execution})).await;
    assert!(slow.jobs.lock().unwrap().is_empty(), "there is no job yet");
    slow.go_on.notify_one();
    slow.stopped.notified().await;
    assert_eq!(*slow.jobs.lock().unwrap(), ["j"]);
}
