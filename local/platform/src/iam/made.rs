//! Roles that are made and changed one by one, over IAM's API.
//!
//! They last. A role of a template is made anew in each run, with what the template says: what else was done to it goes with
//! the process.

use super::Iam;
use super::document::{Document, Kind};
use super::role::{NewRole, Role};
use super::state::State;
use crate::account::Account;
use crate::error::ServiceError;
use serde_json::Value;

impl Iam {
    /// Creates a role that lasts.
    ///
    /// # Errors
    /// Those of [`Iam::create_role`].
    pub fn make_role(&self, account: &Account, new: NewRole) -> Result<Role, ServiceError> {
        let arn = self.create_role(account, new)?;
        let role = self.role(&arn)?;
        self.made.lock().insert(role.name.clone(), role.clone());
        Ok(role)
    }

    /// Changes a role, all of it or nothing. The change is given the role, and what finds the document of a managed policy by
    /// its ARN.
    ///
    /// # Errors
    /// NoSuchEntity, MalformedPolicyDocument, or what the change says.
    pub fn alter_role<T>(
        &self,
        role: &str,
        change: impl FnOnce(&mut Role, &dyn Fn(&str) -> Option<Value>) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let mut state = self.state();
        let mut changed = state.role_mut(role)?.clone();
        let done = change(&mut changed, &|arn| state.managed_policy(arn))?;
        Document::read(&changed.trust, Kind::Trust)?;
        changed.identity_policies()?;
        let mut made = self.made.lock();
        if made.contains_key(&changed.name) {
            made.insert(changed.name.clone(), changed.clone());
        }
        state.roles.insert(changed.name.clone(), changed);
        state.read.clear();
        Ok(done)
    }

    /// Takes a role away for good.
    ///
    /// # Errors
    /// NoSuchEntity, or DeleteConflict for one that has policies yet.
    pub fn unmake_role(&self, role: &str) -> Result<(), ServiceError> {
        let found = self.role(role)?;
        let conflict = |what: &str| {
            let message = format_args!("Cannot delete entity, must {what} first.");
            Err(ServiceError::new("DeleteConflict", message).with_status(409))
        };
        match found.policies.keys().next_back() {
            Some(policy) if policy.contains(':') => return conflict("detach all policies"),
            Some(_) => return conflict("delete policies"),
            None => {}
        }
        self.made.lock().remove(&found.name);
        self.delete_role(&found.name)
    }
}

impl State {
    /// With the roles that somebody has made in earlier runs.
    pub(super) fn with_made<'r>(mut self, roles: impl Iterator<Item = &'r Role>) -> Self {
        self.roles.extend(roles.map(|role| (role.name.clone(), role.clone())));
        self
    }
}
