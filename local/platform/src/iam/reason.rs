//! Why a call is allowed or denied: which statement decided, and what the least one would be that is missing.

use super::requirement::Requirement;
use crate::principal::Principal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt;
use std::sync::Arc;

/// A kind of policy, as AccessDenied messages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PolicyKind {
    /// A policy of the caller's role.
    Identity,
    /// The permissions boundary of the caller's role.
    Boundary,
    /// A policy that narrows the caller's session.
    Session,
    /// The policy of the resource, or of what it lies in.
    Resource,
}

impl PolicyKind {
    /// The kind as one policy of several.
    pub(super) fn with_article(self) -> String {
        match self {
            Self::Identity => format!("an {self}"),
            Self::Boundary | Self::Session | Self::Resource => format!("a {self}"),
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource-based policy",
        })
    }
}

/// Why IAM decided as it did.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// The kind of policy that decided: the one whose statement allows or denies the call, or the one that has none that
    /// allows it.
    pub kind: PolicyKind,
    /// The statement that allows the call or denies it. None where no statement allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Cited>,
    /// Where no statement allows the call: the least one that would, as JSON, to be added to a policy of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<Arc<str>>,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cited {
    /// The policy: an inline one's name, a managed one's ARN, or the ARN of the resource that it is attached to. Empty for a
    /// session's.
    pub policy: Arc<str>,
    /// The statement's `Sid`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Arc<str>>,
    /// Which of the policy's statements it is; the first one is 0.
    pub index: usize,
    /// The statement, as JSON.
    pub statement: Arc<str>,
}

/// The least statement that allows `caller` what is required, in a policy of this kind.
///
/// What the call says of itself, such as `iam:PassedToService`, is its condition. Keys with several values stay out: a
/// condition that takes them depends on what else they may be.
pub(super) fn least(caller: &Principal, requirement: &Requirement, kind: PolicyKind) -> Value {
    let mut statement = json!({"Effect": "Allow"});
    let mut conditions = Map::new();
    if kind == PolicyKind::Resource
        && let Principal::Service { name, source_arn } = caller
    {
        statement["Principal"] = json!({ "Service": name });
        if let Some(source) = source_arn {
            conditions.insert("ArnEquals".into(), json!({ "aws:SourceArn": source }));
        }
    }
    statement["Action"] = requirement.action.as_str().into();
    statement["Resource"] = requirement.resource.as_str().into();
    let context = &requirement.context;
    let single = context
        .iter()
        .filter(|(key, _)| context.iter().filter(|(other, _)| other == key).count() == 1 && !key.ends_with("Keys"));
    let equals: Map<String, Value> = single
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    if !equals.is_empty() {
        conditions.insert("StringEquals".into(), equals.into());
    }
    if !conditions.is_empty() {
        statement["Condition"] = conditions.into();
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_statement_has_what_the_call_says_of_itself() {
        let role = Principal::role_session("r", "s");
        let rule = Principal::service("events.amazonaws.com", "arn:rule");
        let required = Requirement::new;
        for (caller, requirement, kind, expected) in [
            (
                &role,
                required("s3:GetObject", "arn:aws:s3:::b/k"),
                PolicyKind::Identity,
                json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"}),
            ),
            (
                &role,
                Requirement::pass_role("arn:role", "ecs.amazonaws.com"),
                PolicyKind::Boundary,
                json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:role",
                    "Condition": {"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}}}),
            ),
            (
                &role,
                required("ecs:TagResource", "*")
                    .with("aws:TagKeys", "a")
                    .with("aws:TagKeys", "b"),
                PolicyKind::Identity,
                json!({"Effect": "Allow", "Action": "ecs:TagResource", "Resource": "*"}),
            ),
            (
                &rule,
                required("sqs:SendMessage", "arn:queue"),
                PolicyKind::Resource,
                json!({"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
                    "Resource": "arn:queue", "Condition": {"ArnEquals": {"aws:SourceArn": "arn:rule"}}}),
            ),
        ] {
            assert_eq!(least(caller, &requirement, kind), expected);
        }
    }
}
