//! Installed packages, taken from one virtual environment into another.
//!
//! Which files a package has, its `RECORD` says:
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/>.

use super::locked::normal_name;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The folder of an environment's packages.
pub(crate) fn packages(environment: &Path) -> io::Result<PathBuf> {
    let versions = fs::read_dir(environment.join("lib"))?.flatten();
    let folders = versions.map(|version| version.path().join("site-packages"));
    let mut folders = folders.filter(|folder| folder.is_dir());
    let none = || io::Error::other(format!("{} has no site-packages", environment.display()));
    folders.next().ok_or_else(none)
}

/// Copies a file of an environment into another one. A program begins with the path of its environment's Python: that
/// becomes the other one's.
pub(crate) fn copy_program(file: &Path, copy: &Path, from: &Path, to: &Path) -> io::Result<()> {
    match fs::read_to_string(file) {
        Ok(text) if text.starts_with("#!") => {
            fs::write(
                copy,
                text.replace(&from.display().to_string(), &to.display().to_string()),
            )?;
            fs::set_permissions(copy, file.metadata()?.permissions())
        }
        _ => fs::copy(file, copy).map(drop),
    }
}

/// Takes the packages of an environment into another one of the same Python, but for those of some names. Files are
/// shared and not copied, with the bytecode beside them: it is good as long as its file's time is the same.
///
/// # Errors
/// What the file system says, or that a package does not say which files it has.
pub(super) fn take(from: &Path, to: &Path, without: &BTreeSet<&str>) -> io::Result<()> {
    let site = packages(from)?;
    let mut folders = BTreeSet::new();
    for entry in fs::read_dir(&site)? {
        let path = entry?.path();
        let Some(name) = dist_name(&path) else { continue };
        if without.contains(name.as_str()) {
            continue;
        }
        let record = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_path(path.join("RECORD"));
        for row in record.map_err(io::Error::other)?.records() {
            let row = row.map_err(io::Error::other)?;
            let inner = within(from, &site.join(row.get(0).unwrap_or_default()))?;
            let (file, copy) = (from.join(&inner), to.join(&inner));
            if inner.starts_with("bin") {
                copy_program(&file, &copy, from, to)?;
            } else {
                share(&file, &copy)?;
            }
            folders.extend(inner.parent().map(Path::to_owned));
        }
    }
    folders
        .iter()
        .try_for_each(|folder| take_bytecode(&from.join(folder), &to.join(folder)))
}

/// The name of the package that a folder tells of.
fn dist_name(folder: &Path) -> Option<String> {
    let name = folder.file_name()?.to_str()?.strip_suffix(".dist-info")?;
    Some(normal_name(name.split('-').next()?))
}

/// Where a path leads to within a folder.
fn within(folder: &Path, path: &Path) -> io::Result<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    let outside = |_| io::Error::other(format!("{} is not in {}", path.display(), folder.display()));
    plain.strip_prefix(folder).map(Path::to_owned).map_err(outside)
}

/// Has a file stand in two places, or in two copies where the file system wants that.
fn share(file: &Path, copy: &Path) -> io::Result<()> {
    if let Some(folder) = copy.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::hard_link(file, copy) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        Err(_) => fs::copy(file, copy).map(drop),
        Ok(()) => Ok(()),
    }
}

/// Takes the bytecode of the modules that were taken from a folder.
fn take_bytecode(from: &Path, to: &Path) -> io::Result<()> {
    let cache = from.join("__pycache__");
    if !cache.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(cache)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // `module.cpython-314.pyc`
        let module = name.split('.').next().unwrap_or_default();
        if to.join(format!("{module}.py")).exists() {
            share(&entry.path(), &to.join("__pycache__").join(&name))?;
        }
    }
    Ok(())
}
