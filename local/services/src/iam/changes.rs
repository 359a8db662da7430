//! Roles that are made and changed over IAM's API.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html> and its like.

use super::IamApi;
use super::asked::{ListRolePolicies, OneRole, alter, arn, count, document, invalid, limit_exceeded, listed, on_role};
use super::shown::{shown, shown_whole};
use crate::tags::Tag;
use platform::iam::{NewRole, RoleDetails};
use platform::input::On;
use platform::{Call, Nothing, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many tags a role may have.
///
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const TAGS: usize = 50;

/// The rows of these operations.
pub(super) fn operations() -> [Operation<IamApi>; 8] {
    [
        Operation::new("CreateRole", may_create, IamApi::create_role),
        on_role("DeleteRole", IamApi::delete_role),
        on_role("UpdateRole", IamApi::update_role),
        on_role("UpdateRoleDescription", IamApi::update_role_description),
        Operation::new("TagRole", may_tag, IamApi::tag_role),
        Operation::new("UntagRole", may_untag, IamApi::untag_role),
        on_role("ListRoleTags", IamApi::list_role_tags),
        on_role("ListInstanceProfilesForRole", IamApi::list_instance_profiles),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRole {
    role_name: String,
    assume_role_policy_document: String,
    path: Option<String>,
    description: Option<String>,
    #[serde(default, deserialize_with = "count")]
    max_session_duration: Option<usize>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateRole {
    description: Option<String>,
    #[serde(default, deserialize_with = "count")]
    max_session_duration: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateRoleDescription {
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagRole {
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UntagRole {
    tag_keys: Vec<String>,
}

fn may_create(_: &IamApi, platform: &Platform, input: &CreateRole) -> Result<Vec<Requirement>, ServiceError> {
    let path = input.path.as_deref().unwrap_or("/");
    let arn = platform
        .account
        .global_arn("iam", format_args!("role{path}{}", input.role_name));
    let leave = Requirement::new("iam:CreateRole", &arn).giving(&input.tags);
    let leave = match &input.permissions_boundary {
        Some(boundary) => leave.with("iam:PermissionsBoundary", boundary),
        None => leave,
    };
    let tag = || Requirement::new("iam:TagRole", &arn).giving(&input.tags);
    let tags = (!input.tags.is_empty()).then(tag);
    Ok([leave].into_iter().chain(tags).collect())
}

fn may_tag(_: &IamApi, platform: &Platform, input: &On<OneRole, TagRole>) -> Result<Vec<Requirement>, ServiceError> {
    let arn = arn(platform, &input.target.role_name);
    Ok(vec![Requirement::new("iam:TagRole", arn).giving(&input.own.tags)])
}

fn may_untag(
    _: &IamApi,
    platform: &Platform,
    input: &On<OneRole, UntagRole>,
) -> Result<Vec<Requirement>, ServiceError> {
    let untag = Requirement::new("iam:UntagRole", arn(platform, &input.target.role_name));
    Ok(vec![untag.taking(&input.own.tag_keys)])
}

/// A condition of the API's model, as it is worded.
fn constraint(member: &str, rule: impl std::fmt::Display) -> ServiceError {
    invalid(format_args!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {rule}"
    ))
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    let is_named = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if name.len() > 64 {
        return Err(constraint(
            "roleName",
            "Member must have length less than or equal to 64",
        ));
    }
    if name.is_empty() || !name.bytes().all(is_named) {
        return Err(invalid(
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-",
        ));
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), ServiceError> {
    let is_printable = path.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if !path.starts_with('/') || !path.ends_with('/') || path.len() > 512 || !is_printable {
        return Err(invalid(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
             characters and/or / characters.",
        ));
    }
    Ok(())
}

/// How long a session of a role may last, in seconds.
fn max_session(seconds: usize) -> Result<u32, ServiceError> {
    let rule = match seconds {
        ..3600 => "Member must have value greater than or equal to 3600",
        43_201.. => "Member must have value less than or equal to 43200",
        _ => return u32::try_from(seconds).map_err(invalid),
    };
    Err(constraint("maxSessionDuration", rule))
}

/// Adds tags to those that are there. Their keys are told apart without regard to case.
fn add_tags(tags: &mut BTreeMap<String, String>, new: Vec<Tag>) -> Result<(), ServiceError> {
    let mut keys: Vec<String> = new.iter().map(|tag| tag.key.to_lowercase()).collect();
    keys.sort();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(ServiceError::new("InvalidInput", message));
    }
    for Tag { key, value } in new {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(constraint(
                "tags.1.member.key",
                "Member must have length between 1 and 128",
            ));
        }
        if value.chars().count() > 256 {
            return Err(constraint(
                "tags.1.member.value",
                "Member must have length less than or equal to 256",
            ));
        }
        tags.retain(|known, _| known.to_lowercase() != key.to_lowercase());
        tags.insert(key, value);
    }
    if tags.len() > TAGS {
        return Err(limit_exceeded("The number of tags has reached the maximum limit."));
    }
    Ok(())
}

impl IamApi {
    fn create_role(&self, call: &Call, input: CreateRole) -> Result<Value, ServiceError> {
        check_name(&input.role_name)?;
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        check_path(&path)?;
        let mut details = RoleDetails {
            description: input.description,
            ..RoleDetails::default()
        };
        if let Some(seconds) = input.max_session_duration {
            details.max_session_seconds = max_session(seconds)?;
        }
        add_tags(&mut details.tags, input.tags)?;
        let new = NewRole {
            path,
            trust: document(&input.assume_role_policy_document)?,
            permissions_boundary: input.permissions_boundary,
            details,
            ..NewRole::for_service(input.role_name, "")
        };
        let role = call.platform.iam.make_role(&call.platform.account, new)?;
        Ok(json!({"Role": shown_whole(&role)}))
    }

    fn delete_role(&self, call: &Call, input: On<OneRole, Nothing>) -> Result<Value, ServiceError> {
        call.platform.iam.unmake_role(&input.target.role_name)?;
        Ok(json!({}))
    }

    fn update_role(&self, call: &Call, input: On<OneRole, UpdateRole>) -> Result<Value, ServiceError> {
        let asked = input.own;
        alter(call, &input.target, |role| {
            if let Some(seconds) = asked.max_session_duration {
                role.details.max_session_seconds = max_session(seconds)?;
            }
            if let Some(description) = asked.description {
                role.details.description = Some(description);
            }
            Ok(json!({}))
        })
    }

    fn update_role_description(
        &self,
        call: &Call,
        input: On<OneRole, UpdateRoleDescription>,
    ) -> Result<Value, ServiceError> {
        alter(call, &input.target, |role| {
            role.details.description = Some(input.own.description);
            Ok(json!({"Role": shown(role)}))
        })
    }

    fn tag_role(&self, call: &Call, input: On<OneRole, TagRole>) -> Result<Value, ServiceError> {
        alter(call, &input.target, |role| {
            add_tags(&mut role.details.tags, input.own.tags)?;
            Ok(json!({}))
        })
    }

    fn untag_role(&self, call: &Call, input: On<OneRole, UntagRole>) -> Result<Value, ServiceError> {
        alter(call, &input.target, |role| {
            let gone: Vec<String> = input.own.tag_keys.iter().map(|key| key.to_lowercase()).collect();
            role.details.tags.retain(|key, _| !gone.contains(&key.to_lowercase()));
            Ok(json!({}))
        })
    }

    fn list_role_tags(&self, call: &Call, input: On<OneRole, ListRolePolicies>) -> Result<Value, ServiceError> {
        let role = call.platform.iam.role(&input.target.role_name)?;
        let which = (input.own.max_items, input.own.marker.as_deref());
        listed(
            &role.details.tags,
            which,
            "Tags",
            |(key, value)| json!({"Key": key, "Value": value}),
        )
    }

    /// There are no machines here that could have one.
    fn list_instance_profiles(&self, call: &Call, input: On<OneRole, ListRolePolicies>) -> Result<Value, ServiceError> {
        call.platform.iam.role(&input.target.role_name)?;
        Ok(json!({"InstanceProfiles": [], "IsTruncated": false}))
    }
}
