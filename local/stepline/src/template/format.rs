//! The form of a template that is given to CloudFormation: what it refuses before anything is made, in its own words.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>. A template in a file is
//! read more kindly: its faults have a place in the file.

use super::references;
use super::refused::{Refused, wrong};
use super::sections::{ABSENT_ATTRIBUTES, ABSENT_SECTIONS, RESOURCE_ATTRIBUTES, SECTIONS};
use serde_json::{Map, Value};

/// What a parameter can have.
const PARAMETER_PROPERTIES: &[&str] = &[
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

/// The types of parameters that have no `AWS::` in them.
const PARAMETER_TYPES: &[&str] = &["String", "Number", "List<Number>", "List<String>", "CommaDelimitedList"];

fn format_error<T>(what: impl std::fmt::Display) -> Result<T, Refused> {
    wrong(format_args!("Template format error: {what}"))
}

/// Checks a template as CloudFormation does before it looks at the values of its parameters.
///
/// # Errors
/// What is wrong with it, or not in the local run.
pub(crate) fn check(template: &Value) -> Result<(), Refused> {
    let Some(sections) = template.as_object() else {
        return format_error("unsupported structure.");
    };
    let is_known = |name: &str| SECTIONS.contains(&name) || ABSENT_SECTIONS.contains(&name);
    let unknown: Vec<&str> = sections
        .keys()
        .map(String::as_str)
        .filter(|name| !is_known(name))
        .collect();
    if !unknown.is_empty() {
        return wrong(format_args!(
            "Invalid template property or properties [{}]",
            unknown.join(", ")
        ));
    }
    for name in ["Parameters", "Mappings", "Conditions"] {
        if section(sections, name).is_some_and(|section| section.contains_key("Fn::Transform")) {
            return Err(Refused::Absent(format!("Fn::Transform in {name}")));
        }
    }
    section(sections, "Parameters").map_or(Ok(()), parameters)?;
    section(sections, "Mappings").map_or(Ok(()), mappings)?;
    section(sections, "Conditions").map_or(Ok(()), conditions)?;
    match section(sections, "Resources") {
        Some(declared) if !declared.is_empty() => resources(declared)?,
        _ => return format_error("At least one Resources member must be defined."),
    }
    section(sections, "Outputs").map_or(Ok(()), outputs)?;
    references::check(sections)
}

fn section<'t>(template: &'t Map<String, Value>, name: &str) -> Option<&'t Map<String, Value>> {
    template.get(name).and_then(Value::as_object)
}

fn is_alphanumeric(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn parameters(declared: &Map<String, Value>) -> Result<(), Refused> {
    for (name, parameter) in declared {
        if !is_alphanumeric(name) {
            return format_error(format_args!("Parameter name {name} is non alphanumeric."));
        }
        let Some(parameter) = parameter.as_object() else {
            continue;
        };
        let unknown = parameter
            .keys()
            .find(|key| !PARAMETER_PROPERTIES.contains(&key.as_str()));
        if let Some(unknown) = unknown {
            return wrong(format_args!("Invalid template parameter property '{unknown}'"));
        }
        if let Some(kind) = parameter.get("Type").and_then(Value::as_str)
            && !PARAMETER_TYPES.contains(&kind)
            && !kind.starts_with("AWS::")
            && !kind.starts_with("List<AWS::")
        {
            return format_error(format_args!("Unrecognized parameter type: {kind}"));
        }
        if matches!(parameter.get("Default"), Some(Value::Object(_) | Value::Array(_))) {
            return format_error("Every Default member must be a string.");
        }
    }
    Ok(())
}

/// A mapping has two levels of keys, and below them texts and lists of texts: no functions.
fn mappings(declared: &Map<String, Value>) -> Result<(), Refused> {
    let is_plain = |value: &Value| matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
    for (name, mapping) in declared {
        let Some(keys) = mapping.as_object() else {
            return format_error(format_args!("Every Mappings member {name} must be a map"));
        };
        for (key, attributes) in keys {
            let Some(attributes) = attributes.as_object() else {
                return format_error(format_args!("Every Mappings member {key} must be a map"));
            };
            let is_attribute = |value: &Value| match value {
                Value::Array(items) => items.iter().all(is_plain),
                other => is_plain(other),
            };
            if !attributes.values().all(is_attribute) {
                return format_error("Every Mappings attribute must be a String or a List.");
            }
        }
    }
    Ok(())
}

fn conditions(declared: &Map<String, Value>) -> Result<(), Refused> {
    declared.values().try_for_each(condition)
}

/// A condition is one function over others, and at its end over what can be compared.
fn condition(declared: &Value) -> Result<(), Refused> {
    let one = declared.as_object().filter(|fields| fields.len() == 1);
    let function = one.and_then(|fields| fields.iter().next());
    match function.map(|(name, argument)| (name.as_str(), argument)) {
        Some(("Condition", Value::String(_))) => Ok(()),
        Some(("Fn::Equals", argument)) => match argument.as_array().map(Vec::len) {
            Some(2) => compared(argument),
            _ => wrong("Template error: every Fn::Equals object requires a list of 2 string parameters."),
        },
        Some((name @ ("Fn::And" | "Fn::Or"), argument)) => match argument.as_array() {
            Some(several) if (2..=10).contains(&several.len()) => several.iter().try_for_each(condition),
            _ => wrong(format_args!(
                "Template error: every {name} object requires a list of at least 2 and at most 10 boolean parameters."
            )),
        },
        Some(("Fn::Not", argument)) => argument.as_array().into_iter().flatten().try_for_each(condition),
        Some(("Fn::Transform", _)) => Err(Refused::Absent("Fn::Transform in Conditions".to_owned())),
        _ => format_error("Conditions can only be boolean operations on parameters and other conditions"),
    }
}

/// What conditions compare can name neither what is made nor what others export.
fn compared(value: &Value) -> Result<(), Refused> {
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| match name.as_str() {
            "Fn::ImportValue" => wrong("Template error: Cannot use Fn::ImportValue in Conditions"),
            "Fn::Transform" => Err(Refused::Absent("Fn::Transform in Conditions".to_owned())),
            _ => compared(value),
        }),
        Value::Array(items) => items.iter().try_for_each(compared),
        _ => Ok(()),
    }
}

fn resources(declared: &Map<String, Value>) -> Result<(), Refused> {
    let mut unrecognized = Vec::new();
    // What makes several resources of itself is not one.
    for (id, resource) in declared.iter().filter(|(id, _)| !id.starts_with("Fn::")) {
        if !is_alphanumeric(id) {
            return format_error(format_args!("Resource name {id} is non alphanumeric."));
        }
        let Some(fields) = resource.as_object() else {
            return format_error("Any Resources member must be an object.");
        };
        match fields.get("Type") {
            None => {
                return format_error(format_args!(
                    "[/Resources/{id}] Every Resources object must contain a Type member."
                ));
            }
            Some(Value::String(kind)) if is_type(kind) => {}
            Some(Value::String(kind)) => unrecognized.push(kind.as_str()),
            Some(_) => {
                return format_error(format_args!("[/Resources/{id}] Every Type member must be a string."));
            }
        }
        let is_known = |name: &str| RESOURCE_ATTRIBUTES.contains(&name) || ABSENT_ATTRIBUTES.contains(&name);
        if let Some(unknown) = fields.keys().find(|name| !is_known(name)) {
            return wrong(format_args!("Invalid template resource property '{unknown}'"));
        }
        if !is_dependency(fields.get("DependsOn")) {
            return format_error("DependsOn must be a string or list of strings.");
        }
        if fields.get("Condition").is_some_and(|condition| !condition.is_string()) {
            return format_error("Every Condition member must be a string.");
        }
    }
    if !unrecognized.is_empty() {
        return format_error(format_args!(
            "Unrecognized resource types: [{}]",
            unrecognized.join(", ")
        ));
    }
    Ok(())
}

/// Whether a type could be one: which ones AWS has is not known here.
fn is_type(kind: &str) -> bool {
    let parts: Vec<&str> = kind.split("::").collect();
    let is_name = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_@-".contains(&byte))
    };
    let has_parts = match parts[0] {
        "Custom" => parts.len() == 2,
        _ => (3..=4).contains(&parts.len()),
    };
    has_parts && parts.iter().all(is_name)
}

fn is_dependency(declared: Option<&Value>) -> bool {
    match declared {
        None | Some(Value::String(_)) => true,
        Some(Value::Array(several)) => several.iter().all(Value::is_string),
        Some(_) => false,
    }
}

fn outputs(declared: &Map<String, Value>) -> Result<(), Refused> {
    for (name, output) in declared.iter().filter(|(name, _)| !name.starts_with("Fn::")) {
        match output.get("Value") {
            None => return format_error("Every Outputs member must contain a Value object"),
            Some(Value::Null) => {
                return wrong(format_args!(
                    "[/Outputs/{name}/Value] 'null' values are not allowed in templates"
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
