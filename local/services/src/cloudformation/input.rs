//! What operations read from their inputs. The query protocol has all values as texts, and an empty list as an empty one.

use crate::tags::Tag;
use platform::ServiceError;
use platform::input::Target;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// `true` or `false`, as a text too.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Ok(flag),
        Value::String(text) => text.to_lowercase().parse().map_err(D::Error::custom),
        other => Err(D::Error::custom(format_args!("`{other}` is neither true nor false"))),
    }
}

/// A list, which is an empty text where it has nothing in it.
pub(super) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) if text.is_empty() => Ok(Vec::new()),
        other => Vec::deserialize(other).map_err(D::Error::custom),
    }
}

/// Which stack.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfStack {
    pub(super) stack_name: String,
    pub(super) next_token: Option<String>,
}

/// A parameter's value.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Given {
    pub(super) parameter_key: String,
    pub(super) parameter_value: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) use_previous_value: bool,
}

/// What CreateStack, UpdateStack and CreateChangeSet have in common.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    pub(super) stack_name: String,
    pub(super) template_body: Option<String>,
    #[serde(rename = "TemplateURL")]
    pub(super) template_url: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) use_previous_template: bool,
    #[serde(default, deserialize_with = "list")]
    pub(super) parameters: Vec<Given>,
    #[serde(default, deserialize_with = "list")]
    pub(super) capabilities: Vec<String>,
    #[serde(default, deserialize_with = "tags")]
    pub(super) tags: Option<Vec<Tag>>,
    #[serde(rename = "RoleARN")]
    pub(super) role_arn: Option<String>,
    #[serde(default, rename = "NotificationARNs", deserialize_with = "list")]
    pub(super) notification_arns: Vec<String>,
    #[serde(default)]
    pub(super) deployment_config: DeploymentConfig,
}

/// How fast it is to be, which makes no difference here, and whether it is rolled back.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeploymentConfig {
    #[expect(dead_code, reason = "nothing here is waited for longer than it takes")]
    mode: Option<Mode>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) disable_rollback: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Mode {
    Standard,
    Express,
}

/// Tags that are given, be they none.
fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Tag>>, D::Error> {
    list(deserializer).map(Some)
}

impl Target for Request {
    const MEMBERS: &'static [&'static str] = &[
        "StackName",
        "TemplateBody",
        "TemplateURL",
        "UsePreviousTemplate",
        "Parameters",
        "Capabilities",
        "Tags",
        "RoleARN",
        "NotificationARNs",
        "DeploymentConfig",
    ];
}

impl Request {
    /// Refuses what the local run does not do.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        if !self.notification_arns.is_empty() {
            return Err(ServiceError::not_in_local_run("cloudformation", "NotificationARNs"));
        }
        let is_name = !self.stack_name.is_empty()
            && self.stack_name.len() <= 128
            && self.stack_name.starts_with(|first: char| first.is_ascii_alphabetic())
            && self
                .stack_name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_name || self.stack_name.starts_with("arn:") {
            return Ok(());
        }
        let rule = "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*";
        Err(ServiceError::constraint(&self.stack_name, "stackName", rule))
    }
}

/// The rest of CreateStack.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Creation {
    #[serde(default, deserialize_with = "flag")]
    pub(super) disable_rollback: bool,
    pub(super) on_failure: Option<super::on_failure::OnFailure>,
    #[expect(
        dead_code,
        reason = "the local run makes no stack twice for one token, but by its name"
    )]
    client_request_token: Option<String>,
    #[expect(dead_code, reason = "no creation here lasts for minutes")]
    timeout_in_minutes: Option<Value>,
}

/// The rest of UpdateStack.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Update {
    #[serde(default, deserialize_with = "flag")]
    pub(super) disable_rollback: bool,
    #[expect(dead_code, reason = "an update is made once, by what is under way")]
    client_request_token: Option<String>,
}

/// The rest of CreateChangeSet.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct NewChangeSet {
    pub(super) change_set_name: String,
    pub(super) change_set_type: Option<String>,
    pub(super) description: Option<String>,
    pub(super) on_stack_failure: Option<super::on_failure::OnFailure>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) include_nested_stacks: bool,
    #[expect(dead_code, reason = "a change set is made once, by its name")]
    client_token: Option<String>,
}
