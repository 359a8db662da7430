//! The pipeline: what one action hands on is what the next one takes.

use super::house::{Finding, assert_none, text};
use super::planned::{ENVIRONMENTS, PIPELINE, Planned, both_ways, name_of, of_sample, planned};
use saphyr::{LoadableYamlNode, YamlOwned};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What runs the tests.
const TESTS: &str = "config/test.yml";

/// What builds the image.
const BUILDSPEC: &str = "config/buildspec.yml";

/// The buildspecs: of the build, and of the tests before it.
pub(crate) const BUILDSPECS: [&str; 2] = [BUILDSPEC, TESTS];

/// What CodePipeline's own actions give as variables:
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html>.
const OF_PROVIDERS: &[(&str, &[&str])] = &[
    (
        "CodeStarSourceConnection",
        &[
            "AuthorDate",
            "BranchName",
            "CommitId",
            "CommitMessage",
            "ConnectionArn",
            "FullRepositoryName",
        ],
    ),
    ("Manual", &[]),
];

/// What pipeline-action always gives.
const ALWAYS: &[&str] = &["ExecutionArn", "ExecutionName", "StateMachineArn"];

/// A YAML file without tags, as JSON.
pub(crate) fn yaml(path: &str) -> Value {
    yaml_of(path, text(path))
}

/// The same of a text that stands for the file.
pub(crate) fn yaml_of(path: &str, text: &str) -> Value {
    let documents = YamlOwned::load_from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    json(documents.first().unwrap_or_else(|| panic!("{path} is empty")))
}

fn json(node: &YamlOwned) -> Value {
    match node {
        YamlOwned::Mapping(entries) => {
            let fields = entries.iter().map(|(key, value)| {
                let key = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
                (key, json(value))
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        YamlOwned::Sequence(items) => items.iter().map(json).collect(),
        other => match (other.as_str(), other.as_bool(), other.as_integer()) {
            (Some(text), ..) => text.into(),
            (_, Some(truth), _) => truth.into(),
            (.., Some(number)) => number.into(),
            _ => Value::Null,
        },
    }
}

/// The texts in a list.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The user parameters of an action, if it has any.
pub(crate) fn user_parameters(action: &Value) -> Option<Value> {
    let given = action["Configuration"]["UserParameters"].as_str()?;
    Some(serde_json::from_str(given).unwrap_or_else(|error| panic!("{PIPELINE}: UserParameters: {error}")))
}

/// The variables that an action gives.
fn variables_of(action: &Value) -> BTreeSet<String> {
    let provider = action["ActionTypeId"]["Provider"].as_str().unwrap_or_default();
    match provider {
        "CodeBuild" => texts(&yaml(BUILDSPEC)["env"]["exported-variables"])
            .into_iter()
            .collect(),
        "Lambda" => {
            let own = user_parameters(action).unwrap_or_default();
            // With an approval the action has ended before the execution has an output.
            let own = if own["approval"].is_null() { own } else { Value::Null };
            let own = own["outputVariables"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone());
            own.chain(ALWAYS.iter().map(|name| (*name).to_owned())).collect()
        }
        _ => {
            let known = OF_PROVIDERS.iter().find(|(name, _)| *name == provider);
            let known = known.unwrap_or_else(|| panic!("{PIPELINE}: what does the provider {provider} give?"));
            known.1.iter().map(|name| (*name).to_owned()).collect()
        }
    }
}

/// The `#{namespace.variable}` in a text.
fn references(text: &str) -> Vec<(&str, &str)> {
    let parts = text.split("#{").skip(1);
    parts
        .filter_map(|part| part.split('}').next()?.split_once('.'))
        .collect()
}

#[test]
fn every_variable_comes_from_an_action_before() {
    let mut findings = Vec::new();
    for planned in ENVIRONMENTS.into_iter().flat_map(both_ways) {
        let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        known.insert("codepipeline".into(), ["PipelineExecutionId".to_owned()].into());
        for action in planned.actions() {
            let name = action["Name"].as_str().unwrap_or_default();
            for (namespace, variable) in references(&action["Configuration"].to_string()) {
                if !known
                    .get(namespace)
                    .is_some_and(|variables| variables.contains(variable))
                {
                    let thing =
                        format_args!("{name} takes #{{{namespace}.{variable}}}, which no action before it gives");
                    let mend = format_args!("take one of {known:?}");
                    findings.push(Finding::new(PIPELINE, thing, mend));
                }
            }
            if let Some(namespace) = action["Namespace"].as_str() {
                known.insert(namespace.to_owned(), variables_of(&action));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn every_artifact_comes_from_an_action_before() {
    let mut findings = Vec::new();
    for planned in ENVIRONMENTS.into_iter().flat_map(both_ways) {
        let mut given: BTreeSet<String> = BTreeSet::new();
        for action in planned.actions() {
            let names = |field: &str| -> Vec<String> {
                let artifacts = action[field].as_array().into_iter().flatten();
                artifacts
                    .filter_map(|artifact| artifact["Name"].as_str().map(str::to_owned))
                    .collect()
            };
            for artifact in names("InputArtifacts") {
                if !given.contains(&artifact) {
                    let thing = format_args!(
                        "{} takes the artifact {artifact}, which no action before it gives",
                        action["Name"]
                    );
                    findings.push(Finding::new(PIPELINE, thing, format_args!("take one of {given:?}")));
                }
            }
            given.extend(names("OutputArtifacts"));
        }
    }
    assert_none(findings);
}

/// The commands of a buildspec.
pub(crate) fn commands(file: &str) -> String {
    let buildspec = yaml(file);
    let phases = buildspec["phases"].as_object().into_iter().flatten();
    phases
        .flat_map(|(_, phase)| ["commands", "finally"].map(|list| texts(&phase[list]).join("\n")))
        .collect()
}

#[test]
fn builds_export_what_they_set_and_read_what_they_are_given() {
    let mut findings = Vec::new();
    for file in BUILDSPECS {
        let buildspec = yaml(file);
        let commands = commands(file);
        let exported = texts(&buildspec["env"]["exported-variables"]);
        for name in &exported {
            if !commands.contains(&format!("export {name}")) {
                let thing = format_args!("{name} is exported and never set");
                let mend = format!("`export {name}` in a command, or do not promise it");
                findings.push(Finding::new(file, thing, mend));
            }
        }
        let planned = planned("dev");
        let environment = planned.project(file).properties["Environment"]["EnvironmentVariables"].as_array();
        let of_project = environment
            .into_iter()
            .flatten()
            .filter_map(|variable| variable["Name"].as_str());
        let of_spec = ["variables", "parameter-store"].into_iter().flat_map(|list| {
            let set = buildspec["env"][list].as_object();
            set.into_iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .collect::<Vec<_>>()
        });
        let mut given: BTreeSet<&str> = of_project
            .chain(of_spec)
            .chain(exported.iter().map(String::as_str))
            .collect();
        // What CodeBuild itself sets: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
        given.extend(["CODEBUILD_RESOLVED_SOURCE_VERSION", "AWS_REGION", "AWS_DEFAULT_REGION"]);
        // What a command sets itself is its own.
        let set_by_commands = |name: &str| {
            commands.lines().any(|line| {
                line.trim()
                    .trim_start_matches("export ")
                    .starts_with(&format!("{name}="))
            })
        };
        for name in upper_case_variables(&commands) {
            if !given.contains(name) && !set_by_commands(name) {
                let thing = format_args!("a command reads ${name}, which nothing sets");
                let mend = "set it in the project of sam/pipeline.yaml or in the buildspec's env";
                findings.push(Finding::new(file, thing, mend));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn the_tests_role_may_make_the_reports_that_their_buildspec_names() {
    let mut findings = Vec::new();
    let reports = yaml(TESTS)["reports"].as_object().cloned().unwrap_or_default();
    assert!(!reports.is_empty(), "{TESTS} names no report");
    for environment in ENVIRONMENTS {
        let planned = planned(environment);
        let project = planned.project(TESTS);
        let name = name_of(project).unwrap_or_default();
        let role = planned.all().find(|resource| resource.id == "TestRole");
        let policies = role
            .map(|role| role.properties["Policies"].to_string())
            .unwrap_or_default();
        let group = format!(":report-group/{name}-*");
        if !policies.contains(&group) {
            let thing = format_args!("TestRole may not make the reports of {name}");
            findings.push(Finding::new(PIPELINE, thing, format_args!("allow it on {group}")));
        }
        if project.properties["Environment"]["PrivilegedMode"] == true {
            findings.push(Finding::new(
                PIPELINE,
                format_args!("{name} is privileged"),
                "tests need no Docker",
            ));
        }
        let actions = planned.actions();
        let place = |name: &str| actions.iter().position(|action| action["Name"] == name);
        if place("Test") >= place("Build") || place("Test") < place("Source") {
            let mend = "put the stage Test between Source and Build";
            findings.push(Finding::new(PIPELINE, "the tests do not come before the build", mend));
        }
    }
    assert_none(findings);
}

/// The `$NAME` and `${NAME…}` of a script, as far as they are upper-case.
fn upper_case_variables(script: &str) -> BTreeSet<&str> {
    let parts = script.split('$').skip(1).map(|part| part.trim_start_matches('{'));
    let names = parts.map(|part| {
        let end = part.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        &part[..end.unwrap_or(part.len())]
    });
    names.filter(|name| name.len() > 1).collect()
}

#[test]
fn the_user_parameters_fit_the_function() {
    let schema = "functions/pipeline-action/user-parameters.schema.json";
    let schema: Value = serde_json::from_str(text(schema)).expect("the schema is JSON");
    let mut findings = Vec::new();
    let ways = |environment: &'static str| {
        let [by_polling, by_event] = both_ways(environment);
        [
            (environment, by_polling, planned as fn(&str) -> _),
            (environment, by_event, planned),
            (environment, of_sample(environment), of_sample),
        ]
    };
    for (environment, pipeline, elsewhere) in ENVIRONMENTS.into_iter().flat_map(ways) {
        for action in pipeline.actions() {
            let Some(given) = user_parameters(&action) else {
                continue;
            };
            let mut find = |thing: String, mend: &str| findings.push(Finding::new(PIPELINE, thing, mend));
            let name = action["Configuration"]["FunctionName"].as_str().unwrap_or_default();
            // A rehearsal runs in another environment.
            let runs_in: &Planned = elsewhere(environment_of(name).unwrap_or(environment));
            let definition = if given["action"] == "Deploy" {
                runs_in.deployment()
            } else {
                runs_in.started()
            };
            if !runs_in
                .of("AWS::Lambda::Function")
                .filter_map(name_of)
                .any(|known| known == name)
            {
                find(
                    format!("{} invokes {name}, which is not deployed", action["Name"]),
                    "invoke a function of sam/template.yaml",
                );
            }
            let length = action["Configuration"]["UserParameters"]
                .as_str()
                .map_or(0, |text| text.chars().count());
            if length > 1000 {
                find(
                    format!("UserParameters have {length} characters"),
                    "keep to the 1,000 that CodePipeline takes",
                );
            }
            for (field, value) in given.as_object().into_iter().flatten() {
                let choices = schema["properties"][field]["enum"].as_array();
                if choices.is_some_and(|choices| !choices.contains(value)) {
                    find(
                        format!("UserParameters have {value} as `{field}`"),
                        "use one of those in user-parameters.schema.json",
                    );
                }
                if schema["properties"].get(field).is_none() {
                    find(
                        format!("UserParameters have `{field}`"),
                        "use a field of user-parameters.schema.json",
                    );
                }
            }
            for (variable, path) in given["outputVariables"].as_object().into_iter().flatten() {
                if !path.as_str().is_some_and(|path| gives(&definition, path)) {
                    find(
                        format!("the output variable {variable} is {path}, which the execution's output does not have"),
                        "name what a ResultSelector and ResultPath, or the last Output, of the definition put there",
                    );
                }
            }
        }
    }
    assert_none(findings);
}

/// The environment that a function belongs to, by its name.
pub(crate) fn environment_of(function: &str) -> Option<&'static str> {
    let mut environments = ENVIRONMENTS.into_iter();
    environments.find(|environment| function.ends_with(&format!("-{environment}")))
}

/// Whether some state puts `$.a.b` into the output: with the ResultPath `$.a` and `b` in its ResultSelector, or at the end
/// of it all with its Output.
fn gives(definition: &Value, path: &str) -> bool {
    let pointer = path.replace("$.", "/").replace('.', "/");
    let states = definition["States"].as_object().into_iter().flatten();
    let mut last = states.filter(|(_, state)| state["End"] == true);
    if definition["QueryLanguage"] == "JSONata" {
        return last.any(|(_, state)| state["Output"].pointer(&pointer).is_some());
    }
    let mut parts = path.split('.').skip(1);
    let (Some(first), Some(second)) = (parts.next(), parts.next()) else {
        return false;
    };
    let mut states = definition["States"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, state)| state);
    states.any(|state| {
        state["ResultPath"] == format!("$.{first}").as_str()
            && state["ResultSelector"].get(format!("{second}.$")).is_some()
    })
}

#[test]
fn the_two_stacks_mean_the_same_things() {
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        let planned = planned(environment);
        let (_, releases) = planned.repositories();
        let repository = name_of(releases).unwrap_or_default().to_owned();
        let pipeline = name_of(planned.the("AWS::CodePipeline::Pipeline"))
            .unwrap_or_default()
            .to_owned();
        for rule in planned.of("AWS::Events::Rule") {
            let detail = &rule.properties.get("EventPattern").cloned().unwrap_or_default()["detail"];
            for (field, expected) in [("repository-name", &repository), ("pipeline", &pipeline)] {
                let listed = texts(&detail[field]);
                if !listed.is_empty() && !listed.contains(expected) {
                    let thing = format_args!(
                        "{}: {field} is {listed:?}, and the pipeline's stack has {expected}",
                        rule.id
                    );
                    findings.push(Finding::new(
                        "sam/template.yaml",
                        thing,
                        "name the same in both templates",
                    ));
                }
            }
        }
    }
    assert_none(findings);
}
