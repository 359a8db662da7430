//! Functions: folder, package, binary, resource and deployed name are one, and their environment is what they read.

use super::house::{Finding, REFERENCE, assert_none, files_in, lines, text, without_tests};
use super::planned::{ENVIRONMENTS, SERVING, TEMPLATE, planned};
use serde_json::Value;
use std::collections::BTreeSet;
use stepline::template::Resource;

/// The folders under functions/.
pub(crate) fn folders() -> BTreeSet<&'static str> {
    let manifests = files_in("functions/", "/Cargo.toml").map(|(path, _)| path);
    manifests.filter_map(|path| path.split('/').nth(1)).collect()
}

/// The binary that a function runs.
fn binary(function: &Resource) -> &str {
    function.properties["Code"]["LocalBinary"].as_str().unwrap_or_default()
}

/// The variables that a template sets for a function.
fn variables(function: &Resource) -> BTreeSet<&str> {
    let set = function
        .properties
        .get("Environment")
        .and_then(|environment| environment["Variables"].as_object());
    set.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn every_function_is_deployed_under_its_one_name() {
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        let planned = planned(environment);
        let deployed: BTreeSet<&str> = planned.of("AWS::Lambda::Function").map(binary).collect();
        for folder in folders().difference(&deployed) {
            let mend = "give it a resource, or remove the folder";
            findings.push(Finding::new(
                TEMPLATE,
                format_args!("functions/{folder} is not deployed"),
                mend,
            ));
        }
        for function in planned.of("AWS::Lambda::Function") {
            let binary = binary(function);
            if !folders().contains(binary) {
                let thing = format_args!("{} runs `{binary}`, which is no folder of functions/", function.id);
                findings.push(Finding::new(
                    TEMPLATE,
                    thing,
                    "name the folder in Metadata.BuildProperties.Binary",
                ));
            }
            let logical: String = binary
                .split('-')
                .map(capitalized)
                .chain(["Function".to_owned()])
                .collect();
            if function.id != logical {
                let mend = format!("call it {logical}, after its binary");
                findings.push(Finding::new(
                    TEMPLATE,
                    format_args!("{} runs `{binary}`", function.id),
                    mend,
                ));
            }
            let name = format!("stepline-{binary}-{environment}");
            if function.properties["FunctionName"] != name.as_str() {
                let thing = format_args!(
                    "{}: FunctionName is {}",
                    function.id, function.properties["FunctionName"]
                );
                findings.push(Finding::new(TEMPLATE, thing, format_args!("call it {name}")));
            }
        }
    }
    for folder in folders() {
        if ![TEMPLATE, SERVING]
            .iter()
            .flat_map(|template| text(template).lines())
            .any(|line| line.trim() == format!("CodeUri: ../functions/{folder}"))
        {
            let mend = format!("set `CodeUri: ../functions/{folder}`");
            findings.push(Finding::new(
                TEMPLATE,
                format_args!("no CodeUri is functions/{folder}"),
                mend,
            ));
        }
    }
    assert_none(findings);
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

#[test]
fn the_rules_of_image_push_are_rules() {
    let rule = without_tests(text("functions/image-push/src/rule.rs"));
    let fields = rule
        .split("const FIELDS")
        .nth(1)
        .and_then(|rest| rest.split(';').nth(1))
        .unwrap_or_default();
    let fields: BTreeSet<&str> = fields.split('"').skip(1).step_by(2).collect();
    assert!(
        fields.contains("repository"),
        "the fields of a rule are listed in rule.rs"
    );
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        let planned = planned(environment);
        for function in planned.of("AWS::Lambda::Function") {
            let Some(given) = function.properties["Environment"]["Variables"]["RULES"].as_str() else {
                continue;
            };
            let rules: Vec<serde_json::Map<String, Value>> =
                serde_json::from_str(given).unwrap_or_else(|error| panic!("{TEMPLATE}: RULES: {error}"));
            for field in rules
                .iter()
                .flat_map(|rule| rule.keys())
                .filter(|field| !fields.contains(field.as_str()))
            {
                findings.push(Finding::new(
                    TEMPLATE,
                    format_args!("a rule has `{field}`"),
                    format_args!("use {fields:?}"),
                ));
            }
        }
    }
    assert_none(findings);
}

/// Variables that Lambda itself sets or the SDKs read: nobody's to set in a template.
fn is_of_the_runtime(name: &str) -> bool {
    name.starts_with("AWS_") || name.starts_with("_X_AMZN_")
}

#[test]
fn what_the_environment_says_is_read_and_what_is_read_is_said() {
    let planned = planned("dev");
    let reference = text(REFERENCE);
    let mut findings = Vec::new();
    for function in planned.of("AWS::Lambda::Function") {
        let folder = format!("functions/{}/src/", binary(function));
        let read: BTreeSet<&str> = [folder.as_str(), "shared/src/"]
            .into_iter()
            .flat_map(variables_read)
            .collect();
        let set = variables(function);
        for name in &set {
            if !read.contains(name) {
                let mend = format!("remove it, or read it in {folder}");
                findings.push(Finding::new(
                    TEMPLATE,
                    format_args!("{} is given {name}, which it never reads", function.id),
                    mend,
                ));
            }
        }
        for name in read.iter().filter(|name| !is_of_the_runtime(name)) {
            let is_documented = reference.contains(&format!("`{name}`"));
            if !is_documented {
                let thing = format_args!("{} reads {name}, which is not documented", function.id);
                findings.push(Finding::new(REFERENCE, thing, "say what it does in the reference"));
            }
        }
    }
    assert_none(findings);
}

/// The environment variables that the code of a folder reads: the names in the files that read any.
fn variables_read(folder: &str) -> impl Iterator<Item = &'static str> {
    files_in(folder, ".rs")
        .map(|(_, text)| without_tests(text))
        .filter(|text| text.contains("Fn(&str) -> Option<String>") || text.contains("env::var"))
        .flat_map(|text| lines(text).filter(|(_, line)| !line.trim_start().starts_with("//")))
        // The services that endpoints are asked for: ends of names, and no names.
        .filter(|(_, line)| !line.trim_start().starts_with("const SERVICES:"))
        .flat_map(|(_, line)| arguments(line))
        .filter(|name| {
            let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            name.len() > 3 && name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(is_name)
        })
}

/// The texts that a line names without matching against them: those of a call, a list or a field.
fn arguments(line: &'static str) -> Vec<&'static str> {
    let parts: Vec<&str> = line.split('"').collect();
    let is_named = |before: &str, after: &str| {
        let before = before.trim();
        let is_pattern = after.trim_start().starts_with(['=', '|']);
        !is_pattern && (before.is_empty() || before.ends_with(['(', '[', ',', ':', '&']))
    };
    let texts = (1..parts.len())
        .step_by(2)
        .filter_map(|at| Some((parts[at - 1], parts[at], *parts.get(at + 1)?)));
    texts
        .filter(|(before, _, after)| is_named(before, after))
        .map(|(_, text, _)| text)
        .collect()
}
