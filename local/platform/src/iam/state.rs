//! What IAM knows: roles and their policies, sessions, and the policies of resources.

use super::attached::Attached;
use super::document::{Document, Kind};
use super::evaluate::Own;
use super::managed;
use super::role::Role;
use super::sessions::Sessions;
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
        let boundary = found.permissions_boundary.as_deref().map(|arn| {
            // A boundary that is gone allows nothing.
            let document = self.managed_policy(arn);
            document.map_or_else(
                || Ok(Document::default()),
                |document| Document::read(&document, Kind::Identity).map(|document| document.named(arn)),
            )
        });
        let own = Arc::new(Own {
            identity: found.identity_policies()?,
            boundary: boundary.transpose()?,
        });
        self.read.insert(role.to_owned(), Arc::clone(&own));
        Ok(own)
    }

    pub(super) fn managed_policy(&self, arn: &str) -> Option<Value> {
        let own = self.managed.get(arn).cloned();
        own.or_else(|| managed::document(arn.split_once(":aws:policy/")?.1))
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
