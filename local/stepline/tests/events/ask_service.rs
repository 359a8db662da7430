//! The samples of `ask-service`: the error that a state machine can catch. A service that answers is in
//! `tests/chain/serving.rs`.

use super::world::{World, sample};

/// A sample, the error's name and a part of its message.
const CASES: &[(&str, &str, &str)] = &[
    (
        "not-reached",
        "ServiceNotReached",
        "`http://127.0.0.1:9/ping` gave no answer",
    ),
    (
        "malformed",
        "InputInvalid",
        "`url` must be an address such as `http://host`",
    ),
    (
        "nothing-expected",
        "InputInvalid",
        "`expect` has none of `modelPackageArn`, `image`, `commit`",
    ),
];

/// The samples that these cases run.
pub(crate) fn names() -> impl Iterator<Item = String> {
    CASES.iter().map(|(name, ..)| format!("ask-service-{name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_to_catch() {
    let world = World::new().await;
    for (name, kind, part) in CASES {
        let event = sample(&format!("ask-service-{name}"));
        let error = world.handle("ask-service", &event).await.answer.expect_err(name);
        assert_eq!(error["errorType"], *kind, "{name}: {error}");
        let message = error["errorMessage"].as_str().unwrap_or_default();
        assert!(message.contains(part), "{name}: {message}");
    }
}
