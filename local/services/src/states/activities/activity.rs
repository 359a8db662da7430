//! What is kept of an activity, and how operations answer about it.

use jiff::Timestamp;
use platform::input::seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An activity.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Activity {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) created: Timestamp,
    pub(super) tags: BTreeMap<String, String>,
}

impl Activity {
    /// As CreateActivity answers.
    pub(super) fn created(&self) -> Value {
        json!({"activityArn": self.arn, "creationDate": seconds(self.created)})
    }

    /// As ListActivities answers.
    pub(super) fn listed(&self) -> Value {
        let mut listed = self.created();
        listed["name"] = self.name.as_str().into();
        listed
    }

    /// As DescribeActivity answers.
    pub(super) fn described(&self) -> Value {
        let mut described = self.listed();
        described["encryptionConfiguration"] = json!({"type": "AWS_OWNED_KEY"});
        described
    }
}
