//! Where a repository begins.

use super::{file, found, walk};
use std::path::{Path, PathBuf};

/// The repository that `from` is in: the nearest folder with a `stepline.toml`, else the nearest one with something that
/// deploys in it or below it.
pub(crate) fn find_root(from: &Path) -> Option<PathBuf> {
    let mut above = from.ancestors();
    if let Some(folder) = above.find(|folder| folder.join(file::NAME).is_file()) {
        return Some(folder.to_owned());
    }
    for folder in from.ancestors() {
        if folder.join(found::OWN).is_file() || walk::files(folder).iter().any(|file| says(file)) {
            return Some(folder.to_owned());
        }
        // Above a repository are others.
        if folder.join(".git").exists() {
            break;
        }
    }
    None
}

/// Whether a file says something of what is deployed.
fn says(file: &Path) -> bool {
    walk::is_samconfig(file) || found::is_template(file) || found::is_pipeline(file)
}
