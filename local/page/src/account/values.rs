//! Members of answers.

use jiff::Timestamp;
use serde_json::Value;

/// A member as text; empty where it is not there.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A moment, as the protocols write it: seconds since 1970, or ISO 8601.
pub(crate) fn moment(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str() {
        return text.parse().ok();
    }
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of any year fit")]
    let milliseconds = (value.as_f64()? * 1000.0).round() as i64;
    Timestamp::from_millisecond(milliseconds).ok()
}
