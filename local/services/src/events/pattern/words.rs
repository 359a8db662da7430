//! What an event pattern wants, in words.

use super::branch::Field;
use super::matcher::{Matcher, Text};
use serde_json::Value;

/// How many characters of a value are shown.
const SHOWN: usize = 100;

/// Says that what lies at a path of an event does not fit, and what is wanted there.
pub(super) fn misfit(event: &Value, path: &str, wanted: &[Matcher]) -> String {
    let wanted: Vec<String> = wanted.iter().map(matcher).collect();
    let wanted = wanted.join(" or ");
    let names: Vec<&str> = path.split('.').collect();
    match look(event, &names, 0) {
        Found::Nothing => format!("`{path}` is not there, the pattern wants {wanted}"),
        Found::EmptyArray(names_before) => format!("`{}` is empty", names[..names_before].join(".")),
        Found::Value(value) => format!("`{path}` is {}, the pattern wants {wanted}", quoted(value)),
    }
}

/// Says that each field fits something, but not all of them the same element of an array.
pub(super) fn apart(fields: &[Field]) -> String {
    let paths: Vec<String> = fields.iter().map(|field| format!("`{}`", field.path)).collect();
    format!("no one element of an array fits all of {}", paths.join(", "))
}

/// Says that no alternative fits, with the reason of each.
pub(super) fn no_alternative(or: &[String], reasons: &[String]) -> String {
    let mut places: Vec<String> = or.iter().map(|path| format!("`{path}`")).collect();
    places.dedup();
    format!(
        "no alternative of {} fits: {}",
        places.join(" and "),
        reasons.join("; ")
    )
}

/// What lies at a path.
enum Found<'a> {
    Value(&'a Value),
    Nothing,
    /// An array without elements, behind so many names.
    EmptyArray(usize),
}

/// Looks along a path, from the name with this number on. A name may have dots. Of an array the first element counts.
fn look<'a>(value: &'a Value, names: &[&str], from: usize) -> Found<'a> {
    let Some(left) = names.get(from..).filter(|left| !left.is_empty()) else {
        return Found::Value(value);
    };
    match value {
        Value::Object(fields) => (1..=left.len())
            .filter_map(|count| Some((fields.get(&left[..count].join("."))?, from + count)))
            .map(|(value, from)| look(value, names, from))
            .find(|found| !matches!(found, Found::Nothing))
            .unwrap_or(Found::Nothing),
        Value::Array(elements) => match elements.first() {
            Some(first) => look(first, names, from),
            None => Found::EmptyArray(from),
        },
        _ => Found::Nothing,
    }
}

fn quoted(value: &Value) -> String {
    shown(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

fn matcher(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Exact(text) => shown(text.trim_matches('"')),
        Matcher::Number { text, .. } | Matcher::Address { text, .. } => shown(text),
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
        Text::Wildcard { pattern, .. } => ("what is like ", pattern, false),
    };
    let case = if ignore_case { " in any case" } else { "" };
    format!("{verb}`{wanted}`{case}")
}
