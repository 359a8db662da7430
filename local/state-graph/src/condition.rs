//! A Choice rule's condition in words: `gate.accuracy ≥ 0.95`, `a and (b or not c)`.

use serde_json::Value;

/// How tightly the words of a condition hold together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bond {
    Or,
    And,
    One,
}

/// A rule's condition in words, on one line.
pub(crate) fn in_words(rule: &Value) -> String {
    match rule.get("Condition") {
        Some(Value::String(expression)) => expression_in_words(expression),
        Some(other) => other.to_string(),
        None => said(rule).0,
    }
}

/// A JSONata expression without its signs, on one line.
pub(crate) fn expression_in_words(expression: &str) -> String {
    let inner = expression.trim();
    let inner = inner.strip_prefix("{%").unwrap_or(inner);
    let inner = inner.strip_suffix("%}").unwrap_or(inner);
    let line = inner.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("$states.input.", "input.")
}

/// A path as people say it: `$.gate.accuracy` is `gate.accuracy`. Variables and the context object keep their sign.
pub(crate) fn path_in_words(path: &str) -> String {
    match path.strip_prefix("$.") {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ if path == "$" => "input".to_owned(),
        _ => path.to_owned(),
    }
}

fn said(rule: &Value) -> (String, Bond) {
    for (key, word, bond) in [("And", " and ", Bond::And), ("Or", " or ", Bond::Or)] {
        if let Some(Value::Array(rules)) = rule.get(key) {
            return joined(rules, word, bond);
        }
    }
    if let Some(inner) = rule.get("Not") {
        return (format!("not {}", bonded(inner, Bond::One)), Bond::One);
    }
    (comparison(rule), Bond::One)
}

fn joined(rules: &[Value], word: &str, bond: Bond) -> (String, Bond) {
    match rules {
        [only] => said(only),
        _ => {
            let parts: Vec<String> = rules.iter().map(|rule| bonded(rule, bond)).collect();
            (parts.join(word), bond)
        }
    }
}

/// A rule's words, in brackets if they would come apart otherwise.
fn bonded(rule: &Value, around: Bond) -> String {
    let (words, bond) = said(rule);
    if bond < around || (bond == Bond::Or && around == Bond::And) {
        format!("({words})")
    } else {
        words
    }
}

fn comparison(rule: &Value) -> String {
    let Some(rule) = rule.as_object() else {
        return "?".to_owned();
    };
    let variable = match rule.get("Variable") {
        Some(Value::String(path)) => path_in_words(path),
        _ => "input".to_owned(),
    };
    let operator = rule
        .iter()
        .find(|(key, _)| !matches!(key.as_str(), "Variable" | "Next" | "Comment" | "Assign" | "Output"));
    match operator {
        Some((name, right)) => compared(&variable, name, right),
        None => variable,
    }
}

fn compared(variable: &str, operator: &str, right: &Value) -> String {
    if let Some(what) = is_what(operator) {
        let not = if right == &Value::Bool(false) { "not " } else { "" };
        return format!("{variable} is {not}{what}");
    }
    let (operator, is_path) = match operator.strip_suffix("Path") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let right = match right {
        Value::String(path) if is_path => path_in_words(path),
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    };
    match sign(operator) {
        Some(sign) => format!("{variable} {sign} {right}"),
        None => format!("{variable} {operator} {right}"),
    }
}

fn is_what(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "IsNull" => "null",
        "IsPresent" => "present",
        "IsNumeric" => "a number",
        "IsString" => "a string",
        "IsBoolean" => "a boolean",
        "IsTimestamp" => "a timestamp",
        _ => return None,
    })
}

fn sign(operator: &str) -> Option<&'static str> {
    if operator == "StringMatches" {
        return Some("matches");
    }
    let kinds = ["String", "Numeric", "Boolean", "Timestamp"];
    let comparison = kinds.iter().find_map(|kind| operator.strip_prefix(kind))?;
    Some(match comparison {
        "Equals" => "=",
        "LessThan" => "<",
        "GreaterThan" => ">",
        "LessThanEquals" => "≤",
        "GreaterThanEquals" => "≥",
        _ => return None,
    })
}
