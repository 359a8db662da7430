//! JSON: pretty, coloured by what it is, and folded where it is large.

use super::text::plain;
use maud::{Markup, html};
use serde_json::Value;

/// A value of more lines than this is folded, but for the outermost one.
const OPEN_LINES: usize = 24;
/// The most characters of one text that are shown at once.
const LONG_TEXT: usize = 2000;
/// The most items of one list or object that are shown at once.
const MANY: usize = 100;

/// A payload: JSON as text, or text that is none.
pub(crate) fn payload(text: &str) -> Markup {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => pretty(&value),
        Err(_) => html! { pre class="json" { (plain(text)) } },
    }
}

/// A value, pretty.
pub(crate) fn pretty(value: &Value) -> Markup {
    html! { div class="json" { (node(value, None, true, true)) } }
}

/// How many lines a value takes.
fn lines(value: &Value) -> usize {
    match value {
        Value::Array(items) => 2 + items.iter().map(lines).sum::<usize>(),
        Value::Object(members) => 2 + members.values().map(lines).sum::<usize>(),
        _ => 1,
    }
}

/// One value, with the key that it has, and whether it is the last one of its list.
fn node(value: &Value, key: Option<&str>, is_last: bool, is_outermost: bool) -> Markup {
    let comma = if is_last { "" } else { "," };
    let name = html! { @if let Some(key) = key { span class="key" { (quoted(key)) } ": " } };
    let (open, close, count) = match value {
        Value::Array(items) => ("[", "]", items.len()),
        Value::Object(members) => ("{", "}", members.len()),
        leaf => return html! { div class="line" { (name) (scalar(leaf)) (comma) } },
    };
    if count == 0 {
        return html! { div class="line" { (name) (open) (close) (comma) } };
    }
    let children: Vec<Markup> = match value {
        Value::Array(items) => {
            let items = items.iter().take(MANY).enumerate();
            items
                .map(|(at, item)| node(item, None, at + 1 == count, false))
                .collect()
        }
        Value::Object(members) => {
            let members = members.iter().take(MANY).enumerate();
            members
                .map(|(at, (key, item))| node(item, Some(key), at + 1 == count, false))
                .collect()
        }
        _ => Vec::new(),
    };
    let is_open = is_outermost || lines(value) <= OPEN_LINES;
    html! {
        details open[is_open] {
            summary { (name) (open) span class="folded" { " " (count) " … " (close) (comma) } }
            div class="inside" {
                @for child in children { (child) }
                @if count > MANY { div class="line is-quiet" { "… " (count - MANY) } }
            }
            div class="line" { (close) (comma) }
        }
    }
}

fn quoted(text: &str) -> String {
    plain(&serde_json::to_string(text).unwrap_or_default())
}

fn scalar(value: &Value) -> Markup {
    let class = match value {
        Value::String(_) => "is-text",
        Value::Number(_) => "is-number",
        _ => "is-word",
    };
    let text = match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    };
    if let Value::String(inner) = value
        && inner.starts_with(['{', '['])
        && let Ok(inside) = serde_json::from_str::<Value>(inner)
    {
        // JSON that travels as text is read as JSON.
        return html! { span class="is-quiet" { "JSON: " } div class="inside" { (node(&inside, None, true, true)) } };
    }
    if text.len() <= LONG_TEXT {
        return html! { span class=(class) { (text) } };
    }
    let head: String = text.chars().take(LONG_TEXT / 10).collect();
    html! {
        details class="long" {
            summary { span class=(class) { (head) "…" } }
            span class=(class) { (text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_in_json_is_markup() {
        let shown = pretty(&json!({"<script>": ["</pre><img src=x onerror=alert(1)>", 1, null]})).into_string();
        assert!(!shown.contains("<script>") && !shown.contains("<img"), "{shown}");
        assert!(payload("not { json <b>").into_string().contains("not { json &lt;b&gt;"));
    }

    #[test]
    fn what_is_large_is_folded() {
        let many: Vec<usize> = (0..100).collect();
        let shown = pretty(&json!({"few": [1], "many": many})).into_string();
        assert_eq!(
            shown.matches("<details open>").count(),
            2,
            "the outermost and the short one"
        );
        assert_eq!(shown.matches("<details>").count(), 1);
    }
}
