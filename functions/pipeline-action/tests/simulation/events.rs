//! Events as EventBridge delivers them, as far as the function reads them.

use serde_json::{Value, json};
use shared::time::Timestamp;

use crate::world::{PIPELINE, RUN_ID};

pub(crate) fn look() -> Value {
    json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}})
}

pub(crate) fn ended_event(arn: &str, ended: Timestamp) -> Value {
    let name = arn.rsplit(':').next().unwrap_or_default();
    json!({
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"executionArn": arn, "name": name, "stopDate": ended.as_millis()},
    })
}

pub(crate) fn approval_event(state: &str) -> Value {
    json!({
        "detail-type": "CodePipeline Action Execution State Change",
        "detail": {"pipeline": PIPELINE, "execution-id": RUN_ID, "stage": "Execute", "action": "Outcome",
            "state": state, "type": {"category": "Approval"}},
    })
}

pub(crate) fn action_event(id: &str) -> Value {
    json!({
        "detail-type": "CodePipeline Action Execution State Change",
        "detail": {"pipeline": PIPELINE, "execution-id": RUN_ID, "stage": "Execute", "action": "Execute",
            "state": "ABANDONED", "action-execution-id": id, "type": {"category": "Invoke"}},
    })
}
