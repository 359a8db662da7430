//! The function's binary against a service on this machine: answers, and every way in which there is none.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_support::{Loopback, Process, Reply};

const BINARY: &str = env!("CARGO_BIN_EXE_ask-service");

fn start() -> Process {
    let nothing_of_aws = |target: &str, _: &Value| -> Reply { panic!("{target} was called") };
    Process::start(BINARY, &[("ANSWER_TIMEOUT_SECONDS", "1")], nothing_of_aws)
}

/// A service that answers `/version` with this, and `/ping` as a healthy one.
fn service(version: impl Fn() -> Reply + Send + Sync + 'static) -> Loopback {
    Loopback::start(move |request| match request.target.as_str() {
        "/ping" => Reply::new(200, ""),
        "/version" => version(),
        other => Reply::new(404, format!("no {other}")),
    })
}

fn event(url: &str) -> Value {
    json!({"url": url, "expect": {"modelPackageArn": "arn:p/2", "image": "i@sha256:2"}})
}

/// The name and the message of the error.
fn refused(process: &Process, event: &Value) -> (String, String) {
    let error = process.invoke(event).expect_err("an error");
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    (text("errorType"), text("errorMessage"))
}

#[test]
fn what_is_served_is_answered() {
    let process = start();
    let said =
        json!({"modelPackageArn": "arn:p/2", "image": "i@sha256:2", "commit": null, "metrics": {"accuracy": 0.8934}});
    let answer = said.to_string();
    let service = service(move || Reply::new(200, answer.clone()));
    assert_eq!(process.invoke(&event(&format!("{}/", service.url()))), Ok(said));
    let asked = service.requests();
    let asked: Vec<_> = asked
        .iter()
        .map(|request| (request.method.as_str(), request.target.as_str()))
        .collect();
    assert_eq!(asked, [("GET", "/ping"), ("GET", "/version")]);
    let host = service.requests()[0].header("host").map(str::to_owned);
    assert_eq!(host.as_deref(), service.url().strip_prefix("http://"));
}

#[test]
fn another_version_is_told_with_both_values() {
    let process = start();
    let service = service(|| Reply::new(200, r#"{"modelPackageArn": "arn:p/1", "image": "i@sha256:2"}"#));
    let (name, message) = refused(&process, &event(&service.url()));
    assert_eq!(name, "VersionMismatch");
    let told = "/version` serves something else: `modelPackageArn` is `arn:p/1`, and `arn:p/2` is expected";
    assert_eq!(message, format!("`{}{told}", service.url()));
}

#[test]
fn a_service_that_is_not_healthy_is_told_with_what_it_said() {
    let process = start();
    let unhealthy = Loopback::start(|_| Reply::new(503, format!("no model{}", "!".repeat(1000))));
    let (name, message) = refused(&process, &event(&unhealthy.url()));
    assert_eq!(name, "ServiceNotHealthy");
    let said = format!("no model{}", "!".repeat(192));
    assert_eq!(message, format!("`{}/ping` answered 503: {said}", unhealthy.url()));
    assert_eq!(unhealthy.requests().len(), 1, "/version is not asked then");

    let elsewhere = Loopback::start(|_| Reply::new(302, "").header("location", "http://127.0.0.1:1/"));
    let (name, message) = refused(&process, &event(&elsewhere.url()));
    assert_eq!(
        (name.as_str(), message.ends_with("answered 302")),
        ("ServiceNotHealthy", true)
    );

    let long = service(|| Reply::new(200, format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20))));
    let (name, message) = refused(&process, &event(&long.url()));
    assert_eq!(name, "ServiceNotHealthy");
    assert!(
        message.contains("/version` answered more than a version has: {\"a\": \"xxx"),
        "{message}"
    );
}

#[test]
fn a_service_that_does_not_answer_is_not_reached() {
    let process = start();
    let closed = Loopback::closed();
    let (name, message) = refused(&process, &event(&closed.url()));
    assert_eq!(name, "ServiceNotReached");
    assert!(
        message.starts_with(&format!("`{}/ping` gave no answer: ", closed.url())),
        "{message}"
    );
    assert!(message.to_lowercase().contains("connection refused"), "{message}");

    let cut = Loopback::start(|_| Reply::cut_off());
    let (name, _) = refused(&process, &event(&cut.url()));
    assert_eq!(name, "ServiceNotReached");

    // It begins to answer and goes on for a minute.
    let slow = Loopback::start(|_| Reply::new(200, "x".repeat(600)).in_pieces(1, Duration::from_millis(100)));
    let begun = Instant::now();
    let (name, message) = refused(&process, &event(&slow.url()));
    assert_eq!(name, "ServiceNotReached");
    assert!(
        message.ends_with("/ping` gave no answer: none came within 1 s"),
        "{message}"
    );
    assert!(begun.elapsed() < Duration::from_secs(20), "it ends in time");

    let (name, message) = refused(&process, &event("http://no-such-host.invalid"));
    assert_eq!(name, "ServiceNotReached");
    assert!(
        message.starts_with("`http://no-such-host.invalid/ping` gave no answer: "),
        "{message}"
    );
}

#[test]
fn what_is_no_request_is_refused() {
    let process = start();
    let (name, message) = refused(&process, &json!({"url": "http://a"}));
    assert_eq!(
        (name.as_str(), message.as_str()),
        ("InputInvalid", "the request has no object `expect`")
    );
    let error = process.invoke_text(r#"{"url": 1e999}"#).expect_err("no number");
    assert_eq!(error["errorType"], "InputInvalid");
}

#[test]
fn settings_that_cannot_be_end_the_start_by_name() {
    let (succeeded, written) = Process::run(BINARY, &[("ANSWER_TIMEOUT_SECONDS", "soon")]);
    assert!(!succeeded && written.contains("ANSWER_TIMEOUT_SECONDS"), "{written}");
}
