//! What a role may do and who may take it on, as it is changed over IAM's API.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html> and its like.

use super::IamApi;
use super::asked::{Does, OneRole, alter, arn, document, invalid, is_managed, limit_exceeded};
use platform::input::On;
use platform::{Call, Nothing, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// How many managed policies, and how many characters of inline ones, a role may have.
///
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const MANAGED_POLICIES: usize = 10;
const INLINE_CHARACTERS: usize = 10_240;

/// The rows of these operations.
pub(super) fn operations() -> [Operation<IamApi>; 7] {
    [
        on_bounded("UpdateAssumeRolePolicy", IamApi::update_assume_role_policy),
        on_bounded("PutRolePolicy", IamApi::put_role_policy),
        on_bounded("DeleteRolePolicy", IamApi::delete_role_policy),
        Operation::new(
            "AttachRolePolicy",
            may_attach("AttachRolePolicy"),
            IamApi::attach_role_policy,
        ),
        Operation::new(
            "DetachRolePolicy",
            may_attach("DetachRolePolicy"),
            IamApi::detach_role_policy,
        ),
        Operation::new("PutRolePermissionsBoundary", may_bound, IamApi::put_boundary),
        on_bounded("DeleteRolePermissionsBoundary", IamApi::delete_boundary),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateAssumeRolePolicy {
    policy_document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRolePolicy {
    policy_name: String,
    policy_document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRolePolicy {
    policy_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OnePolicy {
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutBoundary {
    permissions_boundary: String,
}

/// A row of an operation whose leave may depend on the role's permissions boundary.
fn on_bounded<I: DeserializeOwned + Send + 'static>(name: &'static str, does: Does<I>) -> Operation<IamApi> {
    let requires =
        move |_: &IamApi, platform: &Platform, input: &On<OneRole, I>| Ok(vec![bounded(platform, name, &input.target)]);
    Operation::new(name, requires, does)
}

/// Leave for an operation on a role, with the boundary that it has.
fn bounded(platform: &Platform, operation: &str, role: &OneRole) -> Requirement {
    let leave = Requirement::new(format!("iam:{operation}"), arn(platform, &role.role_name));
    let found = platform.iam.role(&role.role_name).ok();
    match found.and_then(|role| role.permissions_boundary) {
        Some(boundary) => leave.with("iam:PermissionsBoundary", boundary),
        None => leave,
    }
}

fn may_attach(
    operation: &'static str,
) -> impl Fn(&IamApi, &Platform, &On<OneRole, OnePolicy>) -> Result<Vec<Requirement>, ServiceError> {
    move |_, platform, input| {
        let leave = bounded(platform, operation, &input.target);
        Ok(vec![leave.with("iam:PolicyARN", &input.own.policy_arn)])
    }
}

/// The boundary that is asked for counts, not the one that is there.
fn may_bound(
    _: &IamApi,
    platform: &Platform,
    input: &On<OneRole, PutBoundary>,
) -> Result<Vec<Requirement>, ServiceError> {
    let leave = Requirement::new("iam:PutRolePermissionsBoundary", arn(platform, &input.target.role_name));
    Ok(vec![
        leave.with("iam:PermissionsBoundary", &input.own.permissions_boundary),
    ])
}

fn no_such_policy(arn: &str) -> ServiceError {
    if arn.contains(":iam::aws:policy/") {
        let message = format_args!("the local run does not have {arn}");
        return ServiceError::new("NotInLocalRun", message).with_status(501);
    }
    let message = format_args!("Policy {arn} does not exist or is not attachable.");
    ServiceError::new("NoSuchEntity", message).with_status(404)
}

impl IamApi {
    fn update_assume_role_policy(
        &self,
        call: &Call,
        input: On<OneRole, UpdateAssumeRolePolicy>,
    ) -> Result<Value, ServiceError> {
        alter(call, &input.target, |role| {
            role.trust = document(&input.own.policy_document)?;
            Ok(json!({}))
        })
    }

    fn put_role_policy(&self, call: &Call, input: On<OneRole, PutRolePolicy>) -> Result<Value, ServiceError> {
        let PutRolePolicy {
            policy_name,
            policy_document,
        } = input.own;
        if policy_name.is_empty() || is_managed(&policy_name) {
            return Err(invalid("The specified value for policyName is invalid."));
        }
        alter(call, &input.target, |role| {
            role.policies.insert(policy_name, document(&policy_document)?);
            let inline = role.policies.iter().filter(|(name, _)| !is_managed(name));
            let characters: usize = inline
                .map(|(_, policy)| policy.to_string().chars().filter(|c| !c.is_whitespace()).count())
                .sum();
            if characters > INLINE_CHARACTERS {
                let name = &role.name;
                return Err(limit_exceeded(format_args!(
                    "Maximum policy size of {INLINE_CHARACTERS} bytes exceeded for role {name}"
                )));
            }
            Ok(json!({}))
        })
    }

    fn delete_role_policy(&self, call: &Call, input: On<OneRole, DeleteRolePolicy>) -> Result<Value, ServiceError> {
        let name = input.own.policy_name;
        alter(call, &input.target, |role| {
            let removed = Some(&name).filter(|name| !is_managed(name));
            match removed.and_then(|name| role.policies.remove(name)) {
                Some(_) => Ok(json!({})),
                None => {
                    let message = format_args!("The role policy with name {name} cannot be found.");
                    Err(ServiceError::new("NoSuchEntity", message).with_status(404))
                }
            }
        })
    }

    /// What is attached already is attached.
    fn attach_role_policy(&self, call: &Call, input: On<OneRole, OnePolicy>) -> Result<Value, ServiceError> {
        let arn = input.own.policy_arn;
        call.platform.iam.alter_role(&input.target.role_name, |role, policy| {
            let policy = policy(&arn).ok_or_else(|| no_such_policy(&arn))?;
            role.policies.insert(arn, policy);
            let managed = role.policies.keys().filter(|name| is_managed(name)).count();
            if managed > MANAGED_POLICIES {
                return Err(limit_exceeded(format_args!(
                    "Cannot exceed quota for PoliciesPerRole: {MANAGED_POLICIES}"
                )));
            }
            Ok(json!({}))
        })
    }

    fn detach_role_policy(&self, call: &Call, input: On<OneRole, OnePolicy>) -> Result<Value, ServiceError> {
        let arn = input.own.policy_arn;
        alter(call, &input.target, |role| {
            match Some(&arn)
                .filter(|arn| is_managed(arn))
                .and_then(|arn| role.policies.remove(arn))
            {
                Some(_) => Ok(json!({})),
                None => {
                    let message = format_args!("Policy {arn} was not found.");
                    Err(ServiceError::new("NoSuchEntity", message).with_status(404))
                }
            }
        })
    }

    fn put_boundary(&self, call: &Call, input: On<OneRole, PutBoundary>) -> Result<Value, ServiceError> {
        let boundary = input.own.permissions_boundary;
        call.platform.iam.alter_role(&input.target.role_name, |role, policy| {
            if policy(&boundary).is_none() {
                let message = format_args!("Scope ARN: {boundary} does not exist or is not attachable.");
                return Err(ServiceError::new("NoSuchEntity", message).with_status(404));
            }
            role.permissions_boundary = Some(boundary);
            Ok(json!({}))
        })
    }

    fn delete_boundary(&self, call: &Call, input: On<OneRole, Nothing>) -> Result<Value, ServiceError> {
        alter(call, &input.target, |role| match role.permissions_boundary.take() {
            Some(_) => Ok(json!({})),
            None => {
                let name = &role.name;
                let message = format_args!("Role {name} does not have a permissions boundary.");
                Err(ServiceError::new("NoSuchEntity", message).with_status(404))
            }
        })
    }
}
