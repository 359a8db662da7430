//! What the change is against: another checkout, or a revision of git.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folders that deploy.
const FOLDERS: [&str; 5] = ["config", "container", "sam", "seed", "statemachine"];

/// Why there is nothing to compare with.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// It is neither.
    #[error("`{0}` is no folder with sam/samconfig.toml, and no revision that git knows here: {1}")]
    Unknown(String, String),
    /// It cannot be put beside this one.
    #[error("cannot take `{0}` out of git: {1}")]
    NotTaken(String, String),
}

/// Another state of the repository. What was taken out of git goes again with this.
pub struct Base {
    folder: PathBuf,
    is_taken: bool,
}

impl Base {
    /// Finds it: a folder, or else a revision of the repository at `root`.
    ///
    /// # Errors
    /// It is neither, or git cannot give it.
    pub fn find(root: &Path, given: &str) -> Result<Self, BaseError> {
        let folder = PathBuf::from(given);
        if folder.join("sam/samconfig.toml").is_file() {
            return Ok(Self {
                folder,
                is_taken: false,
            });
        }
        let unknown = |why: String| BaseError::Unknown(given.to_owned(), why);
        let revision = format!("{given}^{{commit}}");
        let found = git(root, &["rev-parse", "--verify", "--end-of-options", &revision]).map_err(unknown)?;
        let commit = found.trim();
        let not_taken = |why: String| BaseError::NotTaken(given.to_owned(), why);
        let listed = git(root, &["ls-tree", "--name-only", commit]).map_err(not_taken)?;
        let there: Vec<&str> = FOLDERS
            .into_iter()
            .filter(|name| listed.lines().any(|line| line == *name))
            .collect();
        let folder = std::env::temp_dir().join(format!("stepline-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).map_err(|error| not_taken(error.to_string()))?;
        let base = Self { folder, is_taken: true };
        base.take(root, commit, &there).map_err(not_taken)?;
        Ok(base)
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn take(&self, root: &Path, commit: &str, folders: &[&str]) -> Result<(), String> {
        let mut archive = Command::new("git")
            .current_dir(root)
            .args(["archive", "--format=tar", commit])
            .args(folders)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("git: {error}"))?;
        let piped = archive.stdout.take().map_or_else(Stdio::null, Stdio::from);
        let unpacked = Command::new("tar")
            .arg("-x")
            .current_dir(&self.folder)
            .stdin(piped)
            .status();
        let archived = archive.wait().map_err(|error| format!("git: {error}"))?;
        match unpacked {
            Ok(status) if status.success() && archived.success() => Ok(()),
            Ok(_) => Err("git archive or tar failed".to_owned()),
            Err(error) => Err(format!("tar: {error}")),
        }
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        if self.is_taken {
            // What stays in the temporary folder does no harm.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git").current_dir(root).args(arguments).output();
    let output = output.map_err(|error| format!("git: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or("git said nothing").to_owned())
}
