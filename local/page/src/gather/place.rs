//! Where a failure lies in the repository, and which statement would have prevented it.

use crate::account::{Definitions, FOLDER, outermost};
use platform::journal::{Happening, Kept};
use state_graph::Chart;
use std::path::Path;

/// The file and line of a state, of the definition that has the same outermost states as the one that ran.
pub(super) fn of_state(definitions: &Definitions, root: &Path, ran: &Chart, state: &str) -> Option<String> {
    let states = outermost(ran);
    let mut all = definitions.all(root).into_iter();
    let definition = all.find(|definition| definition.outermost() == states)?;
    let line = definition.lines_of(state)?.from;
    Some(format!("{FOLDER}/{}:{line}", definition.name))
}

/// The least statement that would allow the call that `cause` says was denied.
pub(super) fn statement_for(entries: &[Kept], cause: &str) -> Option<String> {
    let (_, denied) = cause.split_once("not authorized to perform: ")?;
    let action = denied.split([' ', '\n']).next()?;
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
        let chart = Chart::read(text).expect("a chart");
        let place = |state| of_state(&Definitions::default(), root.path(), &chart, state);
        assert_eq!(place("A").as_deref(), Some("statemachine/two.asl.json:4"));
        assert_eq!(place("B").as_deref(), Some("statemachine/two.asl.json:5"));
        assert_eq!(place("C"), None);
    }
}
