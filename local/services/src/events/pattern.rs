//! Event patterns: which events a rule wants.
//!
//! Every operator of <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>:
//! exact values, prefix, suffix, equals-ignore-case, wildcard, anything-but (of all of them), numeric, cidr, exists and
//! `$or`. A pattern is parsed when a rule is put: a mistake in it is an error then, and not a rule that never matches.

use super::compare::{Cidr, Comparison, wildcard};
use super::matcher::{Matcher, Text};
use super::words;
use serde_json::{Map, Value};

/// A pattern that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern(Fields);

/// What is wrong with a pattern, and where: `Event pattern is not valid. Reason: …`, as EventBridge says it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Event pattern is not valid. Reason: {reason} at `{path}`")]
pub struct PatternError {
    reason: String,
    path: String,
}

/// The fields of an object: all of `all` must match, and of each `$or` one alternative.
#[derive(Debug, Clone, PartialEq)]
struct Fields {
    all: Vec<(String, Field)>,
    or: Vec<Vec<Fields>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Object(Fields),
    /// One of these must match.
    Values(Vec<Matcher>),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, and at which field.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let value: Value = serde_json::from_str(text).map_err(|error| fault("$", error))?;
        let Value::Object(fields) = &value else {
            return Err(fault("$", "Filter is not an object"));
        };
        if fields.is_empty() {
            return Err(fault("$", "Empty objects are not allowed"));
        }
        Ok(Self(parse_fields(fields, "$")?))
    }

    /// Whether an event is wanted.
    pub fn matches(&self, event: &Value) -> bool {
        match_fields(&self.0, Some(event))
    }

    /// Why an event is not wanted: the first field of the pattern that it does not fit, in words. None if it is wanted.
    pub fn why_not(&self, event: &Value) -> Option<String> {
        why_not(&self.0, Some(event), "")
    }
}

fn fault(path: &str, reason: impl std::fmt::Display) -> PatternError {
    PatternError {
        reason: reason.to_string(),
        path: path.to_owned(),
    }
}

fn parse_fields(fields: &Map<String, Value>, path: &str) -> Result<Fields, PatternError> {
    let mut parsed = Fields {
        all: Vec::new(),
        or: Vec::new(),
    };
    for (name, value) in fields {
        let path = format!("{path}.{name}");
        match value {
            Value::Array(alternatives) if name == "$or" => {
                let each = alternatives.iter().map(|alternative| match alternative {
                    Value::Object(fields) if !fields.is_empty() => parse_fields(fields, &path),
                    _ => Err(fault(&path, "$or takes objects")),
                });
                let each = each.collect::<Result<Vec<_>, _>>()?;
                if each.len() < 2 {
                    return Err(fault(&path, "$or takes two alternatives or more"));
                }
                parsed.or.push(each);
            }
            Value::Object(nested) if nested.is_empty() => return Err(fault(&path, "Empty objects are not allowed")),
            Value::Object(nested) => parsed
                .all
                .push((name.clone(), Field::Object(parse_fields(nested, &path)?))),
            Value::Array(values) if values.is_empty() => return Err(fault(&path, "Empty arrays are not allowed")),
            Value::Array(values) => {
                let values = values.iter().map(|value| parse_matcher(value, &path));
                parsed
                    .all
                    .push((name.clone(), Field::Values(values.collect::<Result<_, _>>()?)));
            }
            _ => {
                return Err(fault(&path, format_args!("\"{name}\" must be an object or an array")));
            }
        }
    }
    Ok(parsed)
}

fn parse_matcher(value: &Value, path: &str) -> Result<Matcher, PatternError> {
    let operator = match value {
        Value::Object(operator) => operator,
        Value::Array(_) => return Err(fault(path, "a value cannot be an array")),
        scalar => return Ok(Matcher::Exact(scalar.clone())),
    };
    let mut entries = operator.iter();
    let (Some((name, operand)), None) = (entries.next(), entries.next()) else {
        return Err(fault(path, "Only one key allowed in match expression"));
    };
    Ok(match name.as_str() {
        "exists" => Matcher::Exists(
            operand
                .as_bool()
                .ok_or_else(|| fault(path, "exists takes true or false"))?,
        ),
        "numeric" => Matcher::Numeric(Comparison::parse(operand).map_err(|reason| fault(path, reason))?),
        "cidr" => Matcher::Cidr(
            operand
                .as_str()
                .and_then(Cidr::parse)
                .ok_or_else(|| fault(path, format_args!("{operand} is no CIDR")))?,
        ),
        "anything-but" => Matcher::AnythingBut(parse_anything_but(operand, path)?),
        _ => Matcher::Text(parse_text(name, operand, path)?),
    })
}

fn parse_text(name: &str, operand: &Value, path: &str) -> Result<Text, PatternError> {
    // `{"prefix": {"equals-ignore-case": "x"}}`
    let (text, ignore_case) = match operand {
        Value::String(text) => (text, false),
        Value::Object(inner) if matches!(name, "prefix" | "suffix") => match inner.get("equals-ignore-case") {
            Some(Value::String(text)) if inner.len() == 1 => (text, true),
            _ => return Err(fault(path, format_args!("{name} takes a text or equals-ignore-case"))),
        },
        _ => return Err(fault(path, format_args!("{name} takes a text, not {operand}"))),
    };
    let text = text.clone();
    match name {
        "prefix" => Ok(Text::Prefix {
            prefix: text,
            ignore_case,
        }),
        "suffix" => Ok(Text::Suffix {
            suffix: text,
            ignore_case,
        }),
        "equals-ignore-case" => Ok(Text::EqualsIgnoreCase(text)),
        "wildcard" if text.contains("**") => Err(fault(path, "Consecutive wildcard characters")),
        "wildcard" => Ok(Text::Wildcard(text)),
        _ => Err(fault(path, format_args!("Unrecognized match type {name}"))),
    }
}

fn parse_anything_but(operand: &Value, path: &str) -> Result<Vec<Matcher>, PatternError> {
    match operand {
        Value::String(_) | Value::Number(_) => Ok(vec![Matcher::Exact(operand.clone())]),
        Value::Array(values) if !values.is_empty() => values
            .iter()
            .map(|value| match value {
                Value::String(_) | Value::Number(_) => Ok(Matcher::Exact(value.clone())),
                _ => Err(fault(path, "anything-but takes texts and numbers")),
            })
            .collect(),
        Value::Object(operator) if operator.len() == 1 => {
            let Some((name, operand)) = operator.iter().next() else {
                return Err(fault(path, "Empty objects are not allowed"));
            };
            let operands = match operand {
                Value::Array(several) if !several.is_empty() => several.iter().collect(),
                one => vec![one],
            };
            let each = operands.into_iter().map(|operand| parse_text(name, operand, path));
            each.map(|text| text.map(Matcher::Text)).collect()
        }
        _ => Err(fault(path, format_args!("anything-but does not take {operand}"))),
    }
}

fn match_fields(fields: &Fields, object: Option<&Value>) -> bool {
    // An array of objects matches where one of its objects does.
    if let Some(Value::Array(objects)) = object {
        return objects.iter().any(|object| match_fields(fields, Some(object)));
    }
    let all = fields.all.iter().all(|(name, field)| {
        let value = object.and_then(|object| object.get(name));
        match field {
            Field::Object(nested) => match_fields(nested, value),
            Field::Values(matchers) => matchers.iter().any(|matcher| match_value(matcher, value)),
        }
    });
    all && fields
        .or
        .iter()
        .all(|alternatives| alternatives.iter().any(|alternative| match_fields(alternative, object)))
}

/// The first field that does not match, in words. `path` is where the object is in the event.
fn why_not(fields: &Fields, object: Option<&Value>, path: &str) -> Option<String> {
    if match_fields(fields, object) {
        return None;
    }
    match object {
        Some(Value::Array(objects)) if objects.is_empty() => return Some(format!("`{path}` is empty")),
        // None of them fits: the first one says why.
        Some(Value::Array(objects)) => return why_not(fields, objects.first(), path),
        _ => {}
    }
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    let first = fields.all.iter().find_map(|(name, field)| {
        let (value, path) = (object.and_then(|object| object.get(name)), below(name));
        match field {
            Field::Object(nested) => why_not(nested, value, &path),
            Field::Values(matchers) if matchers.iter().any(|matcher| match_value(matcher, value)) => None,
            Field::Values(matchers) => Some(words::misfit(&path, value, matchers)),
        }
    });
    first.or_else(|| {
        let mut or = fields.or.iter();
        let unmatched = or.find(|each| !each.iter().any(|alternative| match_fields(alternative, object)))?;
        let reasons = unmatched
            .iter()
            .filter_map(|alternative| why_not(alternative, object, path));
        let reasons: Vec<String> = reasons.collect();
        Some(format!(
            "no alternative of `{}` fits: {}",
            below("$or"),
            reasons.join("; ")
        ))
    })
}

/// Whether a field's value matches; of an array one element has to. `exists` looks at leaves only.
fn match_value(matcher: &Matcher, value: Option<&Value>) -> bool {
    let leaves = match value {
        None | Some(Value::Object(_)) => &[],
        Some(Value::Array(elements)) => elements.as_slice(),
        Some(scalar) => std::slice::from_ref(scalar),
    };
    match matcher {
        Matcher::Exists(wanted) => leaves.is_empty() != *wanted,
        _ => leaves.iter().any(|leaf| match_leaf(matcher, leaf)),
    }
}

fn match_leaf(matcher: &Matcher, leaf: &Value) -> bool {
    match matcher {
        Matcher::Exact(Value::Number(wanted)) => leaf.as_f64().is_some() && leaf.as_f64() == wanted.as_f64(),
        Matcher::Exact(wanted) => leaf == wanted,
        Matcher::Text(text) => leaf.as_str().is_some_and(|leaf| match_text(text, leaf)),
        Matcher::AnythingBut(unwanted) => !unwanted.iter().any(|matcher| match_leaf(matcher, leaf)),
        Matcher::Numeric(comparisons) => leaf
            .as_f64()
            .is_some_and(|number| comparisons.iter().all(|comparison| comparison.holds(number))),
        Matcher::Cidr(cidr) => leaf.as_str().is_some_and(|address| cidr.contains(address)),
        Matcher::Exists(_) => false,
    }
}

fn match_text(text: &Text, leaf: &str) -> bool {
    match text {
        Text::Prefix {
            prefix,
            ignore_case: false,
        } => leaf.starts_with(prefix.as_str()),
        Text::Prefix {
            prefix,
            ignore_case: true,
        } => leaf.to_lowercase().starts_with(&prefix.to_lowercase()),
        Text::Suffix {
            suffix,
            ignore_case: false,
        } => leaf.ends_with(suffix.as_str()),
        Text::Suffix {
            suffix,
            ignore_case: true,
        } => leaf.to_lowercase().ends_with(&suffix.to_lowercase()),
        Text::EqualsIgnoreCase(wanted) => leaf.to_lowercase() == wanted.to_lowercase(),
        Text::Wildcard(pattern) => wildcard(pattern, leaf),
    }
}
