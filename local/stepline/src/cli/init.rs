//! `stepline init`: writes the few files that a repository lacks.

use super::session::{Trouble, repository};
use crate::command;
use crate::init::{self, Asked};
use std::process::ExitCode;

/// What `init` takes.
#[derive(clap::Args)]
pub(super) struct InitOptions {
    /// The account, where the files name none: twelve digits
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: Option<String>,
    /// The region, where the files name none
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

fn account(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` must be twelve digits")),
    }
}

pub(super) async fn init(options: InitOptions) -> Result<ExitCode, Trouble> {
    let root = repository()?;
    let asked = Asked {
        account: options.account,
        region: options.region,
    };
    let written = init::init(&root, &asked).await?;
    let width = written
        .iter()
        .map(|written| written.file.len())
        .max()
        .unwrap_or_default();
    for written in &written {
        match written.was_there {
            false => println!("wrote  {:width$}  {}", written.file, written.what),
            true => println!("kept   {:width$}  it was there", written.file),
        }
    }
    let name = command::name();
    println!("\nRead them: they say what your files use. Then:\n  {name} check\n  {name} run");
    Ok(ExitCode::SUCCESS)
}
