//! `stepline check`: the state machines' definitions, as CreateStateMachine would see them, and the templates, as they are
//! deployed.

use super::options::serving;
use super::session::{Trouble, repository};
use crate::cloud::Cloud;
use crate::deploy::{self, Overrides};
use states_language::{Severity, StateMachine};
use std::path::Path;
use std::process::ExitCode;

pub(super) async fn check() -> Result<ExitCode, Trouble> {
    let root = repository()?;
    let folder = root.join("statemachine");
    let unreadable =
        |path: &Path, error: std::io::Error| Trouble::Other(format!("cannot read `{}`: {error}", path.display()));
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .map_err(|error| unreadable(&folder, error))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let mut errors = 0_usize;
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, error))?;
        let shown = file.strip_prefix(&root).unwrap_or(file).display();
        let findings = StateMachine::validate(&text);
        if findings.is_empty() {
            println!("{shown}: ok");
        }
        for finding in findings {
            println!(
                "{shown}:{}:{}: {}: {finding}",
                finding.line,
                finding.column,
                finding.severity.name().to_lowercase()
            );
            errors += usize::from(finding.severity == Severity::Error);
        }
    }
    let environments = deploy::environments(&root)?;
    let overrides = Overrides {
        pipeline: [serving()].into(),
        ..Overrides::default()
    };
    for environment in &environments {
        let cloud = Cloud::new(deploy::account_of(&root, environment)?, root.clone());
        match deploy::deploy_with(&cloud, environment, &overrides).await {
            Ok(_) => println!("{environment}: its templates deploy"),
            Err(error) => {
                println!("{environment}: error: {error}");
                errors += 1;
            }
        }
    }
    let checked = format!("{} definitions and {} environments", files.len(), environments.len());
    match errors {
        0 => println!("Succeeded: {checked} checked"),
        _ => println!("Failed: {errors} errors in {checked}"),
    }
    Ok(if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
