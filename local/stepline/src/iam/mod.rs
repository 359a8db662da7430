//! IAM: roles, their policies, the credentials of their sessions, and what they are allowed.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.

use crate::account::Account;
use crate::cloud::Requirement;
use crate::error::ServiceError;
use crate::principal::Principal;

/// The account's roles.
#[derive(Debug, Default)]
pub struct Iam {}

impl Iam {
    /// Whether `caller` may have `requirement`.
    ///
    /// # Errors
    /// AccessDenied, in the words of AWS.
    pub fn decide(&self, account: &Account, caller: &Principal, requirement: &Requirement) -> Result<(), ServiceError> {
        match caller {
            Principal::Administrator => Ok(()),
            Principal::RoleSession { .. } | Principal::Service(_) => Err(ServiceError::access_denied(format_args!(
                "User: {} is not authorized to perform: {} on resource: {} because no identity-based policy allows the {} action",
                caller.arn(account),
                requirement.action,
                requirement.resource,
                requirement.action,
            ))),
        }
    }
}
