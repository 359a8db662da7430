//! A scan of an image: what its label says that it finds.

use crate::manifest::Manifest;
use jiff::{SignedDuration, Timestamp};
use platform::input::seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The label in which an image says what a scan of it finds.
pub(super) const LABEL: &str = "stepline.scan";

/// How long a scan takes. On AWS it takes some seconds. Here it is done before anybody looks at it after a push.
pub(super) const SCAN_TIME: Duration = Duration::from_millis(20);

/// A scan of one image.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Scan {
    pub(super) begun_at: Timestamp,
    /// Whether the event of its end is on its way, or has been sent.
    is_told: bool,
    /// Its result, with the members that DescribeImageScanFindings answers.
    outcome: Value,
}

impl Scan {
    /// Begins the scan of an image, whose result is in its configuration. None for what ECR does not scan: an index, or
    /// an artifact that is not an image.
    pub(super) fn begin(manifest: &Manifest, config: &[u8], begun_at: Timestamp) -> Option<Self> {
        let is_image = manifest.config.as_ref().is_some_and(|config| {
            matches!(
                config.media_type.as_str(),
                "application/vnd.docker.container.image.v1+json" | "application/vnd.oci.image.config.v1+json"
            )
        });
        (is_image && !manifest.is_index() && manifest.subject.is_none()).then(|| Self {
            begun_at,
            is_told: false,
            outcome: outcome(config),
        })
    }

    /// The same scan, begun so long ago that it is done and its event was sent.
    pub(super) fn done(mut self) -> Self {
        self.begun_at -= SignedDuration::from_secs(60);
        self.is_told = true;
        self
    }

    /// Whether the event of its end is yet to be sent. Whoever asks sends it.
    pub(super) fn is_to_be_told(&mut self) -> bool {
        !std::mem::replace(&mut self.is_told, true)
    }

    pub(super) fn is_under_way(&self, now: Timestamp) -> bool {
        now.duration_since(self.begun_at).unsigned_abs() < SCAN_TIME
    }

    /// Its status, as ECR answers it.
    pub(super) fn status(&self, now: Timestamp) -> Value {
        if self.is_under_way(now) {
            return json!({"status": "IN_PROGRESS"});
        }
        let mut status = json!({"status": "COMPLETE", "description": "The scan was completed successfully."});
        if let Some(said) = self.outcome["imageScanStatus"].as_object() {
            status = Value::Object(said.clone());
        }
        status
    }

    /// Whether ECR answers findings of it. There may be none among them.
    pub(super) fn has_findings(&self, now: Timestamp) -> bool {
        matches!(self.status(now)["status"].as_str(), Some("COMPLETE" | "ACTIVE"))
    }

    pub(super) fn list(&self, field: &str) -> Vec<Value> {
        let listed = self.outcome.pointer(&format!("/imageScanFindings/{field}"));
        listed.and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// What each page has beside its findings.
    pub(super) fn summary(&self, now: Timestamp) -> Option<Value> {
        if !self.has_findings(now) {
            return None;
        }
        let mut counts: Map<String, Value> = Map::new();
        for finding in self.list("findings").iter().chain(&self.list("enhancedFindings")) {
            let severity = finding["severity"].as_str().unwrap_or("UNDEFINED");
            let count = counts.get(severity).and_then(Value::as_u64).unwrap_or_default();
            counts.insert(severity.to_owned(), (count + 1).into());
        }
        let at = seconds(self.begun_at + SCAN_TIME);
        Some(json!({
            "findingSeverityCounts": counts,
            "imageScanCompletedAt": at,
            "vulnerabilitySourceUpdatedAt": at,
        }))
    }
}

/// The result of a scan of an image with this configuration.
fn outcome(config: &[u8]) -> Value {
    let config: Value = serde_json::from_slice(config).unwrap_or_default();
    let Some(label) = config["config"]["Labels"][LABEL].as_str() else {
        return Value::Null;
    };
    serde_json::from_str(label).unwrap_or_else(|error| {
        let description = format!("the label {LABEL} is not JSON: {error}");
        json!({"imageScanStatus": {"status": "FAILED", "description": description}})
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_under_way_and_then_done() {
        let config_type = "application/vnd.docker.container.image.v1+json";
        let manifest = json!({"schemaVersion": 2, "layers": [],
            "config": {"mediaType": config_type, "digest": "sha256:c", "size": 2}});
        let manifest = Manifest::read(&manifest.to_string()).expect("a manifest");
        let begun: Timestamp = "2026-11-24T12:00:00Z".parse().expect("a time");
        let mut scan = Scan::begin(&manifest, b"{}", begun).expect("an image is scanned");
        assert!(scan.is_to_be_told());
        assert!(!scan.is_to_be_told(), "once");
        for (after, status) in [
            (Duration::ZERO, "IN_PROGRESS"),
            (SCAN_TIME, "COMPLETE"),
            (Duration::from_secs(86_400), "COMPLETE"),
        ] {
            assert_eq!(scan.status(begun + after)["status"], status, "{after:?}");
            assert_eq!(scan.summary(begun + after).is_some(), status == "COMPLETE", "{after:?}");
        }
        assert_eq!(scan.done().status(begun)["status"], "COMPLETE");
    }
}
