//! Documents: every file that is named is there, and the reference names all that can be used.

use super::functions::folders;
use super::house::{Finding, REFERENCE, assert_none, files, files_in, root, text};
use serde_json::Value;

fn exists(path: &str) -> bool {
    files().contains_key(path) || root().join(path).exists()
}

#[test]
fn every_file_that_is_named_is_there() {
    const FOLDERS: [&str; 10] = [
        ".ci/",
        ".github/",
        "config/",
        "container/",
        "docs/",
        "functions/",
        "local/",
        "sam/",
        "shared/",
        "statemachine/",
    ];
    let mut findings = Vec::new();
    for (path, text) in files_in("", ".md") {
        // A library's documents speak of its own folders.
        if path.starts_with("local/states-language/") {
            continue;
        }
        for code in text.split('`').skip(1).step_by(2) {
            let is_path = FOLDERS.iter().any(|folder| code.starts_with(folder));
            let is_plain = code.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c));
            if is_path && is_plain && !exists(code.trim_end_matches('/')) && !is_made(code) {
                findings.push(Finding::new(
                    path,
                    format_args!("names `{code}`, which is not there"),
                    "name what is there",
                ));
            }
        }
    }
    assert_none(findings);
}

/// Folders that tools make.
fn is_made(path: &str) -> bool {
    path.starts_with("sam/.aws-sam") || path.starts_with(".ci/node_modules")
}

#[test]
fn the_reference_names_everything_that_can_be_used() {
    let schema: Value = serde_json::from_str(text("functions/pipeline-action/user-parameters.schema.json"))
        .expect("the schema is JSON");
    let user_parameters = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone());
    let reserved = schema
        .pointer("/properties/outputVariables/propertyNames/not/enum")
        .and_then(Value::as_array);
    let outputs = reserved
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned));
    let rule = text("functions/image-push/src/rule.rs")
        .split("const FIELDS")
        .nth(1)
        .unwrap_or_default();
    let rule = rule.split(';').nth(1).unwrap_or_default();
    let rule_fields = rule.split('"').skip(1).step_by(2).map(str::to_owned);
    let functions = folders().into_iter().map(str::to_owned);
    let reference = text(REFERENCE);
    let named = |name: &String| reference.contains(&format!("`{name}`"));
    let missing = user_parameters
        .chain(outputs)
        .chain(rule_fields)
        .chain(functions)
        .filter(|name| !named(name));
    let findings = missing.map(|name| {
        Finding::new(
            REFERENCE,
            format_args!("does not name `{name}`"),
            "say what it is in the reference",
        )
    });
    assert_none(findings.collect());
}
