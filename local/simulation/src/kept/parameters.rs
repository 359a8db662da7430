//! Parameters with their versions.

use std::collections::BTreeMap;

use shared::parameters::{Content, Parameter};
use shared::secret::Secret;
use shared::time::Timestamp;

/// Parameters by their names: each with its values, the first version first.
#[derive(Debug, Default)]
pub(crate) struct ParameterStore {
    pub(crate) values: BTreeMap<String, Vec<String>>,
    /// When each of them was put.
    pub(crate) times: BTreeMap<String, Vec<Timestamp>>,
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

    pub(crate) fn read(&self, asked: &str, with_decryption: bool) -> Option<Parameter> {
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
