//! Roles and their policies, as they are looked at.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html> and its like.

use super::IamApi;
use super::asked::{ListRolePolicies, Listing, OneRole, is_managed, listed, on_role};
use super::shown::{encoded, shown, shown_whole};
use platform::input::On;
use platform::{Call, Nothing, Operation, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// The rows of these operations.
pub(super) fn operations() -> [Operation<IamApi>; 5] {
    [
        on_role("GetRole", IamApi::get_role),
        on_role("GetRolePolicy", IamApi::get_role_policy),
        on_role("ListAttachedRolePolicies", IamApi::list_attached_role_policies),
        on_role("ListRolePolicies", IamApi::list_role_policies),
        Operation::on(
            "ListRoles",
            |platform, _: &Listing| platform.account.global_arn("iam", "role/"),
            IamApi::list_roles,
        ),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRolePolicy {
    policy_name: String,
}

impl IamApi {
    fn get_role(&self, call: &Call, input: On<OneRole, Nothing>) -> Result<Value, ServiceError> {
        let role = call.platform.iam.role(&input.target.role_name)?;
        Ok(json!({"Role": shown_whole(&role)}))
    }

    fn get_role_policy(&self, call: &Call, input: On<OneRole, GetRolePolicy>) -> Result<Value, ServiceError> {
        let role = call.platform.iam.role(&input.target.role_name)?;
        let name = &input.own.policy_name;
        let found = role.policies.get(name).filter(|_| !is_managed(name));
        let document = found.ok_or_else(|| {
            let message = format_args!("The role policy with name {name} cannot be found.");
            ServiceError::new("NoSuchEntity", message).with_status(404)
        })?;
        Ok(json!({"RoleName": role.name, "PolicyName": name, "PolicyDocument": encoded(document)}))
    }

    fn list_attached_role_policies(&self, call: &Call, input: On<OneRole, Listing>) -> Result<Value, ServiceError> {
        let role = call.platform.iam.role(&input.target.role_name)?;
        let prefix = input.own.path_prefix.unwrap_or_else(|| "/".to_owned());
        let path_of = |arn: &str| {
            arn.split_once(":policy")
                .map(|(_, path)| path.to_owned())
                .unwrap_or_default()
        };
        let managed = role.policies.keys().filter(|policy| is_managed(policy));
        let managed = managed.filter(|arn| path_of(arn).starts_with(&prefix));
        let which = (input.own.max_items, input.own.marker.as_deref());
        listed(
            managed,
            which,
            "AttachedPolicies",
            |arn| json!({"PolicyName": arn.rsplit('/').next(), "PolicyArn": arn}),
        )
    }

    fn list_role_policies(&self, call: &Call, input: On<OneRole, ListRolePolicies>) -> Result<Value, ServiceError> {
        let role = call.platform.iam.role(&input.target.role_name)?;
        let inline = role.policies.keys().filter(|policy| !is_managed(policy));
        let which = (input.own.max_items, input.own.marker.as_deref());
        listed(inline, which, "PolicyNames", |name| name.as_str().into())
    }

    fn list_roles(&self, call: &Call, input: Listing) -> Result<Value, ServiceError> {
        let roles = call.platform.iam.roles();
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let roles = roles.iter().filter(|role| role.path.starts_with(prefix));
        listed(roles, (input.max_items, input.marker.as_deref()), "Roles", shown)
    }
}
