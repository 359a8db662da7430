//! Where a repository begins.

use super::{file, found, walk};
use std::path::{Path, PathBuf};

/// Files that stand where a repository begins, the surest first.
const MARKS: &[&[&str]] = &[
    &[file::NAME],
    &[
        found::OWN,
        "samconfig.toml",
        "samconfig.yaml",
        "samconfig.yml",
        "template.yaml",
        "template.yml",
        "template.json",
    ],
];

/// The repository that `from` is in: the nearest folder, up to that of git, with a `stepline.toml`, else with a file of SAM's;
/// else `from` itself or the folder of git, with something that deploys below it.
pub(crate) fn find_root(from: &Path) -> Option<PathBuf> {
    let top = from.ancestors().position(|folder| folder.join(".git").exists());
    let above = || from.ancestors().take(top.map_or(usize::MAX, |top| top + 1));
    for marks in MARKS {
        let mut marked = above().filter(|folder| marks.iter().any(|mark| folder.join(mark).is_file()));
        if let Some(folder) = marked.next() {
            return Some(folder.to_owned());
        }
    }
    // Folders above that are no repository may hold anything.
    let whole = top.and_then(|top| from.ancestors().nth(top));
    let mut saying = [from].into_iter().chain(whole);
    let found = saying.find(|folder| walk::files(folder).iter().any(|file| says(file)));
    found.map(Path::to_owned)
}

/// Whether a file says something of what is deployed.
fn says(file: &Path) -> bool {
    walk::is_samconfig(file) || found::is_template(file) || found::is_pipeline(file)
}
