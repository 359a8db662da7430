//! PutEvents: up to ten events, of which each is sent or refused by itself.
//!
//! Follows <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>.

use super::EventBridge;
use super::rules::default_bus;
use jiff::Timestamp;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// How many events one call can have.
const MOST: usize = 10;
/// How many bytes they can have together. It was a quarter of it before 2026:
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>.
const MOST_BYTES: usize = 1024 * 1024;
/// What a time counts for, in bytes.
const TIME: usize = 14;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    resources: Option<Vec<String>>,
    time: Option<Value>,
    event_bus_name: Option<String>,
}

impl PutEvents {
    pub(super) fn requirements(
        _: &EventBridge,
        platform: &Platform,
        it: &Self,
    ) -> Result<Vec<Requirement>, ServiceError> {
        it.check_count()?;
        let bus = platform.account.arn("events", "event-bus/default");
        let each = it.entries.iter().map(|entry| {
            Requirement::new("events:PutEvents", bus.as_str())
                .with("events:source", entry.source.as_deref().unwrap_or_default())
                .with("events:detail-type", entry.detail_type.as_deref().unwrap_or_default())
        });
        Ok(each.collect())
    }

    fn check_count(&self) -> Result<(), ServiceError> {
        let bound = match self.entries.len() {
            0 => "greater than or equal to 1".to_owned(),
            1..=MOST => return Ok(()),
            _ => format!("less than or equal to {MOST}"),
        };
        let entries: Vec<String> = self.entries.iter().map(Entry::told).collect();
        let entries = format!("[{}]", entries.join(", "));
        let rule = format_args!("Member must have length {bound}");
        Err(ServiceError::constraint(entries, "entries", rule))
    }
}

impl Entry {
    /// The entry as AWS's messages print it.
    fn told(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".to_owned());
        let resources = self.resources.as_ref();
        let resources = resources.map_or_else(|| "null".to_owned(), |list| format!("[{}]", list.join(", ")));
        let time = self.time.as_ref().map_or_else(|| "null".to_owned(), Value::to_string);
        format!(
            "PutEventsRequestEntry(time={time}, source={}, resources={resources}, detailType={}, detail={}, eventBusName={}, \
             traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null)",
            text(&self.source),
            text(&self.detail_type),
            text(&self.detail),
            text(&self.event_bus_name)
        )
    }

    fn bytes(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail];
        let texts = texts.into_iter().flatten().chain(self.resources.iter().flatten());
        let time = self.time.as_ref().map_or(0, |_| TIME);
        time + texts.map(String::len).sum::<usize>()
    }

    /// Sends the event, and says under which id, or why it is refused.
    fn send(self, platform: &Arc<Platform>) -> Value {
        let refused = |code: &str, message: &str| json!({"ErrorCode": code, "ErrorMessage": message});
        let required = |name: &str| {
            let message = format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
            refused("InvalidArgument", &message)
        };
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let Some(source) = given(self.source) else {
            return required("Source");
        };
        if source.starts_with("aws.") {
            return refused("NotAuthorizedForSourceException", "Not authorized for the source.");
        }
        let Some(detail_type) = given(self.detail_type) else {
            return required("DetailType");
        };
        let Some(detail) = given(self.detail) else {
            return required("Detail");
        };
        let Ok(detail @ Value::Object(_)) = serde_json::from_str(&detail) else {
            return refused("MalformedDetail", "Detail is malformed.");
        };
        let mut event = json!({
            "source": source,
            "detail-type": detail_type,
            "resources": self.resources.unwrap_or_default(),
            "detail": detail,
        });
        if let Some(time) = self.time.and_then(moment) {
            event["time"] = time.into();
        }
        json!({"EventId": platform.emit(event)})
    }
}

/// A time as an event has it. SDKs send seconds since 1970; a text is taken as it is.
fn moment(time: Value) -> Option<String> {
    match time {
        Value::String(text) => Some(text),
        #[expect(clippy::cast_possible_truncation, reason = "an event has whole seconds")]
        Value::Number(seconds) => {
            let at = Timestamp::from_second(seconds.as_f64()? as i64).ok()?;
            Some(at.to_string())
        }
        _ => None,
    }
}

impl EventBridge {
    pub(super) fn put_events(&self, call: &Call, input: PutEvents) -> Result<Value, ServiceError> {
        if input.entries.iter().map(Entry::bytes).sum::<usize>() > MOST_BYTES {
            return Err(ServiceError::validation(
                "Total size of the entries in the request is over the limit.",
            ));
        }
        let mut buses = input.entries.iter().map(|entry| entry.event_bus_name.as_deref());
        buses.try_for_each(default_bus)?;
        let answers: Vec<Value> = input
            .entries
            .into_iter()
            .map(|entry| entry.send(&call.platform))
            .collect();
        let failed = answers.iter().filter(|answer| answer.get("ErrorCode").is_some());
        Ok(json!({"FailedEntryCount": failed.count(), "Entries": answers}))
    }
}
