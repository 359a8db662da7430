//! The binary as Lambda runs it: the Runtime API on one side, Parameter Store on the other.

use serde_json::{Value, json};
use test_support::Process;

const BINARY: &str = env!("CARGO_BIN_EXE_resolve-parameters");

/// A Parameter Store with `/ml/dev/volume-size`, and `/ml/dev/busy` behind a throttle.
fn parameter_store(target: &str, body: &Value) -> (u16, Value) {
    assert_eq!(target, "AmazonSSM.GetParameters");
    let names: Vec<&str> = body["Names"]
        .as_array()
        .expect("names")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    match names[..] {
        ["/ml/dev/volume-size"] => (
            200,
            json!({"Parameters": [
                {"Name": "/ml/dev/volume-size", "Type": "String", "Value": "10", "Version": 1},
            ]}),
        ),
        ["/ml/dev/seed"] => (
            200,
            json!({"Parameters": [
                {"Name": "/ml/dev/seed", "Type": "String", "Value": "9007199254740993", "Version": 1},
            ]}),
        ),
        ["/ml/dev/busy"] => (
            400,
            json!({"__type": "ThrottlingException", "message": "Rate exceeded"}),
        ),
        _ => (200, json!({"InvalidParameters": names})),
    }
}

fn request(name: &str) -> Value {
    json!({"parameters": {"size": {"name": name, "as": "integer"}}})
}

#[test]
fn answers_and_errors_reach_lambda_under_their_names() {
    let process = Process::start(BINARY, &[], parameter_store);
    assert_eq!(process.invoke(&request("/ml/dev/volume-size")), Ok(json!({"size": 10})));
    for (event, name, message) in [
        (
            request("/ml/dev/none"),
            "ParameterNotFound",
            "`size`: there is no parameter `/ml/dev/none`",
        ),
        (
            request("/ml/dev/busy"),
            "ParameterStoreUnavailable",
            "`size`: `/ml/dev/busy` could not be read: `GetParameters` was throttled",
        ),
        (json!([]), "ParameterInvalid", "the request is not an object"),
    ] {
        let error = process.invoke(&event).expect_err(name);
        assert_eq!(error["errorType"], name);
        assert!(
            error["errorMessage"]
                .as_str()
                .is_some_and(|text| text.starts_with(message)),
            "{error}"
        );
    }
    assert_eq!(
        process.invoke(&request("/ml/dev/volume-size")),
        Ok(json!({"size": 10})),
        "an error ends no process"
    );
}

#[test]
fn a_request_is_read_with_the_numbers_that_are_written_in_it() {
    let process = Process::start(BINARY, &[], parameter_store);
    let asked = |name: &str, default: &str| {
        process.invoke_text(&format!(
            r#" {{"parameters": {{"seed": {{"name": "{name}", "as": "json", "default": {default}}}}}}} "#
        ))
    };
    assert_eq!(
        asked("/ml/dev/seed", "7"),
        Ok(json!({"seed": 9_007_199_254_740_993_u64}))
    );
    assert_eq!(
        asked("/ml/dev/none", "[9007199254740993, 1.50]"),
        Ok(json!({"seed": [9_007_199_254_740_993_u64, 1.5]}))
    );
    for (default, message) in [
        (
            "[0, 18446744073709551617]",
            "the request: `parameters.seed.default[1]` is a number that would change here",
        ),
        (
            "1e999",
            "the request: `parameters.seed.default` is a number that would change",
        ),
        (
            r#""\udc00""#,
            "the request: `parameters.seed.default` has half of a surrogate pair",
        ),
    ] {
        let error = asked("/ml/dev/none", default).expect_err(default);
        assert_eq!(error["errorType"], "ParameterInvalid", "{error}");
        let told = error["errorMessage"].as_str().unwrap_or_default();
        assert!(told.starts_with(message), "{error}");
    }
}

#[test]
fn settings_that_cannot_be_end_the_start_by_name() {
    let (succeeded, written) = Process::run(BINARY, &[("CACHE_TTL_SECONDS", "soon")]);
    assert!(!succeeded && written.contains("CACHE_TTL_SECONDS"), "{written}");
    let (succeeded, written) = Process::run(BINARY, &[("AWS_REGION", "")]);
    assert!(!succeeded && written.contains("AWS_REGION"), "{written}");
}
