//! Users and their access keys, as they are looked at.

use super::IamApi;
use super::asked::{Listing, listed};
use super::shown::user;
use platform::iam::{AccessKey, User};
use platform::{Call, Operation, Platform, Principal, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// The rows of these operations.
pub(super) fn operations() -> [Operation<IamApi>; 3] {
    [
        on_user("GetUser", IamApi::get_user),
        on_user("ListAccessKeys", IamApi::list_access_keys),
        Operation::on(
            "ListUsers",
            |platform, _: &Listing| platform.account.global_arn("iam", "user/"),
            IamApi::list_users,
        ),
    ]
}

/// A user, or the one who asks.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OneUser {
    user_name: Option<String>,
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

impl IamApi {
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
}
