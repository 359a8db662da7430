//! What is deployed, and with which values.

use crate::template::Deployed;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is deployed for an environment, in this order.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Plan {
    /// What an account has once: made unless it is there.
    pub account: Vec<Deployed>,
    /// Stacks of another environment that have to be there first.
    pub before: Vec<Deployed>,
    /// The environment's own stacks.
    pub stacks: Vec<Deployed>,
    /// Files with declarations of pipelines.
    pub pipelines: Vec<PathBuf>,
}

/// Values of parameters that replace those in `samconfig.toml`, as `--parameter-overrides` of `sam deploy` does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// What was asked for: some template must have each of these parameters.
    pub asked: BTreeMap<String, String>,
    /// What holds for templates that have these parameters.
    pub implied: BTreeMap<String, String>,
}

impl Overrides {
    /// All values. What was asked for comes first.
    pub(super) fn offered(&self) -> BTreeMap<String, String> {
        let implied = self.implied.clone();
        implied.into_iter().chain(self.asked.clone()).collect()
    }
}
