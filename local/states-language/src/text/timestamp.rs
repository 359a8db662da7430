//! Timestamps in definitions and data: RFC 3339.

use jiff::{SignedDuration, Timestamp};

/// Reads a timestamp as AWS does: RFC 3339, with `T` and a zone.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let shaped = digits(0..4)
        && is(4, b'-')
        && digits(5..7)
        && is(7, b'-')
        && digits(8..10)
        && is(10, b'T')
        && digits(11..13)
        && is(13, b':')
        && digits(14..16)
        && is(16, b':')
        && digits(17..19);
    if !shaped {
        return None;
    }
    let rest = &text[19..];
    let fraction = match rest.strip_prefix('.') {
        Some(after) => 1 + after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len(),
        None => 0,
    };
    if fraction == 1 {
        return None;
    }
    let zone = &rest[fraction..];
    let zone_bytes = zone.as_bytes();
    let zoned = zone == "Z"
        || zone.len() == 6
            && matches!(zone_bytes[0], b'+' | b'-')
            && zone_bytes[3] == b':'
            && [1, 2, 4, 5].iter().all(|at| zone_bytes[*at].is_ascii_digit());
    // Nanoseconds are the finest that there is.
    let kept = &rest[..fraction.min(10)];
    zoned
        .then(|| format!("{}{kept}{zone}", &text[..19]).parse().ok())
        .flatten()
}

/// A time that many seconds later; the end of time where it would be beyond that.
pub(crate) fn after(now: Timestamp, seconds: f64) -> Timestamp {
    let duration = SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX);
    now.checked_add(duration).unwrap_or(Timestamp::MAX)
}
