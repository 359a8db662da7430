//! The samples of `resolve-parameters`: the values, or the error that a state machine can catch.

use super::world::{World, sample};
use serde_json::{Value, json};

/// A sample, the parameters that are there besides the templates' own, and the answer: the values, or the error's name
/// and a part of its message.
type Case = (&'static str, Value, Result<Value, (&'static str, &'static str)>);

fn cases() -> Vec<Case> {
    let nothing = || json!({});
    let nested = || json!({"/ml/dev/hyper/rate": ["String", "0.1"]});
    let medium = || Ok(json!({"instanceType": "ml.t3.medium"}));
    vec![
        (
            "ml-pipeline",
            nothing(),
            Ok(json!({
                "pythonEnv": "development", "instanceType": "ml.t3.medium", "volumeSize": 10,
                "scanLevel": "CRITICAL", "scanAllowed": [],
            })),
        ),
        (
            "types",
            nothing(),
            Ok(json!({
                "text": "ml.t3.medium",
                "asText": "10",
                "asInteger": 10,
                "asNumber": 10,
                "asJson": 10,
                "asList": ["ml.t3.medium"],
            })),
        ),
        (
            "defaults",
            nothing(),
            Ok(json!({"learningRate": 0.001, "shuffle": true, "labels": ["cat", "dog"]})),
        ),
        (
            "defaults",
            json!({"/ml/dev/shuffle": ["String", "false"], "/ml/dev/labels": ["StringList", "a,b"]}),
            Ok(json!({"learningRate": 0.001, "shuffle": false, "labels": ["a", "b"]})),
        ),
        ("path", nested(), Ok(json!({"settings": deployed()}))),
        (
            "path-recursive",
            nested(),
            Ok(json!({"settings": with(deployed(), "hyper", json!({"rate": "0.1"}))})),
        ),
        ("path-empty", nothing(), Ok(json!({"hyper": {}}))),
        ("version", nothing(), medium()),
        ("arn", nothing(), medium()),
        ("reference", nothing(), Ok(json!({"apiKey": "/ml/dev/instance-type:1"}))),
        (
            "not-found",
            nothing(),
            Err(("ParameterNotFound", "/ml/dev/no-such-parameter")),
        ),
        ("unknown-label", nothing(), Err(("ParameterNotFound", "no-such-label"))),
        ("ill-typed", nothing(), Err(("ParameterInvalid", "`volumeSize`"))),
        ("malformed", nothing(), Err(("ParameterInvalid", "`parameters`"))),
        (
            "secure",
            json!({"/ml/dev/api-key": ["SecureString", "told to nobody"]}),
            Err(("SecureParameterRefused", "`/ml/dev/api-key`")),
        ),
        (
            "access-denied",
            nothing(),
            Err(("ParameterAccessDenied", "`/somebody-elses/parameter`")),
        ),
    ]
}

/// What the template puts below `/ml/dev`.
fn deployed() -> Value {
    json!({
        "data": r#"{"prefix": "raw/", "rows": 1000, "dropped": 0.05}"#,
        "gate": r#"{"metric": "accuracy", "threshold": 0.8, "tolerance": 0.01}"#,
        "hyperparameters": r#"{"learning-rate": 0.1, "max-iterations": 60, "max-depth": 4}"#,
        "instance-type": "ml.t3.medium",
        "prices": concat!(
            r#"{"us-east-1": {"ml.t3.medium": 0.05, "ml.m5.large": 0.115, "ml.m5.xlarge": 0.23}, "#,
            r#""ap-northeast-1": {"ml.t3.medium": 0.065, "ml.m5.large": 0.149, "ml.m5.xlarge": 0.298}}"#,
        ),
        "scan-allowed": "[]",
        "scan-level": "CRITICAL",
        "training": r#"{"instanceType": "ml.m5.large", "maxRuntimeSeconds": 3600, "concurrency": 2}"#,
        "volume-size": "10",
    })
}

fn with(mut value: Value, name: &str, more: Value) -> Value {
    value[name] = more;
    value
}

/// The samples that these cases run.
pub(crate) fn names() -> impl Iterator<Item = String> {
    cases()
        .into_iter()
        .map(|(name, ..)| format!("resolve-parameters-{name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn values_or_an_error_to_catch() {
    for (name, parameters, expected) in cases() {
        let world = World::new().await;
        for (parameter, value) in parameters.as_object().into_iter().flatten() {
            let input = json!({"Name": parameter, "Type": value[0], "Value": value[1]});
            world.call("ssm", "PutParameter", input).await;
        }
        let event = sample(&format!("resolve-parameters-{name}"));
        let answer = world.handle("resolve-parameters", &event).await.answer;
        match (answer, expected) {
            (Err(error), Err((kind, part))) => {
                assert_eq!(error["errorType"], kind, "{name}: {error}");
                let message = error["errorMessage"].as_str().unwrap_or_default();
                assert!(message.contains(part), "{name}: {message}");
                assert!(!message.contains("told to nobody"), "{name}: {message}");
            }
            (answer, expected) => assert_eq!(answer, expected.map_err(|(kind, _)| json!(kind)), "{name}"),
        }
    }
}
