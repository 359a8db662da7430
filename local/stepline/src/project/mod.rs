//! What a repository deploys: its environments, and the stacks and pipelines of each.
//!
//! It is found from the files themselves: `samconfig` files, templates, and pipelines as `get-pipeline` gives them. Where
//! that is not enough, a short `stepline.toml` names them:
//!
//! ```toml
//! account = "111122223333"
//! region = "ap-northeast-1"
//!
//! [environments.dev]
//! # What the account has and no template of yours makes: the local run makes it first.
//! existing = ["stepline/existing.yaml"]
//! stacks = ["sam/env/dev/samconfig.toml", { template = "queues.yaml", name = "queues", parameters = { Size = "1" } }]
//! pipelines = ["config/dev-pipeline.json"]
//! ```

mod definition;
mod environment;
mod error;
mod file;
mod found;
mod nested;
mod pipelines;
mod plan;
mod root;
mod sections;
mod walk;

pub(crate) use definition::{definition, definitions_of, is_named_so};
pub use error::ProjectError;
pub(crate) use file::NAME as FILE;
pub(crate) use pipelines::declaration;
pub use plan::{Overrides, Plan};
pub(crate) use root::find_root;
pub(crate) use walk::{files, files_named};

use crate::template::Stack;
use environment::Environment;
use file::ProjectFile;
use platform::Account;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A repository.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    file: ProjectFile,
    environments: BTreeMap<String, Environment>,
}

impl Project {
    /// Reads what the repository at `root` deploys.
    ///
    /// # Errors
    /// A `samconfig` file or `stepline.toml` cannot be read.
    pub fn open(root: &Path) -> Result<Self, ProjectError> {
        let file = ProjectFile::read(root)?;
        let mut environments = if file.names_everything() {
            BTreeMap::new()
        } else {
            found::environments(root)?
        };
        for (name, named) in &file.environments {
            let environment = environments.entry(name.clone()).or_default();
            named.apply(root, name, environment)?;
        }
        if !file.environments.is_empty() {
            environments.retain(|name, _| file.environments.contains_key(name));
        }
        Ok(Self {
            root: root.to_owned(),
            file,
            environments,
        })
    }

    /// The names of the environments.
    pub fn environments(&self) -> Vec<&str> {
        self.environments.keys().map(String::as_str).collect()
    }

    /// The environment that is meant: the one that is asked for, or `dev`, or the only one.
    ///
    /// # Errors
    /// There is no such environment, or none at all, or several and none of them is `dev`.
    pub fn environment(&self, asked: Option<&str>) -> Result<String, ProjectError> {
        let known = self.environments();
        match (asked, known.as_slice()) {
            (_, []) => Err(ProjectError::Nothing(self.root.clone())),
            (None, [only]) => Ok((*only).to_owned()),
            (asked, known) => {
                let asked = asked.unwrap_or("dev");
                if known.contains(&asked) {
                    return Ok(asked.to_owned());
                }
                Err(ProjectError::UnknownEnvironment {
                    asked: asked.to_owned(),
                    known: known.join(" and "),
                })
            }
        }
    }

    fn of(&self, environment: &str) -> Result<&Environment, ProjectError> {
        self.environments
            .get(environment)
            .ok_or_else(|| ProjectError::UnknownEnvironment {
                asked: environment.to_owned(),
                known: self.environments().join(" and "),
            })
    }

    /// The account of an environment. What `stepline.toml` says comes first, then the region of `samconfig.toml`, then what
    /// the files name in ARNs of roles and in pipelines.
    ///
    /// # Errors
    /// There is no such environment.
    pub fn account(&self, environment: &str) -> Result<Account, ProjectError> {
        let of = self.of(environment)?;
        let local = Account::local();
        let named = of.named_account();
        let region = self.file.region.clone().or_else(|| of.region()).or(named.region);
        let region = region.unwrap_or(local.region);
        Ok(Account {
            partition: partition_of(&region).to_owned(),
            id: self.file.account.clone().or(named.id).unwrap_or(local.id),
            region,
        })
    }

    /// What is deployed for an environment, with these values of parameters.
    ///
    /// # Errors
    /// There is no such environment, or its pipeline's template cannot be read.
    pub fn plan(&self, environment: &str, account: &Account, overrides: &Overrides) -> Result<Plan, ProjectError> {
        let of = self.of(environment)?;
        let mut plan = of.plan(account, &overrides.offered())?;
        for deployed in plan.before.iter_mut().chain(&mut plan.stacks) {
            deployed.offered = overrides.offered();
        }
        Ok(plan)
    }

    /// The files with pipelines of an environment.
    pub fn pipelines(&self, environment: &str) -> &[PathBuf] {
        self.environments.get(environment).map_or(&[], |of| &of.pipelines)
    }

    /// The value of a parameter of the first of an environment's stacks that has it, unless a deployment says otherwise.
    ///
    /// # Errors
    /// There is no such environment, or a template cannot be read.
    pub fn parameter(&self, environment: &str, name: &str) -> Result<Option<String>, ProjectError> {
        for deployed in self.of(environment)?.own() {
            let stack = Stack::open(deployed, &Account::local(), &BTreeMap::new())?;
            if let Some(value) = stack.parameter(name) {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// The files of the definitions: those that the templates name, and those whose names say that they are some.
    ///
    /// # Errors
    /// A template cannot be read.
    pub fn definitions(&self) -> Result<BTreeSet<PathBuf>, ProjectError> {
        let files = walk::files(&self.root).into_iter();
        let mut definitions: BTreeSet<PathBuf> = files.filter(|file| is_named_so(file)).collect();
        for environment in self.environments.values() {
            for deployed in environment.all() {
                let nested = nested::templates(&deployed.template);
                for template in nested.iter().chain([&deployed.template]) {
                    let named = definitions_of(template)?.into_iter();
                    definitions.extend(named.map(|(_, file)| file));
                }
            }
        }
        Ok(definitions)
    }
}

/// The partition that a region is in.
///
/// Follows <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
fn partition_of(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
