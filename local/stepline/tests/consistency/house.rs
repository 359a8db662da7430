//! The repository as these tests read it: its files, and what they find fault with.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The page that says what the functions take.
pub(crate) const REFERENCE: &str = "docs/reference/functions.md";

/// Something that is not as it should be.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, and the line where there is one: `functions/x/src/lib.rs:12`.
    pub(crate) file: String,
    /// What is found.
    pub(crate) thing: String,
    /// What to do about it.
    pub(crate) mend: String,
}

impl Finding {
    /// A finding in a file.
    pub(crate) fn new(file: impl fmt::Display, thing: impl fmt::Display, mend: impl fmt::Display) -> Self {
        Self {
            file: file.to_string(),
            thing: thing.to_string(),
            mend: mend.to_string(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}\n    mend: {}", self.file, self.thing, self.mend)
    }
}

/// Fails with every finding, in the order of the files.
#[track_caller]
pub(crate) fn assert_none(mut findings: Vec<Finding>) {
    findings.sort();
    findings.dedup();
    let listed: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(
        findings.is_empty(),
        "{} finding(s)\n{}",
        listed.len(),
        listed.join("\n")
    );
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    package
        .ancestors()
        .nth(2)
        .expect("the package lies two folders deep")
        .to_owned()
}

/// Every text file of the repository by its path from the root, as git sees them: without what is ignored.
pub(crate) fn files() -> &'static BTreeMap<String, String> {
    static FILES: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    FILES.get_or_init(|| {
        let listing = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root())
            .output()
            .expect("git lists the repository's files");
        assert!(listing.status.success(), "git could not list the repository's files");
        let paths = String::from_utf8(listing.stdout).expect("paths are UTF-8");
        paths
            .split_terminator('\0')
            // What git knows may have been removed since, and what is not text is nobody's to read here.
            .filter_map(|path| Some((path.to_owned(), std::fs::read_to_string(root().join(path)).ok()?)))
            .collect()
    })
}

/// The text of one file.
pub(crate) fn text(path: &str) -> &'static str {
    files().get(path).unwrap_or_else(|| panic!("there is no {path}"))
}

/// The files whose path begins and ends like this.
pub(crate) fn files_in(folder: &str, ending: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let (folder, ending) = (folder.to_owned(), ending.to_owned());
    files()
        .iter()
        .filter(move |(path, _)| path.starts_with(&folder) && path.ends_with(&ending))
        .map(|(path, text)| (path.as_str(), text.as_str()))
}

/// The lines of a text with their numbers, from 1.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The part of a Rust file before its unit tests.
pub(crate) fn without_tests(text: &str) -> &str {
    // `mod tests;` names a file of tests, and code goes on behind it.
    let mut marks = text.match_indices("\n#[cfg(test)]\nmod ");
    let ends = marks.find(|(at, mark)| {
        let named = text[at + mark.len()..].split([' ', ';']).next().unwrap_or_default();
        text[at + mark.len() + named.len()..].starts_with(" {")
    });
    ends.map_or(text, |(at, _)| &text[..at])
}

#[test]
fn tests_in_a_file_of_their_own_hide_no_code() {
    let code = "mod a;\n#[cfg(test)]\nmod tests;\nfn b() {}\n";
    assert_eq!(without_tests(code), code);
    assert_eq!(without_tests("fn b() {}\n#[cfg(test)]\nmod tests {\n}\n"), "fn b() {}");
}
