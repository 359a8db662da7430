//! Finds what a repository deploys from its files.

use super::environment::Environment;
use super::error::ProjectError;
use super::pipelines::{self, words};
use super::{nested, sections, walk};
use crate::template::Deployed;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What Stepline's own repository deploys from: where it is there, nothing else is looked for.
pub(super) const OWN: &str = "sam/samconfig.toml";

/// Whether a file is a template, by what it looks like: what is wrong in one is to be said, and not passed over.
pub(super) fn is_template(file: &Path) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let has_resources = || {
        // JSON may be one line.
        let mut lines = text.lines();
        text.contains("\"Resources\"") || lines.any(|line| line.trim_start_matches([' ', '{']).starts_with("Resources"))
    };
    text.contains("AWS::") && text.contains("Type") && has_resources()
}

/// Whether a file has a pipeline as JSON.
pub(super) fn is_pipeline(file: &Path) -> bool {
    let is_json = file.extension().is_some_and(|ending| ending == "json");
    let read = || std::fs::read_to_string(file).is_ok_and(|text| pipelines::may_be_one(&text));
    is_json && read() && pipelines::declaration(file).is_ok()
}

/// The environments of the repository at `root`, by name.
pub(super) fn environments(root: &Path) -> Result<BTreeMap<String, Environment>, ProjectError> {
    let own = root.join(OWN);
    if own.is_file() {
        return sections::environments(&own, "default");
    }
    let files = walk::files(root);
    let configs: Vec<&PathBuf> = files.iter().filter(|file| walk::is_samconfig(file)).collect();
    let mut environments: BTreeMap<String, Environment> = BTreeMap::new();
    for config in &configs {
        let folder = config.parent().and_then(Path::file_name);
        let folder = folder.map(|folder| folder.to_string_lossy().into_owned());
        let name = match folder {
            Some(folder) if configs.len() > 1 => folder,
            _ => "default".to_owned(),
        };
        for (name, found) in sections::environments(config, &name)? {
            let environment = environments.entry(name).or_default();
            environment.stacks.extend(found.stacks);
            environment.account = environment.account.take().or(found.account);
            environment.chain = environment.chain.take().or(found.chain);
        }
    }
    if environments.is_empty() {
        let templates: Vec<&PathBuf> = files.iter().filter(|file| is_template(file)).collect();
        if let Some(template) = main_template(root, &templates)? {
            let environment = environments.entry("dev".to_owned()).or_default();
            environment.stacks.push(alone(root, template));
        }
    }
    let pipelines: Vec<&PathBuf> = files.iter().filter(|file| is_pipeline(file)).collect();
    if environments.is_empty() && !pipelines.is_empty() {
        environments.insert("dev".to_owned(), Environment::default());
    }
    assign(&pipelines, &mut environments);
    Ok(environments)
}

/// The one template that no `samconfig` file names and no other template nests: the one nearest to the root.
fn main_template<'t>(root: &Path, templates: &[&'t PathBuf]) -> Result<Option<&'t PathBuf>, ProjectError> {
    let nested: BTreeSet<PathBuf> = templates
        .iter()
        .flat_map(|template| nested::templates(template))
        .collect();
    let outer: Vec<&PathBuf> = templates
        .iter()
        .copied()
        .filter(|template| !nested.contains(*template))
        .collect();
    let depth = |path: &Path| path.components().count();
    let Some(least) = outer.iter().map(|path| depth(path)).min() else {
        return Ok(None);
    };
    let nearest: Vec<&PathBuf> = outer.into_iter().filter(|path| depth(path) == least).collect();
    let by_name = nearest
        .iter()
        .find(|path| path.file_stem().is_some_and(|stem| stem == "template"));
    match (nearest.as_slice(), by_name) {
        ([only], _) => Ok(Some(only)),
        (_, Some(named)) => Ok(Some(named)),
        (several, None) => {
            let shown = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
            let names: Vec<String> = several.iter().map(|path| shown(path)).collect();
            Err(ProjectError::SeveralTemplates {
                folder: root.to_owned(),
                templates: names.join(", "),
                first: names.first().cloned().unwrap_or_default(),
            })
        }
    }
}

/// How much of a folder's name a stack is called by: names of resources begin with it.
const STACK_NAME: usize = 24;

/// A template without a `samconfig` file: the stack is called as its folder.
fn alone(root: &Path, template: &Path) -> Deployed {
    let folder = template
        .parent()
        .filter(|folder| folder.file_name().is_some())
        .unwrap_or(root);
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let words: Vec<&str> = words(&name).filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(STACK_NAME).collect();
    let name = name.trim_end_matches('-').to_owned();
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    Deployed {
        environment: "dev".to_owned(),
        stack: if starts_well { name } else { format!("stack-{name}") },
        template: template.to_owned(),
        stands_in_values: true,
        ..Deployed::default()
    }
}

/// Gives each pipeline to the environments that its file's name, its own or its branch has as a word, or else to all.
fn assign(pipelines: &[&PathBuf], environments: &mut BTreeMap<String, Environment>) {
    for file in pipelines {
        let declared = pipelines::declaration(file).unwrap_or_default();
        let mut said = vec![file.file_name().unwrap_or_default().to_string_lossy().into_owned()];
        said.extend(declared["pipeline"]["name"].as_str().map(str::to_owned));
        let stages = declared["pipeline"]["stages"].as_array().into_iter().flatten();
        let actions = stages.flat_map(|stage| stage["actions"].as_array().into_iter().flatten());
        let branches = actions.filter_map(|action| action["configuration"]["BranchName"].as_str());
        said.extend(branches.map(str::to_owned));
        let is_named = |name: &str| said.iter().any(|said| words(said).any(|word| word == name));
        let named: BTreeSet<String> = environments.keys().filter(|name| is_named(name)).cloned().collect();
        for (name, environment) in environments.iter_mut() {
            if named.is_empty() || named.contains(name) {
                environment.pipelines.push((*file).clone());
            }
        }
    }
}
