//! What an environment uses, and what of that no template makes.

use platform::Account;
use std::collections::{BTreeMap, BTreeSet};

/// What is used, by its names.
#[derive(Debug)]
pub(super) struct Used {
    pub(super) environment: String,
    pub(super) account: Account,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) buckets: BTreeSet<String>,
    /// Repositories of images.
    pub(super) repositories: BTreeSet<String>,
    /// Build projects, by name.
    pub(super) projects: BTreeMap<String, Build>,
    /// Parameters of Parameter Store that builds read: the variable that each is for.
    pub(super) parameters: BTreeMap<String, String>,
    /// Whether builds sign with keys of a user.
    pub(super) uses_keys: bool,
}

/// A role.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Role {
    pub(super) path: String,
    /// The services that take it.
    pub(super) trusts: BTreeSet<String>,
    /// What it needs: actions by resource.
    pub(super) needs: BTreeMap<String, BTreeSet<String>>,
}

impl Role {
    pub(super) fn need(&mut self, actions: &[&str], resource: &str) {
        let needs = self.needs.entry(resource.to_owned()).or_default();
        needs.extend(actions.iter().map(|action| (*action).to_owned()));
    }
}

/// A build project.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Build {
    /// Where its buildspec is, from the root.
    pub(super) buildspec: Option<String>,
    /// Whether it pushes images with its own role.
    pub(super) pushes: bool,
}
