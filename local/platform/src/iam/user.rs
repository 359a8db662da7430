//! Users, their groups and their access keys.

use super::document::{Document, Kind};
use super::evaluate::Own;
use crate::account::Account;
use crate::error::ServiceError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How many access keys a user may have.
///
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const KEYS: usize = 2;

/// A user or a group to be created. Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its name, unique in the account.
    pub name: String,
    /// Its path: `/`, or `/…/`.
    pub path: String,
    /// Its inline policies: name and document.
    pub policies: Vec<(String, Value)>,
    /// The ARNs of its managed policies.
    pub managed_policies: Vec<String>,
    /// The ARN of the managed policy that is a user's permissions boundary.
    pub permissions_boundary: Option<String>,
}

impl NewUser {
    /// A user or a group without policies.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            path: "/".into(),
            policies: Vec::new(),
            managed_policies: Vec::new(),
            permissions_boundary: None,
        }
    }

    /// The same with one more inline policy.
    #[must_use]
    pub fn with_policy(mut self, name: impl Into<String>, document: Value) -> Self {
        self.policies.push((name.into(), document));
        self
    }
}

/// A user.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its ARN, path included.
    pub arn: String,
    /// Its unique id, `AIDA…`.
    pub id: String,
    /// Its path: `/`, or `/…/`.
    pub path: String,
    /// When it was created.
    pub created: Timestamp,
    /// The names of its groups.
    pub groups: BTreeSet<String>,
    /// Its policies by name: the inline ones by theirs, the managed ones by their ARN.
    pub policies: BTreeMap<String, Value>,
    /// The ARN of the managed policy that is its permissions boundary.
    pub permissions_boundary: Option<String>,
}

/// An access key: what a user signs requests with.
///
/// Its `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// The access key id, `AKIA…`.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The name of its user.
    pub user: String,
    /// Whether it works.
    pub is_active: bool,
    /// When it was created.
    pub created: Timestamp,
}

impl AccessKey {
    /// A fresh key of a user.
    pub(super) fn new(user: &str) -> Self {
        let random = || uuid::Uuid::new_v4().simple().to_string();
        Self {
            id: format!("AKIA{}", random()[..16].to_uppercase()),
            secret: format!("{}{}", random(), &random()[..8]),
            user: user.to_owned(),
            is_active: true,
            created: Timestamp::now(),
        }
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AccessKey")
            .field("id", &self.id)
            .field("secret", &"***")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// The users of an account, and their groups.
#[derive(Debug, Default)]
pub(super) struct Users {
    users: BTreeMap<String, User>,
    /// The policies of groups, by the group's name.
    groups: BTreeMap<String, BTreeMap<String, Value>>,
    /// Access keys by their ids.
    keys: BTreeMap<String, AccessKey>,
}

impl Users {
    pub(super) fn all(&self) -> Vec<User> {
        self.users.values().cloned().collect()
    }

    pub(super) fn get(&self, name: &str) -> Result<&User, ServiceError> {
        self.users.get(name).ok_or_else(|| nobody("user", name))
    }

    /// Creates a user and gives its ARN; `managed` finds the documents of managed policies by ARN.
    pub(super) fn create(
        &mut self,
        account: &Account,
        new: NewUser,
        managed: impl Fn(&str) -> Option<Value>,
    ) -> Result<String, ServiceError> {
        if self.users.contains_key(&new.name) {
            return Err(is_there("User", &new.name));
        }
        if let Some(arn) = &new.permissions_boundary
            && managed(arn).is_none()
        {
            let message = format_args!("Scope ARN: {arn} does not exist or is not attachable.");
            return Err(ServiceError::new("NoSuchEntity", message).with_status(404));
        }
        let arn = account.global_arn("iam", format_args!("user{}{}", new.path, new.name));
        let user = User {
            arn: arn.clone(),
            id: format!("AIDA{}", uuid::Uuid::new_v4().simple().to_string()[..17].to_uppercase()),
            policies: policies(new.policies, new.managed_policies, managed)?,
            name: new.name,
            path: new.path,
            created: Timestamp::now(),
            groups: BTreeSet::new(),
            permissions_boundary: new.permissions_boundary,
        };
        self.users.insert(user.name.clone(), user);
        Ok(arn)
    }

    /// Creates a group and gives its ARN.
    pub(super) fn create_group(
        &mut self,
        account: &Account,
        new: NewUser,
        managed: impl Fn(&str) -> Option<Value>,
    ) -> Result<String, ServiceError> {
        if self.groups.contains_key(&new.name) {
            return Err(is_there("Group", &new.name));
        }
        let arn = account.global_arn("iam", format_args!("group{}{}", new.path, new.name));
        let policies = policies(new.policies, new.managed_policies, managed)?;
        self.groups.insert(new.name, policies);
        Ok(arn)
    }

    pub(super) fn join(&mut self, user: &str, group: &str) -> Result<(), ServiceError> {
        if !self.groups.contains_key(group) {
            return Err(nobody("group", group));
        }
        let user = self.users.get_mut(user).ok_or_else(|| nobody("user", user))?;
        user.groups.insert(group.to_owned());
        Ok(())
    }

    /// Changes what a managed policy says for all who have it.
    pub(super) fn with_policy(&mut self, arn: &str, document: &Value) {
        for held in self.all_policies().filter_map(|policies| policies.get_mut(arn)) {
            held.clone_from(document);
        }
    }

    /// Takes a managed policy from all who have it.
    pub(super) fn without_policy(&mut self, arn: &str) {
        for policies in self.all_policies() {
            policies.remove(arn);
        }
    }

    /// The policies of each user and of each group.
    fn all_policies(&mut self) -> impl Iterator<Item = &mut BTreeMap<String, Value>> {
        let of_users = self.users.values_mut().map(|user| &mut user.policies);
        of_users.chain(self.groups.values_mut())
    }

    pub(super) fn delete(&mut self, name: &str) -> Result<(), ServiceError> {
        self.keys.retain(|_, key| key.user != name);
        self.users.remove(name).map(drop).ok_or_else(|| nobody("user", name))
    }

    /// Takes a user out of a group, if it is in it.
    pub(super) fn leave(&mut self, user: &str, group: &str) {
        if let Some(user) = self.users.get_mut(user) {
            user.groups.remove(group);
        }
    }

    /// Takes an access key away.
    pub(super) fn without_key(&mut self, id: &str) {
        self.keys.remove(id);
    }

    pub(super) fn delete_group(&mut self, name: &str) -> Result<(), ServiceError> {
        for user in self.users.values_mut() {
            user.groups.remove(name);
        }
        self.groups.remove(name).map(drop).ok_or_else(|| nobody("group", name))
    }

    /// The policies of a user, to be changed.
    pub(super) fn policies_mut(&mut self, user: &str) -> Result<&mut BTreeMap<String, Value>, ServiceError> {
        let user = self.users.get_mut(user).ok_or_else(|| nobody("user", user))?;
        Ok(&mut user.policies)
    }

    /// The policies of a group, to be changed.
    pub(super) fn group_policies_mut(&mut self, group: &str) -> Result<&mut BTreeMap<String, Value>, ServiceError> {
        self.groups.get_mut(group).ok_or_else(|| nobody("group", group))
    }

    /// What the policies of a user and of its groups say. A user that is gone is allowed nothing.
    pub(super) fn own_policies(&self, user: &str, boundary: Option<Document>) -> Result<Own, ServiceError> {
        let Ok(user) = self.get(user) else {
            return Ok(Own::default());
        };
        let of_groups = user.groups.iter().filter_map(|group| self.groups.get(group));
        let all = std::iter::once(&user.policies).chain(of_groups).flatten();
        let identity = all.map(|(name, document)| Ok(Document::read(document, Kind::Identity)?.named(name)));
        Ok(Own {
            identity: identity.collect::<Result<_, ServiceError>>()?,
            boundary,
        })
    }

    pub(super) fn add_key(&mut self, key: AccessKey) -> Result<(), ServiceError> {
        self.get(&key.user)?;
        if self.keys_of(&key.user).filter(|other| other.id != key.id).count() >= KEYS {
            let message = format_args!("Cannot exceed quota for AccessKeysPerUser: {KEYS}");
            return Err(ServiceError::new("LimitExceeded", message).with_status(409));
        }
        self.keys.insert(key.id.clone(), key);
        Ok(())
    }

    pub(super) fn keys_of(&self, user: &str) -> impl Iterator<Item = &AccessKey> {
        self.keys.values().filter(move |key| key.user == user)
    }

    pub(super) fn key(&self, id: &str) -> Option<&AccessKey> {
        self.keys.get(id)
    }
}

fn policies(
    inline: Vec<(String, Value)>,
    attached: Vec<String>,
    managed: impl Fn(&str) -> Option<Value>,
) -> Result<BTreeMap<String, Value>, ServiceError> {
    let mut policies: BTreeMap<String, Value> = inline.into_iter().collect();
    for arn in attached {
        let document = managed(&arn).ok_or_else(|| {
            let message = format_args!("Policy {arn} does not exist or is not attachable.");
            ServiceError::new("NoSuchEntity", message).with_status(404)
        })?;
        policies.insert(arn, document);
    }
    for document in policies.values() {
        Document::read(document, Kind::Identity)?;
    }
    Ok(policies)
}

fn nobody(what: &str, name: &str) -> ServiceError {
    let message = format_args!("The {what} with name {name} cannot be found.");
    ServiceError::new("NoSuchEntity", message).with_status(404)
}

fn is_there(what: &str, name: &str) -> ServiceError {
    let message = format_args!("{what} with name {name} already exists.");
    ServiceError::new("EntityAlreadyExists", message).with_status(409)
}
