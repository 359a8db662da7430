//! `stepline init`: the few files that a repository lacks so that its own chain runs here.
//!
//! A repository that deploys nothing yet gets a chain around what it has: a container, and perhaps a definition. `chosen.rs`
//! finds out what that is to be, and asks what no file says; `around.rs` says what its files are. They are those of
//! [`crate::new`], so that there is one chain.
//!
//! Where there is a chain, teams make much by hand: the pipeline, the build project, roles, the repository of images. Templates
//! do not say what these are, but the files that use them do. So `init` reads what is used and made by nobody, and writes it
//! down as a template, [`EXISTING`], with roles that may do what the files need. `stepline.toml` says that the account has it.
//! Nobody has to deploy that template; who begins with an empty account can.

mod around;
mod asked;
mod chain;
mod chosen;
mod cut;
mod error;
mod existing;
mod own;
mod question;
mod roles;
mod survey;
mod text;
mod used;
mod yaml;

pub use asked::Asked;
pub use error::InitError;
pub use question::{Asks, Nobody};
pub use text::{EXISTING, Written};

use crate::new;
use crate::project::{FILE, Project, ProjectError};
use platform::Account;
use std::path::Path;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The files.
    pub files: Vec<Written>,
    /// The environment that changes come to first, where there was no chain before.
    pub begun: Option<String>,
}

/// Writes what the repository at `root` lacks. A file that is there is never written over.
///
/// # Errors
/// The files that deploy are wrong, something has to be known that nobody says, or nothing can be written.
pub async fn init(root: &Path, asked: &Asked, asks: &mut dyn Asks) -> Result<Done, InitError> {
    if root.join(FILE).is_file() {
        return Ok(Done {
            files: text::there(root),
            begun: None,
        });
    }
    let (mut files, mut begun) = (Vec::new(), None);
    let mut project = Project::open(root)?;
    if project.environments().is_empty() {
        let chain = chosen::choose(root, asked, asks).await?;
        for file in around::files(&chain) {
            files.push(write(root, &file)?);
        }
        begun = Some(chain.environments.first.name);
        project = Project::open(root)?;
    }
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
    files.extend(text::write(root, &project, &surveys, existing)?);
    Ok(Done { files, begun })
}

/// Writes a file of a chain, unless it is there.
fn write(root: &Path, file: &around::File) -> Result<Written, InitError> {
    let written = text::put(root, &file.path, file.what.to_owned(), &file.text)?;
    let path = root.join(&file.path);
    if file.is_executable && !written.was_there {
        new::executable(&path).map_err(|error| ProjectError::File {
            file: path.clone(),
            message: format!("cannot be made a program: {error}"),
        })?;
    }
    Ok(written)
}
