//! Roles and users as IAM shows them.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::iam::{Role, User};
use serde_json::{Value, json};

/// A policy, percent-encoded.
pub(super) fn encoded(document: &Value) -> Value {
    utf8_percent_encode(&document.to_string(), NON_ALPHANUMERIC)
        .to_string()
        .into()
}

/// A role as lists show it.
pub(super) fn shown(role: &Role) -> Value {
    let mut shown = json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        // IAM has whole seconds.
        "CreateDate": role.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "AssumeRolePolicyDocument": encoded(&role.trust),
        "MaxSessionDuration": role.details.max_session_seconds,
    });
    if let Some(description) = &role.details.description {
        shown["Description"] = description.as_str().into();
    }
    shown
}

/// A role as GetRole and CreateRole show it: lists leave out its tags and its boundary.
pub(super) fn shown_whole(role: &Role) -> Value {
    let mut whole = shown(role);
    if let Some(arn) = &role.permissions_boundary {
        whole["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
    }
    if !role.details.tags.is_empty() {
        let tags = role.details.tags.iter();
        whole["Tags"] = tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    }
    whole
}

/// A user.
pub(super) fn user(user: &User) -> Value {
    json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}
