//! The samples of `image-push`: what is started, with which image, and why the rest is not.

use super::world::{World, sample};
use serde_json::{Value, json};

/// What comes of a sample.
enum Expected {
    /// One execution, with the image of the event.
    Started,
    /// One execution, with the image that the event of another sample names.
    StartedWith(&'static str),
    /// As many executions.
    StartedMany(usize),
    /// No execution, because of this.
    Ignored(&'static str),
    /// An error of this name, so that Lambda calls again.
    Error(&'static str),
}

const CASES: [(&str, Expected); 14] = [
    ("release", Expected::Started),
    ("released-build", Expected::Started),
    ("replication", Expected::Started),
    (
        "pipeline-build",
        Expected::Ignored("`ml-pipeline-dev` is not `ml-pipeline-release-dev`"),
    ),
    // Its rule names no platform: the image for linux/amd64.
    ("multi-platform-index", Expected::StartedWith("index-child")),
    ("provenance-index", Expected::StartedMany(1)),
    ("index-child", Expected::Ignored("no tag")),
    ("provenance-attestation", Expected::Ignored("no tag")),
    ("cosign-signature", Expected::Ignored(".sig` is not `release-*`")),
    ("other-repository", Expected::Ignored("`another-repository`")),
    ("failed-push", Expected::Ignored("FAILURE")),
    ("delete", Expected::Ignored("DELETE")),
    ("malformed", Expected::Error("EventInvalid")),
    // Everything that is tagged `release-*`: two images and two indexes.
    ("scheduled-look", Expected::StartedMany(4)),
];

/// The sample of several events at once.
const ARRAY: &str = "image-push-array";

/// The samples that these cases run.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let of_cases = CASES.iter().map(|(name, _)| format!("image-push-{name}"));
    of_cases.chain([ARRAY.to_owned()])
}

fn digest_in(name: &str) -> Value {
    sample(&format!("image-push-{name}"))["detail"]["image-digest"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_started_by_digest_or_ignored_with_a_reason() {
    for (name, expected) in &CASES {
        let world = World::new().await;
        let event = sample(&format!("image-push-{name}"));
        let handled = world.handle("image-push", &event).await;
        let (digest, executions) = match expected {
            Expected::Started => (Some(event["detail"]["image-digest"].clone()), 1),
            Expected::StartedWith(other) => (Some(digest_in(other)), 1),
            Expected::StartedMany(count) => (None, *count),
            Expected::Ignored(_) | Expected::Error(_) => (None, 0),
        };
        assert_eq!(handled.started.len(), executions, "{name}: {handled:?}");
        for started in &handled.started {
            let execution = world.execution(started).await;
            let (image, uri) = (&execution["input"]["image"], &execution["input"]["image"]["uri"]);
            let by_digest = format!(
                "ml-pipeline-release-dev@{}",
                image["digest"].as_str().unwrap_or_default()
            );
            assert!(
                uri.as_str().is_some_and(|uri| uri.ends_with(&by_digest)),
                "{name}: {image}"
            );
            if let Some(digest) = &digest {
                assert_eq!(image["digest"], *digest, "{name}");
                assert_eq!(image["tag"], event["detail"]["image-tag"], "{name}");
            }
        }
        match (expected, &handled.answer) {
            (Expected::Error(kind), Err(error)) => assert_eq!(error["errorType"], *kind, "{name}"),
            (Expected::Ignored(part), Ok(answer)) => {
                let decisions = answer["decisions"].as_array().expect("decisions");
                for decision in decisions {
                    assert_eq!(decision["decision"], "ignored", "{name}: {decision}");
                    let reason = decision["reason"].as_str().unwrap_or_default();
                    assert!(reason.contains(part), "{name}: {reason}");
                }
                assert_eq!(decisions.len(), 1, "{name}");
            }
            (_, Ok(answer)) => {
                let decisions = answer["decisions"].as_array().expect("decisions").iter();
                let said: Vec<&Value> = decisions.map(|decision| &decision["executionArn"]).collect();
                assert_eq!(json!(said), json!(handled.started), "{name}: {answer}");
            }
            (_, Err(error)) => panic!("{name}: {error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_an_array_are_answered_one_by_one() {
    let world = World::new().await;
    let events = sample(ARRAY);
    let handled = world.handle("image-push", &events).await;
    let events = events.as_array().expect("an array");
    assert_eq!(handled.started.len(), events.len(), "{handled:?}");
    let answer = handled.answer.expect("an answer");
    for ((event, answer), started) in events
        .iter()
        .zip(answer.as_array().expect("an array"))
        .zip(&handled.started)
    {
        assert_eq!(answer["event"], event["id"]);
        assert_eq!(answer["decisions"][0]["executionArn"], json!(started));
        let execution = world.execution(started).await;
        assert_eq!(execution["input"]["image"]["digest"], event["detail"]["image-digest"]);
    }
}
