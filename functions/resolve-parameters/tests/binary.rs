//! The binary as Lambda runs it: the Runtime API on one side, Parameter Store on the other.

use serde_json::{Value, json};
use shared::fakes::runtime::Process;

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
fn settings_that_cannot_be_end_the_start_by_name() {
    let (succeeded, written) = Process::run(BINARY, &[("CACHE_TTL_SECONDS", "soon")]);
    assert!(!succeeded && written.contains("CACHE_TTL_SECONDS"), "{written}");
    let (succeeded, written) = Process::run(BINARY, &[("AWS_REGION", "")]);
    assert!(!succeeded && written.contains("AWS_REGION"), "{written}");
}
