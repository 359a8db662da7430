//! What comes in: EventBridge says that an image arrived, that it is time for a look, or something else.

use serde::Deserialize;
use serde_json::Value;
use shared::time::Timestamp;
use thiserror::Error;

/// What an event means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An image is new in a repository, or has a new tag.
    Arrival(Arrival),
    /// The schedule fired.
    Look {
        /// The account whose registry is looked through: the account of the schedule.
        registry_id: String,
    },
    /// An event that starts nothing, and why.
    Irrelevant(String),
}

/// An image that arrived in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The account whose registry it is in.
    pub registry_id: String,
    /// The registry's region.
    pub region: String,
    /// The repository's name.
    pub repository: String,
    /// The manifest's digest.
    pub digest: String,
    /// The tag it was pushed with, if with any.
    pub tag: Option<String>,
    /// When it arrived, as the event says.
    pub time: Option<Timestamp>,
}

/// An event that cannot be read. The message says what is missing, and never quotes the event.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EventError {
    /// It is not an event of EventBridge.
    #[error("the event is not one of EventBridge: {0}")]
    Envelope(String),
    /// Its detail does not have the form of its type.
    #[error("the detail of `{detail_type}` cannot be read: {reason}")]
    Detail {
        /// The event's type.
        detail_type: String,
        /// What is wrong.
        reason: String,
    },
    /// It comes from a source that this function does not know.
    #[error("nothing is known to do with `{detail_type}` of `{source_name}`")]
    Unknown {
        /// Where the event comes from.
        source_name: String,
        /// The event's type.
        detail_type: String,
    },
}

/// <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Envelope {
    source: String,
    detail_type: String,
    account: String,
    region: String,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    detail: Value,
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ImageAction {
    result: String,
    repository_name: String,
    image_digest: String,
    action_type: String,
    /// Absent or empty for a push without a tag: both have been seen.
    #[serde(default)]
    image_tag: Option<String>,
}

impl Event {
    /// Reads an event of EventBridge.
    ///
    /// An image that was replicated into this registry counts like one that was pushed: a look would find it, too.
    ///
    /// # Errors
    /// [`EventError`] if it is not an event, or not one for this function. People find it in the queue for failed
    /// events.
    pub fn parse(event: &Value) -> Result<Self, EventError> {
        let envelope = Envelope::deserialize(event).map_err(|error| EventError::Envelope(error.to_string()))?;
        match (envelope.source.as_str(), envelope.detail_type.as_str()) {
            ("aws.events" | "aws.scheduler", "Scheduled Event") => Ok(Self::Look {
                registry_id: envelope.account,
            }),
            ("aws.ecr", "ECR Image Action") => envelope.image_action("PUSH"),
            ("aws.ecr", "ECR Replication Action") => envelope.image_action("REPLICATE"),
            ("aws.ecr", other) => Ok(Self::Irrelevant(format!("`{other}` says nothing of an image to run"))),
            _ => Err(EventError::Unknown {
                source_name: envelope.source,
                detail_type: envelope.detail_type,
            }),
        }
    }
}

impl Envelope {
    /// What an event about one image means: an arrival, if it says that this action succeeded.
    fn image_action(self, arrival: &str) -> Result<Event, EventError> {
        let action = ImageAction::deserialize(&self.detail).map_err(|error| self.unreadable(error.to_string()))?;
        if action.action_type != arrival {
            return Ok(Event::Irrelevant(format!(
                "`{}` is not the arrival of an image",
                action.action_type
            )));
        }
        if action.result != "SUCCESS" {
            return Ok(Event::Irrelevant(format!(
                "the {} ended with `{}`",
                arrival.to_lowercase(),
                action.result
            )));
        }
        if !is_digest(&action.image_digest) {
            return Err(self.unreadable("`image-digest` is not a digest".to_owned()));
        }
        Ok(Event::Arrival(Arrival {
            registry_id: self.account,
            region: self.region,
            repository: action.repository_name,
            digest: action.image_digest,
            tag: action.image_tag.filter(|tag| !tag.is_empty()),
            time: self.time.as_deref().and_then(Timestamp::parse),
        }))
    }

    fn unreadable(&self, reason: String) -> EventError {
        EventError::Detail {
            detail_type: self.detail_type.clone(),
            reason,
        }
    }
}

/// `sha256:` and 64 hexadecimal digits: <https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests>.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64
            && hex
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(source: &str, detail_type: &str, detail: Value) -> Value {
        json!({
            "version": "0", "id": "13cde686-328b-6117-af20-0e5566167482", "source": source, "detail-type": detail_type,
            "account": "123456789012", "time": "2026-11-23T12:00:00Z", "region": "us-east-1", "resources": [],
            "detail": detail,
        })
    }

    fn digest() -> String {
        format!("sha256:{}", "a1".repeat(32))
    }

    #[test]
    fn a_tag_is_there_or_not_and_never_empty() {
        for (tag, expected) in [(json!("v1"), Some("v1")), (json!(""), None), (Value::Null, None)] {
            let detail = json!({
                "result": "SUCCESS", "repository-name": "team/ml", "image-digest": digest(), "action-type": "PUSH",
                "image-tag": tag,
            });
            let parsed = Event::parse(&event("aws.ecr", "ECR Image Action", detail));
            let Ok(Event::Arrival(arrival)) = parsed else {
                panic!("{parsed:?}")
            };
            assert_eq!(
                (arrival.repository.as_str(), arrival.tag.as_deref()),
                ("team/ml", expected)
            );
        }
    }

    #[test]
    fn events_that_start_nothing_say_why() {
        let action = |action: &str, result: &str| json!({"result": result, "repository-name": "ml", "image-digest": digest(), "action-type": action});
        let cases = [
            (
                "ECR Image Action",
                action("DELETE", "SUCCESS"),
                "`DELETE` is not the arrival of an image",
            ),
            (
                "ECR Image Action",
                action("UPDATE_STORAGE_CLASS", "SUCCESS"),
                "`UPDATE_STORAGE_CLASS` is not the arrival of an image",
            ),
            (
                "ECR Image Action",
                action("PUSH", "FAILURE"),
                "the push ended with `FAILURE`",
            ),
            (
                "ECR Replication Action",
                action("REPLICATE", "FAILED"),
                "the replicate ended with `FAILED`",
            ),
            (
                "ECR Image Scan",
                json!({}),
                "`ECR Image Scan` says nothing of an image to run",
            ),
            (
                "ECR Referrer Action",
                action("PUSH", "SUCCESS"),
                "`ECR Referrer Action` says nothing of an image to run",
            ),
        ];
        for (detail_type, detail, reason) in cases {
            let parsed = Event::parse(&event("aws.ecr", detail_type, detail));
            assert_eq!(parsed, Ok(Event::Irrelevant(reason.to_owned())));
        }
    }

    #[test]
    fn a_digest_has_64_digits_and_all_of_them_are_hexadecimal() {
        assert!(is_digest(&digest()));
        for digits in ["a1".repeat(31), "a1".repeat(33), "g1".repeat(32), "A1".repeat(32)] {
            assert!(!is_digest(&format!("sha256:{digits}")), "{digits}");
        }
    }

    #[test]
    fn a_schedule_means_a_look() {
        assert_eq!(
            Event::parse(&event("aws.events", "Scheduled Event", json!({}))),
            Ok(Event::Look {
                registry_id: "123456789012".to_owned()
            })
        );
    }

    #[test]
    fn what_is_no_event_for_this_function_is_an_error() {
        let push = |detail| event("aws.ecr", "ECR Image Action", detail);
        let cases = [
            (json!("PUSH"), "not one of EventBridge"),
            (json!({"source": "aws.ecr"}), "missing field `detail-type`"),
            (push(json!({})), "missing field `result`"),
            (
                push(
                    json!({"result": "SUCCESS", "repository-name": "ml", "image-digest": "latest", "action-type": "PUSH"}),
                ),
                "`image-digest` is not a digest",
            ),
            (
                event("aws.s3", "Object Created", json!({})),
                "nothing is known to do with `Object Created` of `aws.s3`",
            ),
        ];
        for (event, message) in cases {
            let error = Event::parse(&event).expect_err(message).to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
