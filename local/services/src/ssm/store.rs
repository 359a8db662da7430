//! What Parameter Store keeps.

use super::name::Selected;
use super::parameter::Parameter;
use jiff::Timestamp;
use platform::store::{Held, Rows, Store, StoreError};
use platform::{Account, Call, ServiceError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// Parameter Store in this account and region.
#[derive(Default)]
pub struct Ssm {
    pub(super) parameters: Rows<Parameter>,
    /// Secrets that `/aws/reference/secretsmanager/…` reads, by id.
    pub(super) secrets: Mutex<BTreeMap<String, Secret>>,
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
        })
    }

    /// Reads a name or an ARN, with or without a selector.
    pub(super) fn selected(&self, account: &Account, given: &str) -> Result<Selected, ServiceError> {
        Selected::read(|name| self.parameters().contains_key(name), account, given)
    }

    pub(super) fn parameters(&self) -> Held<'_, Parameter> {
        self.parameters.lock()
    }
}

/// What an operation does with its input.
pub(super) type Does<I> = fn(&Ssm, &Call, I) -> Result<Value, ServiceError>;
