//! What Parameter Store keeps.

use super::name::{self, Selected};
use super::parameter::{Kind, Parameter, Version};
use jiff::Timestamp;
use platform::store::{Held, Rows, Shelf, Store, StoreError};
use platform::{Account, Call, ServiceError};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// Parameter Store in this account and region.
#[derive(Default)]
pub struct Ssm {
    pub(super) parameters: Rows<Parameter>,
    /// Secrets that `/aws/reference/secretsmanager/…` reads, by id.
    pub(super) secrets: Mutex<BTreeMap<String, Secret>>,
    pub(super) retired: Retired,
}

/// The values of SecureStrings that no parameter has any more. Logs and records that last may still have them.
///
/// They lie in the state folder as the values of the parameters do: it is for its user alone.
#[derive(Default)]
pub(super) struct Retired {
    shelf: Shelf,
    /// Those of earlier commands. Those of this one are known as secrets since they were written.
    earlier: Vec<String>,
}

impl Retired {
    fn open(store: &Store) -> Result<Self, StoreError> {
        let shelf = Shelf::new(store, "ssm/retired", "value");
        let rows = shelf.read()?.into_iter();
        Ok(Self {
            earlier: rows.map(|(_, value)| value).collect(),
            shelf,
        })
    }

    /// Those of earlier commands.
    pub(super) fn earlier(&self) -> &[String] {
        &self.earlier
    }

    /// Keeps the value of a version that goes away. A value that several had is kept once.
    pub(super) fn put(&self, kind: Kind, version: &Version) {
        if kind == Kind::SecureString {
            let key = hex::encode(Sha256::digest(&version.value));
            self.shelf.put(&key, &version.value);
        }
    }
}

/// A secret of Secrets Manager.
pub(super) struct Secret {
    pub(super) value: String,
    pub(super) created: Timestamp,
    /// What AWS appends to a secret's name in its ARN.
    pub(super) suffix: String,
}

impl fmt::Debug for Ssm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.parameters().keys().cloned().collect();
        formatter.debug_struct("Ssm").field("parameters", &names).finish()
    }
}

impl Ssm {
    /// Parameter Store with what this store keeps of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            parameters: Rows::open(store, "ssm/parameters")?,
            secrets: Mutex::default(),
            retired: Retired::open(store)?,
        })
    }

    /// Reads a name or an ARN, with or without a selector.
    pub(super) fn selected(&self, account: &Account, given: &str) -> Result<Selected, ServiceError> {
        Selected::read(|name| self.parameters().contains_key(name), account, given)
    }

    /// The name under which a parameter is kept, however it is asked for.
    pub(super) fn kept(&self, asked: &str) -> String {
        let parameters = self.parameters();
        name::kept(|name| parameters.contains_key(name), asked).into_owned()
    }

    pub(super) fn parameters(&self) -> Held<'_, Parameter> {
        self.parameters.lock()
    }
}

/// What an operation does with its input.
pub(super) type Does<I> = fn(&Ssm, &Call, I) -> Result<Value, ServiceError>;
