//! What most of IAM's operations ask for, and the pages of its lists.

use super::IamApi;
use platform::iam::Role;
use platform::input::{On, Page, Target, page};
use platform::{Call, Operation, Platform, Requirement, ServiceError};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// How many items a page has unless asked otherwise, and at most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1000;

/// A role, as most operations name it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneRole {
    pub(super) role_name: String,
}

impl Target for OneRole {
    const MEMBERS: &'static [&'static str] = &["RoleName"];
}

/// Which page of a list, and what its path begins with.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Listing {
    pub(super) path_prefix: Option<String>,
    pub(super) marker: Option<String>,
    #[serde(default, deserialize_with = "count")]
    pub(super) max_items: Option<usize>,
}

/// Which page of a role's policies.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListRolePolicies {
    pub(super) marker: Option<String>,
    #[serde(default, deserialize_with = "count")]
    pub(super) max_items: Option<usize>,
}

/// A number, which the query protocol has as a text.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().map(Some).map_err(D::Error::custom),
        other => usize::deserialize(other).map(Some).map_err(D::Error::custom),
    }
}

/// What an operation on a role does with its input.
pub(super) type Does<I> = fn(&IamApi, &Call, On<OneRole, I>) -> Result<Value, ServiceError>;

/// A row of an operation that needs leave for the role alone.
pub(super) fn on_role<I: DeserializeOwned + Send + 'static>(name: &'static str, does: Does<I>) -> Operation<IamApi> {
    let requires = move |_: &IamApi, platform: &Platform, input: &On<OneRole, I>| {
        Ok(vec![Requirement::new(
            format!("iam:{name}"),
            arn(platform, &input.target.role_name),
        )])
    };
    Operation::new(name, requires, does)
}

/// A role's ARN. A role that is not there is taken for one without a path.
pub(super) fn arn(platform: &Platform, role: &str) -> String {
    let found = platform.iam.role(role).map(|role| role.arn);
    found.unwrap_or_else(|_| platform.account.global_arn("iam", format_args!("role/{role}")))
}

/// Whether a role's policy is a managed one: those are kept by their ARNs, and no inline policy has a colon in its name.
pub(super) fn is_managed(policy: &str) -> bool {
    policy.contains(':')
}

/// A page of a list.
pub(super) fn listed<T>(
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

/// A policy document as a client gives it.
pub(super) fn document(text: &str) -> Result<Value, ServiceError> {
    serde_json::from_str(text)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| ServiceError::new("MalformedPolicyDocument", "This policy contains invalid Json"))
}

pub(super) fn invalid(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::new("ValidationError", message)
}

pub(super) fn limit_exceeded(message: impl std::fmt::Display) -> ServiceError {
    ServiceError::new("LimitExceeded", message).with_status(409)
}

/// Changes a role in a way that needs no other policy.
pub(super) fn alter(
    call: &Call,
    target: &OneRole,
    change: impl FnOnce(&mut Role) -> Result<Value, ServiceError>,
) -> Result<Value, ServiceError> {
    call.platform.iam.alter_role(&target.role_name, |role, _| change(role))
}
