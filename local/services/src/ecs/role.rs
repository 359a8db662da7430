//! The service-linked role: what ECS itself acts as when it registers tasks with a load balancer.
//!
//! On AWS the first cluster of an account makes it, if whoever makes the cluster may:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html>.

use platform::iam::NewRole;
use platform::{Platform, Principal, Requirement};
use serde_json::json;

/// Its name.
const NAME: &str = "AWSServiceRoleForECS";

/// ECS, as IAM and other services see it.
pub(super) fn principal() -> Principal {
    Principal::role_session(NAME, "ecs-service-scheduler")
}

/// The role's ARN, if the role is there.
pub(super) fn arn(platform: &Platform) -> Option<String> {
    platform.iam.role(NAME).ok().map(|role| role.arn)
}

/// Makes the role, unless it is there or the caller may not make it.
pub(super) fn make(platform: &Platform, caller: &Principal) {
    if arn(platform).is_some() {
        return;
    }
    let path = "/aws-service-role/ecs.amazonaws.com/";
    let arn = platform.account.global_arn("iam", format_args!("role{path}{NAME}"));
    let may = Requirement::new("iam:CreateServiceLinkedRole", arn).with("iam:AWSServiceName", "ecs.amazonaws.com");
    if platform.authorize(caller, &[may]).is_err() {
        return;
    }
    let mut role = NewRole::for_service(NAME, "ecs.amazonaws.com").with_policy("AmazonECSServiceRolePolicy", policy());
    role.path = path.to_owned();
    // Somebody else has just made it where it fails.
    let _ = platform.iam.create_role(&platform.account, role);
}

/// What the local run needs of
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonECSServiceRolePolicy.html>.
fn policy() -> serde_json::Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": [
                "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
                "elasticloadbalancing:DeregisterTargets",
                "elasticloadbalancing:Describe*",
                "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
                "elasticloadbalancing:RegisterTargets",
            ],
            "Resource": "*",
        }],
    })
}
