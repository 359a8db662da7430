//! `stepline check`: the state machines' definitions, as CreateStateMachine would see them, and the templates, as they are
//! deployed. With `--watch` again and again, beside the page of the definitions.

use super::interrupt::interrupted;
use super::options::serving;
use super::page;
use super::session::{Trouble, repository};
use super::stamps::{EVERY, Stamps, below, listed};
use crate::checks;
use crate::cloud::Cloud;
use crate::deploy::{self, Deployment};
use crate::project::{self, Overrides, Project, ProjectError};
use platform::Account;
use states_language::{Severity, StateMachine};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `check` takes.
#[derive(clap::Args)]
pub(super) struct CheckOptions {
    /// Checks again whenever a definition or a template changes, and serves the definitions' page, until interrupted
    #[arg(long)]
    pub(super) watch: bool,
    /// The port of the page, on this machine alone; otherwise 4567, or any that is free where that is taken
    #[arg(long, value_name = "PORT", requires = "watch")]
    page_port: Option<u16>,
}

pub(super) async fn check(options: &CheckOptions) -> Result<ExitCode, Trouble> {
    let root = repository()?;
    if options.watch {
        return watch(&root, options.page_port).await;
    }
    let errors = look(&root).await?;
    Ok(if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Checks everything, says what is found, and counts the errors.
async fn look(root: &Path) -> Result<usize, Trouble> {
    let project = Project::open(root)?;
    let definitions = project.definitions()?;
    let environments = project.environments();
    if definitions.is_empty() && environments.is_empty() {
        return Err(ProjectError::Nothing(root.to_owned()).into());
    }
    let (mut errors, mut inline) = (0_usize, BTreeSet::new());
    for file in &definitions {
        errors += definition(root, file)?;
    }
    let overrides = Overrides {
        implied: [serving()].into(),
        ..Overrides::default()
    };
    for environment in &environments {
        let cloud = Cloud::new(project.account(environment)?, root.to_owned());
        match deploy::deploy_with(&cloud, environment, &overrides).await {
            Ok(deployment) => {
                say!("{environment}: its templates deploy");
                for passed_over in deployment.passed_over() {
                    say!("{environment}: note: {}", passed_over.below(root));
                }
                let files = files_of_machines(&deployment)?;
                let machines = deployment.references("AWS::StepFunctions::StateMachine");
                inline.extend(machines.iter().filter_map(|arn| {
                    let name = arn.rsplit(':').next()?;
                    (!files.contains_key(name)).then(|| name.to_owned())
                }));
                for mut finding in checks::look(&cloud).await? {
                    // Names that nobody has given say nothing of what a role may do.
                    if finding.about == checks::About::Permission
                        && deployment.all().any(|stack| stack.stands_in_values)
                    {
                        finding.severity = finding.severity.max(checks::Severity::Warning);
                    }
                    let place = files.get(&finding.machine).map(|file| below(root, file));
                    let place = place.unwrap_or_else(|| format!("state machine {}", finding.machine));
                    say!("{environment}: {place}:{}:{}: {finding}", finding.line, finding.column);
                    errors += usize::from(finding.severity == checks::Severity::Error);
                }
            }
            Err(error) => {
                say!("{environment}: error: {error}");
                errors += 1;
            }
        }
    }
    let checked = counted(definitions.len() + inline.len(), environments.len());
    match errors {
        0 => say!("Succeeded: {checked} checked"),
        _ => say!(
            "Failed: {errors} error{} in {checked}",
            if errors == 1 { "" } else { "s" }
        ),
    }
    Ok(errors)
}

/// What was checked, in words.
fn counted(definitions: usize, environments: usize) -> String {
    let number = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let environments = number(environments, "environment");
    match definitions {
        // Nobody is to think that a definition was looked at.
        0 => format!("{environments} without a state machine"),
        _ => format!("{} and {environments}", number(definitions, "definition")),
    }
}

/// The files of the definitions of state machines, by the names of the machines.
fn files_of_machines(deployment: &Deployment) -> Result<BTreeMap<String, PathBuf>, Trouble> {
    let mut files = BTreeMap::new();
    // A nested template that is in S3 is no file.
    for stack in deployment.all().filter(|stack| stack.template.is_file()) {
        for (id, file) in project::definitions_of(&stack.template)? {
            let made = stack.resources.get(&id).map(|(_, made)| made);
            let name = made.and_then(|made| made.attributes.get("Name")?.as_str());
            files.extend(name.map(|name| (name.to_owned(), file)));
        }
    }
    Ok(files)
}

/// Checks one definition, says what is found, and counts the errors.
fn definition(root: &Path, file: &Path) -> Result<usize, Trouble> {
    let shown = below(root, file);
    let read = project::definition(file)?;
    let mut findings = StateMachine::validate(&read.text);
    // What a substitution makes of a value is looked at where the definition is deployed.
    findings.retain(|finding| !read.open.contains(&finding.pointer));
    if findings.is_empty() {
        say!("{shown}: ok");
    }
    for finding in &findings {
        let severity = finding.severity.name().to_lowercase();
        match read.has_positions {
            true => say!("{shown}:{}:{}: {severity}: {finding}", finding.line, finding.column),
            false => say!("{shown}: {severity}: {finding}"),
        }
    }
    Ok(findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count())
}

/// Checks again whenever a file changes. An interrupt is how it is meant to end.
async fn watch(root: &Path, port: Option<u16>) -> Result<ExitCode, Trouble> {
    let project = Project::open(root)?;
    let environments = project.environments();
    let environment = environments.first().copied().unwrap_or("dev");
    let account = project.account(environment).unwrap_or_else(|_| Account::local());
    let cloud = Cloud::new(account, root.to_owned());
    // Nothing is deployed there: the definitions are files, and trying a state changes nothing.
    let page = page::serve(&cloud, environment, port, false).await?;
    say!("{}definitions", page.url);
    let watched = async {
        let mut known = stamps(root);
        say(root).await;
        loop {
            tokio::time::sleep(EVERY).await;
            let changed = known.renew(stamps(root));
            if !changed.is_empty() {
                say!("\nChanged: {}", listed(root, &changed));
                say(root).await;
            }
        }
    };
    tokio::select! {
        () = watched => {}
        () = interrupted() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks once. What keeps it from looking at all may be mended by the next change.
async fn say(root: &Path) {
    if let Err(trouble) = look(root).await {
        say!("error: {trouble}");
    }
}

/// The files that can say what is deployed, as they are now.
fn stamps(root: &Path) -> Stamps {
    Stamps::of(project::files(root))
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn what_was_checked_is_counted() {
        for (definitions, environments, expected) in [
            (0, 1, "1 environment without a state machine"),
            (1, 2, "1 definition and 2 environments"),
            (3, 1, "3 definitions and 1 environment"),
        ] {
            assert_eq!(counted(definitions, environments), expected);
        }
    }
}
