//! Which environments the sections of a `samconfig` file are.
//!
//! A section is an environment of its own. Sections `pipeline-NAME` and `serving-NAME` beside one called `NAME` belong to
//! it, and `deployer` beside them is what an account has once: so it is in what Stepline deploys.

use super::environment::{Chain, Environment};
use super::error::ProjectError;
use crate::template::{Deployed, SamConfig};
use std::collections::BTreeMap;
use std::path::Path;

/// The section of the stack that an account has once. It has the permissions boundaries of all other stacks.
const OF_ACCOUNT: &str = "deployer";

/// What a section with a stack begins with that belongs to an environment; the environment's name follows.
const PIPELINE: &str = "pipeline-";
const SERVING: &str = "serving-";

/// The section that SAM takes where none is named.
const DEFAULT: &str = "default";

/// What a section deploys.
pub(super) fn deployed(file: &Path, section: &str) -> Result<Deployed, ProjectError> {
    Ok(SamConfig::read(file)?.deployed(section)?)
}

/// The environments of a file. `name` is what its `default` section is called.
pub(super) fn environments(file: &Path, name: &str) -> Result<BTreeMap<String, Environment>, ProjectError> {
    let config = SamConfig::read(file)?;
    let sections = config.sections_with_stacks();
    let belongs_to = |section: &str| {
        [PIPELINE, SERVING].iter().find_map(|before| {
            let of = section.strip_prefix(before)?;
            sections.contains(&of).then(|| of.to_owned())
        })
    };
    let has_chain = sections.iter().any(|section| belongs_to(section).is_some());
    let mut environments = BTreeMap::new();
    for section in &sections {
        if belongs_to(section).is_some() || (has_chain && *section == OF_ACCOUNT) {
            continue;
        }
        let own = config.deployed(section)?;
        let part = |before: &str| {
            let section = format!("{before}{section}");
            let is_there = sections.contains(&section.as_str());
            is_there.then(|| config.deployed(&section)).transpose()
        };
        let account = match has_chain && sections.contains(&OF_ACCOUNT) {
            true => Some(config.deployed(OF_ACCOUNT)?),
            false => None,
        };
        let mut environment = Environment {
            account,
            stacks: vec![own],
            ..Environment::default()
        };
        if let Some(pipeline) = part(PIPELINE)? {
            let others = sections.iter().filter(|other| *other != section);
            let others: Result<BTreeMap<String, Deployed>, ProjectError> = others
                .map(|other| Ok(((*other).to_owned(), config.deployed(other)?)))
                .collect();
            environment.chain = Some(Chain {
                serving: part(SERVING)?,
                pipeline,
                others: others?,
            });
        }
        let name = if *section == DEFAULT { name } else { section };
        environments.insert(name.to_owned(), environment);
    }
    Ok(environments)
}
