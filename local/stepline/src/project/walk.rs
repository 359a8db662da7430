//! Which files a repository has, as far as they can say what it deploys.

use std::path::{Path, PathBuf};

/// How deep below the root files are looked for, and how many folders at most: data can be large.
const DEEP: usize = 6;
const FOLDERS: usize = 5_000;

/// Files that are larger say nothing of what is deployed.
const LARGEST: u64 = 1_000_000;

/// Folders with what others have made.
const PASSED_OVER: &[&str] = &["target", "node_modules", "__pycache__", "venv", "cdk.out"];

/// The files that can say what is deployed, sorted, those above before those below.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    walk(root, can_say)
}

/// The files with a name that is one of those, in the same order.
pub(crate) fn files_named(root: &Path, is: fn(&str) -> bool) -> Vec<PathBuf> {
    walk(root, |entry| is(&entry.file_name().to_string_lossy()))
}

fn walk(root: &Path, is_wanted: impl Fn(&std::fs::DirEntry) -> bool) -> Vec<PathBuf> {
    let (mut found, mut level, mut looked_at) = (Vec::new(), vec![root.to_owned()], 0);
    for _ in 0..=DEEP {
        let mut below = Vec::new();
        for folder in level {
            looked_at += 1;
            if looked_at > FOLDERS {
                return found;
            }
            let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let (Ok(kind), name) = (entry.file_type(), entry.file_name()) else {
                    continue;
                };
                let name = name.to_string_lossy();
                if name.starts_with('.') || PASSED_OVER.contains(&&*name) {
                    continue;
                }
                if kind.is_dir() {
                    below.push(entry.path());
                } else if kind.is_file() && is_wanted(&entry) {
                    found.push(entry.path());
                }
            }
        }
        level = below;
    }
    found
}

fn can_say(entry: &std::fs::DirEntry) -> bool {
    let path = entry.path();
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| matches!(ending, "toml" | "yaml" | "yml" | "json" | "template"))
        && entry.metadata().is_ok_and(|metadata| metadata.len() <= LARGEST)
}

/// Whether a file is one of SAM's configuration.
pub(super) fn is_samconfig(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    matches!(name, Some("samconfig.toml" | "samconfig.yaml" | "samconfig.yml"))
}
