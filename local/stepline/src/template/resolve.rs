//! Intrinsic functions.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>.
//! All are here, except `Cidr`, `Transform` and those of language extensions: these are refused by name.

use super::fault::Fault;
use super::scope::Scope;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// A value with its functions replaced; None where `AWS::NoValue` removes it.
pub(crate) fn resolve(value: &Value, scope: &Scope) -> Result<Option<Value>, Fault> {
    match value {
        Value::Object(fields) => match function(fields) {
            Some((name, argument)) => call(name, argument, scope).map_err(|fault| fault.within(name)),
            None => {
                let mut resolved = Map::with_capacity(fields.len());
                for (name, value) in fields {
                    if let Some(value) = resolve(value, scope).map_err(|fault| fault.within(name))? {
                        resolved.insert(name.clone(), value);
                    }
                }
                Ok(Some(Value::Object(resolved)))
            }
        },
        Value::Array(items) => {
            let mut resolved = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                resolved.extend(resolve(item, scope).map_err(|fault| fault.within(index))?);
            }
            Ok(Some(Value::Array(resolved)))
        }
        Value::String(text) if text.contains("{{resolve:") => {
            scope.pass_over(Fault::absent(format_args!(
                "the local run has no dynamic references: `{text}` stays as it is"
            )));
            Ok(Some(value.clone()))
        }
        other => Ok(Some(other.clone())),
    }
}

/// The function that an object calls, if it calls one: it is the object's only key.
pub(super) fn function(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = fields.iter();
    match (entries.next(), entries.next()) {
        (Some((name, argument)), None) if name == "Ref" || name.starts_with("Fn::") => Some((name, argument)),
        _ => None,
    }
}

fn call(name: &str, argument: &Value, scope: &Scope) -> Result<Option<Value>, Fault> {
    match name {
        "Ref" => return scope.reference(text(argument)?),
        "Fn::If" => {
            let branch = chosen(argument, scope)?;
            return resolve(branch, scope);
        }
        _ => {}
    }
    let value = match name {
        "Fn::Sub" => sub(argument, scope)?.into(),
        "Fn::GetAtt" => get_att(argument, scope)?,
        "Fn::Join" => {
            let [delimiter, values] = arguments(argument, scope)?;
            let parts: Result<Vec<String>, Fault> = list(&values)?.iter().map(plain).collect();
            parts?.join(text(&delimiter)?).into()
        }
        "Fn::Split" => {
            let [delimiter, whole] = arguments(argument, scope)?;
            let (delimiter, whole) = (text(&delimiter)?.to_owned(), plain(&whole)?);
            if delimiter.is_empty() {
                return Err(Fault::new("the delimiter must not be empty"));
            }
            whole.split(&delimiter).map(Value::from).collect()
        }
        "Fn::Select" => {
            let [index, values] = arguments(argument, scope)?;
            let values = list(&values)?;
            let index: usize = plain(&index)?
                .parse()
                .map_err(|_| Fault::new("the index must be a whole number"))?;
            values
                .get(index)
                .cloned()
                .ok_or_else(|| Fault::new(format_args!("there is no item {index} among {}", values.len())))?
        }
        "Fn::FindInMap" => {
            let [map, first, second] = arguments(argument, scope)?;
            scope.find_in_map(&plain(&map)?, &plain(&first)?, &plain(&second)?)?
        }
        "Fn::Base64" => STANDARD.encode(plain(&required(argument, scope)?)?).into(),
        "Fn::GetAZs" => {
            let region = plain(&required(argument, scope)?)?;
            let region = if region.is_empty() { scope.region() } else { &region };
            ["a", "b", "c"].iter().map(|zone| format!("{region}{zone}")).collect()
        }
        "Fn::ImportValue" => scope.import(&plain(&required(argument, scope)?)?)?,
        "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
            return Err(Fault::new(
                "is a condition: it can only be used in `Conditions` and in `Fn::If`",
            ));
        }
        _ => return Err(Fault::absent("is not in the local run")),
    };
    Ok(Some(value))
}

/// The branch of an `Fn::If` that its condition chooses.
pub(super) fn chosen<'v>(argument: &'v Value, scope: &Scope) -> Result<&'v Value, Fault> {
    match argument.as_array().map(Vec::as_slice) {
        Some([condition, yes, no]) => {
            let holds = scope.condition(text(condition)?)?;
            Ok(if holds { yes } else { no })
        }
        _ => Err(Fault::new("takes a condition and two values")),
    }
}

/// Whether a condition holds, as `Conditions` writes it.
pub(super) fn holds(condition: &Value, scope: &Scope) -> Result<bool, Fault> {
    let entry = condition.as_object().filter(|fields| fields.len() == 1);
    let Some((name, argument)) = entry.and_then(|fields| fields.iter().next()) else {
        return Err(Fault::new(
            "is not a condition: it must be one of the functions And, Equals, Not, Or",
        ));
    };
    let several = || -> Result<Vec<bool>, Fault> {
        let conditions = list(argument)?.iter().enumerate();
        conditions
            .map(|(index, condition)| holds(condition, scope).map_err(|fault| fault.within(index)))
            .collect()
    };
    let result = match name.as_str() {
        "Condition" => text(argument).and_then(|name| scope.condition(name)),
        "Fn::And" => several().map(|results| results.into_iter().all(|result| result)),
        "Fn::Or" => several().map(|results| results.into_iter().any(|result| result)),
        "Fn::Not" => several().and_then(|results| match results.as_slice() {
            [result] => Ok(!result),
            _ => Err(Fault::new("takes one condition")),
        }),
        "Fn::Equals" => arguments(argument, scope).map(|[left, right]| {
            // Parameters are text, whatever their type.
            match (plain(&left), plain(&right)) {
                (Ok(left), Ok(right)) => left == right,
                _ => left == right,
            }
        }),
        _ => Err(Fault::new("is not a condition function")),
    };
    result.map_err(|fault| fault.within(name))
}

fn sub(argument: &Value, scope: &Scope) -> Result<String, Fault> {
    let (template, own) = match argument {
        Value::String(template) => (template.as_str(), Map::new()),
        Value::Array(items) => match items.as_slice() {
            [Value::String(template), own] => match required(own, scope)? {
                Value::Object(own) => (template.as_str(), own),
                _ => return Err(Fault::new("takes text and a map of variables")),
            },
            _ => return Err(Fault::new("takes text and a map of variables")),
        },
        _ => return Err(Fault::new("takes text, or text and a map of variables")),
    };
    let mut result = String::with_capacity(template.len());
    for piece in pieces(template)? {
        match piece {
            Piece::Text(text) => result.push_str(text),
            Piece::Variable(name) => {
                let value = match own.get(name) {
                    Some(value) => Some(value.clone()),
                    None => match name.split_once('.') {
                        Some((resource, attribute)) => Some(scope.attribute(resource, attribute)?),
                        None => scope.reference(name)?,
                    },
                };
                let value = value.ok_or_else(|| Fault::new(format_args!("`{name}` has no value")))?;
                result.push_str(&plain(&value)?);
            }
        }
    }
    Ok(result)
}

/// A piece of the text of an `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text that stays.
    Text(&'t str),
    /// The name between `${` and `}`.
    Variable(&'t str),
}

/// The pieces of the text of an `Fn::Sub`; `${!Literal}` is the text `${Literal}`.
pub(super) fn pieces(template: &str) -> Result<Vec<Piece<'_>>, Fault> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find("${") {
        pieces.push(Piece::Text(&rest[..start]));
        let behind = &rest[start + 2..];
        let end = behind
            .find('}')
            .ok_or_else(|| Fault::new("has a `${` without its `}`"))?;
        match behind[..end].strip_prefix('!') {
            Some(literal) => {
                pieces.extend([Piece::Text("${"), Piece::Text(literal), Piece::Text("}")]);
            }
            None => pieces.push(Piece::Variable(behind[..end].trim())),
        }
        rest = &behind[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

fn get_att(argument: &Value, scope: &Scope) -> Result<Value, Fault> {
    let (resource, attribute) = attribute_of(argument)?;
    let attribute = plain(&required(&attribute, scope)?)?;
    scope.attribute(&resource, &attribute)
}

/// The resource and the attribute that `Fn::GetAtt` names; the attribute may be a `Ref`.
pub(super) fn attribute_of(argument: &Value) -> Result<(String, Value), Fault> {
    let pair = match argument {
        Value::String(dotted) => dotted
            .split_once('.')
            .map(|(resource, attribute)| (resource.to_owned(), Value::from(attribute))),
        Value::Array(items) => match items.as_slice() {
            [Value::String(resource), attribute] => Some((resource.clone(), attribute.clone())),
            _ => None,
        },
        _ => None,
    };
    pair.ok_or_else(|| Fault::new("takes a resource and one of its attributes"))
}

fn arguments<const N: usize>(argument: &Value, scope: &Scope) -> Result<[Value; N], Fault> {
    let resolved = required(argument, scope)?;
    match resolved {
        Value::Array(items) => <[Value; N]>::try_from(items).ok(),
        _ => None,
    }
    .ok_or_else(|| Fault::new(format_args!("takes a list of {N} values")))
}

fn required(value: &Value, scope: &Scope) -> Result<Value, Fault> {
    resolve(value, scope)?.ok_or_else(|| Fault::new("needs a value, but `AWS::NoValue` removes it"))
}

fn list(value: &Value) -> Result<&Vec<Value>, Fault> {
    value.as_array().ok_or_else(|| Fault::new("needs a list"))
}

fn text(value: &Value) -> Result<&str, Fault> {
    value.as_str().ok_or_else(|| Fault::new("needs text"))
}

/// A scalar as text, as CloudFormation puts numbers and booleans into text.
pub(super) fn plain(value: &Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(Fault::new("needs text, not a list or a map")),
    }
}
