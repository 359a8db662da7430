//! `stepline functions`: Stepline's own functions as zips, for a repository without Rust.

use super::session::{Trouble, repository};
use crate::functions;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `functions` takes.
#[derive(clap::Args)]
pub(super) struct FunctionsOptions {
    /// A folder with a release's zips; otherwise cargo-lambda builds them of the clone that this command was installed from
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// What they are built for: the templates' parameter `Architecture`
    #[arg(long, value_enum, default_value_t)]
    architecture: Architecture,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Architecture {
    #[default]
    Arm64,
    #[value(name = "x86_64")]
    X86,
}

pub(super) fn put(options: &FunctionsOptions) -> Result<ExitCode, Trouble> {
    let root = repository()?;
    let architecture = match options.architecture {
        Architecture::Arm64 => "arm64",
        Architecture::X86 => "x86-64",
    };
    functions::put(&root, options.from.as_deref(), architecture).map_err(|error| Trouble::Other(error.to_string()))?;
    say!("wrote functions/*.zip and functions/SHA256SUMS: commit them, and sam/deploy uploads them");
    Ok(ExitCode::SUCCESS)
}
