//! What each operation needs from IAM.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html>. A version or an
//! alias is authorised by its state machine's ARN, and its number or name is a condition key:
//! <https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html>.

use super::arn::Arn;
use platform::Requirement;
use platform::account::Account;
use platform::error::ServiceError;
use platform::input::required;
use serde_json::Value;

/// The condition key that has the qualifier of a state machine's ARN: a version's number or an alias's name.
const QUALIFIER: &str = "states:StateMachineQualifier";

/// What `operation` with this input needs.
///
/// # Errors
/// The input names no resource, or the operation is not in the local run.
pub(super) fn of(account: &Account, operation: &str, input: &Value) -> Result<Vec<Requirement>, ServiceError> {
    let action = format!("states:{operation}");
    let on = |field: &str| Ok(vec![Requirement::new(action.as_str(), required(input, field)?)]);
    let on_machine = |field: &str| {
        let arn = Arn::read(required(input, field)?)?;
        let requirement = Requirement::new(action.as_str(), arn.unqualified());
        Ok(vec![match arn.rest {
            Some(qualifier) => requirement.with(QUALIFIER, qualifier),
            None => requirement,
        }])
    };
    match operation {
        "CreateStateMachine" | "UpdateStateMachine" => {
            let machine = match operation {
                // Policies are asked about the ARN that it is going to have.
                "CreateStateMachine" => {
                    account.arn("states", format_args!("stateMachine:{}", required(input, "name")?))
                }
                _ => required(input, "stateMachineArn")?.to_owned(),
            };
            let mut requirements = vec![Requirement::new(action, machine.as_str())];
            if let Some(role) = input["roleArn"].as_str() {
                requirements
                    .push(Requirement::new("iam:PassRole", role).with("iam:PassedToService", "states.amazonaws.com"));
            }
            if input["publish"] == true {
                requirements.push(Requirement::new("states:PublishStateMachineVersion", machine));
            }
            Ok(requirements)
        }
        "CreateStateMachineAlias" => {
            let version = &input["routingConfiguration"][0];
            let version = Arn::read(required(version, "stateMachineVersionArn")?)?;
            let requirement = Requirement::new(action, version.unqualified());
            Ok(vec![requirement.with(QUALIFIER, required(input, "name")?)])
        }
        "UpdateStateMachineAlias" | "DescribeStateMachineAlias" | "DeleteStateMachineAlias" => {
            on_machine("stateMachineAliasArn")
        }
        "DeleteStateMachineVersion" => on_machine("stateMachineVersionArn"),
        "DescribeStateMachine" | "ListStateMachineAliases" | "StartExecution" | "StartSyncExecution" => {
            on_machine("stateMachineArn")
        }
        // They take no qualifier.
        "DeleteStateMachine" | "PublishStateMachineVersion" | "ListStateMachineVersions" => on("stateMachineArn"),
        "DescribeExecution"
        | "DescribeStateMachineForExecution"
        | "GetExecutionHistory"
        | "StopExecution"
        | "RedriveExecution"
        | "ListMapRuns" => on("executionArn"),
        "ListExecutions" if input["mapRunArn"].is_string() => on("mapRunArn"),
        "ListExecutions" => on_machine("stateMachineArn"),
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
