//! Who asks, as policies can name them, and what their conditions can look at.

use super::condition::Context;
use super::evaluate::Asker;
use super::state::State;
use crate::account::Account;
use crate::principal::Principal;
use jiff::Timestamp;

/// Who asks, in the forms in which policies can name them.
pub(super) fn asker(state: &mut State, account: &Account, caller: &Principal) -> Asker {
    let mut asker = Asker {
        account: account.id.clone(),
        ..Asker::default()
    };
    match caller {
        Principal::Administrator => {}
        Principal::RoleSession { role, .. } => {
            asker.own_arn = Some(caller.arn(account));
            asker.role_arn = state.role_mut(role).ok().map(|role| role.arn.clone());
        }
        Principal::User { .. } => asker.own_arn = Some(caller.arn(account)),
        Principal::Service { name, .. } => asker.service = Some(name.clone()),
    }
    asker
}

/// The condition keys that every request has, and its own.
///
/// Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>. A request on
/// loopback counts as secure: what AWS would have encrypted does not leave the machine here.
pub(super) fn context(state: &mut State, account: &Account, caller: &Principal, own: Vec<(String, String)>) -> Context {
    let now = Timestamp::now();
    let mut values = own;
    let mut know = |key: &str, value: String| values.push((key.to_owned(), value));
    know("aws:SecureTransport", "true".to_owned());
    know("aws:RequestedRegion", account.region.clone());
    know("aws:ResourceAccount", account.id.clone());
    know("aws:CurrentTime", now.to_string());
    know("aws:EpochTime", now.as_second().to_string());
    know("aws:SourceIp", "127.0.0.1".to_owned());
    match caller {
        Principal::Administrator => {
            know("aws:PrincipalArn", caller.arn(account));
            know("aws:PrincipalAccount", account.id.clone());
            know("aws:PrincipalType", "User".to_owned());
            know("aws:PrincipalIsAWSService", "false".to_owned());
        }
        Principal::User { name, .. } => {
            know("aws:PrincipalArn", caller.arn(account));
            if let Ok(user) = state.users.get(name) {
                know("aws:userid", user.id.clone());
            }
            know("aws:username", name.clone());
            know("aws:PrincipalAccount", account.id.clone());
            know("aws:PrincipalType", "User".to_owned());
            know("aws:PrincipalIsAWSService", "false".to_owned());
        }
        Principal::RoleSession {
            role, session, issued, ..
        } => {
            know("aws:TokenIssueTime", issued.unwrap_or(now).to_string());
            if let Ok(role) = state.role_mut(role) {
                know("aws:PrincipalArn", role.arn.clone());
                know("aws:userid", format!("{}:{session}", role.id));
            }
            know("aws:PrincipalAccount", account.id.clone());
            know("aws:PrincipalType", "AssumedRole".to_owned());
            // Temporary credentials always say so, and nobody has a device here.
            know("aws:MultiFactorAuthPresent", "false".to_owned());
            know("aws:PrincipalIsAWSService", "false".to_owned());
        }
        Principal::Service { name, source_arn } => {
            know("aws:PrincipalIsAWSService", "true".to_owned());
            know("aws:PrincipalServiceName", name.clone());
            know("aws:SourceAccount", account.id.clone());
            if let Some(source_arn) = source_arn {
                know("aws:SourceArn", source_arn.clone());
            }
        }
    }
    Context::new(values)
}
