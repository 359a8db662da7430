//! `stepline new`: a repository of one's own.

use super::session::Trouble;
use crate::new::{self, Asked};
use std::path::PathBuf;
use std::process::ExitCode;

/// What `new` takes.
#[derive(clap::Args)]
pub(super) struct NewOptions {
    /// The folder: it must not be there, or be empty
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The region, in the place of us-east-1
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The repository on GitHub
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
}

pub(super) fn new(options: NewOptions) -> Result<ExitCode, Trouble> {
    let asked = Asked {
        region: options.region,
        repository: options.repository,
    };
    new::new(&options.folder, &asked).map_err(|error| Trouble::Usage(error.to_string()))?;
    let folder = options.folder.display();
    say!("wrote {folder}: the chain, with a training pipeline in it. Then:\n");
    say!(
        "  cd {folder}\n  git init --quiet && git add --all && git commit --quiet --message \"The chain\"\n  stepline run\n"
    );
    say!(
        "The first run builds Stepline's functions and installs the container's Python packages: that takes some minutes, once.\n\
         Then change `Hyperparameters` in sam/template.yaml, and run it again: the new model is compared with the first one.\n\
         README.md says what is where."
    );
    Ok(ExitCode::SUCCESS)
}
