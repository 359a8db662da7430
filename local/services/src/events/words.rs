//! What an event pattern wants, in words.

use super::matcher::{Matcher, Text};
use serde_json::Value;

/// How many characters of a value are shown.
const SHOWN: usize = 100;

/// Says that a field does not fit, and what is wanted of it.
pub(super) fn misfit(path: &str, value: Option<&Value>, wanted: &[Matcher]) -> String {
    let wanted: Vec<String> = wanted.iter().map(matcher).collect();
    let wanted = wanted.join(" or ");
    match value {
        None => format!("`{path}` is not there, the pattern wants {wanted}"),
        Some(value) => format!("`{path}` is {}, the pattern wants {wanted}", quoted(value)),
    }
}

fn quoted(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

fn matcher(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Exact(value) => quoted(value),
        Matcher::Text(wanted) => text(wanted),
        Matcher::AnythingBut(unwanted) => {
            let unwanted: Vec<String> = unwanted.iter().map(self::matcher).collect();
            format!("anything but {}", unwanted.join(" and "))
        }
        Matcher::Numeric(comparisons) => {
            let comparisons: Vec<String> = comparisons.iter().map(ToString::to_string).collect();
            format!("a number {}", comparisons.join(" and "))
        }
        Matcher::Cidr(network) => format!("an address in {network}"),
        Matcher::Exists(true) => "a value there".to_owned(),
        Matcher::Exists(false) => "none there".to_owned(),
    }
}

fn text(text: &Text) -> String {
    let (verb, wanted, ignore_case) = match text {
        Text::Prefix { prefix, ignore_case } => ("what begins with ", prefix, *ignore_case),
        Text::Suffix { suffix, ignore_case } => ("what ends with ", suffix, *ignore_case),
        Text::EqualsIgnoreCase(wanted) => ("", wanted, true),
        Text::Wildcard(wanted) => ("what is like ", wanted, false),
    };
    let case = if ignore_case { " in any case" } else { "" };
    format!("{verb}`{wanted}`{case}")
}
