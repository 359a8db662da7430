//! What the function answers to what was delivered.

use serde::Serialize;

use crate::decision::Report;
use crate::error::ImagePushError;

/// The answer to one event, or to an array of them.
///
/// EventBridge's second generation hands a function up to a hundred events at once:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-eventsv2-subscriber-batchconfiguration.html>.
/// It documents no way to name those that failed, so that one failure fails the delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// What became of the one event.
    One(Report),
    /// What became of each event, in their order.
    Each(Vec<Reported>),
}

/// What became of one event of an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reported {
    /// The event's id, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What was decided.
    #[serde(flatten)]
    pub report: Report,
}

/// What is said of an event that failed: which one it is in its array, counted from one, and why.
pub(crate) fn failure(number: usize, event: Option<&str>, error: &ImagePushError) -> String {
    match event {
        Some(id) => format!("event {number} (`{id}`): {error}"),
        None => format!("event {number}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_event_is_answered_as_ever_and_an_array_with_an_array() {
        let report = Report { decisions: Vec::new() };
        let one = serde_json::to_value(Answer::One(report.clone())).expect("JSON");
        assert_eq!(one, json!({"decisions": []}));
        let reported = |event: Option<&str>| Reported {
            event: event.map(str::to_owned),
            report: report.clone(),
        };
        let each = serde_json::to_value(Answer::Each(vec![reported(Some("e-1")), reported(None)])).expect("JSON");
        assert_eq!(each, json!([{"event": "e-1", "decisions": []}, {"decisions": []}]));
    }
}
