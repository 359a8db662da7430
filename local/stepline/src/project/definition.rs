//! Files with definitions of state machines.

use super::error::ProjectError;
use crate::template;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How the names of such files end.
const ENDINGS: &[&str] = &[".asl.json", ".asl.yaml", ".asl.yml"];

/// Whether a file's name says that it is one.
pub(crate) fn is_named_so(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The files that a template names, by the logical ids of their state machines.
///
/// # Errors
/// The template cannot be read.
pub(crate) fn definitions_of(template: &Path) -> Result<Vec<(String, PathBuf)>, ProjectError> {
    let folder = template.parent().unwrap_or(Path::new(""));
    let read = template::read(template)?;
    let resources = read["Resources"].as_object().into_iter().flatten();
    let machines = resources.filter(|(_, resource)| {
        let kind = resource["Type"].as_str();
        kind.is_some_and(|kind| kind.ends_with("::StateMachine"))
    });
    let named = machines.filter_map(|(id, resource)| {
        let properties = &resource["Properties"];
        let named = [&properties["DefinitionUri"], &properties["DefinitionS3Location"]];
        let name = named.iter().find_map(|name| name.as_str())?;
        Some((id.clone(), plain(&folder.join(name))?))
    });
    Ok(named.collect())
}

/// A path to a file that is there, without `..` in it.
fn plain(file: &Path) -> Option<PathBuf> {
    let folder = file.parent()?.canonicalize().ok()?;
    Some(folder.join(file.file_name()?)).filter(|file| file.is_file())
}

/// A definition as it is written.
pub(crate) struct Definition {
    /// Its text as JSON. Where a substitution stands in the place of a value, some value does.
    pub(crate) text: String,
    /// JSON pointers to what only a substitution gives a value.
    pub(crate) open: BTreeSet<String>,
    /// Whether lines and columns of the text are those of the file.
    pub(crate) has_positions: bool,
}

/// Reads the definition of a file.
///
/// # Errors
/// The file cannot be read, or is not the YAML that its name says it is.
pub(crate) fn definition(file: &Path) -> Result<Definition, ProjectError> {
    let ending = file.extension().and_then(|ending| ending.to_str());
    let is_yaml = matches!(ending, Some("yaml" | "yml"));
    let text = match is_yaml {
        true => template::read(file)?.to_string(),
        false => std::fs::read_to_string(file).map_err(|error| ProjectError::File {
            file: file.to_owned(),
            message: error.to_string(),
        })?,
    };
    let text = with_values(&text);
    let mut open = BTreeSet::new();
    if let Ok(value) = serde_json::from_str::<Value>(&text) {
        note_open(&value, String::new(), &mut open);
    }
    Ok(Definition {
        text,
        open,
        has_positions: !is_yaml,
    })
}

/// Notes where substitutions stand.
fn note_open(value: &Value, pointer: String, open: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if has_substitution(text) || ARN.trim_matches('"') == text => drop(open.insert(pointer)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(at, item)| note_open(item, format!("{pointer}/{at}"), open));
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                note_open(value, format!("{pointer}/{name}"), open);
            }
        }
        _ => {}
    }
}

/// Whether a substitution stands in a text. One that is not closed is none: nothing fills it in.
fn has_substitution(text: &str) -> bool {
    text.split("${").skip(1).any(|name| name.contains('}'))
}

/// What may stand for a text that is one substitution as a whole: an ARN, which fits everywhere.
const ARN: &str = "\"arn:aws:lambda:us-east-1:123456789012:function:name\"";

/// The text with a value in the place of each `${…}` that is one as a whole: an ARN for a text, and outside of texts a
/// number that is as long.
fn with_values(text: &str) -> String {
    let (mut replaced, mut rest, mut in_text) = (String::with_capacity(text.len()), text, false);
    while let Some(character) = rest.chars().next() {
        if character == '"'
            && !in_text
            && let Some(length) = substitution(&rest[1..])
            && rest[1 + length..].starts_with('"')
        {
            replaced.push_str(ARN);
            rest = &rest[length + 2..];
            continue;
        }
        let length = match (character, in_text) {
            ('\\', true) => rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at),
            ('"', _) => {
                in_text = !in_text;
                1
            }
            ('$', false) if rest.starts_with("${") => {
                let length = rest.find('}').map_or(rest.len(), |end| end + 1);
                replaced.push('1');
                replaced.extend(std::iter::repeat_n(' ', length - 1));
                rest = &rest[length..];
                continue;
            }
            _ => character.len_utf8(),
        };
        replaced.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    replaced
}

/// How long the substitution is that a text begins with.
fn substitution(text: &str) -> Option<usize> {
    let name = text.strip_prefix("${")?;
    let end = name.find(['}', '"'])?;
    name[end..].starts_with('}').then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_substitutions_do() {
        for (text, expected) in [
            (r#"{"A": ${B}, "C": "x${D}"}"#, r#"{"A": 1   , "C": "x${D}"}"#),
            (
                r#"{"A": "${B}", "C": "${D"}"#,
                &format!(r#"{{"A": {ARN}, "C": "${{D"}}"#),
            ),
            (r#"{"A": "\"${B}", "C": ${D"#, r#"{"A": "\"${B}", "C": 1  "#),
            (r#"{"日本": 1}"#, r#"{"日本": 1}"#),
        ] {
            assert_eq!(with_values(text), expected);
        }
    }

    #[test]
    fn what_is_not_closed_is_not_filled_in() {
        let value = serde_json::json!({"A": "x${B}", "C": ["${D", "${E"], "F": "${G${H}", "I/": "$}"});
        let mut open = BTreeSet::new();
        note_open(&value, String::new(), &mut open);
        assert_eq!(open, BTreeSet::from(["/A".to_owned(), "/F".to_owned()]));
    }
}
