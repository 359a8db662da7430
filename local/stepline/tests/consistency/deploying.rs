//! Deploying: samconfig.toml, the templates and the workflows know the same environments, parameters and files.

use super::house::{Finding, assert_none, files, files_in, lines, text};
use super::pipeline::{texts, yaml};
use super::planned::ENVIRONMENTS;
use serde_json::Value;
use std::collections::BTreeSet;
use toml::Table;

const CONFIG: &str = "sam/samconfig.toml";

/// The environments of samconfig.toml, with their sections.
fn environments() -> Vec<(String, toml::Value)> {
    let config: Table = text(CONFIG).parse().expect("samconfig.toml is TOML");
    config
        .into_iter()
        .filter(|(name, value)| value.is_table() && name != "default")
        .collect()
}

/// The template that an environment deploys.
fn template_of(section: &toml::Value) -> String {
    let file = section
        .get("deploy")
        .and_then(|deploy| deploy.get("parameters")?.get("template_file")?.as_str());
    format!("sam/{}", file.unwrap_or("template.yaml"))
}

/// The parameters of a template: their names, and whether a value has to be given.
fn parameters_of(template: &str) -> Vec<(String, bool)> {
    let section = text(template).split("\nParameters:\n").nth(1).unwrap_or_default();
    let mut parameters: Vec<(String, bool)> = Vec::new();
    for line in section
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with([' ', '#']))
    {
        let indent = line.len() - line.trim_start().len();
        match line.trim().strip_suffix(':') {
            Some(name) if indent == 2 => parameters.push((name.to_owned(), true)),
            _ if indent == 4 && line.trim().starts_with("Default:") => {
                if let Some((_, is_required)) = parameters.last_mut() {
                    *is_required = false;
                }
            }
            _ => {}
        }
    }
    parameters
}

#[test]
fn overrides_are_parameters_and_what_must_be_given_is() {
    let mut findings = Vec::new();
    for (environment, section) in environments() {
        let template = template_of(&section);
        if !files().contains_key(&template) {
            findings.push(Finding::new(
                CONFIG,
                format_args!("{environment} deploys {template}, which is not there"),
                "name a file of sam/",
            ));
            continue;
        }
        let parameters = parameters_of(&template);
        assert!(!parameters.is_empty(), "{template} has parameters");
        let overrides = section["deploy"]["parameters"]
            .get("parameter_overrides")
            .and_then(toml::Value::as_array);
        let given: BTreeSet<String> = overrides
            .into_iter()
            .flatten()
            .filter_map(|pair| Some(pair.as_str()?.split_once('=')?.0.to_owned()))
            .collect();
        for name in &given {
            if !parameters.iter().any(|(known, _)| known == name) {
                let thing = format_args!("{environment} gives {name}, which {template} does not have");
                findings.push(Finding::new(CONFIG, thing, "remove it, or declare it in the template"));
            }
        }
        for (name, _) in parameters
            .iter()
            .filter(|(name, is_required)| *is_required && !given.contains(name))
        {
            let thing = format_args!("{environment} does not give {name}, which has no default in {template}");
            findings.push(Finding::new(CONFIG, thing, "give it in parameter_overrides"));
        }
    }
    assert_none(findings);
}

#[test]
fn the_region_is_said_once() {
    let config: Table = text(CONFIG).parse().expect("samconfig.toml is TOML");
    let region = ["default", "global", "parameters", "region"]
        .iter()
        .try_fold(&toml::Value::Table(config), |value, name| value.get(name))
        .and_then(|region| region.as_str().map(str::to_owned))
        .expect("samconfig.toml says the region under [default.global.parameters]");
    // A connection's ARN has a region of its own, and is put in whole; a comment may show one; prices are of many.
    let said: Vec<String> = files_in("sam/", "")
        .chain(files_in(".github/", ""))
        .flat_map(|(path, text)| lines(text).map(move |(number, line)| (format!("{path}:{number}"), line)))
        .filter(|(_, line)| line.contains(&region) && !line.contains("arn:") && !line.trim_start().starts_with('#'))
        .filter(|(_, line)| !line.contains("\": {\"ml."))
        .map(|(place, line)| format!("{}: {}", place.split(':').next().unwrap_or_default(), line.trim()))
        .collect();
    assert_eq!(
        said,
        [format!("{CONFIG}: region = \"{region}\"")],
        "one place to edit for another region"
    );
}

fn workflows() -> Vec<(&'static str, Value)> {
    files_in(".github/workflows/", ".yml")
        .map(|(path, _)| (path, yaml(path)))
        .collect()
}

fn steps(workflow: &Value) -> Vec<Value> {
    let jobs = workflow["jobs"].as_object().into_iter().flatten();
    jobs.flat_map(|(_, job)| job["steps"].as_array().cloned().unwrap_or_default())
        .collect()
}

#[test]
fn workflows_name_files_that_exist() {
    let mut findings = Vec::new();
    let workflows = workflows();
    assert!(!workflows.is_empty(), "there are workflows");
    for (path, workflow) in &workflows {
        // A file may be gone without anybody noticing where only a filter names it.
        let triggers = workflow["on"].as_object().into_iter().flatten();
        let filters = triggers.flat_map(|(_, trigger)| ["paths", "paths-ignore"].map(|list| texts(&trigger[list])));
        let folders = steps(workflow)
            .into_iter()
            .filter_map(|step| step["working-directory"].as_str().map(str::to_owned));
        let scripts = steps(workflow).into_iter().flat_map(|step| {
            let run = step["run"].as_str().unwrap_or_default().to_owned();
            run.split_whitespace()
                .filter(|word| word.starts_with(".ci/"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        for named in filters.flatten().chain(folders).chain(scripts) {
            let beginning = named.trim_end_matches('*').trim_end_matches('/');
            let exists = files().keys().any(|file| {
                file.strip_prefix(beginning)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if !exists {
                findings.push(Finding::new(
                    path,
                    format_args!("names {named}, which is not there"),
                    "name what is there",
                ));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn what_is_deployed_with_a_name_is_an_environment() {
    let known: BTreeSet<String> = environments().into_iter().map(|(name, _)| name).collect();
    let mut findings = Vec::new();
    let documents = files_in("", ".md")
        .chain(files_in(".github/workflows/", ".yml"))
        .chain(files_in("sam/", ""));
    for (path, text) in documents {
        for part in text.split("--config-env ").skip(1) {
            let name = part.trim_start_matches('"');
            let end = name
                .find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'))
                .unwrap_or(name.len());
            let name = &name[..end];
            // `pipeline-$CONFIG_ENV` is put together: it has to be an environment with each of those.
            if let Some(prefix) = name
                .strip_suffix('-')
                .filter(|_| part.trim_start_matches('"')[end..].starts_with('$'))
            {
                for environment in ENVIRONMENTS {
                    let whole = format!("{prefix}-{environment}");
                    if !known.contains(&whole) {
                        let mend = format_args!("use one of {known:?}");
                        findings.push(Finding::new(path, format_args!("`--config-env {whole}`"), mend));
                    }
                }
            }
            let is_whole = !name.is_empty() && !part.trim_start_matches('"')[end..].starts_with(['$', '{']);
            if is_whole && name.chars().all(|c| c.is_lowercase() || c == '-') && !known.contains(name) {
                let mend = format_args!("use one of {known:?}");
                findings.push(Finding::new(path, format_args!("`--config-env {name}`"), mend));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn actions_are_pinned_by_commit() {
    let mut findings = Vec::new();
    for (path, workflow) in workflows() {
        for step in steps(&workflow) {
            let Some(uses) = step["uses"].as_str().filter(|uses| !uses.starts_with("./")) else {
                continue;
            };
            let commit = uses.split_once('@').map_or("", |(_, commit)| commit);
            if commit.len() != 40 || !commit.chars().all(|c| c.is_ascii_hexdigit()) {
                findings.push(Finding::new(
                    path,
                    format_args!("uses {uses}"),
                    "pin the action by its commit",
                ));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn a_branch_is_an_environment_everywhere() {
    let mut findings = Vec::new();
    let triggers = yaml(".github/workflows/deploy.yml");
    let deployed: BTreeSet<String> = triggers["on"]
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(_, trigger)| texts(&trigger["branches"]))
        .collect();
    for (environment, section) in environments() {
        let overrides = section["deploy"]["parameters"]
            .get("parameter_overrides")
            .and_then(toml::Value::as_array);
        let pairs = overrides
            .into_iter()
            .flatten()
            .filter_map(|pair| pair.as_str()?.split_once('='));
        for (_, branch) in pairs.filter(|(name, _)| *name == "Branch") {
            if !deployed.contains(branch) {
                let thing =
                    format_args!("{environment} runs on merges into {branch}, and the workflow deploys {deployed:?}");
                findings.push(Finding::new(CONFIG, thing, "name the same branches in both"));
            }
        }
    }
    assert_none(findings);
}
