//! The operators of filters.

use crate::text::Json;

/// What a filter asks of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    Contains,
    Size,
    Empty,
}

/// The operators as written; longer ones before those that they start with.
pub(super) const OPERATORS: [(&str, Operator); 15] = [
    ("===", Operator::Equal),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("in ", Operator::In),
    ("nin ", Operator::NotIn),
    ("subsetof ", Operator::SubsetOf),
    ("anyof ", Operator::AnyOf),
    ("noneof ", Operator::NoneOf),
    ("contains ", Operator::Contains),
    ("size ", Operator::Size),
    ("empty ", Operator::Empty),
];

impl Operator {
    /// Whether it holds between two values, either of which may be missing.
    pub(super) fn holds(self, left: Option<&Json>, right: Option<&Json>) -> bool {
        let (left, right) = match (self, left, right) {
            (Operator::NotEqual, None, None) => return false,
            (Operator::NotEqual | Operator::NotIn, None, _) | (Operator::NotEqual, _, None) => return true,
            (_, Some(left), Some(right)) => (left, right),
            _ => return false,
        };
        match self {
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            Operator::Less => ordering(left, right).is_some_and(std::cmp::Ordering::is_lt),
            Operator::LessOrEqual => ordering(left, right).is_some_and(std::cmp::Ordering::is_le),
            Operator::Greater => ordering(left, right).is_some_and(std::cmp::Ordering::is_gt),
            Operator::GreaterOrEqual => ordering(left, right).is_some_and(std::cmp::Ordering::is_ge),
            Operator::In => list(right).contains(left),
            Operator::NotIn => !list(right).contains(left),
            Operator::SubsetOf => list(left).iter().all(|item| list(right).contains(item)),
            Operator::AnyOf => list(left).iter().any(|item| list(right).contains(item)),
            Operator::NoneOf => !list(left).iter().any(|item| list(right).contains(item)),
            Operator::Contains => match (left, right) {
                (Json::String(text), Json::String(part)) => text.contains(&**part),
                (Json::Array(items), item) => items.contains(item),
                _ => false,
            },
            Operator::Size => size(left).is_some_and(|size| right.as_i64() == i64::try_from(size).ok()),
            Operator::Empty => size(left).is_some_and(|size| right.as_bool() == Some(size == 0)),
        }
    }
}

fn ordering(left: &Json, right: &Json) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left.partial_cmp(right),
        (Json::String(left), Json::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn list(value: &Json) -> &[Json] {
    value.as_array().unwrap_or_default()
}

fn size(value: &Json) -> Option<usize> {
    match value {
        Json::Array(items) => Some(items.len()),
        Json::String(text) => Some(text.chars().count()),
        _ => None,
    }
}
