//! Parameters of a template: their values checked as CloudFormation checks them.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>.

use super::fault::Fault;
use super::resolve::plain;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// The values of all parameters: what is given, or the default.
pub(super) fn values(
    declared: &Map<String, Value>,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, Fault> {
    if let Some(name) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(Fault::new(format_args!(
            "a value is given for `{name}`, which is not a parameter"
        )));
    }
    declared
        .iter()
        .map(|(name, declaration)| {
            let value = value(declaration, given.get(name)).map_err(|fault| fault.within(name))?;
            Ok((name.clone(), value))
        })
        .collect()
}

fn value(declaration: &Value, given: Option<&String>) -> Result<Value, Fault> {
    let text = match (given, declaration.get("Default")) {
        (Some(given), _) => given.clone(),
        (None, Some(default)) => plain(default).map_err(|fault| fault.within("Default"))?,
        (None, None) => return Err(Fault::new("has no value and no default")),
    };
    check_text(declaration, &text)?;
    match declaration.get("Type").and_then(Value::as_str) {
        Some("String") => Ok(text.into()),
        Some("Number") => Ok(Value::Number(number(declaration, &text)?)),
        Some("CommaDelimitedList" | "List<String>") => Ok(list(&text).map(Value::from).collect()),
        Some("AWS::EC2::VPC::Id") => id("vpc-", &text).map(Value::from),
        Some("List<AWS::EC2::Subnet::Id>") => list(&text).map(|text| id("subnet-", text).map(Value::from)).collect(),
        Some(other) => Err(Fault::new(format_args!(
            "the local run has no parameters of type `{other}`"
        ))),
        None => Err(Fault::new("has no `Type`")),
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

/// An id of a thing that the local run does not have; AWS looks whether it is there.
fn id<'t>(prefix: &str, text: &'t str) -> Result<&'t str, Fault> {
    let is_id = text
        .strip_prefix(prefix)
        .is_some_and(|rest| matches!(rest.len(), 8 | 17) && rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_id {
        Ok(text)
    } else {
        Err(Fault::new(format_args!(
            "`{text}` is no id such as `{prefix}0123456789abcdef0`"
        )))
    }
}

/// A constraint of a parameter, if its declaration has it.
fn constraint<'d>(declaration: &'d Value, name: &str) -> Option<&'d Value> {
    declaration.get(name).filter(|value| !value.is_null())
}

/// Checks the constraints that hold for values of every type.
fn check_text(declaration: &Value, text: &str) -> Result<(), Fault> {
    if let Some(allowed) = constraint(declaration, "AllowedValues").and_then(Value::as_array) {
        let allowed: Vec<String> = allowed.iter().filter_map(|value| plain(value).ok()).collect();
        if !allowed.iter().any(|allowed| allowed == text) {
            return Err(Fault::new(format_args!(
                "`{text}` is not one of {}",
                allowed.join(", ")
            )));
        }
    }
    if let Some(pattern) = constraint(declaration, "AllowedPattern").and_then(Value::as_str) {
        let whole = regex_lite::Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|error| Fault::new(error).within("AllowedPattern"))?;
        if !whole.is_match(text) {
            let described = constraint(declaration, "ConstraintDescription").and_then(Value::as_str);
            return Err(Fault::new(match described {
                Some(description) => format!("`{text}` {description}"),
                None => format!("`{text}` does not match {pattern}"),
            }));
        }
    }
    for (name, short) in [("MinLength", true), ("MaxLength", false)] {
        if let Some(limit) = number_of(constraint(declaration, name)) {
            let length = text.chars().count() as f64;
            if (short && length < limit) || (!short && length > limit) {
                return Err(Fault::new(format_args!("`{text}` breaks {name} {limit}")));
            }
        }
    }
    Ok(())
}

/// The value of a parameter of type `Number`.
fn number(declaration: &Value, text: &str) -> Result<Number, Fault> {
    let number = text
        .parse::<i64>()
        .map(Number::from)
        .ok()
        .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
        .ok_or_else(|| Fault::new(format_args!("`{text}` is not a number")))?;
    let value = number.as_f64().unwrap_or_default();
    for (name, low) in [("MinValue", true), ("MaxValue", false)] {
        if let Some(limit) = number_of(constraint(declaration, name))
            && ((low && value < limit) || (!low && value > limit))
        {
            return Err(Fault::new(format_args!("{text} breaks {name} {limit}")));
        }
    }
    Ok(number)
}

fn number_of(value: Option<&Value>) -> Option<f64> {
    plain(value?).ok()?.parse().ok()
}
