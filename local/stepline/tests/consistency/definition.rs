//! The state machines' definitions: what they call exists, and what they catch can happen.

use super::house::{Finding, REFERENCE, assert_none, files_in, text, without_tests};
use super::planned::{ENVIRONMENTS, SAMPLE, TRAINING, name_of, planned};
use serde_json::Value;

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
        "https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html",
        &[
            "CodePipeline.SdkClientException",
            "Ecs.SdkClientException",
            "S3.SdkClientException",
            "Sfn.SdkClientException",
            "Ssm.SdkClientException",
        ],
    ),
    (
        "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html#API_DescribeImageScanFindings_Errors",
        &["Ecr.EcrException", "Ecr.ScanNotFoundException", "Ecr.ServerException"],
    ),
    (
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html#API_UpdateService_Errors",
        &[
            "Ecs.ClientException",
            "Ecs.InvalidParameterException",
            "Ecs.ServerException",
            "Ecs.ServiceNotActiveException",
            "Ecs.ServiceNotFoundException",
        ],
    ),
    (
        "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html#API_GetParameters_Errors",
        // The error is InternalServerError; the SDK's class has Exception behind it.
        &["Ssm.InternalServerErrorException"],
    ),
    (
        "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html#API_UpdateModelPackage_Errors",
        &["SageMaker.ConflictException"],
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

/// The states of a definition, those of its Maps too.
fn states(definition: &Value) -> Vec<(&String, &Value)> {
    let own = definition["States"].as_object().into_iter().flatten();
    own.flat_map(|(name, state)| {
        let inner = state.get("ItemProcessor").map(states).unwrap_or_default();
        std::iter::once((name, state)).chain(inner)
    })
    .collect()
}

/// The states of all definitions, each with the file that it stands in.
fn all_states<'d>(definitions: &'d [(&'static str, Value)]) -> Vec<(&'static str, &'d String, &'d Value)> {
    let each = definitions.iter();
    each.flat_map(|(file, definition)| states(definition).into_iter().map(|(name, state)| (*file, name, state)))
        .collect()
}

/// What a Task gives to what it calls, in either query language.
fn arguments(state: &Value) -> &Value {
    state.get("Arguments").unwrap_or(&state["Parameters"])
}

#[test]
fn every_error_that_is_caught_is_raised_somewhere() {
    let sources = [
        "shared/src/",
        "functions/ask-service/src/",
        "functions/resolve-parameters/src/",
    ];
    let code: String = sources
        .iter()
        .flat_map(|folder| files_in(folder, ".rs"))
        .map(|(_, text)| without_tests(text))
        .collect();
    let mut findings = Vec::new();
    let definitions = planned("dev").definitions();
    for (file, state, fields) in all_states(&definitions) {
        let handlers = ["Retry", "Catch"]
            .iter()
            .filter_map(|kind| fields.get(*kind)?.as_array())
            .flatten();
        let names = handlers.flat_map(|handler| handler["ErrorEquals"].as_array().into_iter().flatten());
        for name in names.filter_map(Value::as_str) {
            let by_aws = RAISED_BY_AWS.iter().any(|(_, names)| names.contains(&name));
            if !by_aws && !code.contains(&format!("\"{name}\"")) {
                let mend = "name an error that the state's function raises: shared/src/parameters/problem.rs, and error.rs of ask-service";
                findings.push(Finding::new(
                    file,
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
    let definitions = planned("dev").definitions();
    let mut findings = Vec::new();
    for (file, state, fields) in all_states(&definitions).into_iter().filter(|(_, _, fields)| {
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
            findings.push(Finding::new(file, thing, "name it in a Retry"));
        }
    }
    assert_none(findings);
}

#[test]
fn the_errors_of_resolve_parameters_are_told_of() {
    let reference = text(REFERENCE);
    let mut findings = Vec::new();
    let problem = without_tests(text("shared/src/parameters/problem.rs"));
    let names = problem.split('"').skip(1).step_by(2).filter(|name| {
        let is_name = name.chars().all(char::is_alphanumeric) && name.starts_with(char::is_uppercase);
        is_name && name.contains("Parameter")
    });
    for name in names.filter(|name| !reference.contains(&format!("`{name}`"))) {
        let thing = format_args!("`{name}`, which a state machine can catch, is not in the reference");
        findings.push(Finding::new(REFERENCE, thing, "say when it is raised"));
    }
    assert_none(findings);
}

#[test]
fn what_it_calls_exists() {
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        let planned = planned(environment);
        let definitions = planned.definitions();
        for (file, definition) in &definitions {
            if let Some((_, rest)) = definition.to_string().split_once("${") {
                let name = rest.split('}').next().unwrap_or_default();
                let mend = "give it a value in DefinitionSubstitutions of sam/template.yaml";
                let thing = format_args!("${{{name}}} is replaced by nothing");
                findings.push(Finding::new(file, thing, mend));
            }
        }
        let functions: Vec<&str> = planned.of("AWS::Lambda::Function").filter_map(name_of).collect();
        for (file, state, fields) in all_states(&definitions) {
            let called = arguments(fields)["FunctionName"].as_str();
            let Some(name) = called.and_then(|arn| arn.split(":function:").nth(1)) else {
                continue;
            };
            if !functions.contains(&name) {
                let mend = "call one of the functions in sam/template.yaml";
                findings.push(Finding::new(
                    file,
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
    let mut findings = Vec::new();
    for (machine, (file, _)) in planned("dev")
        .of("AWS::StepFunctions::StateMachine")
        .zip(planned("dev").definitions())
    {
        let given = machine
            .properties
            .get("DefinitionSubstitutions")
            .and_then(Value::as_object);
        for (name, _) in given.into_iter().flatten() {
            if !text(file).contains(&format!("${{{name}}}")) {
                let thing = format_args!("{file} does not use ${{{name}}}");
                findings.push(Finding::new("sam/template.yaml", thing, "remove it"));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn the_image_has_what_is_run() {
    let (runner, dockerfile) = (text("container/app/src/run.py"), text("container/Dockerfile"));
    let mut findings = Vec::new();
    let definitions = planned("dev").definitions();
    for (file, state, fields) in all_states(&definitions) {
        let given = &arguments(fields)["AppSpecification"];
        // SageMaker itself gives a training job's container its argument.
        let trains = arguments(fields).get("AlgorithmSpecification").map(|_| "train");
        if let Some(program) = trains.or_else(|| given["ContainerArguments"][0].as_str())
            && !runner.contains(&format!("\"{program}\""))
        {
            let thing = format_args!("{state} runs `{program}`, which container/app/src/run.py does not have");
            findings.push(Finding::new(file, thing, "name one of its programs"));
        }
        if let Some(entrypoint) = given["ContainerEntrypoint"].as_array() {
            let written = Value::Array(entrypoint.clone()).to_string().replace("\",\"", "\", \"");
            if !dockerfile.contains(&format!("ENTRYPOINT {written}")) {
                let mend = "make the ENTRYPOINT what the state machine runs, so that `docker run` does the same";
                let thing = format_args!("the ENTRYPOINT is not {written}");
                findings.push(Finding::new("container/Dockerfile", thing, mend));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn every_task_is_caught_by_the_fail_state() {
    let definition = planned("dev").definition();
    let is_fail = |state: &str| definition["States"][state]["Type"] == "Fail";
    let mut findings = Vec::new();
    let tasks = states(&definition)
        .into_iter()
        .filter(|(_, fields)| fields["Type"] == "Task");
    for (state, fields) in tasks {
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
            findings.push(Finding::new(SAMPLE, format_args!("{state} can fail uncaught"), mend));
        }
    }
    assert_none(findings);
}

#[test]
fn what_the_training_pipeline_has_paid_for_a_redrive_keeps() {
    let definitions = planned("dev").definitions();
    let mut findings = Vec::new();
    for (file, state, fields) in all_states(&definitions) {
        let resource = fields["Resource"].as_str().unwrap_or_default();
        if file == TRAINING && resource.contains("sagemaker") && fields.get("Catch").is_some() {
            let thing = format_args!("{state} has a Catch: an execution that ends in a Fail state begins anew");
            findings.push(Finding::new(
                file,
                thing,
                "let its errors end the execution: docs/retrying.md",
            ));
        }
    }
    assert_none(findings);
}

/// The names under which a service's SDK gives all errors that its model does not name: missing permissions and invalid
/// values, too. See docs/retrying.md.
const CATCH_ALL: &[&str] = &[
    "Lambda.AWSLambdaException",
    "S3.S3Exception",
    "SageMaker.AmazonSageMakerException",
    "SageMaker.SageMakerException",
    "States.ALL",
    "States.TaskFailed",
];

#[test]
fn what_can_never_succeed_is_not_tried_again() {
    let definitions = planned("dev").definitions();
    let mut findings = Vec::new();
    for (file, state, fields) in all_states(&definitions) {
        let retriers = fields["Retry"].as_array().into_iter().flatten();
        let retried = retriers.flat_map(|retrier| retrier["ErrorEquals"].as_array().into_iter().flatten());
        for name in retried
            .filter_map(Value::as_str)
            .filter(|name| CATCH_ALL.contains(name))
        {
            let thing = format_args!("{state} retries {name}, which permanent errors are called as well");
            findings.push(Finding::new(file, thing, "name the errors that pass: docs/retrying.md"));
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
                findings.push(Finding::new(SAMPLE, thing, "take it in the ResultSelector"));
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
                    SAMPLE,
                    thing,
                    format_args!("use {folder}.{name}, or do not ask"),
                ));
            }
        }
    }
    let (file, definition) = &planned("dev").definitions()[1];
    let asked = arguments(&definition["States"]["ResolveParameters"])["Payload"]["parameters"].as_object();
    for (name, _) in asked.into_iter().flatten() {
        let text = definition.to_string();
        if !text.contains(&format!("$settings.{name}")) && !text.contains(&format!("$states.input.parameters.{name}")) {
            let thing = format_args!("ResolveParameters asks for {name}, which no state uses");
            findings.push(Finding::new(file, thing, "use it, or do not ask"));
        }
    }
    assert_none(findings);
}
