//! Parameter Store: parameters with versions, and a SecureString whose value is marked.

use std::collections::BTreeMap;

use shared::parameters::{Content, Found, Page, Parameter};
use shared::ports::CallError;
use shared::secret::Secret;
use shared::time::Timestamp;

use super::page;
use crate::account::Account;

/// How many parameters a page of a path holds.
const A_PAGE: usize = 2;

/// Parameters by their names: each with its values, the first version first.
#[derive(Debug, Default)]
pub(crate) struct ParameterStore {
    values: BTreeMap<String, Vec<String>>,
    /// When each of them was put.
    times: BTreeMap<String, Vec<Timestamp>>,
}

impl ParameterStore {
    /// Puts the next version of a parameter.
    pub(crate) fn put(&mut self, name: &str, value: &str, now: Timestamp) {
        self.times.entry(name.to_owned()).or_default().push(now);
        self.values.entry(name.to_owned()).or_default().push(value.to_owned());
    }

    /// Every value that a parameter had.
    pub(crate) fn values(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    fn read(&self, asked: &str, with_decryption: bool) -> Option<Parameter> {
        let (name, selector) = asked
            .split_once(':')
            .map_or((asked, None), |(name, selector)| (name, Some(selector)));
        let versions = self.values.get(name)?;
        let version = match selector {
            None => versions.len(),
            Some(selector) => selector.parse().ok()?,
        };
        let value = Secret::new(versions.get(version.checked_sub(1)?)?.clone());
        let times = self.times.get(name)?;
        Some(Parameter {
            modified_at: times.get(version - 1).copied(),
            name: name.to_owned(),
            arn: None,
            selector: selector.map(str::to_owned),
            version: i64::try_from(version).unwrap_or(i64::MAX),
            content: match (name.contains("secret"), with_decryption) {
                (true, true) => Content::SecureString(value),
                (true, false) => Content::Sealed,
                (false, _) => Content::String(value),
            },
        })
    }
}

impl Account {
    pub(super) fn get_parameters(&mut self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
        let mut found = Found::default();
        for name in names {
            match self.parameters.read(name, with_decryption) {
                Some(parameter) => found.parameters.push(parameter),
                None => found.invalid.push((*name).to_owned()),
            }
        }
        Ok(found)
    }

    pub(super) fn get_parameters_by_path(&mut self, path: &str, next: Option<&str>) -> Result<Page, CallError> {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let names = self.parameters.values.keys().filter(|name| name.starts_with(&folder));
        let below: Vec<Parameter> = names.filter_map(|name| self.parameters.read(name, false)).collect();
        let (parameters, next_token) = page(&below, next, A_PAGE);
        Ok(Page { parameters, next_token })
    }
}
