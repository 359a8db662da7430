//! What others do with users, groups and access keys.

use super::Iam;
use super::credentials::TOKEN_PREFIX;
use super::document::{Document, Kind};
use super::user::{AccessKey, NewUser, User};
use crate::account::Account;
use crate::error::ServiceError;
use crate::principal::Principal;
use serde_json::Value;

impl Iam {
    /// Creates a user and gives its ARN.
    ///
    /// # Errors
    /// EntityAlreadyExists, MalformedPolicyDocument, or NoSuchEntity for a managed policy or a permissions boundary that is
    /// not there.
    pub fn create_user(&self, account: &Account, new: NewUser) -> Result<String, ServiceError> {
        self.state()
            .with_users(|users, managed| users.create(account, new, managed))
    }

    /// Creates a group of users and gives its ARN.
    ///
    /// # Errors
    /// Those of [`create_user`](Self::create_user).
    pub fn create_group(&self, account: &Account, new: NewUser) -> Result<String, ServiceError> {
        self.state()
            .with_users(|users, managed| users.create_group(account, new, managed))
    }

    /// Adds a user to a group, whose policies count for it from now on.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn add_user_to_group(&self, user: &str, group: &str) -> Result<(), ServiceError> {
        self.state().with_users(|users, _| users.join(user, group))
    }

    /// Adds, or replaces, a policy of a user: an inline one by its name, a managed one by its ARN.
    ///
    /// # Errors
    /// NoSuchEntity or MalformedPolicyDocument.
    pub fn put_user_policy(&self, user: &str, policy_name: &str, document: Value) -> Result<(), ServiceError> {
        Document::read(&document, Kind::Identity)?;
        self.state().with_users(|users, _| {
            users
                .policies_mut(user)
                .map(|policies| policies.insert(policy_name.to_owned(), document))
        })?;
        Ok(())
    }

    /// The same with a group.
    ///
    /// # Errors
    /// NoSuchEntity or MalformedPolicyDocument.
    pub fn put_group_policy(&self, group: &str, policy_name: &str, document: Value) -> Result<(), ServiceError> {
        Document::read(&document, Kind::Identity)?;
        self.state().with_users(|users, _| {
            users
                .group_policies_mut(group)
                .map(|policies| policies.insert(policy_name.to_owned(), document))
        })?;
        Ok(())
    }

    /// A user by name.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn user(&self, name: &str) -> Result<User, ServiceError> {
        self.state().users.get(name).cloned()
    }

    /// The unique id of whoever calls, as `sts:GetCallerIdentity` tells it.
    pub fn user_id(&self, principal: &Principal) -> String {
        match principal {
            Principal::RoleSession { role, session, .. } => {
                let id = self.role(role).map(|role| role.id).unwrap_or_default();
                format!("{id}:{session}")
            }
            Principal::User { name, .. } => self.user(name).map(|user| user.id).unwrap_or_default(),
            Principal::Administrator | Principal::Service { .. } => "AIDALOCALADMINISTRATO".to_owned(),
        }
    }

    /// All users, by name.
    pub fn users(&self) -> Vec<User> {
        self.state().users.all()
    }

    /// The access key of a user that this name stands for, the same in each run: what somebody has noted stays. No key
    /// works before it is asked for here.
    ///
    /// # Errors
    /// NoSuchEntity, or LimitExceeded for a third one.
    pub fn access_key(&self, name: &str, user: &str, is_active: bool) -> Result<AccessKey, ServiceError> {
        let mut kept = self.keys.lock();
        let known = kept.get(name).filter(|known| known.user == user).cloned();
        let mut key = known.unwrap_or_else(|| AccessKey::new(user));
        key.is_active = is_active;
        self.state().users.add_key(key.clone())?;
        self.secrets.keep(&key.secret);
        kept.insert(name.to_owned(), key.clone());
        Ok(key)
    }

    /// The access keys of a user, the oldest first.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn access_keys(&self, user: &str) -> Result<Vec<AccessKey>, ServiceError> {
        let state = self.state();
        state.users.get(user)?;
        let mut keys: Vec<AccessKey> = state.users.keys_of(user).cloned().collect();
        keys.sort_by_key(|key| key.created);
        Ok(keys)
    }

    /// Whether this is the access key id of somebody in the account.
    pub fn knows_access_key(&self, id: &str) -> bool {
        let state = self.state();
        state.users.key(id).is_some() || state.sessions.get(id).is_some()
    }

    /// A session token that no key goes with: whatever stands beside it is refused.
    pub fn token_of_nobody() -> String {
        format!("{TOKEN_PREFIX}nobody")
    }
}
