//! `stepline check`: the state machines' definitions, as CreateStateMachine would see them, and the templates, as they are
//! deployed. With `--watch` again and again, beside the page of the definitions.

use super::interrupt::interrupted;
use super::options::serving;
use super::page;
use super::session::{Trouble, repository};
use crate::cloud::Cloud;
use crate::deploy::{self, Overrides};
use states_language::{Severity, StateMachine};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

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
        let shown = file.strip_prefix(root).unwrap_or(file).display();
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
    let environments = deploy::environments(root)?;
    let overrides = Overrides {
        pipeline: [serving()].into(),
        ..Overrides::default()
    };
    for environment in &environments {
        let cloud = Cloud::new(deploy::account_of(root, environment)?, root.to_owned());
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
    Ok(errors)
}

/// How often the files are looked at.
const EVERY: Duration = Duration::from_millis(300);

/// What is watched: below which folders, and how the files end.
const WATCHED: &[(&str, &[&str])] = &[
    ("statemachine", &[".json"]),
    ("sam", &[".yaml", ".yml", ".toml"]),
    ("config", &[".yaml", ".yml"]),
];

/// Checks again whenever a file changes. An interrupt is how it is meant to end.
async fn watch(root: &Path, port: Option<u16>) -> Result<ExitCode, Trouble> {
    let environments = deploy::environments(root)?;
    let environment = environments.first().map_or("dev", String::as_str);
    let cloud = Cloud::new(deploy::account_of(root, environment)?, root.to_owned());
    // Nothing is deployed there: the definitions are files, and trying a state changes nothing.
    let page = page::serve(&cloud, environment, port, false).await?;
    println!("{}definitions", page.url);
    let watched = async {
        let mut known = stamps(root);
        say(root).await;
        loop {
            tokio::time::sleep(EVERY).await;
            let now = stamps(root);
            let files = now.keys().chain(known.keys());
            let changed = files.filter(|file| now.get(*file) != known.get(*file));
            let changed: std::collections::BTreeSet<&PathBuf> = changed.collect();
            if !changed.is_empty() {
                let changed: Vec<String> = changed.iter().map(|file| shown(root, file)).collect();
                println!("\nChanged: {}", changed.join(", "));
                known = now;
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
        println!("error: {trouble}");
    }
}

fn shown(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
}

/// When each watched file was changed, and how long it is.
fn stamps(root: &Path) -> BTreeMap<PathBuf, (Option<SystemTime>, u64)> {
    let mut found = BTreeMap::new();
    for (folder, endings) in WATCHED {
        let mut folders = vec![root.join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let Ok(metadata) = entry.metadata() else { continue };
                let name = entry.file_name().to_string_lossy().into_owned();
                if metadata.is_dir() && !name.starts_with('.') {
                    folders.push(path);
                } else if metadata.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
                    found.insert(path, (metadata.modified().ok(), metadata.len()));
                }
            }
        }
    }
    found
}
