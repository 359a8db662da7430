//! What a target gets: the event, a part of it, a constant, or a template filled from it.
//!
//! Follows <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How a target's input is made.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Transform {
    #[serde(default)]
    input: Option<String>,
    #[serde(default)]
    input_path: Option<String>,
    #[serde(default)]
    input_transformer: Option<Transformer>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Transformer {
    #[serde(default)]
    input_paths_map: BTreeMap<String, String>,
    input_template: String,
}

/// What a template may say about the rule, beside what its paths read from the event.
pub(super) struct Surroundings<'a> {
    pub(super) rule_arn: &'a str,
    pub(super) rule_name: &'a str,
    pub(super) ingestion_time: &'a str,
}

impl Transform {
    /// What is wrong with it, if anything, when the target `id` is put.
    pub(super) fn check(&self, id: &str) -> Result<(), String> {
        let given = [
            self.input.is_some(),
            self.input_path.is_some(),
            self.input_transformer.is_some(),
        ];
        if given.into_iter().filter(|given| *given).count() > 1 {
            return Err(format!(
                "Only one of Input, InputPath, or InputTransformer must be provided for target {id}."
            ));
        }
        if let Some(input) = &self.input {
            serde_json::from_str::<Value>(input)
                .map_err(|error| format!("JSON syntax error in input for target: {error}"))?;
        }
        let paths = self.input_path.iter();
        let paths = paths.chain(self.input_transformer.iter().flat_map(|it| it.input_paths_map.values()));
        for path in paths {
            steps(path).ok_or_else(|| format!("Invalid JSONPath `{path}`"))?;
        }
        match self.input_transformer.as_ref().and_then(Transformer::unknown) {
            Some(name) => Err(format!(
                "InputTemplate for target {id} contains invalid placeholder {name}."
            )),
            None => Ok(()),
        }
    }

    /// The target's input.
    pub(super) fn apply(&self, event: &Value, around: &Surroundings<'_>) -> Result<Value, String> {
        if let Some(input) = &self.input {
            return serde_json::from_str(input).map_err(|error| error.to_string());
        }
        if let Some(path) = &self.input_path {
            return Ok(select(event, path).cloned().unwrap_or(Value::Null));
        }
        match &self.input_transformer {
            Some(transformer) => transformer.apply(event, around),
            None => Ok(event.clone()),
        }
    }
}

/// What a template can name beside its own paths.
const RESERVED: &[&str] = &[
    "aws.events.event",
    "aws.events.event.ingestion-time",
    "aws.events.event.json",
    "aws.events.rule-arn",
    "aws.events.rule-name",
];

impl Transformer {
    /// The first placeholder that stands for nothing.
    fn unknown(&self) -> Option<&str> {
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        let behind = self.input_template.split('<').skip(1);
        let names = behind.filter_map(|behind| behind.split_once('>').map(|(name, _)| name));
        names
            .filter(|name| !name.is_empty() && name.chars().all(plain))
            .find(|name| !RESERVED.contains(name) && !self.input_paths_map.contains_key(*name))
    }

    fn apply(&self, event: &Value, around: &Surroundings<'_>) -> Result<Value, String> {
        let mut filled = String::with_capacity(self.input_template.len());
        let mut rest = self.input_template.as_str();
        let mut in_text = false;
        while let Some(at) = rest.find(['<', '"', '\\']) {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let name = rest.strip_prefix('<').and_then(|inner| inner.split_once('>'));
            if rest.starts_with('\\') && in_text {
                let end = rest.char_indices().nth(2).map_or(rest.len(), |(end, _)| end);
                filled.push_str(&rest[..end]);
                rest = &rest[end..];
            } else if let Some(value) = name.and_then(|(name, _)| self.value(name, event, around)) {
                fill(&mut filled, &value, in_text);
                rest = name.map_or("", |(_, after)| after);
            } else {
                in_text ^= rest.starts_with('"');
                filled.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
        filled.push_str(rest);
        serde_json::from_str(&filled).map_err(|error| format!("the filled InputTemplate is no JSON: {error}"))
    }

    fn value(&self, name: &str, event: &Value, around: &Surroundings<'_>) -> Option<Value> {
        match name {
            "aws.events.rule-arn" => Some(json!(around.rule_arn)),
            "aws.events.rule-name" => Some(json!(around.rule_name)),
            "aws.events.event.ingestion-time" => Some(json!(around.ingestion_time)),
            "aws.events.event" | "aws.events.event.json" => Some(event.clone()),
            _ => {
                let path = self.input_paths_map.get(name)?;
                Some(select(event, path).cloned().unwrap_or(Value::Null))
            }
        }
    }
}

/// Puts a value into a template: as JSON, or inside a JSON text without its own quotes (and escaped, as the text is JSON).
fn fill(filled: &mut String, value: &Value, in_text: bool) {
    let text = match value {
        Value::String(text) if in_text => text.clone(),
        Value::Null if in_text => String::new(),
        other => other.to_string(),
    };
    if in_text {
        let quoted = Value::String(text).to_string();
        filled.push_str(quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default());
    } else {
        filled.push_str(&text);
    }
}

/// The part of the event that a path names: `$.detail.list[0].name`, `$.detail['a key']`.
fn select<'a>(event: &'a Value, path: &str) -> Option<&'a Value> {
    steps(path)?.iter().try_fold(event, |value, step| match step {
        Step::Field(name) => value.get(name),
        Step::Index(at) => value.get(at),
    })
}

enum Step {
    Field(String),
    Index(usize),
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Field(after[..end].to_owned()));
            rest = &after[end..];
        } else {
            let (inner, after) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = inner
                .strip_prefix('\'')
                .and_then(|inner| inner.strip_suffix('\''))
                .or_else(|| inner.strip_prefix('"')?.strip_suffix('"'));
            steps.push(match quoted {
                Some(name) => Step::Field(name.to_owned()),
                None => Step::Index(inner.parse().ok()?),
            });
            rest = after;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(transform: Value, expected: Result<Value, ()>) {
        let transform: Transform = serde_json::from_value(transform).unwrap();
        transform.check("1").unwrap();
        let event = json!({"source": "aws.ecr", "detail": {"tag": "a \"b\"", "list": [1, {"k y": true}], "size": 3}});
        let around = Surroundings {
            rule_arn: "arn:rule",
            rule_name: "rule",
            ingestion_time: "2026-01-01T00:00:00Z",
        };
        assert_eq!(transform.apply(&event, &around).map_err(drop), expected);
    }

    #[test]
    fn targets_get_what_they_ask_for() {
        check(json!({"Input": "{\"a\": 1}"}), Ok(json!({"a": 1})));
        check(json!({"InputPath": "$.detail.size"}), Ok(json!(3)));
        check(json!({"InputPath": "$.detail.list[1]['k y']"}), Ok(json!(true)));
        check(json!({"InputPath": "$.none"}), Ok(Value::Null));
    }

    #[test]
    fn templates_are_filled_as_json_and_inside_texts() {
        let template = |template: &str| {
            json!({"InputTransformer": {
                "InputPathsMap": {"tag": "$.detail.tag", "list": "$.detail.list", "size": "$.detail.size", "none": "$.none"},
                "InputTemplate": template,
            }})
        };
        check(
            template("{\"t\": <tag>, \"l\": <list>}"),
            Ok(json!({"t": "a \"b\"", "l": [1, {"k y": true}]})),
        );
        check(
            template("\"<size> of <tag> in <aws.events.rule-name>\""),
            Ok(json!("3 of a \"b\" in rule")),
        );
        check(
            template("{\"n\": <none>, \"x\": \"<none>\"}"),
            Ok(json!({"n": null, "x": ""})),
        );
        check(template("{\"s\": <aws.events.event.json>}").clone(), {
            let event =
                json!({"source": "aws.ecr", "detail": {"tag": "a \"b\"", "list": [1, {"k y": true}], "size": 3}});
            Ok(json!({"s": event}))
        });
        check(
            template("{\"other\": \"a < b > <c d>\", \"q\": \"\\\"<size>\"}"),
            Ok(json!({"other": "a < b > <c d>", "q": "\"3"})),
        );
        check(template("<size> <size>"), Err(()));
        let unknown: Transform = serde_json::from_value(template("{\"s\": <size>, \"u\": \"<what>\"}")).unwrap();
        assert_eq!(
            unknown.check("one").unwrap_err(),
            "InputTemplate for target one contains invalid placeholder what."
        );
    }
}
