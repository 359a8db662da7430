//! What each operation needs from IAM.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html>.

use super::arn::Arn;
use crate::cloud::Requirement;
use crate::error::ServiceError;
use crate::services::input::required;
use serde_json::Value;

pub(super) fn of(operation: &str, input: &Value) -> Result<Vec<Requirement>, ServiceError> {
    let action = format!("states:{operation}");
    let on = |field: &str| Ok(vec![Requirement::new(action.as_str(), required(input, field)?)]);
    match operation {
        "CreateStateMachine" | "UpdateStateMachine" => {
            let mut requirements = match operation {
                // The machine has no ARN before it is created; its name is what a policy can look at.
                "CreateStateMachine" => vec![Requirement::new(action, "*")],
                _ => on("stateMachineArn")?,
            };
            if let Some(role) = input["roleArn"].as_str() {
                requirements
                    .push(Requirement::new("iam:PassRole", role).with("iam:PassedToService", "states.amazonaws.com"));
            }
            if input["publish"] == true {
                let machine = input["stateMachineArn"].as_str().unwrap_or("*");
                requirements.push(Requirement::new("states:PublishStateMachineVersion", machine));
            }
            Ok(requirements)
        }
        "CreateStateMachineAlias" => {
            let version = &input["routingConfiguration"][0];
            let version = Arn::read(required(version, "stateMachineVersionArn")?)?;
            Ok(vec![Requirement::new(action, version.unqualified())])
        }
        "UpdateStateMachineAlias" | "DescribeStateMachineAlias" | "DeleteStateMachineAlias" => {
            on("stateMachineAliasArn")
        }
        "DeleteStateMachineVersion" => on("stateMachineVersionArn"),
        "DeleteStateMachine"
        | "DescribeStateMachine"
        | "PublishStateMachineVersion"
        | "ListStateMachineVersions"
        | "ListStateMachineAliases"
        | "StartExecution"
        | "StartSyncExecution" => on("stateMachineArn"),
        "DescribeExecution"
        | "DescribeStateMachineForExecution"
        | "GetExecutionHistory"
        | "StopExecution"
        | "RedriveExecution"
        | "ListMapRuns" => on("executionArn"),
        "ListExecutions" if input["mapRunArn"].is_string() => on("mapRunArn"),
        "ListExecutions" => on("stateMachineArn"),
        "DescribeMapRun" => on("mapRunArn"),
        "TagResource" | "UntagResource" | "ListTagsForResource" => on("resourceArn"),
        "TestState" => {
            let role = input["roleArn"]
                .as_str()
                .map(|role| Requirement::new("iam:PassRole", role).with("iam:PassedToService", "states.amazonaws.com"));
            Ok(role.into_iter().chain([Requirement::new(action, "*")]).collect())
        }
        "ListStateMachines"
        | "ValidateStateMachineDefinition"
        | "SendTaskSuccess"
        | "SendTaskFailure"
        | "SendTaskHeartbeat" => Ok(vec![Requirement::new(action, "*")]),
        _ => Err(ServiceError::not_in_local_run("states", operation)),
    }
}
