//! Reads AWS's answers.

use jiff::Timestamp;
use serde_json::Value;

/// The text at a place, where there is one that is not empty.
pub(super) fn text(value: &Value, pointer: &str) -> Option<String> {
    let text = value.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// The time at a place, as its protocol has it: seconds since 1970, or a text.
pub(super) fn time(value: &Value, pointer: &str) -> Option<String> {
    let value = value.pointer(pointer)?;
    match value.as_f64() {
        Some(seconds) => Some(moment(seconds)?.to_string()),
        None => value.as_str().map(str::to_owned),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a time's milliseconds fit into 64 bits")]
fn moment(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
}

/// What stands behind the last of a sign.
pub(super) fn behind(text: &str, sign: char) -> &str {
    text.rsplit(sign).next().unwrap_or(text)
}

/// The bucket and the key of an `s3://` URL.
pub(super) fn place(url: &str) -> Option<(&str, &str)> {
    url.strip_prefix("s3://")?.split_once('/')
}
