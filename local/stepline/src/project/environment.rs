//! An environment, and what is deployed for it.

use super::error::ProjectError;
use super::pipelines;
use super::plan::Plan;
use crate::template::{Deployed, Stack};
use platform::Account;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What is deployed for an environment.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// What the account has and no template makes.
    pub(super) existing: Vec<Deployed>,
    /// What the account has once, for all environments.
    pub(super) account: Option<Deployed>,
    pub(super) stacks: Vec<Deployed>,
    /// What goes with the first stack, where the environment is one of Stepline's.
    pub(super) chain: Option<Chain>,
    pub(super) pipelines: Vec<PathBuf>,
}

/// The stack with the pipeline, and what depends on its parameters.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) serving: Option<Deployed>,
    pub(super) pipeline: Deployed,
    /// The other sections, in one of which the pipeline may rehearse.
    pub(super) others: BTreeMap<String, Deployed>,
}

/// What files say of the account that they are for.
#[derive(Debug, Default)]
pub(super) struct NamedAccount {
    pub(super) id: Option<String>,
    pub(super) region: Option<String>,
}

impl Environment {
    /// The environment's own stacks, whatever the parameters say.
    pub(super) fn own(&self) -> impl Iterator<Item = &Deployed> {
        let chain = self.chain.iter();
        self.stacks
            .iter()
            .chain(chain.flat_map(|chain| chain.serving.iter().chain([&chain.pipeline])))
    }

    /// All stacks.
    pub(super) fn all(&self) -> impl Iterator<Item = &Deployed> {
        self.existing.iter().chain(&self.account).chain(self.own())
    }

    /// The region of the first stack that names one.
    pub(super) fn region(&self) -> Option<String> {
        self.own().find_map(|deployed| deployed.region.clone())
    }

    /// What the ARNs of roles in templates and pipelines name, where they agree.
    pub(super) fn named_account(&self) -> NamedAccount {
        let templates = self.own().map(|deployed| &deployed.template);
        let files = templates.chain(&self.pipelines);
        let texts: Vec<String> = files.filter_map(|file| std::fs::read_to_string(file).ok()).collect();
        let ids: BTreeSet<&str> = texts.iter().flat_map(|text| accounts(text)).collect();
        let declared = self
            .pipelines
            .iter()
            .filter_map(|file| pipelines::declaration(file).ok());
        let regions: BTreeSet<String> = declared.flat_map(|declared| regions(&declared)).collect();
        let only = |found: BTreeSet<String>| match found.len() {
            1 => found.into_iter().next(),
            _ => None,
        };
        NamedAccount {
            id: only(ids.into_iter().map(str::to_owned).collect()),
            region: only(regions),
        }
    }

    /// What is deployed, with these values of parameters.
    pub(super) fn plan(&self, account: &Account, offered: &BTreeMap<String, String>) -> Result<Plan, ProjectError> {
        let mut plan = Plan {
            account: self.existing.iter().chain(&self.account).cloned().collect(),
            before: Vec::new(),
            stacks: self.stacks.clone(),
            pipelines: self.pipelines.clone(),
        };
        if let Some(chain) = &self.chain {
            let pipeline = Deployed {
                offered: offered.clone(),
                ..chain.pipeline.clone()
            };
            let stack = Stack::open(&pipeline, account, &BTreeMap::new())?;
            let rehearses_in = stack.parameter("RehearseIn").filter(|_| stack.condition("Rehearses"));
            if let Some(other) = rehearses_in {
                let before = chain.others.get(&other);
                let before = before.cloned().ok_or_else(|| ProjectError::UnknownEnvironment {
                    asked: other,
                    known: chain.others.keys().cloned().collect::<Vec<_>>().join(" and "),
                })?;
                plan.before.push(before);
            }
            if stack.condition("ServesModels") {
                plan.stacks.extend(chain.serving.clone());
            }
            plan.stacks.push(pipeline);
        }
        Ok(plan)
    }
}

/// The accounts that a text names in ARNs of roles.
fn accounts(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.split(":iam::").skip(1);
    behind.filter_map(|rest| {
        let (id, rest) = rest.split_at_checked(12)?;
        let is_id = id.bytes().all(|byte| byte.is_ascii_digit()) && rest.starts_with(":role/");
        is_id.then_some(id)
    })
}

/// The regions of a pipeline's actions.
fn regions(declared: &Value) -> Vec<String> {
    let stages = declared["pipeline"]["stages"].as_array().into_iter().flatten();
    let actions = stages.flat_map(|stage| stage["actions"].as_array().into_iter().flatten());
    actions
        .filter_map(|action| Some(action["region"].as_str()?.to_owned()))
        .collect()
}
