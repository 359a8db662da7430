//! What kind of files have changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a set of files is for, as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Definitions of state machines.
    Definitions,
    /// Files that go into images: their names.
    Programs(Vec<String>),
    /// Anything else, or of each some: templates, settings, data, functions.
    Everything,
}

impl Change {
    /// What these files of a repository are for.
    pub(super) fn of(root: &Path, files: &[PathBuf], definitions: &BTreeSet<PathBuf>, containers: &[PathBuf]) -> Self {
        let files: Vec<&PathBuf> = files.iter().filter(|file| matters(root, file)).collect();
        let is_definition = |file: &&&PathBuf| definitions.contains(**file);
        let is_program = |file: &&&PathBuf| containers.iter().any(|folder| file.starts_with(folder));
        if files.is_empty() {
            return Self::Everything;
        }
        if files.iter().all(|file| is_definition(&file)) {
            return Self::Definitions;
        }
        // A Dockerfile at the root of the repository has everything in its folder.
        if files.iter().any(|file| is_definition(&file) || is_setting(file))
            || !files.iter().all(|file| is_program(&file))
        {
            return Self::Everything;
        }
        let name = |file: &&PathBuf| Some(file.file_name()?.to_str()?.to_owned());
        Self::Programs(files.iter().filter_map(name).collect())
    }
}

/// Whether a change of a file can change what runs: not that of a text that people read.
pub(crate) fn matters(root: &Path, file: &Path) -> bool {
    let below = file.strip_prefix(root).unwrap_or(file);
    let ending = below.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let folder = below.components().next().and_then(|first| first.as_os_str().to_str());
    !ending.eq_ignore_ascii_case("md") && !matches!(folder, Some("docs" | ".github" | ".git"))
}

/// Whether a file may be a template or a setting, wherever it stands.
fn is_setting(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    matches!(ending, Some("yaml" | "yml" | "toml" | "template"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_what_they_are_for() {
        let root = Path::new("/r");
        let definitions = [root.join("flows/train.asl.yaml"), root.join("flows/b.asl.json")].into();
        let programs = |names: &[&str]| Change::Programs(names.iter().map(|&name| name.to_owned()).collect());
        let container = [root.join("container")];
        for (files, expected) in [
            (&["flows/train.asl.yaml"][..], Change::Definitions),
            (
                &["flows/train.asl.yaml", "flows/b.asl.json", "README.md"],
                Change::Definitions,
            ),
            (&["container/app/train.py"], programs(&["train.py"])),
            (
                &["container/requirements.txt", "docs/a.png"],
                programs(&["requirements.txt"]),
            ),
            (&["container/app/train.py", "flows/b.asl.json"], Change::Everything),
            (&["container/config.yaml"], Change::Everything),
            (&["template.yaml"], Change::Everything),
            (&["seed/Data/a.csv"], Change::Everything),
            (&["README.md"], Change::Everything),
            (&[], Change::Everything),
        ] {
            let files: Vec<PathBuf> = files.iter().map(|file| root.join(file)).collect();
            assert_eq!(
                Change::of(root, &files, &definitions, &container),
                expected,
                "{files:?}"
            );
        }
        let whole = [root.to_owned()];
        let of = |file: &str| Change::of(root, &[root.join(file)], &definitions, &whole);
        assert_eq!(of("src/train.py"), programs(&["train.py"]));
        assert_eq!(of("template.yaml"), Change::Everything);
    }
}
