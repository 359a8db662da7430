//! Parameters: every path that something reads is created by a template, or told of as somebody's to create.

use super::house::{Finding, assert_none, files_in, text};
use super::pipeline::{BUILDSPECS, environment_of};
use super::planned::{ENVIRONMENTS, planned};

/// The parameter paths in a text: `/stepline/…` and `/ml/…`, without selectors and wildcards.
fn paths(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for root in ["/stepline/", "/ml/"] {
        for (start, _) in text.match_indices(root) {
            // Not the end of a longer path, as in `https://…/ml/…`; `ssm:` and `parameter` may stand before it.
            let before = &text[..start];
            let is_path = before.ends_with(|c: char| !c.is_alphanumeric() && c != '.' && c != '/' && c != '}')
                || before.ends_with("parameter")
                || before.is_empty();
            let length = text[start..].find(|c: char| !(c.is_alphanumeric() || "/_.-$".contains(c)));
            let path = text[start..]
                .get(..length.unwrap_or(text.len() - start))
                .unwrap_or_default();
            if is_path && path.len() > root.len() {
                found.push(path.trim_end_matches(['.', '/']));
            }
        }
    }
    found
}

#[test]
fn every_path_that_is_read_is_created() {
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        let planned = planned(environment);
        // A pipeline that rehearses elsewhere also names what is created there.
        let rehearsed_in = planned
            .actions()
            .iter()
            .filter_map(|action| environment_of(action["Configuration"]["FunctionName"].as_str()?))
            .find(|other| *other != environment);
        let mut created = planned.parameters();
        created.extend(
            rehearsed_in
                .map(|other| super::planned::planned(other).parameters())
                .into_iter()
                .flatten(),
        );
        let mut check = |file: &str, text: &str| {
            for path in paths(text) {
                // What a policy allows may be wider than what is there.
                if !created.contains(&path) {
                    let mend = "create it in sam/template.yaml, or read one that is created";
                    findings.push(Finding::new(
                        file,
                        format_args!("reads {path}, which nothing creates"),
                        mend,
                    ));
                }
            }
        };
        for (file, definition) in planned.definitions() {
            check(file, &definition.to_string());
        }
        for action in planned.actions() {
            check("sam/pipeline.yaml", &action["Configuration"].to_string());
        }
        for file in BUILDSPECS {
            check(file, text(file));
            let project = planned.project(file);
            check("sam/pipeline.yaml", &project.properties["Environment"].to_string());
        }
        for function in planned.of("AWS::Lambda::Function") {
            let environment = function.properties.get("Environment").map(ToString::to_string);
            check("sam/template.yaml", &environment.unwrap_or_default());
        }
    }
    assert_none(findings);
}

#[test]
fn every_parameter_is_read_or_is_a_setting_that_is_told_of() {
    let mut findings = Vec::new();
    let documents: String = files_in("", ".md").map(|(_, text)| text).collect();
    for path in planned("dev").parameters() {
        if !documents.contains(path) {
            let mend = "say in README.md or docs/ what it is";
            findings.push(Finding::new(
                "sam/template.yaml",
                format_args!("{path} is told of nowhere"),
                mend,
            ));
        }
    }
    assert_none(findings);
}

/// Parameters that documents and sample events name and nobody creates.
const EXAMPLES: &[(&str, &str)] = &[
    ("/ml/dev", "a folder, asked for by its path"),
    ("/ml/dev/api-key", "somebody's secret, to show that it is refused"),
    ("/ml/dev/hyper", "a folder that a team may add"),
    ("/ml/dev/labels", "a parameter that may be missing, with a default"),
    (
        "/ml/dev/learning-rate",
        "a parameter that may be missing, with a default",
    ),
    ("/ml/dev/no-such-parameter", "what does not exist"),
    ("/ml/dev/shuffle", "a parameter that may be missing, with a default"),
    ("/stepline/dev/no-such-parameter", "what does not exist"),
];

#[test]
fn every_path_that_is_shown_is_created_or_an_example() {
    let created = planned("dev").parameters();
    let mut findings = Vec::new();
    let mut used = Vec::new();
    for (file, text) in files_in("", ".md").chain(files_in("events/", ".json")) {
        for path in paths(text).into_iter().filter(|path| path.contains("/dev")) {
            let example = EXAMPLES.iter().find(|(example, _)| *example == path);
            used.extend(example.map(|(example, _)| *example));
            if example.is_none() && !created.contains(&path) {
                let thing = format_args!("shows {path}, which nothing creates");
                findings.push(Finding::new(
                    file,
                    thing,
                    "show one that is created, or list it as an example",
                ));
            }
        }
    }
    for (example, _) in EXAMPLES.iter().filter(|(example, _)| !used.contains(example)) {
        let thing = format_args!("{example} is an example, and is shown nowhere");
        findings.push(Finding::new(
            "local/stepline/tests/consistency/parameters.rs",
            thing,
            "take it off the list",
        ));
    }
    assert_none(findings);
}

#[test]
fn paths_are_found_in_text() {
    for (text, expected) in [
        (
            "\"/ml/dev/a\", ssm:/stepline/dev/b.",
            vec!["/stepline/dev/b", "/ml/dev/a"],
        ),
        ("arn:aws:ssm:us-east-1:1:parameter/ml/dev/x:3", vec!["/ml/dev/x"]),
        ("https://x.y/z/ml/dev, /opt/ml/input, /ml/", vec![]),
    ] {
        assert_eq!(paths(text), expected, "{text}");
    }
}
