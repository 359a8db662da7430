//! The operators of filters. What is written in a filter is text, and is read as the other side is.

use std::cmp::Ordering;

use crate::text::{Json, Number};

/// What a filter asks of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
}

/// The operators as written, in the order in which they are looked for.
pub(super) const OPERATORS: [(&str, Operator); 7] = [
    ("==", Operator::Equal),
    (">=", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("!=", Operator::NotEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("=~", Operator::Matches),
];

impl Operator {
    /// Whether it holds between two values. Values that cannot be compared are not even unequal; a text that should be a
    /// number and is none is an error.
    pub(super) fn holds(self, left: &Json, right: &Json) -> Result<bool, String> {
        let is_equality = matches!(self, Operator::Equal | Operator::NotEqual);
        if !is_equality && left.is_null() != right.is_null() {
            return Ok(false);
        }
        let Some(ordering) = compare(left, right)? else {
            return Ok(false);
        };
        Ok(match self {
            Operator::Equal => ordering.is_eq(),
            Operator::NotEqual => ordering.is_ne(),
            Operator::Less => ordering.is_lt(),
            Operator::LessOrEqual => ordering.is_le(),
            Operator::Greater => ordering.is_gt(),
            Operator::GreaterOrEqual => ordering.is_ge(),
            Operator::Matches => false,
        })
    }
}

/// How the left value stands to the right one.
fn compare(left: &Json, right: &Json) -> Result<Option<Ordering>, String> {
    Ok(match (is_nullish(left), is_nullish(right)) {
        (true, true) => Some(Ordering::Equal),
        (false, true) => Some(Ordering::Greater),
        (true, false) => Some(Ordering::Less),
        (false, false) => match (left, right) {
            (Json::String(a), Json::String(b)) => {
                // An escaped quote counts as a quote, on the side that filters mostly write out.
                let b = b.replace("\\'", "'");
                Some(a.encode_utf16().cmp(b.encode_utf16()))
            }
            (Json::Number(a), Json::Number(b)) => a.partial_cmp(b),
            (Json::Number(a), Json::String(b)) => a.partial_cmp(&number(b)?),
            (Json::Bool(a), Json::String(b)) => Some(a.cmp(&b.eq_ignore_ascii_case("true"))),
            (Json::Bool(a), Json::Bool(b)) => Some(a.cmp(b)),
            _ => None,
        },
    })
}

/// Null, and the text of it.
fn is_nullish(value: &Json) -> bool {
    value.is_null() || value.as_str() == Some("null")
}

fn number(text: &str) -> Result<Number, String> {
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(Number::Int(whole));
    }
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    is_number
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .filter(|number| number.is_finite())
        .map(Number::Float)
        .ok_or_else(|| format!("'{text}' in a filter is compared with a number and is none"))
}
