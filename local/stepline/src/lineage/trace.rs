//! What every part of the trace shares: how it asks, and how it notes what it found of a link.

use super::calls::Calls;
use super::record::{Link, Topic, Verdict};
use super::values::text;
use crate::aws::{Looked, LookupError};
use serde_json::Value;

/// The trace of one model package.
pub(super) struct Trace<'a> {
    pub(super) calls: &'a dyn Calls,
    /// The package as DescribeModelPackage answers it.
    pub(super) package: &'a Value,
    /// The document that the registration wrote, whole, where it is there.
    pub(super) document: Option<Value>,
    pub(super) links: Vec<Link>,
}

/// The codes that say that nothing is there. SageMaker has none of its own for that.
const ABSENT: &[&str] = &[
    "ClientException",
    "ClusterNotFoundException",
    "ImageNotFoundException",
    "MethodNotAllowed",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchVersion",
    "NotFound",
    "RepositoryNotFoundException",
    "ServiceNotFoundException",
    "ResourceNotFound",
    "ValidationException",
    "ValidationError",
    "404",
    "405",
];

/// Whether an error says that nothing is there.
pub(super) fn is_absent(error: &LookupError) -> bool {
    ABSENT.contains(&error.code.as_str())
}

impl Trace<'_> {
    /// What the registration noted under a name.
    pub(super) fn noted(&self, name: &str) -> Option<String> {
        let properties = &self.package["CustomerMetadataProperties"];
        properties.get(name).and_then(|value| text(value, "")).or_else(|| {
            // What is not in the registry may still be in the document.
            self.document
                .as_ref()
                .and_then(|document| text(document.get(name)?, ""))
        })
    }

    pub(super) fn note(&mut self, topic: Topic, verdict: Verdict, text: impl Into<String>) {
        let text = text.into();
        self.links.push(Link { topic, verdict, text });
    }

    /// An answer; else what its absence means is noted.
    pub(super) fn there<T>(&mut self, topic: Topic, answer: Looked<T>, absent: (Verdict, &str)) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer),
            Err(error) if is_absent(&error) => {
                self.note(topic, absent.0, absent.1);
                None
            }
            Err(error) => {
                self.note(topic, Verdict::Unseen, error.to_string());
                None
            }
        }
    }

    /// Notes whether two ends of a link say the same.
    pub(super) fn compare(
        &mut self,
        topic: Topic,
        what: &str,
        here: (&str, Option<&str>),
        there: (&str, Option<&str>),
    ) {
        match (here.1, there.1) {
            (Some(one), Some(other)) if one == other => {
                self.note(
                    topic,
                    Verdict::Agrees,
                    format!("{what}: {} and {} say the same", here.0, there.0),
                );
            }
            // What was never said agrees with everything.
            (None, None) => {}
            (one, other) => {
                let (one, other) = (one.unwrap_or("nothing"), other.unwrap_or("nothing"));
                let text = format!("{what}: {} says {one}, {} says {other}", here.0, there.0);
                self.note(topic, Verdict::Broken, text);
            }
        }
    }
}
