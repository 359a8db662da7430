//! The files that `init` writes.

use super::used::Used;
use super::yaml;
use crate::deploy::DeployError;
use crate::project::{FILE, Project, ProjectError};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The template of what the account has and no other template makes, from the root.
pub const EXISTING: &str = "stepline/existing.yaml";

/// A file, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where it is, from the root.
    pub file: String,
    /// What it is for.
    pub what: String,
    /// Whether it was there before, and stays as it is.
    pub was_there: bool,
}

/// The files of a repository that has been here before.
pub(super) fn there(root: &Path) -> Vec<Written> {
    let files = [EXISTING, FILE].into_iter().filter(|file| root.join(file).is_file());
    let written = files.map(|file| Written {
        file: file.to_owned(),
        what: String::new(),
        was_there: true,
    });
    written.collect()
}

/// Writes the files that are not there.
pub(super) fn write(
    root: &Path,
    project: &Project,
    uses: &[Used],
    existing: Map<String, Value>,
) -> Result<Vec<Written>, DeployError> {
    let mut files = Vec::new();
    let has_existing = !existing.is_empty();
    if has_existing {
        let what = "what your account has and no template makes, as far as your files use it".to_owned();
        files.push((EXISTING, what, template(existing)));
    }
    let what = "what stepline plays, and where it finds it".to_owned();
    files.push((FILE, what, toml(root, project, uses, has_existing)));
    files
        .into_iter()
        .map(|(file, what, text)| put(root, file, what, &text))
        .collect()
}

/// Writes a file, unless it is there.
pub(super) fn put(root: &Path, file: &str, what: String, text: &str) -> Result<Written, DeployError> {
    let path = root.join(file);
    let was_there = path.exists();
    if !was_there {
        let wrong = |error: std::io::Error| ProjectError::File {
            file: path.clone(),
            message: format!("cannot be written: {error}"),
        };
        let folder = path.parent().unwrap_or(root);
        std::fs::create_dir_all(folder).map_err(wrong)?;
        std::fs::write(&path, text).map_err(wrong)?;
    }
    Ok(Written {
        file: file.to_owned(),
        what,
        was_there,
    })
}

fn template(resources: Map<String, Value>) -> String {
    let mut text = String::from(concat!(
        "AWSTemplateFormatVersion: \"2010-09-09\"\n",
        "Description: What the account has and no other template makes.\n\n",
        "# Written by `stepline init` from what the other files use. The local run makes it first. Your account has it already,\n",
        "# so do not deploy it there; to begin with an empty account, deploy it before everything else. Roles may do what the\n",
        "# files need and no more: what yours may beside that is denied here until you add it.\n\n",
        "Resources:\n",
    ));
    let mut resources = resources.into_iter().collect::<Vec<_>>();
    let rank = |kind: &Value| {
        ["Role", "User", "AccessKey"]
            .iter()
            .position(|end| kind.as_str().is_some_and(|kind| kind.ends_with(end)))
    };
    resources.sort_by_key(|(id, resource)| (rank(&resource["Type"]).unwrap_or(usize::MAX), id.clone()));
    let blocks: Vec<String> = resources
        .into_iter()
        .map(|(id, resource)| yaml::block(&Value::Object(Map::from_iter([(id, resource)])), 1))
        .collect();
    let _ = write!(text, "{}", blocks.join("\n"));
    text
}

/// The text of `stepline.toml`: what was found, so that it can be changed.
fn toml(root: &Path, project: &Project, uses: &[Used], has_existing: bool) -> String {
    let mut text = String::from(
        "# What `stepline` plays, and where it finds it. What is not said here is found from the files themselves.\n",
    );
    if let Some(first) = uses.first() {
        let _ = write!(
            text,
            "account = \"{}\"\nregion = \"{}\"\n",
            first.account.id, first.account.region
        );
    }
    let shown = |file: &PathBuf| format!("\"{}\"", file.strip_prefix(root).unwrap_or(file).display());
    for used in uses {
        let name = &used.environment;
        let _ = write!(text, "\n[environments.{name}]\n");
        if has_existing {
            let _ = writeln!(text, "existing = [\"{EXISTING}\"]");
        }
        let pipelines: Vec<String> = project.pipelines(name).iter().map(shown).collect();
        let _ = writeln!(text, "pipelines = [{}]", pipelines.join(", "));
    }
    text
}
