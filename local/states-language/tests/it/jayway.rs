//! What Jayway's JsonPath does, case by case: the table in `tests/jsonpath`.
//!
//! Every case has what the library has to do. Where Jayway 2.9.0, or 2.0.0 that AWS shows the signs of, does something
//! else, the case says what, and why in words that `differences.md` explains.

use crate::common::{outcome, run, single};
use serde_json::{Value, json};
use states_language::StateMachine;

const TABLES: [(&str, &str); 4] = [
    ("paths", include_str!("../jsonpath/paths.json")),
    ("arrays", include_str!("../jsonpath/arrays.json")),
    ("many", include_str!("../jsonpath/many.json")),
    ("filters", include_str!("../jsonpath/filters.json")),
];
const DIFFERENCES: &str = include_str!("../../src/docs/differences.md");

/// Gives each case with its document.
fn cases() -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    for (table, text) in TABLES {
        let groups: Vec<Value> = serde_json::from_str(text).unwrap();
        for group in groups {
            let about = format!("{table}, {}", group["about"].as_str().unwrap());
            for case in group["cases"].as_array().unwrap() {
                found.push((about.clone(), group["document"].clone(), case.clone()));
            }
        }
    }
    found
}

/// What comes of a path: its value, why it has none, or that the definition is refused.
fn result(path: &Value, document: &Value) -> Value {
    let definition = single(json!({"Type": "Pass", "InputPath": path}));
    if StateMachine::parse(&definition.to_string()).is_err() {
        return json!({"refused": true});
    }
    match outcome(&run(&definition, document)) {
        Ok(value) => json!({"gives": value}),
        Err((_, cause)) => json!({"fails": cause.split_once(" : ").map(|(_, why)| why)}),
    }
}

#[test]
fn paths_do_what_jayway_does() {
    let mut wrong = Vec::new();
    for (about, document, case) in cases() {
        let result = result(&case["path"], &document);
        let (kind, value) = result.as_object().unwrap().iter().next().unwrap();
        if case[kind] != *value {
            wrong.push(format!("{about}: {case}\n    {result}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_differs_from_jayway_is_explained() {
    let (mut later, mut ours) = (0, 0);
    let cases = cases();
    for (_, _, case) in &cases {
        for (version, why, count) in [("2.9.0", "why", &mut later), ("2.0.0", "why not as AWS", &mut ours)] {
            assert_eq!(case[version].is_null(), case[why].is_null(), "{case}");
            if let Some(why) = case[why].as_str() {
                *count += 1;
                assert!(
                    DIFFERENCES.contains(&format!("| {why} |")),
                    "{why} is not in differences.md"
                );
            }
        }
    }
    let counts = format!(
        "{} cases: {} as in 2.0.0, {} as in 2.9.0",
        cases.len(),
        cases.len() - ours,
        cases.len() - later
    );
    assert!(DIFFERENCES.contains(&counts), "{counts}");
}
