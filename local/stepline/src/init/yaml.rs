//! Writes a template as YAML that people read: maps as blocks, short lists in a line.

use serde_json::Value;
use std::fmt::Write as _;

/// The longest list in a line, in characters.
const LINE: usize = 100;

/// The text of a map, indented by this many levels.
pub(super) fn block(value: &Value, level: usize) -> String {
    let mut text = String::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        field(&mut text, &format!("{}{name}:", "  ".repeat(level)), value, level);
    }
    text
}

/// The text of a list, indented by this many levels.
pub(super) fn list(items: &[Value], level: usize) -> String {
    let mut text = String::new();
    for item in items {
        item_of_list(&mut text, item, level);
    }
    text
}

fn field(text: &mut String, name: &str, value: &Value, level: usize) {
    if let Some(function) = function(value) {
        let _ = writeln!(text, "{name} {function}");
        return;
    }
    let line = inline(value);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let _ = write!(text, "{name}\n{}", block(value, level + 1));
        }
        Value::Array(items) if items.iter().any(Value::is_object) || line.len() > LINE => {
            let _ = writeln!(text, "{name}");
            for item in items {
                item_of_list(text, item, level + 1);
            }
        }
        _ => {
            let _ = writeln!(text, "{name} {line}");
        }
    }
}

fn item_of_list(text: &mut String, item: &Value, level: usize) {
    let indent = "  ".repeat(level);
    match item {
        Value::Object(_) if function(item).is_none() => {
            let block = block(item, level + 1);
            let _ = write!(text, "{indent}- {}", block.trim_start());
        }
        other => {
            let _ = writeln!(text, "{indent}- {}", function(other).unwrap_or_else(|| inline(other)));
        }
    }
}

/// The short form of a function.
fn function(value: &Value) -> Option<String> {
    let (name, argument) = value.as_object().filter(|fields| fields.len() == 1)?.iter().next()?;
    let short = match name.as_str() {
        "Ref" => "Ref",
        other => other.strip_prefix("Fn::")?,
    };
    Some(format!("!{short} {}", inline(argument)))
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// Whether a text means itself without quotation marks.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    let is_word = ["true", "false", "yes", "no", "on", "off", "null"].contains(&text.to_lowercase().as_str());
    let ends = text.ends_with(':');
    let inner = text
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || "/:._-".contains(character));
    begins && inner && !is_word && !ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_reads_as_people_write_it() {
        let template = json!({"Role": {"Type": "AWS::IAM::Role", "Properties": {
            "Version": "2012-10-17", "Statement": [{"Action": ["a:B", "c:*"], "Resource": {"Fn::GetAtt": "X.Arn"}}],
            "Empty": {}, "On": "on",
        }}});
        assert_eq!(
            block(&template, 1),
            concat!(
                "  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      Version: \"2012-10-17\"\n      Statement:\n",
                "        - Action: [a:B, \"c:*\"]\n          Resource: !GetAtt X.Arn\n      Empty: {}\n      On: \"on\"\n",
            )
        );
    }
}
