//! Messages: what the pages about trouble quote stands in the code.

use super::super::house::{Finding, assert_none, files_in, text, without_tests};

/// The pages whose tables quote messages in their first column.
const PAGES: [&str; 2] = ["docs/troubleshooting.md", "docs/ja/troubleshooting.md"];

/// What says messages: folders, and how its files end.
const CODE: [(&str, &str); 5] = [
    ("functions/", ".rs"),
    ("shared/", ".rs"),
    ("local/", ".rs"),
    ("statemachine/", ".json"),
    ("container/app/src/", ".py"),
];

/// A file's text as its messages are, without the breaks that only the source has.
fn said(path: &str, text: &str) -> String {
    let text = if path.ends_with(".rs") {
        without_tests(text)
    } else {
        text
    };
    let mut said = String::new();
    for part in text.split("\\\n") {
        said.push_str(if said.is_empty() { part } else { part.trim_start() });
    }
    said
}

/// The messages that a page quotes: the code in the first column of its tables.
fn quoted(page: &'static str) -> impl Iterator<Item = (usize, &'static str)> {
    let rows = text(page).lines().enumerate();
    let cells = rows.filter_map(|(index, line)| Some((index + 1, line.strip_prefix("| `")?.split(" |").next()?)));
    cells.flat_map(|(line, cell)| cell.split('`').step_by(2).map(move |message| (line, message)))
}

#[test]
fn every_message_that_is_quoted_stands_in_the_code() {
    let code: Vec<String> = CODE
        .into_iter()
        .flat_map(|(folder, ending)| files_in(folder, ending))
        .filter(|(path, _)| !path.contains("/tests/"))
        .map(|(path, text)| said(path, text))
        .collect();
    let mut findings = Vec::new();
    let mut count = 0;
    for page in PAGES {
        for (line, message) in quoted(page) {
            count += 1;
            // What differs from one time to the next is written `…`.
            let fixed: Vec<&str> = message
                .split('…')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            if !code.iter().any(|text| fixed.iter().all(|part| text.contains(part))) {
                findings.push(Finding::new(
                    format_args!("{page}:{line}"),
                    format_args!("no file of the code has `{message}`"),
                    "quote what the code says, with … for what differs",
                ));
            }
        }
    }
    assert_none(findings);
    assert_ne!(count, 0, "no page quotes a message");
}

#[test]
fn both_languages_quote_the_same_messages() {
    let [english, japanese] = PAGES.map(|page| quoted(page).map(|(_, message)| message).collect::<Vec<_>>());
    assert_eq!(english, japanese);
}
