//! The role that a state machine is given.

use crate::states::arn::invalid_arn;
use platform::{Platform, Principal, Requirement, ServiceError};
use states_language::{MachineSettings, permissions};

/// What a role needs of the rules by which Step Functions hears of the jobs that the definition waits for:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html>.
fn managed_rules(platform: &Platform, machine_arn: &str, definition: &str) -> Vec<Requirement> {
    let account = &platform.account;
    let settings = MachineSettings {
        partition: account.partition.clone(),
        region: account.region.clone(),
        account: account.id.clone(),
        name: machine_arn.rsplit(':').next().unwrap_or_default().to_owned(),
        logs: false,
        traces: false,
    };
    let needed = permissions(definition, &settings).unwrap_or_default();
    let rules = needed
        .into_iter()
        .filter(|needed| needed.resource.contains(MANAGED_RULE));
    rules
        .map(|needed| Requirement::new(needed.action, needed.resource))
        .collect()
}

/// How the names of these rules begin.
const MANAGED_RULE: &str = ":rule/StepFunctionsGetEvent";

/// Checks the role that a state machine is given, as AWS does. A role that this account does not have passes: a machine
/// without tasks runs without it.
pub(super) fn check(platform: &Platform, role: &str, machine_arn: &str, definition: &str) -> Result<(), ServiceError> {
    check_arn(role)?;
    let regional = format!("states.{}.amazonaws.com", platform.account.region);
    let trusts = |service: &str| {
        let iam = &platform.iam;
        iam.trusts_service(&platform.account, role, service, Some(machine_arn))
    };
    match trusts("states.amazonaws.com") {
        Err(_) => return Ok(()),
        Ok(false) if !trusts(&regional).unwrap_or_default() => {
            return Err(ServiceError::access_denied(
                "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
            ));
        }
        Ok(_) => {}
    }
    let session = Principal::role_session(role.rsplit('/').next().unwrap_or_default(), "StepFunctions");
    let needed = managed_rules(platform, machine_arn, definition);
    platform
        .authorize(&session, &needed)
        .map_err(|_| ServiceError::access_denied(format_args!("'{role}' is not authorized to create managed-rule.")))?;
    Ok(())
}

/// Checks the form of a role's ARN.
pub(super) fn check_arn(role: &str) -> Result<(), ServiceError> {
    if !role.starts_with("arn:") || role.split(':').count() < 6 {
        return Err(invalid_arn(format_args!("Invalid ARN prefix: {role}")));
    }
    if !is_role(role) {
        return Err(ServiceError::new(
            "InvalidArn",
            format_args!("Invalid Role Arn: '{role}'"),
        ));
    }
    Ok(())
}

/// Whether it is the ARN of a role in an account, which has twelve digits.
fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = parts[..] else {
        return false;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    is_account && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
}
