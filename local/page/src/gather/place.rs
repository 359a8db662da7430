//! Where a failure lies in the repository, and which statement would have prevented it.

use crate::account::Reader;
use platform::journal::Happening;
use serde_json::Value;
use std::path::Path;

/// The folder of the definitions.
const FOLDER: &str = "statemachine";

/// The file and line of a state, of the definition that has the same states as the one that ran.
pub(super) fn of_state(root: &Path, definition: &str, state: &str) -> Option<String> {
    let states = names(definition)?;
    let files = std::fs::read_dir(root.join(FOLDER)).ok()?;
    let mut paths: Vec<_> = files.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.into_iter().find_map(|path| {
        let text = std::fs::read_to_string(&path).ok()?;
        if names(&text)? != states {
            return None;
        }
        let name = path.file_name()?.to_string_lossy().into_owned();
        let line = line_of(&text, state)?;
        Some(format!("{FOLDER}/{name}:{line}"))
    })
}

/// The names of the outermost states.
fn names(definition: &str) -> Option<Vec<String>> {
    let read: Value = serde_json::from_str(definition).ok()?;
    let mut names: Vec<String> = read["States"].as_object()?.keys().cloned().collect();
    names.sort();
    Some(names)
}

/// The line on which a state begins: its name as a key of an object.
fn line_of(text: &str, state: &str) -> Option<usize> {
    let key = serde_json::to_string(state).ok()?;
    let begins = |line: &str| {
        let rest = line.trim_start().strip_prefix(&*key)?;
        let rest = rest.trim_start().strip_prefix(':')?.trim_start();
        (rest.is_empty() || rest.starts_with('{')).then_some(())
    };
    let mut lines = text.lines().enumerate();
    lines.find_map(|(at, line)| begins(line).map(|()| at + 1))
}

/// The least statement that would allow the call that `cause` says was denied.
pub(super) fn statement_for(reader: &Reader, cause: &str) -> Option<String> {
    let (_, denied) = cause.split_once("not authorized to perform: ")?;
    let action = denied.split([' ', '\n']).next()?;
    let entries = reader.journal();
    entries.iter().rev().find_map(|kept| match &kept.entry.happening {
        Happening::Authorized {
            action: of,
            resource,
            allowed: false,
            reason: Some(reason),
            ..
        } if of == action && cause.contains(&**resource) => reason.least.as_deref().map(str::to_owned),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_found_in_the_file_that_it_comes_from() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join(FOLDER);
        std::fs::create_dir(&folder).expect("a folder");
        let text = "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": {\"Type\": \"Pass\", \"Next\": \"B\"},\n    \"B\": {\n      \"Type\": \"Succeed\"\n    }\n  }\n}\n";
        std::fs::write(folder.join("one.asl.json"), "{\"States\": {\"A\": {}}}").expect("a file");
        std::fs::write(folder.join("two.asl.json"), text).expect("a file");
        let place = |state| of_state(root.path(), text, state);
        assert_eq!(place("A").as_deref(), Some("statemachine/two.asl.json:4"));
        assert_eq!(place("B").as_deref(), Some("statemachine/two.asl.json:5"));
        assert_eq!(place("C"), None);
    }
}
