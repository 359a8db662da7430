//! `stepline.toml`.

use super::environment::Environment;
use super::error::ProjectError;
use super::sections;
use crate::template::Deployed;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Its name.
pub(crate) const NAME: &str = "stepline.toml";

/// What it says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectFile {
    /// The twelve digits of the account.
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    #[serde(default)]
    pub(super) environments: BTreeMap<String, Named>,
}

/// What it says of an environment. What is not said is found.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    /// Templates of what the account has already, and nobody deploys.
    #[serde(default)]
    existing: Vec<String>,
    stacks: Option<Vec<StackNamed>>,
    pipelines: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum StackNamed {
    /// A `samconfig` file whose section is `default`.
    Config(String),
    Section(Section),
    Template(Template),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    config: String,
    section: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    template: String,
    name: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

impl ProjectFile {
    /// Reads it, where there is one.
    pub(super) fn read(root: &Path) -> Result<Self, ProjectError> {
        let file = root.join(NAME);
        let wrong = |message: String| ProjectError::File {
            file: file.clone(),
            message,
        };
        let read: Self = match std::fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text).map_err(|error| wrong(error.to_string()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(wrong(error.to_string())),
        };
        if let Some(account) = &read.account
            && (account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(wrong(format!(
                "account: `{account}` must be twelve digits, in quotation marks"
            )));
        }
        Ok(read)
    }

    /// Whether nothing is left to be found.
    pub(super) fn names_everything(&self) -> bool {
        let mut named = self.environments.values();
        !self.environments.is_empty() && named.all(|named| named.stacks.is_some() && named.pipelines.is_some())
    }
}

impl Named {
    /// Puts what is named in the place of what was found.
    pub(super) fn apply(&self, root: &Path, name: &str, environment: &mut Environment) -> Result<(), ProjectError> {
        let there = |path: &str| -> Result<PathBuf, ProjectError> {
            let file = root.join(path);
            if file.is_file() {
                return Ok(file);
            }
            Err(ProjectError::File {
                file: root.join(NAME),
                message: format!("environments.{name}: there is no file `{path}`"),
            })
        };
        let stack = |template: PathBuf, name: String, values: BTreeMap<String, String>| Deployed {
            environment: name.clone(),
            stack: name,
            template,
            values,
            ..Deployed::default()
        };
        for path in &self.existing {
            let file = there(path)?;
            // The same for all environments that name it.
            let words = path
                .trim_end_matches(|last| last != '.')
                .split(|character: char| !character.is_alphanumeric());
            let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
            environment.existing.push(stack(file, words.join("-"), BTreeMap::new()));
        }
        if let Some(stacks) = &self.stacks {
            environment.stacks.clear();
            environment.chain = None;
            for named in stacks {
                match named {
                    StackNamed::Config(config) => {
                        environment.stacks.push(sections::deployed(&there(config)?, "default")?);
                    }
                    StackNamed::Section(of) => {
                        environment
                            .stacks
                            .push(sections::deployed(&there(&of.config)?, &of.section)?);
                    }
                    StackNamed::Template(of) => {
                        let file = there(&of.template)?;
                        environment
                            .stacks
                            .push(stack(file, of.name.clone(), of.parameters.clone()));
                    }
                }
            }
        }
        if let Some(pipelines) = &self.pipelines {
            let files: Result<Vec<PathBuf>, ProjectError> = pipelines.iter().map(|path| there(path)).collect();
            environment.pipelines = files?;
        }
        Ok(())
    }
}
