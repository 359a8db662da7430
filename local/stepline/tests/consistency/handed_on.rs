//! What is handed on by name or by shape arrives: ARNs, inputs, images, tags, variables of the container.

use super::house::{Finding, REFERENCE, assert_none, files_in, text};
use super::pipeline::{commands, user_parameters};
use super::planned::{ENVIRONMENTS, PIPELINE, SAMPLE, TEMPLATE, name_of, planned};
use serde_json::Value;
use std::collections::BTreeSet;

/// Types of resources, and how their ARNs begin after the account.
const KINDS: &[(&str, &str, &str)] = &[
    ("AWS::Lambda::Function", "lambda", "function:"),
    ("AWS::StepFunctions::StateMachine", "states", "stateMachine:"),
    ("AWS::StepFunctions::StateMachine", "states", "execution:"),
    ("AWS::Events::Rule", "events", "rule/"),
    ("AWS::ECR::Repository", "ecr", "repository/"),
    ("AWS::CodePipeline::Pipeline", "codepipeline", ""),
    ("AWS::CodeBuild::Project", "codebuild", "project/"),
    ("AWS::SageMaker::ModelPackageGroup", "sagemaker", "model-package-group/"),
    ("AWS::SQS::Queue", "sqs", ""),
];

/// The rules that Step Functions makes for itself:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html>.
const MADE_BY_AWS: &[&str] = &[
    "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
];

/// The ARNs in a text, without what follows them.
fn arns(text: &str) -> impl Iterator<Item = &str> {
    let found = text.match_indices("arn:aws:").map(|(start, _)| &text[start..]);
    found.map(|rest| {
        let end = rest.find(|c: char| c.is_whitespace() || "\"'\\,}]".contains(c));
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// Whether a name of an ARN, with one `*` at most, means this one.
fn is_meant(name: &str, known: &str) -> bool {
    match name.split_once('*') {
        Some((start, end)) => {
            known.len() >= start.len() + end.len() && known.starts_with(start) && known.ends_with(end)
        }
        None => name == known,
    }
}

#[test]
fn every_arn_names_what_is_deployed() {
    let names = |kind: &'static str| -> BTreeSet<&'static str> {
        let environments = ENVIRONMENTS.into_iter();
        environments
            .flat_map(|environment| planned(environment).of(kind).filter_map(name_of).collect::<Vec<_>>())
            .collect()
    };
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        for resource in planned(environment).all() {
            let properties = Value::Object(resource.properties.clone()).to_string();
            for arn in arns(&properties) {
                let parts: Vec<&str> = arn.splitn(6, ':').collect();
                let [_, _, service, _, _, thing] = parts.as_slice() else {
                    continue;
                };
                let kind = KINDS
                    .iter()
                    .find(|(_, of, begins)| of == service && thing.starts_with(begins));
                let Some((kind, _, begins)) = kind else { continue };
                let mut rest = thing[begins.len()..].split([':', '/']);
                let (name, qualifier) = (rest.next().unwrap_or_default(), rest.next());
                let is_known = names(kind).iter().any(|known| is_meant(name, known)) || MADE_BY_AWS.contains(&name);
                let aliases = names("AWS::StepFunctions::StateMachineAlias");
                let is_alias = *begins != "stateMachine:"
                    || qualifier.is_none_or(|qualifier| qualifier == "*" || aliases.contains(qualifier));
                if !is_known || !is_alias {
                    let thing = format_args!("{} names {arn}, which is not deployed", resource.id);
                    findings.push(Finding::new("sam/", thing, "name what the templates make"));
                }
            }
        }
    }
    assert_none(findings);
}

/// The paths into the execution's input that a definition reads: not below what its own states put there.
fn paths_read(definition: &Value) -> BTreeSet<String> {
    let states = definition["States"].as_object().into_iter().flatten();
    let own: Vec<&str> = states.filter_map(|(_, state)| state["ResultPath"].as_str()).collect();
    let text = definition.to_string();
    let read = text.split('"').filter(|part| part.starts_with("$."));
    let is_own = |path: &str| own.iter().any(|own| path.starts_with(own)) || path.starts_with("$.failure");
    // A ResultSelector reads the task's answer.
    let selected: BTreeSet<&str> = definition["States"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, state)| state["ResultSelector"].as_object())
        .flat_map(|selector| selector.values().filter_map(Value::as_str))
        .collect();
    read.filter(|path| !is_own(path) && !selected.contains(path))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_start_gives_what_the_definition_reads() {
    let paths = paths_read(&planned("dev").definition());
    assert!(paths.contains("$.image.uri"), "{paths:?}");
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        let actions = planned(environment).actions();
        let starts = actions.iter().filter_map(|action| {
            let given = user_parameters(action)?;
            // What deploys a model reads no image.
            if given["action"] == "Deploy" {
                return None;
            }
            let input = given["input"].clone();
            Some((PIPELINE, action["Name"].as_str().unwrap_or_default().to_owned(), input))
        });
        let rules = planned(environment).of("AWS::Events::Rule").flat_map(|rule| {
            let targets = rule.properties["Targets"].as_array().into_iter().flatten();
            targets.filter_map(|target| {
                let is_machine = target["Arn"].as_str()?.contains(":stateMachine:");
                let input = serde_json::from_str(target["Input"].as_str()?).ok()?;
                is_machine.then(|| (TEMPLATE, rule.id.clone(), input))
            })
        });
        for (file, name, input) in starts.chain(rules) {
            for path in &paths {
                let pointer = path.trim_start_matches('$').replace('.', "/");
                if input.pointer(&pointer).is_none() {
                    let thing = format_args!("{name} starts the state machine without {path}, which {SAMPLE} reads");
                    findings.push(Finding::new(file, thing, "give it in the input"));
                }
            }
        }
    }
    assert_none(findings);
}

/// The names in front of `=` after each `start` of a text.
fn names_after<'t>(text: &'t str, start: &'t str) -> BTreeSet<&'t str> {
    let parts = text.split(start).skip(1);
    parts
        .map(|part| {
            let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            &part[..end.unwrap_or(part.len())]
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn the_container_reads_what_it_is_given() {
    let dockerfile = text("container/Dockerfile");
    let code: String = files_in("container/app/", ".py").map(|(_, text)| text).collect();
    let mut findings = Vec::new();
    let commands = commands("config/buildspec.yml");
    let (given, taken) = (
        names_after(&commands, "--build-arg \""),
        names_after(dockerfile, "\nARG "),
    );
    for name in given.symmetric_difference(&taken) {
        let thing = format_args!("the build argument {name} is given or taken, not both");
        let mend = "name it in --build-arg of config/buildspec.yml and in ARG";
        findings.push(Finding::new("container/Dockerfile", thing, mend));
    }
    let definition = planned("dev").definition();
    let states = definition["States"].as_object().into_iter().flatten();
    let given: BTreeSet<&str> = states
        .filter_map(|(_, state)| state["Parameters"]["Environment"].as_object())
        .flat_map(|variables| variables.keys().map(|name| name.trim_end_matches(".$")))
        .collect();
    let read: BTreeSet<&str> = ["environ.get(\"", "environ[\"", "getenv(\""]
        .into_iter()
        .flat_map(|start| names_after(&code, start))
        .collect();
    for name in given.difference(&read) {
        let thing = format_args!("the processing job is given {name}, which no program of container/app reads");
        findings.push(Finding::new(SAMPLE, thing, "remove it, or read it"));
    }
    assert_none(findings);
}

#[test]
fn the_defaults_that_are_told_of_are_those_of_the_template() {
    let mut findings = Vec::new();
    for function in planned("dev").of("AWS::Lambda::Function") {
        let variables = function.properties["Environment"]["Variables"].as_object();
        for (name, value) in variables.into_iter().flatten() {
            let mut rows = text(REFERENCE)
                .lines()
                .filter(|line| line.contains(&format!("| `{name}` |")));
            let Some(row) = rows.next() else { continue };
            let told = row.rsplit('|').nth(1).unwrap_or_default().trim();
            let Some(told) = told.strip_prefix('`').and_then(|rest| rest.split('`').next()) else {
                continue;
            };
            if value.as_str() != Some(told) {
                let thing = format_args!("{name} is {told} by default, and {} has {value}", function.id);
                findings.push(Finding::new(REFERENCE, thing, "say what the template has"));
            }
        }
    }
    assert_none(findings);
}
