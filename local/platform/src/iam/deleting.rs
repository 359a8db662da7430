//! What takes roles, users, groups and policies away again, or changes a role.

use super::Iam;
use super::role::{NewRole, Role};
use crate::account::Account;
use crate::error::ServiceError;

impl Iam {
    /// Makes a role that is there what it would be if it were created so: its id stays, and so do the policies that others
    /// have put into it, which are those that `own` does not name.
    ///
    /// # Errors
    /// MalformedPolicyDocument, or NoSuchEntity for a managed policy or a permissions boundary that is not there.
    pub fn change_role(&self, account: &Account, new: NewRole, own: &[String]) -> Result<String, ServiceError> {
        let mut state = self.state();
        let changed = Role::create(account, new, |arn| state.managed_policy(arn))?;
        let (name, arn) = (changed.name.clone(), changed.arn.clone());
        let changed = match state.roles.remove(&name) {
            None => changed,
            Some(mut before) => {
                before.policies.retain(|policy, _| !own.contains(policy));
                before.policies.extend(changed.policies);
                Role {
                    id: before.id,
                    created: before.created,
                    policies: before.policies,
                    ..changed
                }
            }
        };
        state.roles.insert(name, changed);
        state.read.clear();
        Ok(arn)
    }

    /// Takes a role away. Sessions of it may do nothing from now on.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn delete_role(&self, name: &str) -> Result<(), ServiceError> {
        let mut state = self.state();
        let name = state.role_mut(name)?.name.clone();
        state.roles.remove(&name);
        state.read.clear();
        Ok(())
    }

    /// Takes a customer managed policy away, and from all who have it.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn delete_policy(&self, arn: &str) -> Result<(), ServiceError> {
        let mut state = self.state();
        if state.managed.remove(arn).is_none() {
            let message = format_args!("Policy {arn} was not found.");
            return Err(ServiceError::new("NoSuchEntity", message).with_status(404));
        }
        for role in state.roles.values_mut() {
            role.policies.remove(arn);
        }
        state.with_users(|users, _| users.without_policy(arn));
        state.read.clear();
        Ok(())
    }

    /// Takes an inline policy from those whose names `holders` gives for `Roles`, `Users` and `Groups`.
    pub fn delete_inline_policy(&self, policy: &str, holders: &dyn Fn(&str) -> Vec<String>) {
        let mut state = self.state();
        for name in holders("Roles") {
            if let Ok(role) = state.role_mut(&name) {
                role.policies.remove(policy);
            }
        }
        state.with_users(|users, _| {
            for name in holders("Users") {
                let _ = users.policies_mut(&name).map(|policies| policies.remove(policy));
            }
            for name in holders("Groups") {
                let _ = users.group_policies_mut(&name).map(|policies| policies.remove(policy));
            }
        });
        state.read.clear();
    }

    /// Takes a user away, with its access keys.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn delete_user(&self, name: &str) -> Result<(), ServiceError> {
        self.state().with_users(|users, _| users.delete(name))
    }

    /// Takes a group away, and its users' membership in it.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn delete_group(&self, name: &str) -> Result<(), ServiceError> {
        self.state().with_users(|users, _| users.delete_group(name))
    }

    /// Takes an access key away: what is signed with it is refused from then on.
    pub fn delete_access_key(&self, id: &str) {
        let mut kept = self.keys.lock();
        kept.retain(|_, key| key.id != id);
        self.state().users.without_key(id);
    }

    /// Takes users out of a group.
    pub fn remove_users_from_group(&self, users: &[String], group: &str) {
        self.state().with_users(|of_account, _| {
            for user in users {
                of_account.leave(user, group);
            }
        });
    }

    /// Takes the statement with this `Sid` out of a resource's policy, as Lambda's `RemovePermission` does.
    pub fn remove_resource_statement(&self, resource_arn: &str, sid: &str) {
        let mut state = self.state();
        if let Some(attached) = state.resources.get_mut(resource_arn) {
            attached
                .document
                .statements
                .retain(|statement| statement.sid.as_deref() != Some(sid));
            attached.statements.retain(|statement| statement["Sid"] != sid);
        }
    }
}
