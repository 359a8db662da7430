//! The data tests of a Choice state's rules: `"Variable": "$.size", "NumericLessThan": 10`.

use std::cmp::Ordering;

use crate::definition::reading::Fields;
use crate::expression::{Path, Scope, StateError};
use crate::text::{Json, timestamp};

/// A data test.
#[derive(Debug)]
pub(crate) struct Comparison {
    variable: Path,
    test: Test,
    operand: Operand,
}

#[derive(Debug)]
enum Operand {
    Value(Json),
    Path(Path),
}

/// What is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Boolean,
    Numeric(Order),
    Text(Order),
    Timestamp(Order),
    Matches,
    IsBoolean,
    IsNull,
    IsNumeric,
    IsPresent,
    IsString,
    IsTimestamp,
}

/// How two values must stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The operators as definitions have them. All but `StringMatches` and `Is…` can also end in `Path`.
pub(crate) const KEYS: [(&str, Test); 39] = [
    ("BooleanEquals", Test::Boolean),
    ("BooleanEqualsPath", Test::Boolean),
    ("IsBoolean", Test::IsBoolean),
    ("IsNull", Test::IsNull),
    ("IsNumeric", Test::IsNumeric),
    ("IsPresent", Test::IsPresent),
    ("IsString", Test::IsString),
    ("IsTimestamp", Test::IsTimestamp),
    ("NumericEquals", Test::Numeric(Order::Equal)),
    ("NumericEqualsPath", Test::Numeric(Order::Equal)),
    ("NumericGreaterThan", Test::Numeric(Order::Greater)),
    ("NumericGreaterThanPath", Test::Numeric(Order::Greater)),
    ("NumericGreaterThanEquals", Test::Numeric(Order::GreaterOrEqual)),
    ("NumericGreaterThanEqualsPath", Test::Numeric(Order::GreaterOrEqual)),
    ("NumericLessThan", Test::Numeric(Order::Less)),
    ("NumericLessThanPath", Test::Numeric(Order::Less)),
    ("NumericLessThanEquals", Test::Numeric(Order::LessOrEqual)),
    ("NumericLessThanEqualsPath", Test::Numeric(Order::LessOrEqual)),
    ("StringEquals", Test::Text(Order::Equal)),
    ("StringEqualsPath", Test::Text(Order::Equal)),
    ("StringGreaterThan", Test::Text(Order::Greater)),
    ("StringGreaterThanPath", Test::Text(Order::Greater)),
    ("StringGreaterThanEquals", Test::Text(Order::GreaterOrEqual)),
    ("StringGreaterThanEqualsPath", Test::Text(Order::GreaterOrEqual)),
    ("StringLessThan", Test::Text(Order::Less)),
    ("StringLessThanPath", Test::Text(Order::Less)),
    ("StringLessThanEquals", Test::Text(Order::LessOrEqual)),
    ("StringLessThanEqualsPath", Test::Text(Order::LessOrEqual)),
    ("StringMatches", Test::Matches),
    ("TimestampEquals", Test::Timestamp(Order::Equal)),
    ("TimestampEqualsPath", Test::Timestamp(Order::Equal)),
    ("TimestampGreaterThan", Test::Timestamp(Order::Greater)),
    ("TimestampGreaterThanPath", Test::Timestamp(Order::Greater)),
    ("TimestampGreaterThanEquals", Test::Timestamp(Order::GreaterOrEqual)),
    ("TimestampGreaterThanEqualsPath", Test::Timestamp(Order::GreaterOrEqual)),
    ("TimestampLessThan", Test::Timestamp(Order::Less)),
    ("TimestampLessThanPath", Test::Timestamp(Order::Less)),
    ("TimestampLessThanEquals", Test::Timestamp(Order::LessOrEqual)),
    ("TimestampLessThanEqualsPath", Test::Timestamp(Order::LessOrEqual)),
];

impl Comparison {
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Comparison> {
        if !fields.has("Variable") {
            fields.missing("Variable");
        }
        let variable = fields.path("Variable");
        let mut given = KEYS.iter().filter(|(key, _)| fields.has(key));
        let (Some((key, test)), None) = (given.next(), given.next()) else {
            fields.error_here("A rule must have exactly one comparison operator");
            return None;
        };
        let operand = if key.ends_with("Path") {
            Operand::Path(fields.path(key)?)
        } else {
            let value = fields.get(key)?;
            let fits = match test {
                Test::Numeric(_) => value.as_f64().is_some(),
                Test::Text(_) | Test::Matches => value.as_str().is_some(),
                Test::Timestamp(_) => value.as_str().and_then(timestamp::parse).is_some(),
                _ => value.as_bool().is_some(),
            };
            if !fits {
                fields.error(key, format!("The value for the field '{key}' is of the wrong type"));
            }
            Operand::Value(value.clone())
        };
        Some(Comparison {
            variable: variable?,
            test: *test,
            operand,
        })
    }

    pub(crate) fn holds(&self, scope: &Scope<'_>) -> Result<bool, StateError> {
        if self.test == Test::IsPresent {
            return Ok(self.expects() == Some(scope.has(&self.variable)));
        }
        let value = look_up(&self.variable, scope)?;
        Ok(match &self.operand {
            Operand::Value(operand) => self.test.holds(&value, operand),
            Operand::Path(path) => self.test.holds(&value, &look_up(path, scope)?),
        })
    }

    fn expects(&self) -> Option<bool> {
        match &self.operand {
            Operand::Value(value) => value.as_bool(),
            Operand::Path(_) => None,
        }
    }
}

fn look_up(path: &Path, scope: &Scope<'_>) -> Result<Json, StateError> {
    scope.path(path).map_err(|_| {
        StateError::Runtime(format!(
            "Invalid path '{path}': The choice state's condition path references an invalid value."
        ))
    })
}

impl Test {
    /// Whether the test holds. Values of other types than the test's are not equal to anything.
    fn holds(self, value: &Json, operand: &Json) -> bool {
        let is = |holds: bool| operand.as_bool() == Some(holds);
        match self {
            Test::Boolean => matches!((value, operand), (Json::Bool(a), Json::Bool(b)) if a == b),
            Test::Numeric(order) => match (value, operand) {
                (Json::Number(a), Json::Number(b)) => a.partial_cmp(b).is_some_and(|ordering| order.admits(ordering)),
                _ => false,
            },
            Test::Text(order) => match (value, operand) {
                (Json::String(a), Json::String(b)) => order.admits(a.encode_utf16().cmp(b.encode_utf16())),
                _ => false,
            },
            Test::Timestamp(order) => match (time(value), time(operand)) {
                (Some(a), Some(b)) => order.admits(a.cmp(&b)),
                _ => false,
            },
            Test::Matches => match (value, operand) {
                (Json::String(text), Json::String(pattern)) => matches_wildcards(text, pattern),
                _ => false,
            },
            Test::IsBoolean => is(value.as_bool().is_some()),
            Test::IsNull => is(value.is_null()),
            Test::IsNumeric => is(value.as_f64().is_some()),
            Test::IsPresent => is(true),
            Test::IsString => is(value.as_str().is_some()),
            Test::IsTimestamp => is(time(value).is_some()),
        }
    }
}

impl Order {
    fn admits(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

fn time(value: &Json) -> Option<jiff::Timestamp> {
    value.as_str().and_then(timestamp::parse)
}

/// Matches `*` with any text; `\*` and `\\` stand for themselves. Takes time in proportion to both lengths.
fn matches_wildcards(text: &str, pattern: &str) -> bool {
    let mut tokens = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' => tokens.push(None),
            '\\' => tokens.push(Some(characters.next().unwrap_or('\\'))),
            other => tokens.push(Some(other)),
        }
    }
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut token) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match tokens.get(token) {
            Some(Some(character)) if *character == text[at] => {
                at += 1;
                token += 1;
            }
            Some(None) => {
                star = Some((token, at));
                token += 1;
            }
            _ => match star {
                Some((star_token, star_at)) => {
                    star = Some((star_token, star_at + 1));
                    at = star_at + 1;
                    token = star_token + 1;
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(Option::is_none)
}
