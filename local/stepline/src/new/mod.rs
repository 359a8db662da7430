//! `stepline new`: a repository of a team's own, with the chain as it is here and the training pipeline's sample in it.
//!
//! A Python team has no use for Rust. So the functions are zips in `functions/`, with their sums, and templates name them: SAM
//! uploads what is there and builds nothing.

mod asked;
mod files;
mod rewrite;

pub use asked::Asked;

use std::path::Path;
use std::{fs, io};

/// Writes the repository into a folder that is not there, or empty.
///
/// # Errors
/// The folder has something in it, or cannot be written.
pub fn new(folder: &Path, asked: &Asked) -> io::Result<()> {
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let text = format!("{} is not empty: nothing is written over", folder.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    for file in files::all() {
        let path = folder.join(file.path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        match rewrite::rewritten(file.path, file.content, &name, asked) {
            Some(text) => fs::write(&path, text)?,
            None => fs::write(&path, file.content)?,
        }
        if file.is_executable {
            executable(&path)?;
        }
    }
    Ok(())
}

/// A file of a new repository as it would be there: its text, and whether it is a program. None where there is no such text.
pub(crate) fn file(path: &str, asked: &Asked) -> Option<(String, bool)> {
    let file = files::all().find(|file| file.path == path)?;
    let text = match rewrite::rewritten(file.path, file.content, "", asked) {
        Some(text) => text,
        None => String::from_utf8(file.content.to_vec()).ok()?,
    };
    Some((text, file.is_executable))
}

/// Makes a file a program.
#[cfg(unix)]
pub(crate) fn executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// Makes a file a program: here each is one.
#[cfg(not(unix))]
pub(crate) fn executable(_: &Path) -> io::Result<()> {
    Ok(())
}
