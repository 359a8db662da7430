//! Step Functions: state machines with versions and aliases, and executions that the interpreter runs.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html>. The language is that of
//! [`states_language`]; this service keeps its executions, gives them time, and has their tasks done by the other
//! services as the state machine's role (`tasks`). Absent: activities,
//! and the child executions of a Map Run as executions of their own.

mod arn;
mod definitions;
mod drive;
mod errors;
mod executions;
mod fields;
mod items;
mod jobs;
mod machine;
mod machines;
mod progress;
mod registry;
mod requirements;
mod tasks;
#[cfg(test)]
mod tests;
mod tokens;
mod versions;

use crate::by_name::ByName;
use platform::error::ServiceError;
use platform::principal::Principal;
use platform::{Platform, Requirement};
use registry::Registry;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Step Functions in this account and region.
#[derive(Debug, Default)]
pub struct StepFunctions {
    registry: Mutex<Registry>,
}

impl StepFunctions {
    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

crate::by_name::by_name!(StepFunctions);

#[async_trait::async_trait]
impl ByName for StepFunctions {
    fn signing_name(&self) -> &'static str {
        "states"
    }

    fn requirements(
        &self,
        platform: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        requirements::of(&platform.account, operation, input)
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        _caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "CreateStateMachine" => self.create_state_machine(platform, &input),
            "UpdateStateMachine" => self.update_state_machine(platform, &input),
            "DeleteStateMachine" => self.delete_state_machine(&input),
            "DescribeStateMachine" => self.describe_state_machine(&input),
            "DescribeStateMachineForExecution" => self.describe_state_machine_for_execution(&input),
            "ListStateMachines" => self.list_state_machines(&input),
            "TagResource" => self.tag_resource(&input),
            "UntagResource" => self.untag_resource(&input),
            "ListTagsForResource" => self.list_tags(&input),
            "ValidateStateMachineDefinition" => definitions::validate(&input),
            "TestState" => definitions::test_state(&input),
            "PublishStateMachineVersion" => self.publish_version(&input),
            "ListStateMachineVersions" => self.list_versions(&input),
            "DeleteStateMachineVersion" => self.delete_version(&input),
            "CreateStateMachineAlias" => self.create_alias(&input),
            "UpdateStateMachineAlias" => self.update_alias(&input),
            "DescribeStateMachineAlias" => self.describe_alias(&input),
            "ListStateMachineAliases" => self.list_aliases(&input),
            "DeleteStateMachineAlias" => self.delete_alias(&input),
            "StartExecution" => self.start_execution(platform, &input),
            "StartSyncExecution" => self.start_sync_execution(platform, &input).await,
            "DescribeExecution" => self.describe_execution(&input),
            "ListExecutions" => self.list_executions(&input),
            "GetExecutionHistory" => self.get_execution_history(&input),
            "StopExecution" => self.stop_execution(platform, &input),
            "RedriveExecution" => self.redrive_execution(platform, &input),
            "DescribeMapRun" => self.describe_map_run(&input),
            "ListMapRuns" => self.list_map_runs(&input),
            "SendTaskSuccess" => self.send_task_success(&input),
            "SendTaskFailure" => self.send_task_failure(&input),
            "SendTaskHeartbeat" => self.send_task_heartbeat(&input),
            _ => Err(ServiceError::not_in_local_run("states", operation)),
        }
    }
}
