//! Who makes a call.

use crate::account::Account;
use jiff::Timestamp;

/// The identity behind a call, as IAM sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The person at the keyboard: an administrator, allowed everything, as whoever deploys is.
    Administrator,
    /// A session of a role; what the role's policies do not allow is denied.
    RoleSession {
        /// The role's name.
        role: String,
        /// The session's name: for a Lambda function its function name.
        session: String,
        /// Policies that narrow the session further (CodePipeline narrows a job's credentials to the job's objects):
        /// IAM policy documents as JSON text.
        session_policies: Vec<String>,
        /// When its credentials were issued. A service that acts as the role has got them just now, which is `None`.
        issued: Option<Timestamp>,
    },
    /// A user, by an access key; what the policies of the user and its groups do not allow is denied.
    User {
        /// The user's name.
        name: String,
        /// The user's path: `/`, or `/…/`.
        path: String,
    },
    /// An AWS service acting by itself: allowed what resource policies give it.
    Service {
        /// The service's name, such as `events.amazonaws.com`.
        name: String,
        /// The resource on whose behalf it acts (a rule's ARN), for policies that look at `aws:SourceArn`.
        source_arn: Option<String>,
    },
}

impl Principal {
    /// A session of `role` without further narrowing.
    pub fn role_session(role: impl Into<String>, session: impl Into<String>) -> Self {
        Self::RoleSession {
            role: role.into(),
            session: session.into(),
            session_policies: Vec::new(),
            issued: None,
        }
    }

    /// A service that acts on behalf of one of its resources.
    pub fn service(name: impl Into<String>, source_arn: impl Into<String>) -> Self {
        Self::Service {
            name: name.into(),
            source_arn: Some(source_arn.into()),
        }
    }

    /// The resource on whose behalf a service acts.
    pub fn source_arn(&self) -> Option<&str> {
        match self {
            Self::Service { source_arn, .. } => source_arn.as_deref(),
            Self::Administrator | Self::RoleSession { .. } | Self::User { .. } => None,
        }
    }

    /// The principal's ARN, as `sts:GetCallerIdentity` and AccessDenied messages show it.
    pub fn arn(&self, account: &Account) -> String {
        match self {
            Self::Administrator => account.global_arn("iam", "user/you"),
            Self::RoleSession { role, session, .. } => {
                account.global_arn("sts", format_args!("assumed-role/{role}/{session}"))
            }
            Self::User { name, path } => account.global_arn("iam", format_args!("user{path}{name}")),
            Self::Service { name, .. } => name.clone(),
        }
    }
}
