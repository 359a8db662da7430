//! `stepline init`: the few files that a repository lacks so that its own chain runs here.
//!
//! Teams make much by hand: the pipeline, the build project, roles, the repository of images. Templates do not say what these
//! are, but the files that use them do. So `init` reads what is used and made by nobody, and writes it down as a template,
//! [`EXISTING`], with roles that may do what the files need. `stepline.toml` says that the account has it. Nobody has to
//! deploy that template; who begins with an empty account can.

mod chain;
mod existing;
mod roles;
mod survey;
mod text;
mod used;
mod yaml;

pub use text::{EXISTING, Written};

use crate::deploy::DeployError;
use crate::project::{FILE, Project};
use platform::Account;
use std::path::Path;

/// What is asked for.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    /// The account, where the files name none.
    pub account: Option<String>,
    /// The region, where the files name none.
    pub region: Option<String>,
}

/// Writes what the repository at `root` lacks. A file that is there is never written over.
///
/// # Errors
/// The files that deploy are wrong, or nothing can be written.
pub async fn init(root: &Path, asked: &Asked) -> Result<Vec<Written>, DeployError> {
    if root.join(FILE).is_file() {
        return Ok(text::there(root));
    }
    let project = Project::open(root)?;
    let names: Vec<String> = project.environments().into_iter().map(str::to_owned).collect();
    let mut surveys = Vec::new();
    for name in &names {
        let found = project.account(name)?;
        let account = Account {
            id: asked.account.clone().unwrap_or(found.id),
            region: asked.region.clone().unwrap_or(found.region),
            ..found
        };
        surveys.push(survey::look(root, &project, name, account).await?);
    }
    let existing = existing::template(&surveys);
    text::write(root, &project, &surveys, existing)
}
