//! The state machine's definition: what it calls exists, and what it catches can happen.

use super::house::{Finding, assert_none, files_in, text, without_tests};
use super::planned::{ENVIRONMENTS, name_of, planned};
use serde_json::Value;

const FILE: &str = "statemachine/ml-pipeline.asl.json";

/// Error names that AWS raises, in full, and where it says so. A beginning would not do: a name that is misspelt catches
/// nothing.
const RAISED_BY_AWS: &[(&str, &[&str])] = &[
    (
        "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
        &[
            "Sandbox.Timedout",
            "States.ALL",
            "States.DataLimitExceeded",
            "States.HeartbeatTimeout",
            "States.IntrinsicFailure",
            "States.ParameterPathFailure",
            "States.Permissions",
            "States.Runtime",
            "States.TaskFailed",
            "States.Timeout",
        ],
    ),
    (
        "https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception",
        OF_LAMBDA,
    ),
    (
        "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html",
        &["Runtime.ExitError"],
    ),
    (
        "https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html",
        &[
            "SageMaker.AmazonSageMakerException",
            "SageMaker.ResourceLimitExceededException",
            // The SDK's own exception of a call that got no answer; Step Functions raises it under each service's name.
            "SageMaker.SdkClientException",
        ],
    ),
    (
        "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html#API_DescribeImageScanFindings_Errors",
        &["Ecr.EcrException", "Ecr.ScanNotFoundException", "Ecr.ServerException"],
    ),
    (
        "https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html",
        &["ThrottlingException"],
    ),
];

/// What Lambda itself raises, through no fault of the function's.
const OF_LAMBDA: &[&str] = &[
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
];

/// What becomes of a function that does not come to its end.
const UNFINISHED: &[&str] = &["Runtime.ExitError", "Sandbox.Timedout"];

fn states(definition: &Value) -> impl Iterator<Item = (&String, &Value)> {
    definition["States"].as_object().into_iter().flatten()
}

#[test]
fn every_error_that_is_caught_is_raised_somewhere() {
    let sources = ["shared/src/", "functions/resolve-parameters/src/"];
    let code: String = sources
        .iter()
        .flat_map(|folder| files_in(folder, ".rs"))
        .map(|(_, text)| without_tests(text))
        .collect();
    let mut findings = Vec::new();
    let definition = planned("dev").definition();
    for (state, fields) in states(&definition) {
        let handlers = ["Retry", "Catch"]
            .iter()
            .filter_map(|kind| fields.get(*kind)?.as_array())
            .flatten();
        let names = handlers.flat_map(|handler| handler["ErrorEquals"].as_array().into_iter().flatten());
        for name in names.filter_map(Value::as_str) {
            let by_aws = RAISED_BY_AWS.iter().any(|(_, names)| names.contains(&name));
            if !by_aws && !code.contains(&format!("\"{name}\"")) {
                let mend =
                    "name an error that the state's function raises: they are in shared/src/parameters/problem.rs";
                findings.push(Finding::new(
                    FILE,
                    format_args!("{state} handles {name}, which nothing raises"),
                    mend,
                ));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn what_lambda_itself_raises_is_tried_again() {
    let definition = planned("dev").definition();
    let mut findings = Vec::new();
    for (state, fields) in states(&definition).filter(|(_, fields)| {
        let resource = fields["Resource"].as_str().unwrap_or_default();
        resource.ends_with(":lambda:invoke")
    }) {
        let retriers = fields["Retry"].as_array().into_iter().flatten();
        let retried: Vec<&Value> = retriers
            .flat_map(|retrier| retrier["ErrorEquals"].as_array().into_iter().flatten())
            .collect();
        // The functions that state machines call only read, so that one that broke off can be called again, too.
        for name in OF_LAMBDA
            .iter()
            .chain(UNFINISHED)
            .filter(|name| !retried.iter().any(|retried| retried == *name))
        {
            let thing = format_args!("{state} does not retry {name}");
            findings.push(Finding::new(FILE, thing, "name it in a Retry"));
        }
    }
    assert_none(findings);
}

#[test]
fn the_errors_of_resolve_parameters_are_told_of() {
    let readme = text("README.md");
    let mut findings = Vec::new();
    let problem = without_tests(text("shared/src/parameters/problem.rs"));
    let names = problem.split('"').skip(1).step_by(2).filter(|name| {
        let is_name = name.chars().all(char::is_alphanumeric) && name.starts_with(char::is_uppercase);
        is_name && name.contains("Parameter")
    });
    for name in names.filter(|name| !readme.contains(&format!("`{name}`"))) {
        let thing = format_args!("`{name}`, which a state machine can catch, is not in the reference");
        findings.push(Finding::new("README.md", thing, "say when it is raised"));
    }
    assert_none(findings);
}

#[test]
fn what_it_calls_exists() {
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        let planned = planned(environment);
        let definition = planned.definition();
        let text = definition.to_string();
        if let Some((_, rest)) = text.split_once("${") {
            let name = rest.split('}').next().unwrap_or_default();
            let mend = "give it a value in DefinitionSubstitutions of sam/template.yaml";
            findings.push(Finding::new(
                FILE,
                format_args!("${{{name}}} is replaced by nothing"),
                mend,
            ));
        }
        let functions: Vec<&str> = planned.of("AWS::Lambda::Function").filter_map(name_of).collect();
        for (state, fields) in states(&definition) {
            let called = fields["Parameters"]["FunctionName"].as_str();
            let Some(name) = called.and_then(|arn| arn.split(":function:").nth(1)) else {
                continue;
            };
            if !functions.contains(&name) {
                let mend = "call one of the functions in sam/template.yaml";
                findings.push(Finding::new(
                    FILE,
                    format_args!("{state} calls {name}, which is not deployed"),
                    mend,
                ));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn every_substitution_is_used() {
    let planned = planned("dev");
    let machine = planned.the("AWS::StepFunctions::StateMachine");
    let given = machine
        .properties
        .get("DefinitionSubstitutions")
        .and_then(Value::as_object);
    let unused = given
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .filter(|name| !text(FILE).contains(&format!("${{{name}}}")));
    let findings = unused.map(|name| {
        Finding::new(
            "sam/template.yaml",
            format_args!("the definition does not use ${{{name}}}"),
            "remove it",
        )
    });
    assert_none(findings.collect());
}

#[test]
fn the_image_has_what_is_run() {
    let definition = planned("dev").definition();
    let mut findings = Vec::new();
    for (state, fields) in states(&definition) {
        let entrypoint = fields["Parameters"]["AppSpecification"]["ContainerEntrypoint"].as_array();
        let Some(entrypoint) = entrypoint else { continue };
        let programs = entrypoint
            .iter()
            .filter_map(Value::as_str)
            .filter_map(|part| part.strip_prefix("/opt/program/"));
        for program in programs {
            let source = format!("container/app/{program}");
            if files_in(&source, "").next().is_none() {
                let mend = "run a file of container/app, which the Dockerfile copies to /opt/program";
                findings.push(Finding::new(
                    FILE,
                    format_args!("{state} runs /opt/program/{program}, and there is no {source}"),
                    mend,
                ));
            }
        }
        let dockerfile = text("container/Dockerfile");
        let written = Value::Array(entrypoint.clone()).to_string().replace("\",\"", "\", \"");
        if !dockerfile.contains(&format!("ENTRYPOINT {written}")) {
            let mend = "make the ENTRYPOINT what the state machine runs, so that `docker run` does the same";
            findings.push(Finding::new(
                "container/Dockerfile",
                format_args!("the ENTRYPOINT is not {written}"),
                mend,
            ));
        }
    }
    assert_none(findings);
}

#[test]
fn every_task_is_caught_by_the_fail_state() {
    let definition = planned("dev").definition();
    let is_fail = |state: &str| definition["States"][state]["Type"] == "Fail";
    let mut findings = Vec::new();
    for (state, fields) in states(&definition).filter(|(_, fields)| fields["Type"] == "Task") {
        let catches = fields["Catch"].as_array().into_iter().flatten();
        let of_all = serde_json::json!(["States.ALL"]);
        let is_caught = catches
            .clone()
            .any(|catch| catch["ErrorEquals"] == of_all && catch["Next"].as_str().is_some_and(is_fail));
        // What is caught by its name may be looked at by a Choice, which tells what passes from what does not.
        let leads_to_fail = catches
            .filter_map(|catch| catch["Next"].as_str())
            .all(|next| is_fail(next) || definition["States"][next]["Type"] == "Choice");
        if !is_caught || !leads_to_fail {
            let mend = "catch States.ALL and go to the Fail state that keeps error and cause";
            findings.push(Finding::new(FILE, format_args!("{state} can fail uncaught"), mend));
        }
    }
    assert_none(findings);
}

/// The names under which a service's SDK gives all errors that its model does not name: missing permissions and invalid
/// values, too. See docs/retrying.md.
const CATCH_ALL: &[&str] = &[
    "Lambda.AWSLambdaException",
    "SageMaker.AmazonSageMakerException",
    "States.ALL",
    "States.TaskFailed",
];

#[test]
fn what_can_never_succeed_is_not_tried_again() {
    let definition = planned("dev").definition();
    let mut findings = Vec::new();
    for (state, fields) in states(&definition) {
        let retriers = fields["Retry"].as_array().into_iter().flatten();
        let retried = retriers.flat_map(|retrier| retrier["ErrorEquals"].as_array().into_iter().flatten());
        for name in retried
            .filter_map(Value::as_str)
            .filter(|name| CATCH_ALL.contains(name))
        {
            let thing = format_args!("{state} retries {name}, which permanent errors are called as well");
            findings.push(Finding::new(FILE, thing, "name the errors that pass: docs/retrying.md"));
        }
    }
    assert_none(findings);
}

#[test]
fn what_is_resolved_is_used() {
    let definition = planned("dev").definition();
    let mut findings = Vec::new();
    for (state, fields) in states(&definition) {
        let asked = fields["Parameters"]["Payload"]["parameters"].as_object();
        let Some(folder) = fields["ResultPath"].as_str().filter(|_| asked.is_some()) else {
            continue;
        };
        for (name, _) in asked.into_iter().flatten() {
            if fields["ResultSelector"][format!("{name}.$")] != format!("$.Payload.{name}") {
                let thing = format_args!("{state} asks for {name} and does not keep it");
                findings.push(Finding::new(FILE, thing, "take it in the ResultSelector"));
            }
            // In JSONPath, or in JSONata, perhaps under a short name for the folder.
            let text = definition.to_string();
            let in_jsonata = format!("$states.input.{}", folder.trim_start_matches("$."));
            let is_used = text.contains(&format!("\"{folder}.{name}\""))
                || text.contains(&format!("{in_jsonata}.{name}"))
                || text.contains(&format!("$settings := {in_jsonata};")) && text.contains(&format!("$settings.{name}"));
            if !is_used {
                let thing = format_args!("{state} asks for {name}, which no state uses");
                findings.push(Finding::new(
                    FILE,
                    thing,
                    format_args!("use {folder}.{name}, or do not ask"),
                ));
            }
        }
    }
    assert_none(findings);
}
