//! What IAM knows: roles, users and their policies, sessions, and the policies of resources.

use super::attached::Attached;
use super::document::{Document, Kind};
use super::evaluate::Own;
use super::managed;
use super::role::Role;
use super::sessions::Sessions;
use super::user::Users;
use crate::error::ServiceError;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) roles: BTreeMap<String, Role>,
    /// Customer managed policies by ARN.
    pub(super) managed: BTreeMap<String, Value>,
    /// The policies of roles as they were read, by the role's name, until one of them changes.
    pub(super) read: HashMap<String, Arc<Own>>,
    pub(super) sessions: Sessions,
    pub(super) users: Users,
    /// The policies of users as they were read, by the user's name, until any user or policy changes.
    pub(super) read_of_users: HashMap<String, Arc<Own>>,
    /// Policies of resources, by the resource's ARN.
    pub(super) resources: BTreeMap<String, Attached>,
}

impl State {
    /// A role's policies and boundary, read once. A role that is gone allows nothing.
    pub(super) fn own_policies(&mut self, role: &str) -> Result<Arc<Own>, ServiceError> {
        if let Some(read) = self.read.get(role) {
            return Ok(Arc::clone(read));
        }
        let Ok(found) = self.role_mut(role).cloned() else {
            return Ok(Arc::default());
        };
        let boundary = self.boundary(found.permissions_boundary.as_deref())?;
        let own = Arc::new(Own {
            identity: found.identity_policies()?,
            boundary,
        });
        self.read.insert(role.to_owned(), Arc::clone(&own));
        Ok(own)
    }

    /// The policies and the boundary of a user, and the policies of its groups.
    pub(super) fn policies_of_user(&mut self, user: &str) -> Result<Arc<Own>, ServiceError> {
        if let Some(read) = self.read_of_users.get(user) {
            return Ok(Arc::clone(read));
        }
        let boundary = self
            .users
            .get(user)
            .ok()
            .and_then(|user| user.permissions_boundary.as_deref());
        let own = Arc::new(self.users.own_policies(user, self.boundary(boundary)?)?);
        self.read_of_users.insert(user.to_owned(), Arc::clone(&own));
        Ok(own)
    }

    /// Changes users, with what finds managed policies.
    pub(super) fn with_users<T>(&mut self, change: impl FnOnce(&mut Users, &dyn Fn(&str) -> Option<Value>) -> T) -> T {
        let managed = &self.managed;
        let changed = change(&mut self.users, &|arn| managed_policy(managed, arn));
        self.read_of_users.clear();
        changed
    }

    /// What a permissions boundary says. One that is gone allows nothing.
    fn boundary(&self, arn: Option<&str>) -> Result<Option<Document>, ServiceError> {
        let read = |arn: &str| match self.managed_policy(arn) {
            None => Ok(Document::default()),
            Some(document) => Document::read(&document, Kind::Identity).map(|document| document.named(arn)),
        };
        arn.map(read).transpose()
    }

    pub(super) fn managed_policy(&self, arn: &str) -> Option<Value> {
        managed_policy(&self.managed, arn)
    }

    pub(super) fn role_mut(&mut self, role: &str) -> Result<&mut Role, ServiceError> {
        let name = role.rsplit('/').next().unwrap_or(role);
        self.roles
            .get_mut(name)
            .filter(|found| !role.contains(':') || found.arn == role)
            .ok_or_else(|| {
                ServiceError::new(
                    "NoSuchEntity",
                    format_args!("The role with name {name} cannot be found."),
                )
                .with_status(404)
            })
    }
}

/// The document of a managed policy: one of these, or AWS's own.
fn managed_policy(own: &BTreeMap<String, Value>, arn: &str) -> Option<Value> {
    let found = own.get(arn).cloned();
    found.or_else(|| managed::document(arn.split_once(":aws:policy/")?.1))
}
