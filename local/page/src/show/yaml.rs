//! JSON as YAML, to be pasted into a template.

use serde_json::Value;

/// How far each level is set in.
const STEP: usize = 2;

/// Words that YAML takes for something else than a text.
const WORDS: &[&str] = &["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

/// A value as YAML, in blocks.
pub(crate) fn yaml(value: &Value) -> String {
    let mut written = String::new();
    write(value, 0, &mut written);
    written.trim_start_matches('\n').trim_end().to_owned() + "\n"
}

/// Writes what stands behind a key or a dash: on the same line, or in a block below.
fn write(value: &Value, depth: usize, to: &mut String) {
    let indent = " ".repeat(depth * STEP);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                to.push_str(&format!("\n{indent}{}:", scalar(name)));
                write(member, depth + 1, to);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut block = String::new();
                write(item, depth + 1, &mut block);
                // The first line of a block is beside the dash.
                to.push_str(&format!("\n{indent}- {}", block.trim_start()));
            }
        }
        Value::Object(_) => to.push_str(" {}"),
        Value::Array(_) => to.push_str(" []"),
        Value::String(text) => to.push_str(&format!(" {}", scalar(text))),
        other => to.push_str(&format!(" {other}")),
    }
}

/// A text, in quotes where it would be read as something else.
fn scalar(text: &str) -> String {
    let is_safe = |character: char| character.is_ascii_alphanumeric() || "_-./:*".contains(character);
    let begins = text.starts_with(|character: char| character.is_ascii_alphabetic());
    let is_word = WORDS.contains(&&*text.to_ascii_lowercase());
    if begins && !is_word && text.chars().all(is_safe) && !text.ends_with(':') {
        return text.to_owned();
    }
    // A string of JSON is one of YAML.
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_statement_is_written_as_templates_have_it() {
        let statement = json!({"Statement": [{
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"iam:PassedToService": "no", "a": "${x}"}},
        }]});
        let written = yaml(&statement);
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!((lines[0], lines[1].len() > 4), ("Statement:", true), "{written}");
        for line in [
            "    Effect: Allow",
            "      - s3:GetObject",
            "      - s3:*",
            "    Resource: \"*\"",
            "        iam:PassedToService: \"no\"",
            "        a: \"${x}\"",
        ] {
            let beside_dash = line.replacen("    ", "  - ", 1);
            assert!(
                lines.contains(&line) || lines.contains(&&*beside_dash),
                "{line} in {written}"
            );
        }
    }
}
