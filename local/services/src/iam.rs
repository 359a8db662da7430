//! IAM's API, as far as it shows roles, users and policies. What they allow is decided in [`platform::iam`].
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html> and its like. A policy is shown as IAM does,
//! percent-encoded.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::iam::{AccessKey, Role, User};
use platform::input::{On, Page, Target, page};
use platform::{Call, Nothing, Operation, Operations, Platform, Principal, Served, ServiceError};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// How many items a page has unless asked otherwise, and at most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1000;

/// IAM's API.
#[derive(Debug, Default)]
pub struct IamApi {}

/// A role, as most operations name it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OneRole {
    role_name: String,
}

impl Target for OneRole {
    const MEMBERS: &'static [&'static str] = &["RoleName"];
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRolePolicy {
    policy_name: String,
}

/// Which page of a list, and what its path begins with.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Listing {
    path_prefix: Option<String>,
    marker: Option<String>,
    #[serde(default, deserialize_with = "count")]
    max_items: Option<usize>,
}

/// Which page of a role's policies.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRolePolicies {
    marker: Option<String>,
    #[serde(default, deserialize_with = "count")]
    max_items: Option<usize>,
}

/// A user, or the one who asks.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OneUser {
    user_name: Option<String>,
}

/// A number, which the query protocol has as a text.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().map(Some).map_err(D::Error::custom),
        other => usize::deserialize(other).map(Some).map_err(D::Error::custom),
    }
}

impl Served for IamApi {
    const SIGNING_NAME: &'static str = "iam";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<IamApi>> = LazyLock::new(|| {
            Operations::new([
                on_role("GetRole", IamApi::get_role),
                on_role("GetRolePolicy", IamApi::get_role_policy),
                on_role("ListAttachedRolePolicies", IamApi::list_attached_role_policies),
                on_role("ListRolePolicies", IamApi::list_role_policies),
                on_user("GetUser", IamApi::get_user),
                on_user("ListAccessKeys", IamApi::list_access_keys),
                Operation::on(
                    "ListUsers",
                    |platform, _: &Listing| platform.account.global_arn("iam", "user/"),
                    IamApi::list_users,
                ),
                Operation::on(
                    "ListRoles",
                    |platform, _: &Listing| arn(platform, ""),
                    IamApi::list_roles,
                ),
            ])
        });
        &TABLE
    }
}

/// What an operation on a role does with its input.
type Does<I> = fn(&IamApi, &Call, On<OneRole, I>) -> Result<Value, ServiceError>;

/// A row of an operation on a role.
fn on_role<I: DeserializeOwned + Send + 'static>(name: &'static str, does: Does<I>) -> Operation<IamApi> {
    let resource = |platform: &Platform, input: &On<OneRole, I>| arn(platform, &input.target.role_name);
    Operation::on(name, resource, does)
}

/// A row of an operation on a user. Who names none asks for the own one, which only a policy for all users allows here.
fn on_user(name: &'static str, does: fn(&IamApi, &Call, OneUser) -> Result<Value, ServiceError>) -> Operation<IamApi> {
    let resource = |platform: &Platform, input: &OneUser| {
        let name = input.user_name.as_deref();
        let known = name.and_then(|name| platform.iam.user(name).ok()).map(|user| user.arn);
        known.unwrap_or_else(|| {
            let name = name.unwrap_or("*");
            platform.account.global_arn("iam", format_args!("user/{name}"))
        })
    };
    Operation::on(name, resource, does)
}

fn arn(platform: &Platform, role: &str) -> String {
    platform.account.global_arn("iam", format_args!("role/{role}"))
}

/// Whether a role's policy is a managed one: those are kept by their ARNs, and no inline policy has a colon in its name.
fn is_managed(policy: &str) -> bool {
    policy.contains(':')
}

fn encoded(document: &Value) -> Value {
    utf8_percent_encode(&document.to_string(), NON_ALPHANUMERIC)
        .to_string()
        .into()
}

fn shown(role: &Role) -> Value {
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        // IAM has whole seconds.
        "CreateDate": role.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "AssumeRolePolicyDocument": encoded(&role.trust),
    })
}

fn user(user: &User) -> Value {
    json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}

/// The user that is named, or the one who asks.
fn named(call: &Call, input: OneUser) -> Result<User, ServiceError> {
    let name = match (input.user_name, &call.caller) {
        (Some(name), _) => name,
        (None, Principal::User { name, .. }) => name.clone(),
        (None, _) => {
            let message = "Must specify userName when calling with non-User credentials";
            return Err(ServiceError::new("ValidationError", message));
        }
    };
    call.platform.iam.user(&name)
}

/// A page of a list.
fn listed<T>(
    items: impl IntoIterator<Item = T>,
    (size, marker): (Option<usize>, Option<&str>),
    list: &str,
    show: impl FnMut(T) -> Value,
) -> Result<Value, ServiceError> {
    let size = size.unwrap_or(PAGE).min(LARGEST_PAGE);
    let page: Page<T> = page(items, size, marker, "ValidationError")?;
    let is_truncated = page.next_token.is_some();
    let mut answer = page.answer(list, "Marker", show);
    answer["IsTruncated"] = is_truncated.into();
    Ok(answer)
}

impl IamApi {
    fn get_role(&self, call: &Call, input: On<OneRole, Nothing>) -> Result<Value, ServiceError> {
        let role = call.platform.iam.role(&input.target.role_name)?;
        Ok(json!({"Role": shown(&role)}))
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

    /// See <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html>.
    fn get_user(&self, call: &Call, input: OneUser) -> Result<Value, ServiceError> {
        Ok(json!({"User": user(&named(call, input)?)}))
    }

    /// See <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html>.
    fn list_access_keys(&self, call: &Call, input: OneUser) -> Result<Value, ServiceError> {
        let keys = call.platform.iam.access_keys(&named(call, input)?.name)?;
        listed(keys, (None, None), "AccessKeyMetadata", |key: AccessKey| {
            json!({
                "UserName": key.user,
                "AccessKeyId": key.id,
                "Status": if key.is_active { "Active" } else { "Inactive" },
                "CreateDate": key.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            })
        })
    }

    /// See <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html>.
    fn list_users(&self, call: &Call, input: Listing) -> Result<Value, ServiceError> {
        let users = call.platform.iam.users();
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let users = users.iter().filter(|user| user.path.starts_with(prefix));
        listed(users, (input.max_items, input.marker.as_deref()), "Users", user)
    }

    fn list_roles(&self, call: &Call, input: Listing) -> Result<Value, ServiceError> {
        let roles = call.platform.iam.roles();
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let roles = roles.iter().filter(|role| role.path.starts_with(prefix));
        listed(roles, (input.max_items, input.marker.as_deref()), "Roles", shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{account, call, refusal};
    use platform::iam::{NewRole, NewUser};
    use std::sync::Arc;

    #[tokio::test]
    async fn users_and_their_keys_are_shown_without_secrets() {
        let platform = account(vec![Arc::new(IamApi::default())]);
        let new = NewUser::new("ci").with_policy(
            "own",
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}]}),
        );
        platform.iam.create_user(&platform.account, new).unwrap();
        let key = platform.iam.access_key("key", "ci", true).unwrap();
        let ci = Principal::User {
            name: "ci".to_owned(),
            path: "/".to_owned(),
        };
        let own = platform.call(&ci, "iam", "GetUser", json!({})).await.unwrap();
        assert_eq!(own["User"]["Arn"], "arn:aws:iam::123456789012:user/ci");
        let denied = platform.call(&ci, "iam", "ListUsers", json!({})).await.unwrap_err();
        assert_eq!(denied.kind, platform::ErrorKind::Denied);
        let keys = call(&platform, "iam", "ListAccessKeys", json!({"UserName": "ci"}))
            .await
            .unwrap();
        assert_eq!(keys["AccessKeyMetadata"][0]["AccessKeyId"], key.id.as_str());
        assert!(!keys.to_string().contains(&key.secret));
        let users = call(&platform, "iam", "ListUsers", json!({})).await.unwrap();
        assert_eq!(users["Users"][0], own["User"]);
        assert_eq!(refusal(&platform, "iam", "GetUser", json!({})).await, "ValidationError");
    }

    #[tokio::test]
    async fn roles_and_their_policies_are_shown() {
        let platform = account(vec![Arc::new(IamApi::default())]);
        let logs = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        let policy =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
        for name in ["a", "b", "c"] {
            let mut role = NewRole::for_service(name, "lambda.amazonaws.com").with_policy("own", policy.clone());
            role.managed_policies.push(logs.to_owned());
            platform.iam.create_role(&platform.account, role).unwrap();
        }
        let first = call(&platform, "iam", "ListRoles", json!({"MaxItems": "2"}))
            .await
            .unwrap();
        assert_eq!(
            (first["Roles"][1]["RoleName"].as_str(), &first["IsTruncated"]),
            (Some("b"), &true.into())
        );
        let second = call(&platform, "iam", "ListRoles", json!({"Marker": first["Marker"]}))
            .await
            .unwrap();
        assert_eq!(
            (second["Roles"][0]["RoleName"].as_str(), &second["IsTruncated"]),
            (Some("c"), &false.into())
        );
        let of = |operation| call(&platform, "iam", operation, json!({"RoleName": "a"}));
        assert_eq!(
            of("ListRolePolicies").await.unwrap(),
            json!({"PolicyNames": ["own"], "IsTruncated": false})
        );
        let attached = json!({"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": logs});
        let expected = json!({"AttachedPolicies": [attached], "IsTruncated": false});
        assert_eq!(of("ListAttachedRolePolicies").await.unwrap(), expected);
        let own = json!({"RoleName": "a", "PolicyName": "own"});
        let shown = call(&platform, "iam", "GetRolePolicy", own).await.unwrap();
        assert_eq!(shown["PolicyDocument"], encoded(&policy));
        let managed = json!({"RoleName": "a", "PolicyName": logs});
        assert_eq!(
            refusal(&platform, "iam", "GetRolePolicy", managed).await,
            "NoSuchEntity"
        );
    }
}
