//! Times: relative, with the exact one at hand.

use super::context::Context;
use crate::words::Language;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

/// A moment, relative to now.
pub(crate) fn ago(context: &Context, at: Option<Timestamp>) -> Markup {
    let Some(at) = at else { return html! { "—" } };
    let passed = context.now.duration_since(at).as_secs().max(0);
    let said = match (context.language, passed) {
        (Language::English, 0..5) => "just now".to_owned(),
        (Language::Japanese, 0..5) => "たった今".to_owned(),
        (Language::English, 5..60) => format!("{passed} s ago"),
        (Language::Japanese, 5..60) => format!("{passed} 秒前"),
        (Language::English, 60..3600) => format!("{} min ago", passed / 60),
        (Language::Japanese, 60..3600) => format!("{} 分前", passed / 60),
        (Language::English, 3600..86_400) => format!("{} h ago", passed / 3600),
        (Language::Japanese, 3600..86_400) => format!("{} 時間前", passed / 3600),
        (Language::English, _) => format!("{} d ago", passed / 86_400),
        (Language::Japanese, _) => format!("{} 日前", passed / 86_400),
    };
    html! { time datetime=(at) title=(exact(at)) { (said) } }
}

/// A moment, to the millisecond, in UTC.
pub(crate) fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S%.3fZ").to_string()
}

/// From one moment to another, or to now; nothing where it has not begun.
pub(crate) fn between(context: &Context, from: Option<Timestamp>, to: Option<Timestamp>) -> String {
    match from {
        None => String::new(),
        Some(from) => span(to.unwrap_or(context.now).duration_since(from)),
    }
}

/// A length of time for people.
pub(crate) fn span(length: SignedDuration) -> String {
    duration(length.as_millis().try_into().unwrap_or_default())
}

/// Milliseconds for people.
pub(crate) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        1000..10_000 => format!("{}.{:02} s", milliseconds / 1000, milliseconds % 1000 / 10),
        10_000..60_000 => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
        60_000..3_600_000 => format!("{} min {} s", milliseconds / 60_000, milliseconds % 60_000 / 1000),
        _ => format!(
            "{} h {} min",
            milliseconds / 3_600_000,
            milliseconds % 3_600_000 / 60_000
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_said_in_their_own_units() {
        for (milliseconds, said) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1234, "1.23 s"),
            (12_345, "12.3 s"),
            (125_000, "2 min 5 s"),
            (3_660_000, "1 h 1 min"),
        ] {
            assert_eq!(duration(milliseconds), said);
        }
    }
}
