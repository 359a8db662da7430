//! `stepline init`: writes the few files that a repository lacks.

use super::asking;
use super::session::{Trouble, repository};
use crate::command;
use crate::init::{self, Asked, Asks, InitError, Nobody, Written};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `init` takes. Of what is not given, a terminal is asked.
#[derive(clap::Args)]
pub(super) struct InitOptions {
    /// The account, where the files name none: twelve digits
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: Option<String>,
    /// The region, where the files name none; otherwise that of AWS_REGION, or us-east-1
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The repository on GitHub; otherwise that of the remote `origin`
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// An environment and the branch that is merged for it: twice, the one in production last; otherwise dev=dev and
    /// prod=main
    #[arg(long = "environment", value_name = "NAME=BRANCH")]
    environments: Vec<String>,
    /// The folder of the container, or its Dockerfile; otherwise the only one, or a new one
    #[arg(long, value_name = "FOLDER")]
    container: Option<String>,
    /// The definition of the state machine; otherwise the only file *.asl.json, *.asl.yaml or *.asl.yml, or a new one that
    /// runs the container
    #[arg(long, value_name = "FILE")]
    definition: Option<String>,
    /// The value of `${NAME}` in the definition; it may name ${Environment} and ${AWS::Region}
    #[arg(long = "substitution", value_name = "NAME=VALUE", value_parser = substitution)]
    substitutions: Vec<(String, String)>,
    /// The ARN of the connection to GitHub, for the pipeline
    #[arg(long, value_name = "ARN")]
    connection: Option<String>,
}

fn account(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` must be twelve digits")),
    }
}

fn substitution(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Whoever sits at the terminal.
struct Terminal;

#[async_trait::async_trait]
impl Asks for Terminal {
    async fn ask(&mut self, question: &str) -> Option<String> {
        asking::line(question).await.ok()
    }

    fn refuse(&mut self, why: &str) {
        complain!("{why}");
    }
}

pub(super) async fn init(options: InitOptions) -> Result<ExitCode, Trouble> {
    let root = repository().unwrap_or_else(|_| here());
    let asked = Asked {
        account: options.account,
        region: options.region,
        usual_region: ["AWS_REGION", "AWS_DEFAULT_REGION"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|region| !region.is_empty())),
        repository: options.repository,
        connection: options.connection,
        environments: options.environments,
        container: options.container,
        definition: options.definition,
        substitutions: options.substitutions,
    };
    let done = match std::io::stdin().is_terminal() {
        true => init::init(&root, &asked, &mut Terminal).await,
        false => init::init(&root, &asked, &mut Nobody).await,
    };
    let done = done.map_err(|error| match error {
        InitError::Deploy(error) => Trouble::Deploy(error),
        error => Trouble::Usage(error.to_string()),
    })?;
    say(&done.files);
    let name = command::name();
    let of = match done.begun.as_deref() {
        None | Some("dev") => String::new(),
        Some(environment) => format!(" --env {environment}"),
    };
    say!("\nRead them: they say what your files use. Then:\n  {name} check\n  {name} run{of}");
    if let Some(environment) = done.begun {
        say_how_to_deploy(&environment, asked.connection.is_some());
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a chain begins that is not there yet: the folder of git, or the one that we are in.
fn here() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_else(|_| ".".into());
    let top = here.ancestors().find(|folder| folder.join(".git").exists());
    top.map_or(here.clone(), std::path::Path::to_owned)
}

fn say(files: &[Written]) {
    let width = files.iter().map(|written| written.file.len()).max().unwrap_or_default();
    for written in files {
        match written.was_there {
            false => say!("wrote  {:width$}  {}", written.file, written.what),
            true => say!("kept   {:width$}  it was there", written.file),
        }
    }
}

fn say_how_to_deploy(environment: &str, has_connection: bool) {
    let name = command::name();
    say!("\nTo deploy it, with the SAM CLI and credentials of your account:");
    if !has_connection {
        say!("  put the ARN of your connection to GitHub into sam/samconfig.toml (ConnectionArn)");
    }
    say!("  {name} functions   # once: the functions as zips in functions/; commit them");
    say!("  sam/deploy {environment}");
}
