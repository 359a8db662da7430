//! Which files have changed, for what watches them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often files are looked at.
pub(super) const EVERY: Duration = Duration::from_millis(300);

/// When each file was changed, and how long it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stamps(BTreeMap<PathBuf, (Option<SystemTime>, u64)>);

impl Stamps {
    /// Of these files, as far as they are there.
    pub(super) fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let stamp = |file: PathBuf| {
            let metadata = file.metadata().ok()?;
            Some((file, (metadata.modified().ok(), metadata.len())))
        };
        Self(files.into_iter().filter_map(stamp).collect())
    }

    /// Takes what is so now. Answers with the files that are new, gone or changed.
    pub(super) fn renew(&mut self, now: Self) -> BTreeSet<PathBuf> {
        let all = self.0.keys().chain(now.0.keys());
        let changed = all.filter(|file| self.0.get(*file) != now.0.get(*file));
        let changed = changed.cloned().collect();
        *self = now;
        changed
    }
}

/// Files as people read them: below the root, in one line.
pub(super) fn listed(root: &Path, files: &BTreeSet<PathBuf>) -> String {
    let shown: Vec<String> = files.iter().map(|file| below(root, file)).collect();
    shown.join(", ")
}

/// A file's path below the root.
pub(super) fn below(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_gone_and_changed_files_differ() {
        let files = |files: &[(&str, u64)]| {
            let stamps = files.iter().map(|(file, size)| (PathBuf::from(file), (None, *size)));
            Stamps(stamps.collect())
        };
        let mut known = files(&[("same", 1), ("changed", 1), ("gone", 1)]);
        let now = || files(&[("same", 1), ("changed", 2), ("new", 1)]);
        let expected = ["changed", "gone", "new"].map(PathBuf::from).into();
        assert_eq!(known.renew(now()), expected);
        assert!(known.renew(now()).is_empty());
        assert_eq!(
            listed(Path::new("/r"), &["/r/a", "/r/b/c"].map(PathBuf::from).into()),
            "a, b/c"
        );
    }
}
