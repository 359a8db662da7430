//! Lambda itself, with a function that does what its event tells it to: processes, time, memory, retries.

use platform::account::Account;
use platform::iam::NewRole;
use platform::journal::{Entry, Happening};
use platform::principal::Principal;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use stepline::cloud::Cloud;

/// A cloud with one function, `subject`, whose process is the fixture.
async fn cloud_with(settings: Value) -> Arc<Cloud> {
    let cloud = Cloud::new(Account::local(), PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    stepline::gateway::serve(cloud.clone(), listener).expect("a gateway");
    cloud.pace.set_poll_interval(Duration::from_millis(2));
    let role = NewRole::for_service("subject-role", "lambda.amazonaws.com");
    let role = cloud.iam.create_role(&cloud.account, role).expect("a role");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/function.py");
    cloud.lambda.provide("fixture", fixture).await;
    let mut input = json!({
        "FunctionName": "subject",
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Role": role,
        "Code": {"LocalBinary": "fixture"},
        "Timeout": 10,
    });
    for (name, value) in settings.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    call(&cloud, "CreateFunction", input).await;
    cloud
}

async fn call(cloud: &Arc<Cloud>, operation: &str, input: Value) -> Value {
    let output = cloud.call(&Principal::Administrator, "lambda", operation, input).await;
    output.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

async fn invoke(cloud: &Arc<Cloud>, event: Value) -> Value {
    call(cloud, "Invoke", json!({"FunctionName": "subject", "Payload": event})).await
}

/// What the REPORT lines say: outcome, attempt, and whether a process was started for it.
fn reports(cloud: &Cloud) -> Vec<(String, u32, bool)> {
    let entries = cloud.journal.entries().into_iter();
    entries
        .filter_map(|entry| match entry.happening {
            Happening::Invocation {
                outcome, attempt, init, ..
            } => Some((outcome, attempt, init.is_some())),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_process_is_kept_warm_for_the_next_event() {
    let cloud = cloud_with(json!({})).await;
    let first = invoke(&cloud, json!({"do": "process"})).await;
    let second = invoke(&cloud, json!({"do": "process"})).await;
    assert_eq!(first["Payload"], second["Payload"]);
    assert_eq!(
        reports(&cloud),
        [("Succeeded".into(), 1, true), ("Succeeded".into(), 1, false)]
    );
}

#[tokio::test]
async fn events_at_one_time_have_a_process_each() {
    let cloud = cloud_with(json!({})).await;
    let ask = || invoke(&cloud, json!({"do": "process"}));
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    assert_ne!(one["Payload"], two["Payload"]);
    assert_ne!(two["Payload"], three["Payload"]);
}

#[tokio::test]
async fn a_process_gets_lambdas_environment_and_nothing_of_this_machines() {
    let variables = json!({"Environment": {"Variables": {"RULES": "[]"}}, "MemorySize": 256});
    let cloud = cloud_with(variables).await;
    let environment = invoke(&cloud, json!({"do": "environment"})).await["Payload"].clone();
    for (name, expected) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "subject"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_REGION", "us-east-1"),
        ("RULES", "[]"),
    ] {
        assert_eq!(environment[name], expected, "{name}");
    }
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
    ] {
        assert!(environment[name].is_string(), "{name}");
    }
    for name in ["HOME", "CARGO_MANIFEST_DIR", "USER"] {
        assert!(environment[name].is_null(), "{name}");
    }
    let key = environment["AWS_ACCESS_KEY_ID"].as_str().expect("a key");
    let token = environment["AWS_SESSION_TOKEN"].as_str();
    let principal = cloud.iam.principal_of(key, token).expect("the function's role");
    let expected = Principal::role_session("subject-role", "subject");
    assert_eq!(principal.arn(&cloud.account), expected.arn(&cloud.account));
}

#[tokio::test]
async fn each_process_has_a_runtime_api_of_its_own_at_a_host_and_port() {
    let cloud = cloud_with(json!({})).await;
    let ask = || invoke(&cloud, json!({"do": "environment"}));
    let (one, other) = tokio::join!(ask(), ask());
    let addresses = [one, other].map(|environment| {
        let said = environment["Payload"]["AWS_LAMBDA_RUNTIME_API"].clone();
        let address: SocketAddr = serde_json::from_value(said).expect("a host and a port, without scheme and path");
        assert!(address.ip().is_loopback(), "{address}");
        address
    });
    assert_ne!(addresses[0], addresses[1]);
}

#[tokio::test]
async fn the_deadline_is_the_timeout_from_now() {
    let cloud = cloud_with(json!({"Timeout": 20})).await;
    let context = invoke(&cloud, json!({"do": "context"})).await["Payload"].clone();
    let left = context["deadline"].as_f64().expect("a deadline");
    assert!((15_000.0..=20_000.0).contains(&left), "{left}");
    assert_eq!(context["arn"], "arn:aws:lambda:us-east-1:123456789012:function:subject");
}

#[tokio::test]
async fn errors_crashes_and_overrun_time_are_told_apart() {
    let cloud = cloud_with(json!({"Timeout": 1})).await;
    for (event, outcome, kind, message) in [
        (json!({"do": "fail"}), "Failed", "ValueError", "asked to fail"),
        (
            json!({"do": "exit", "code": 7}),
            "Crashed",
            "Runtime.ExitError",
            "exit status 7",
        ),
        (
            json!({"do": "hang"}),
            "TimedOut",
            "Sandbox.Timedout",
            "Task timed out after 1.00 seconds",
        ),
    ] {
        let answer = invoke(&cloud, event.clone()).await;
        assert_eq!(answer["FunctionError"], "Unhandled", "{event}");
        assert_eq!(answer["Payload"]["errorType"], kind, "{event}");
        let said = answer["Payload"]["errorMessage"].as_str().unwrap_or_default();
        assert!(said.contains(message), "{event}: {said}");
        assert_eq!(reports(&cloud).last().expect("a report").0, outcome, "{event}");
    }
}

#[tokio::test]
async fn a_process_that_cannot_start_says_why() {
    for (way, kind) in [("report", "Config"), ("exit", "Runtime.ExitError")] {
        let cloud = cloud_with(json!({"Environment": {"Variables": {"BREAK_INIT": way}}})).await;
        let answer = invoke(&cloud, json!({"do": "echo"})).await;
        assert_eq!(answer["Payload"]["errorType"], kind, "{way}");
    }
}

#[tokio::test]
async fn an_asynchronous_event_is_tried_three_times() {
    let cloud = cloud_with(json!({})).await;
    let event = json!({"FunctionName": "subject", "InvocationType": "Event", "Payload": {"do": "fail"}});
    let accepted = call(&cloud, "Invoke", event).await;
    assert_eq!(accepted["StatusCode"], 202);
    let request_id = accepted["RequestId"].as_str().expect("a request id");
    assert_eq!(cloud.ongoing.end(request_id).await, Some(false));
    cloud.lambda.settled().await;
    let attempts: Vec<u32> = reports(&cloud).iter().map(|(_, attempt, _)| *attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
}

#[tokio::test]
async fn a_crashed_attempt_is_repeated_with_the_same_event() {
    let cloud = cloud_with(json!({})).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let payload = json!({"do": "exit once", "marker": folder.path().join("marker")});
    let event = json!({"FunctionName": "subject", "InvocationType": "Event", "Payload": payload});
    let accepted = call(&cloud, "Invoke", event).await;
    let request_id = accepted["RequestId"].as_str().expect("a request id");
    assert_eq!(cloud.ongoing.end(request_id).await, Some(true));
    let outcomes: Vec<(String, u32)> = reports(&cloud)
        .into_iter()
        .map(|(outcome, attempt, _)| (outcome, attempt))
        .collect();
    assert_eq!(outcomes, [("Crashed".into(), 1), ("Succeeded".into(), 2)]);
}

#[tokio::test]
async fn lines_that_a_function_prints_are_in_the_journal() {
    let cloud = cloud_with(json!({})).await;
    invoke(&cloud, json!({"do": "print"})).await;
    // The process is over when its lines have all been read.
    invoke(&cloud, json!({"do": "exit", "code": 0})).await;
    let mut lines: Vec<String> = cloud
        .journal
        .entries()
        .into_iter()
        .filter_map(|entry| match entry.happening {
            Happening::LogLine { group, line, .. } if group == "/aws/lambda/subject" => Some(line),
            _ => None,
        })
        .collect();
    lines.sort();
    assert_eq!(lines, ["to standard error", "to standard output"]);
}

#[tokio::test]
async fn what_a_function_was_asked_and_answered_is_in_the_journal_without_secrets() {
    let cloud = cloud_with(json!({})).await;
    let put = json!({"Name": "/secret", "Value": "hunter22", "Type": "SecureString"});
    cloud
        .call(&Principal::Administrator, "ssm", "PutParameter", put)
        .await
        .unwrap();
    let credentials = cloud.iam.assume_role("subject-role", "job", Vec::new()).unwrap();
    let artifacts =
        json!({"secretAccessKey": credentials.secret_access_key, "sessionToken": credentials.session_token});
    let event = json!({"do": "echo", "key": "hunter22", "artifactCredentials": artifacts});
    invoke(&cloud, event).await;
    invoke(&cloud, json!({"do": "print"})).await;
    invoke(&cloud, json!({"do": "exit", "code": 0})).await;
    let entries = cloud.journal.entries();
    let (asked, answered, group, stream) = entries
        .iter()
        .find_map(|entry| match &entry.happening {
            Happening::Invocation {
                event,
                answer,
                log_group,
                log_stream,
                ..
            } => Some((event, answer, log_group, log_stream)),
            _ => None,
        })
        .unwrap();
    for text in [asked, answered] {
        let shown: Value = serde_json::from_str(text).unwrap();
        assert!(shown.to_string().contains("••••••"), "{shown}");
        for secret in ["hunter22", &credentials.secret_access_key, &credentials.session_token] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let printed = |entry: &Entry| {
        matches!(&entry.happening, Happening::LogLine { group: of, stream: to, line }
            if of == group && to == stream && line == "to standard output")
    };
    assert!(entries.iter().any(printed));
}

#[tokio::test]
async fn memory_is_measured() {
    let cloud = cloud_with(json!({})).await;
    invoke(&cloud, json!({"do": "echo"})).await;
    let measured = cloud
        .journal
        .entries()
        .into_iter()
        .find_map(|entry| match entry.happening {
            Happening::Invocation { max_memory_used_mb, .. } => Some(max_memory_used_mb),
            _ => None,
        });
    assert!(
        measured.is_some_and(|megabytes| (2..200).contains(&megabytes)),
        "{measured:?}"
    );
}

#[tokio::test]
async fn what_lambda_does_not_have_here_is_refused_by_name() {
    let cloud = cloud_with(json!({})).await;
    let administrator = Principal::Administrator;
    for (operation, input, part) in [
        ("Invoke", json!({"FunctionName": "nobody"}), "nobody"),
        (
            "Invoke",
            json!({"FunctionName": "subject", "InvocationType": "Later"}),
            "`Later`",
        ),
        (
            "ListFunctionUrlConfigs",
            json!({"FunctionName": "x"}),
            "ListFunctionUrlConfigs",
        ),
        (
            "CreateFunction",
            json!({"FunctionName": "x", "FileSystemConfigs": []}),
            "FileSystemConfigs",
        ),
    ] {
        let mut input = input;
        if operation == "CreateFunction" {
            input["Role"] = "arn:aws:iam::123456789012:role/subject-role".into();
        }
        let error = cloud
            .call(&administrator, "lambda", operation, input)
            .await
            .expect_err(operation);
        assert!(error.message.contains(part), "{operation}: {error}");
    }
}
