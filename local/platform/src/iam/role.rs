//! Roles.

use super::document::{Document, Kind};
use crate::account::Account;
use crate::error::ServiceError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A role to be created. Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// Its name, unique in the account.
    pub name: String,
    /// Its path: `/`, or `/…/`.
    pub path: String,
    /// Who may assume it: a policy document.
    pub trust: Value,
    /// Its inline policies: name and document.
    pub policies: Vec<(String, Value)>,
    /// The ARNs of its managed policies.
    pub managed_policies: Vec<String>,
    /// The ARN of the managed policy that is its permissions boundary.
    pub permissions_boundary: Option<String>,
    /// The ARNs of policies of AWS's own that are not here: what they allow is denied.
    pub unknown_policies: Vec<String>,
    /// What else is said of it.
    pub details: RoleDetails,
}

/// What is said of a role beside its policies. Follows
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleDetails {
    /// What it is for.
    pub description: Option<String>,
    /// How long a session of it may last, in seconds: 3,600 to 43,200.
    pub max_session_seconds: u32,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Default for RoleDetails {
    fn default() -> Self {
        Self {
            description: None,
            max_session_seconds: 3600,
            tags: BTreeMap::new(),
        }
    }
}

impl NewRole {
    /// A role without policies that one service may assume, such as `lambda.amazonaws.com`.
    pub fn for_service(name: impl Into<String>, service: &str) -> Self {
        Self {
            name: name.into(),
            path: "/".into(),
            trust: serde_json::json!({
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
            }),
            policies: Vec::new(),
            managed_policies: Vec::new(),
            permissions_boundary: None,
            unknown_policies: Vec::new(),
            details: RoleDetails::default(),
        }
    }

    /// The same with one more inline policy.
    #[must_use]
    pub fn with_policy(mut self, name: impl Into<String>, document: Value) -> Self {
        self.policies.push((name.into(), document));
        self
    }
}

/// A role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its ARN, path included.
    pub arn: String,
    /// Its unique id, `AROA…`.
    pub id: String,
    /// Its path: `/`, or `/…/`.
    pub path: String,
    /// When it was created.
    pub created: Timestamp,
    /// Who may assume it: a policy document.
    pub trust: Value,
    /// Its policies by name: the inline ones by theirs, the managed ones by their ARN.
    pub policies: BTreeMap<String, Value>,
    /// The ARN of the managed policy that is its permissions boundary.
    pub permissions_boundary: Option<String>,
    /// The ARNs of policies of AWS's own that are not here.
    pub unknown_policies: Vec<String>,
    /// What else is said of it.
    #[serde(default)]
    pub details: RoleDetails,
}

impl Role {
    /// Checks a new role; `managed` finds the documents of managed policies by ARN.
    pub(super) fn create(
        account: &Account,
        new: NewRole,
        managed: impl Fn(&str) -> Option<Value>,
    ) -> Result<Self, ServiceError> {
        Document::read(&new.trust, Kind::Trust)?;
        let mut policies: BTreeMap<String, Value> = new.policies.into_iter().collect();
        for arn in new.managed_policies {
            let document = managed(&arn).ok_or_else(|| {
                ServiceError::new(
                    "NoSuchEntity",
                    format_args!("Policy {arn} does not exist or is not attachable."),
                )
                .with_status(404)
            })?;
            policies.insert(arn, document);
        }
        for document in policies.values() {
            Document::read(document, Kind::Identity)?;
        }
        if let Some(arn) = &new.permissions_boundary
            && managed(arn).is_none()
        {
            let message = format_args!("Scope ARN: {arn} does not exist or is not attachable.");
            return Err(ServiceError::new("NoSuchEntity", message).with_status(404));
        }
        Ok(Self {
            arn: account.global_arn("iam", format_args!("role{}{}", new.path, new.name)),
            id: format!("AROA{}", uuid::Uuid::new_v4().simple().to_string()[..17].to_uppercase()),
            name: new.name,
            path: new.path,
            created: Timestamp::now(),
            trust: new.trust,
            policies,
            permissions_boundary: new.permissions_boundary,
            unknown_policies: new.unknown_policies,
            details: new.details,
        })
    }

    /// What the role's policies say.
    pub(super) fn identity_policies(&self) -> Result<Vec<Document>, ServiceError> {
        self.policies
            .iter()
            .map(|(name, document)| Ok(Document::read(document, Kind::Identity)?.named(name)))
            .collect()
    }
}
