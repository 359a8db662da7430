//! What the state machine tries again is what passes, and docs/retrying.md says so of every name.

use super::house::{Finding, assert_none, text};
use super::planned::planned;
use serde_json::{Value, json};
use states_language::{Clock as _, Execution, Failure, Json, StartOptions, StateMachine, VirtualClock, run_to_end};

const PAGE: &str = "docs/retrying.md";

/// How a run of the definition went.
#[derive(Debug)]
struct Went {
    /// How often the task was called, until it succeeded or was given up.
    calls: usize,
    /// How often its `Retry` tried again.
    retries: usize,
    /// What it ended with; nothing where it succeeded.
    failure: Option<(String, String)>,
    /// In how many seconds.
    seconds: i64,
}

/// Runs a definition whose task of this service fails so often.
fn run(definition: &Value, service: &str, times: usize, error: &str, cause: &str) -> Went {
    let machine = StateMachine::parse(&definition.to_string()).expect("the definition is valid");
    let mut clock = VirtualClock::default();
    let began = clock.now();
    let image = json!({"image": {"uri": format!("r/i@sha256:{}", "0".repeat(64))}}).to_string();
    let mut execution = Execution::start(&machine, StartOptions::default(), &image, began).expect("it starts");
    let mut calls = 0;
    let mut tasks = |task: &states_language::TaskRequest| {
        if task.resource.contains(&format!(":states:::{service}:")) {
            calls += 1;
            if calls <= times {
                return Err(Failure::new(error, cause));
            }
        }
        let answer = match &task.resource {
            resource if resource.contains(":::lambda:") => {
                json!({"Payload": {
                    "pythonEnv": "dev", "instanceType": "ml.t3.medium", "volumeSize": 1, "scanLevel": "OFF",
                    "scanAllowed": [],
                }})
            }
            _ => json!({"ProcessingJobName": "n", "ProcessingJobArn": "a", "ProcessingJobStatus": "Completed"}),
        };
        Ok(Json::parse(&answer.to_string()).expect("JSON"))
    };
    run_to_end(&mut execution, &mut tasks, &mut clock);
    let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
    Went {
        calls,
        retries: execution.take_retries().len(),
        failure: execution
            .failure()
            .map(|failure| (text(&failure.error), text(&failure.cause))),
        seconds: clock.now().duration_since(began).as_secs(),
    }
}

fn by_sagemaker(status: u16, code: &str) -> String {
    format!("why (Service: AmazonSageMaker; Status Code: {status}; Error Code: {code}; Request ID: r; Proxy: null)")
}

/// What passes: the service, the error's name and its cause.
fn passing() -> Vec<(&'static str, &'static str, String)> {
    vec![
        (
            "sagemaker",
            "SageMaker.ResourceLimitExceededException",
            by_sagemaker(400, "ResourceLimitExceeded"),
        ),
        ("sagemaker", "ThrottlingException", "Rate exceeded".to_owned()),
        (
            "sagemaker",
            "SageMaker.AmazonSageMakerException",
            by_sagemaker(400, "ThrottlingException"),
        ),
        (
            "sagemaker",
            "SageMaker.AmazonSageMakerException",
            by_sagemaker(503, "ServiceUnavailable"),
        ),
        (
            "sagemaker",
            "SageMaker.AmazonSageMakerException",
            by_sagemaker(500, "InternalFailure"),
        ),
        (
            "sagemaker",
            "SageMaker.SdkClientException",
            "Unable to execute HTTP request".to_owned(),
        ),
        ("lambda", "Lambda.TooManyRequestsException", "Rate Exceeded.".to_owned()),
        ("lambda", "Lambda.ServiceException", "why".to_owned()),
        ("lambda", "Lambda.SdkClientException", "why".to_owned()),
        ("lambda", "Lambda.Unknown", "why".to_owned()),
        ("lambda", "ParameterStoreUnavailable", "why".to_owned()),
    ]
}

/// What stays as it is, however often it is tried.
fn permanent() -> Vec<(&'static str, &'static str, String)> {
    vec![
        (
            "sagemaker",
            "SageMaker.AmazonSageMakerException",
            by_sagemaker(400, "AccessDeniedException"),
        ),
        (
            "sagemaker",
            "SageMaker.AmazonSageMakerException",
            by_sagemaker(400, "ValidationException"),
        ),
        (
            "sagemaker",
            "SageMaker.ResourceInUseException",
            by_sagemaker(400, "ResourceInUse"),
        ),
        (
            "sagemaker",
            "SageMaker.ResourceNotFoundException",
            by_sagemaker(400, "ResourceNotFound"),
        ),
        (
            "sagemaker",
            "States.TaskFailed",
            r#"{"FailureReason":"AlgorithmError"}"#.to_owned(),
        ),
        ("sagemaker", "States.Timeout", String::new()),
        (
            "lambda",
            "Lambda.AWSLambdaException",
            "why (Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException; Request ID: r; Proxy: null)"
                .to_owned(),
        ),
        ("lambda", "Lambda.ResourceNotFoundException", "why".to_owned()),
        ("lambda", "ParameterNotFound", "why".to_owned()),
    ]
}

#[test]
fn what_passes_is_tried_again_until_it_has_passed() {
    let definition = planned("dev").definition();
    for (service, error, cause) in passing() {
        let went = run(&definition, service, 2, error, &cause);
        assert_eq!((went.calls, &went.failure), (3, &None), "{error}: {cause}");
    }
}

#[test]
fn what_stays_fails_at_once_as_it_is() {
    let definition = planned("dev").definition();
    for (service, error, cause) in permanent() {
        let went = run(&definition, service, 2, error, &cause);
        assert_eq!((went.calls, went.retries, went.seconds), (1, 0, 0), "{error}: {cause}");
        assert_eq!(went.failure, Some((error.to_owned(), cause)));
    }
}

#[test]
fn what_does_not_pass_within_half_an_hour_fails_as_it_is() {
    let definition = planned("dev").definition();
    let (error, cause) = (
        "SageMaker.AmazonSageMakerException",
        by_sagemaker(503, "ServiceUnavailable"),
    );
    let went = run(&definition, "sagemaker", 1_000, error, &cause);
    assert_eq!((went.calls, went.seconds), (31, 30 * 60));
    assert_eq!(went.failure, Some((error.to_owned(), cause)));
}

#[test]
fn the_old_definition_tried_for_a_minute_what_can_never_succeed() {
    let mut definition = planned("dev").definition();
    let job = &mut definition["States"]["SageMaker-Hello-World"];
    let names = job["Retry"][0]["ErrorEquals"].as_array_mut().expect("names");
    names.push("SageMaker.AmazonSageMakerException".into());
    // Its delays are drawn between nothing and these.
    job["Retry"][0]["JitterStrategy"] = "NONE".into();
    let went = run(
        &definition,
        "sagemaker",
        100,
        "SageMaker.AmazonSageMakerException",
        &by_sagemaker(400, "AccessDeniedException"),
    );
    assert_eq!((went.calls, went.retries, went.seconds), (6, 5, 5 + 10 + 20 + 40 + 80));
}

#[test]
fn the_page_tells_of_every_name() {
    let page = text(PAGE);
    let mut names: Vec<&str> = passing()
        .into_iter()
        .chain(permanent())
        .map(|(_, name, _)| name)
        .collect();
    names.extend(["States.Runtime", "SageMaker.AmazonSageMakerException"]);
    let definition = planned("dev").definition();
    let states = definition["States"].as_object().into_iter().flatten();
    let handlers = states
        .flat_map(|(_, fields)| ["Retry", "Catch"].map(|kind| &fields[kind]))
        .flat_map(|handlers| handlers.as_array().into_iter().flatten());
    let handled = handlers.flat_map(|handler| handler["ErrorEquals"].as_array().into_iter().flatten());
    names.extend(handled.filter_map(Value::as_str));
    names.sort_unstable();
    names.dedup();
    let untold = names.into_iter().filter(|name| !page.contains(&format!("`{name}`")));
    let findings = untold.map(|name| {
        Finding::new(
            PAGE,
            format_args!("`{name}` is not in it"),
            "say when AWS gives this name, and whether it passes",
        )
    });
    assert_none(findings.collect());
}
