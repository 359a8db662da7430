//! Templates as text: YAML with CloudFormation's short forms, read into JSON with the long ones.
//!
//! `!Sub x` becomes `{"Fn::Sub": "x"}`. The line and column of each thing are kept, for faults that are found later.
//! JSON is YAML too.

use super::fault::Fault;
use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Number, Value};
use std::collections::HashMap;

/// The functions that have a short form: the name after the exclamation mark.
const FUNCTIONS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "Transform",
];

/// A document and where its parts stand.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The document.
    pub(crate) value: Value,
    positions: HashMap<String, (usize, usize)>,
}

impl Source {
    /// Reads one document.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let documents = MarkedYaml::load_from_str(text).map_err(|error| {
            let marker = error.marker();
            Fault::at(marker.line(), marker.col() + 1, error.info())
        })?;
        let [document] = documents.as_slice() else {
            return Err(Fault::new(format_args!(
                "holds {} documents instead of one",
                documents.len()
            )));
        };
        let mut positions = HashMap::new();
        let value = convert(document, "", &mut positions)?;
        Ok(Self { value, positions })
    }

    /// Line and column of what is at a path, or of the nearest thing around it that was in the text.
    pub(crate) fn position(&self, path: &[&str]) -> Option<(usize, usize)> {
        (1..=path.len())
            .rev()
            .find_map(|length| self.positions.get(&pointer(&path[..length])).copied())
    }
}

fn pointer(path: &[&str]) -> String {
    path.iter().flat_map(|segment| ["\u{0}", segment]).collect()
}

fn convert(node: &MarkedYaml<'_>, path: &str, positions: &mut HashMap<String, (usize, usize)>) -> Result<Value, Fault> {
    let (line, column) = (node.span.start.line(), node.span.start.col() + 1);
    // A value with a tag has no position of its own: the tag's position is used.
    if line > 0 {
        positions.insert(path.to_owned(), (line, column));
    }
    match &node.data {
        YamlData::Value(scalar) => scalar_value(scalar).map_err(|message| Fault::at(line, column, message)),
        YamlData::Sequence(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| convert(item, &format!("{path}\u{0}{index}"), positions))
            .collect(),
        YamlData::Mapping(entries) => {
            let mut fields = Map::with_capacity(entries.len());
            for (key, value) in entries {
                let name = match &key.data {
                    YamlData::Value(scalar) => match scalar_value(scalar) {
                        Ok(Value::String(name)) => Some(name),
                        Ok(other) if !other.is_null() => Some(other.to_string()),
                        _ => None,
                    },
                    _ => None,
                };
                let (line, column) = (key.span.start.line(), key.span.start.col() + 1);
                let name = name.ok_or_else(|| Fault::at(line, column, "a key must be text"))?;
                let path = format!("{path}\u{0}{name}");
                let converted = convert(value, &path, positions)?;
                // The position of a value is that of its key.
                positions.insert(path, (line, column));
                fields.insert(name, converted);
            }
            Ok(Value::Object(fields))
        }
        YamlData::Tagged(tag, inner) => {
            let suffix = tag.suffix.as_str();
            let function = match (tag.handle.as_str(), suffix) {
                ("!", "Ref" | "Condition") => suffix.to_owned(),
                ("!", _) if FUNCTIONS.contains(&suffix) => format!("Fn::{suffix}"),
                (handle, _) => {
                    return Err(Fault::at(
                        line,
                        column,
                        format_args!("`{handle}{suffix}` is not a function"),
                    ));
                }
            };
            let argument = convert(inner, &format!("{path}\u{0}{function}"), positions)?;
            Ok(Value::Object(Map::from_iter([(function, argument)])))
        }
        YamlData::Representation(..) | YamlData::Alias(_) | YamlData::BadValue => {
            Err(Fault::at(line, column, "is not a value that a template can have"))
        }
    }
}

fn scalar_value(scalar: &Scalar<'_>) -> Result<Value, String> {
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => Value::Number((*value).into()),
        Scalar::FloatingPoint(value) => {
            let number = Number::from_f64(value.into_inner());
            Value::Number(number.ok_or_else(|| "is not a number that JSON can have".to_owned())?)
        }
        Scalar::String(text) => Value::String(text.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn short_forms_are_read_as_long_ones() {
        let source = Source::read(concat!(
            "A: !Sub a-${B}\n",
            "B: !If [C, !Ref D, !GetAtt E.F]\n",
            "C: !Not [!Condition G]\n",
            "D:\n  - 1\n  - 1.5\n  - true\n  - ~\n  - '1'\n",
            "E: {\"F\": \"json\"}\n",
        ))
        .expect("a document");
        let expected = json!({
            "A": {"Fn::Sub": "a-${B}"},
            "B": {"Fn::If": ["C", {"Ref": "D"}, {"Fn::GetAtt": "E.F"}]},
            "C": {"Fn::Not": [{"Condition": "G"}]},
            "D": [1, 1.5, true, null, "1"],
            "E": {"F": "json"},
        });
        assert_eq!(source.value, expected);
        assert_eq!(source.position(&["D", "1"]), Some((6, 5)));
        assert_eq!(source.position(&["E", "absent", "deeper"]), Some((10, 1)));
    }

    #[test]
    fn faults_say_where() {
        for (text, expected) in [
            ("A: !Sup x\n", "f:1:4: `!Sup` is not a function"),
            ("A: 1\nA: 2\n", "f:2:1"),
            ("A: [1\n", "f:"),
            ("A: 1\n---\nB: 2\n", "f: holds 2 documents instead of one"),
        ] {
            let fault = Source::read(text).expect_err(text);
            let shown = fault.locate("f".into(), |_| None).to_string();
            assert!(shown.starts_with(expected), "{text:?}: {shown}");
        }
    }
}
