//! What the roles of state machines need that no template makes.

use super::used::{Role, Used};
use crate::checks::Machine;
use crate::cloud::Cloud;
use crate::deploy::DeployError;
use serde_json::json;
use states_language::{Needed, permissions};
use std::sync::Arc;

/// What a role needs to be the one of a job in SageMaker: its image, its logs, and the data that only it knows.
///
/// See <https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createprocessingjob-perms>.
const OF_JOB: &[(&[&str], &str)] = &[
    (
        &[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "cloudwatch:PutMetricData",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        ],
        "*",
    ),
    (&["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "*"),
];

/// Notes what the roles of the deployed state machines need, and which services take them.
pub(super) async fn of_machines(cloud: &Arc<Cloud>, used: &mut Used) -> Result<(), DeployError> {
    let listed = cloud.look("states", "ListStateMachines", json!({})).await;
    let listed = listed.map(|looked| looked.output).unwrap_or_default();
    for machine in listed["stateMachines"].as_array().into_iter().flatten() {
        let arn = json!({"stateMachineArn": machine["stateMachineArn"]});
        let described = cloud.look("states", "DescribeStateMachine", arn).await;
        let machine = Machine::read(&described.map(|looked| looked.output).unwrap_or_default());
        let settings = machine.settings(&used.account);
        let needed = permissions(&machine.definition, &settings).unwrap_or_default();
        note(used, &machine.role_arn, &needed);
    }
    Ok(())
}

fn note(used: &mut Used, role_arn: &str, needed: &[Needed]) {
    let roles = &mut used.roles;
    let name_of = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    if let Some(role) = roles.get_mut(&name_of(role_arn)) {
        role.trusts.insert("states.amazonaws.com".to_owned());
        for needed in needed {
            role.need(&[&needed.action], &needed.resource);
        }
    }
    for needed in needed {
        let Some(service) = needed.passed_to else { continue };
        if let Some(role) = roles.get_mut(&name_of(&needed.resource)) {
            passed(role, service);
        }
    }
}

/// A role that is handed to a service.
fn passed(role: &mut Role, service: &str) {
    role.trusts.insert(service.to_owned());
    if service == "sagemaker.amazonaws.com" {
        for (actions, resource) in OF_JOB {
            role.need(actions, resource);
        }
    }
}
