//! What whoever reads along should know of a build, beside the lines of its log: what is otherwise here than on AWS.
//!
//! A build's log is long, and these few things must not be lost in it: they are notes in the journal, too. The stand-ins
//! for `docker` and `pip` are processes of their own. They write their notes into a file of the build's, out of which the
//! build takes them when the command has ended.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The variable by which stand-ins learn the file.
pub(super) const FILE: &str = "STEPLINE_NOTES";

/// How much of a command is shown in a note.
const SHOWN: usize = 80;

/// The file of a build, in the build's own folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("notes")
}

/// Notes something for the build that this process is part of. Where that is not possible the log has it still.
pub(super) fn add(text: &str) {
    let Some(file) = std::env::var_os(FILE) else { return };
    let text: Vec<&str> = text.split_whitespace().collect();
    if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(file) {
        let _ = writeln!(file, "{}", text.join(" "));
    }
}

/// Takes the notes out of the file.
pub(super) fn take(file: &Path) -> Vec<String> {
    let Ok(text) = fs::read(file) else {
        return Vec::new();
    };
    // What cannot be removed is noted twice.
    let _ = fs::remove_file(file);
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

/// A command as a note has it: in one line, and not longer than one reads.
pub(super) fn short(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    let whole = words.join(" ");
    match whole.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} …", &whole[..end]),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        assert!(take(&file).is_empty());
        fs::write(&file, "one\ntwo\n").unwrap();
        assert_eq!(take(&file), ["one", "two"]);
        assert!(take(&file).is_empty());
    }

    #[test]
    fn a_long_command_is_cut() {
        assert_eq!(short("RUN apt-get  update"), "RUN apt-get update");
        let long = short(&"é".repeat(SHOWN + 1));
        assert_eq!(long.chars().count(), SHOWN + 2);
        assert!(long.ends_with("é …"));
    }
}
