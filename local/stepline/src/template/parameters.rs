//! Parameters of a template: their values checked as CloudFormation checks them.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>.

use super::config::Deployed;
use super::fault::Fault;
use super::resolve::plain;
use platform::account::Account;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// The values of a template's parameters.
pub(super) struct Parameters {
    pub(super) values: BTreeMap<String, Value>,
    /// Those that have no value, and what stands in for it.
    pub(super) passed_over: Vec<Fault>,
}

/// The values of all parameters: what is offered, what is given, or the default.
pub(super) fn values(
    declared: &Map<String, Value>,
    deployed: &Deployed,
    account: &Account,
) -> Result<Parameters, Fault> {
    let (given, offered) = (&deployed.values, &deployed.offered);
    if let Some(name) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(Fault::new(format_args!(
            "a value is given for `{name}`, which is not a parameter"
        )));
    }
    let mut parameters = Parameters {
        values: BTreeMap::new(),
        passed_over: Vec::new(),
    };
    for (name, declaration) in declared {
        let given = offered.get(name).or_else(|| given.get(name)).cloned();
        let has_default = declaration.get("Default").is_some();
        let stands_in = (deployed.stands_in_values && given.is_none() && !has_default)
            .then(|| stand_in(name, declaration, account));
        if let Some(value) = &stands_in {
            let fault = Fault::absent(format_args!(
                "has no value and no default: `{value}` stands in for it, until --parameter-overrides {name}=… says another one"
            ));
            parameters.passed_over.push(fault.within(name));
        }
        if declared_type(declaration).starts_with("AWS::SSM::Parameter::Value<") {
            let fault = "the local run reads no value from Parameter Store here: its name stays";
            parameters.passed_over.push(Fault::absent(fault).within(name));
        }
        let value = value(declaration, given.or(stands_in)).map_err(|fault| fault.within(name))?;
        parameters.values.insert(name.clone(), value);
    }
    Ok(parameters)
}

fn declared_type(declaration: &Value) -> &str {
    declaration.get("Type").and_then(Value::as_str).unwrap_or_default()
}

/// How long a text is that stands in for a value: it may become part of a name.
const STAND_IN: usize = 10;

/// A value that a parameter could have.
fn stand_in(name: &str, declaration: &Value, account: &Account) -> String {
    let allowed = declaration
        .pointer("/AllowedValues/0")
        .and_then(|value| plain(value).ok());
    let kind = declared_type(declaration);
    let lowered = name.to_lowercase();
    let pattern = declaration.get("AllowedPattern").and_then(Value::as_str);
    let pattern = pattern.and_then(|pattern| regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok());
    let fits = |value: &&str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(value));
    let usual = allowed.unwrap_or_else(|| match kind {
        "Number" => declaration
            .get("MinValue")
            .and_then(|least| plain(least).ok())
            .unwrap_or("1".into()),
        kind if kind.contains("VPC::Id") => "vpc-0123456789abcdef0".into(),
        kind if kind.contains("Subnet::Id") => "subnet-0123456789abcdef0".into(),
        _ if lowered.contains("mail") => "someone@example.com".into(),
        _ if lowered.ends_with("arn") => account.arn("example", &lowered),
        _ => lowered.chars().take(STAND_IN).collect(),
    });
    let others = [
        &*account.id,
        &*account.region,
        "name",
        "1",
        "10.0.0.0/16",
        "example.com",
        "https://example.com",
        "Password123!",
    ];
    let fitting = [&*usual].into_iter().chain(others).find(fits);
    fitting.unwrap_or(&usual).to_owned()
}

fn value(declaration: &Value, given: Option<String>) -> Result<Value, Fault> {
    let text = match (given, declaration.get("Default")) {
        (Some(given), _) => given,
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
        // Ids and names of things that the local run does not have, and names of parameters in Parameter Store.
        Some(kind) if kind.starts_with("List<AWS::") => Ok(list(&text).map(Value::from).collect()),
        Some(kind) if kind.starts_with("AWS::") => Ok(text.into()),
        Some(other) => Err(Fault::new(format_args!("there are no parameters of type `{other}`"))),
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
        // What this kind of expression cannot say, such as look-around, is not checked.
        let whole = regex_lite::Regex::new(&format!("^(?:{pattern})$"));
        if whole.is_ok_and(|whole| !whole.is_match(text)) {
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
