//! Condition operators and the request's context that they look at.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.

use super::pattern::Pattern;
use super::shape::{malformed, object, one_or_many};
use crate::error::ServiceError;
use jiff::Timestamp;
use serde_json::Value;
use std::net::IpAddr;

/// What is known about a request: condition keys and their values. Keys are compared without regard to case.
#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    values: Vec<(String, String)>,
}

impl Context {
    /// A context with these keys; a key that comes more than once has several values.
    pub(super) fn new(values: Vec<(String, String)>) -> Self {
        Self { values }
    }

    /// All values of a key.
    fn values(&self, key: &str) -> Vec<&str> {
        self.values
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The value of a key that has exactly one, for policy variables.
    pub(super) fn single(&self, key: &str) -> Option<String> {
        match self.values(key).as_slice() {
            [value] => Some((*value).to_owned()),
            _ => None,
        }
    }
}

/// One key under one operator: `{"StringLike": {"aws:PrincipalArn": ["…", "…"]}}`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    operator: Operator,
    /// A missing key fulfils the condition.
    if_exists: bool,
    set: Option<SetOperator>,
    key: String,
    wanted: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SetOperator {
    ForAllValues,
    ForAnyValue,
}

/// A comparison, and whether its outcome is turned around (`StringNotEquals`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Compare { comparison: Comparison, negated: bool },
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Arn,
    Bool,
    Binary,
    IpAddress,
    Numeric(Order),
    Date(Order),
}

impl Comparison {
    /// Whether `${…}` in its values are variables. Each operator's section of the page above says so.
    fn takes_variables(self) -> bool {
        match self {
            Self::StringEquals | Self::StringEqualsIgnoreCase | Self::StringLike | Self::Arn | Self::Bool => true,
            Self::Binary | Self::IpAddress | Self::Numeric(_) | Self::Date(_) => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds<T: PartialOrd>(self, actual: &T, wanted: &T) -> bool {
        match self {
            Self::Equal => actual == wanted,
            Self::Less => actual < wanted,
            Self::LessOrEqual => actual <= wanted,
            Self::Greater => actual > wanted,
            Self::GreaterOrEqual => actual >= wanted,
        }
    }
}

impl Operator {
    fn read(name: &str) -> Option<Self> {
        let (comparison, negated) = match name {
            "StringEquals" => (Comparison::StringEquals, false),
            "StringNotEquals" => (Comparison::StringEquals, true),
            "StringEqualsIgnoreCase" => (Comparison::StringEqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Comparison::StringEqualsIgnoreCase, true),
            "StringLike" => (Comparison::StringLike, false),
            "StringNotLike" => (Comparison::StringLike, true),
            // Since 2012 the two forms for ARNs mean the same: both take wildcards.
            "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
            "Bool" => (Comparison::Bool, false),
            "BinaryEquals" => (Comparison::Binary, false),
            "IpAddress" => (Comparison::IpAddress, false),
            "NotIpAddress" => (Comparison::IpAddress, true),
            "NumericEquals" => (Comparison::Numeric(Order::Equal), false),
            "NumericNotEquals" => (Comparison::Numeric(Order::Equal), true),
            "NumericLessThan" => (Comparison::Numeric(Order::Less), false),
            "NumericLessThanEquals" => (Comparison::Numeric(Order::LessOrEqual), false),
            "NumericGreaterThan" => (Comparison::Numeric(Order::Greater), false),
            "NumericGreaterThanEquals" => (Comparison::Numeric(Order::GreaterOrEqual), false),
            "DateEquals" => (Comparison::Date(Order::Equal), false),
            "DateNotEquals" => (Comparison::Date(Order::Equal), true),
            "DateLessThan" => (Comparison::Date(Order::Less), false),
            "DateLessThanEquals" => (Comparison::Date(Order::LessOrEqual), false),
            "DateGreaterThan" => (Comparison::Date(Order::Greater), false),
            "DateGreaterThanEquals" => (Comparison::Date(Order::GreaterOrEqual), false),
            "Null" => return Some(Self::Null),
            _ => return None,
        };
        Some(Self::Compare { comparison, negated })
    }
}

impl Condition {
    /// Reads a `Condition` block: all of what it returns must hold.
    pub(super) fn read_all(block: &Value) -> Result<Vec<Self>, ServiceError> {
        let mut conditions = Vec::new();
        for (name, keys) in object(block, "`Condition`")? {
            let (set, rest) = match name.split_once(':') {
                Some(("ForAllValues", rest)) => (Some(SetOperator::ForAllValues), rest),
                Some(("ForAnyValue", rest)) => (Some(SetOperator::ForAnyValue), rest),
                _ => (None, name.as_str()),
            };
            let (if_exists, rest) = match rest.strip_suffix("IfExists") {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            let operator = Operator::read(rest)
                .filter(|operator| !(if_exists && *operator == Operator::Null))
                .ok_or_else(|| malformed(format_args!("`{name}` is no condition operator")))?;
            for (key, wanted) in object(keys, name)? {
                let wanted = one_or_many(wanted)
                    .ok_or_else(|| malformed(format_args!("the values of `{key}` under `{name}` must be strings")))?;
                conditions.push(Self {
                    operator,
                    if_exists,
                    set,
                    key: key.clone(),
                    wanted,
                });
            }
        }
        Ok(conditions)
    }

    /// Whether it is about a key that the context has.
    pub(super) fn is_known(&self, context: &Context) -> bool {
        !context.values(&self.key).is_empty()
    }

    /// Whether the condition holds in this context.
    pub(super) fn holds(&self, context: &Context, has_variables: bool) -> bool {
        let mut actual = context.values(&self.key);
        // To a set operator, an empty value is none.
        if self.set.is_some() {
            actual.retain(|value| !value.is_empty());
        }
        let (comparison, negated) = match self.operator {
            Operator::Null => {
                return self
                    .wanted
                    .iter()
                    .any(|wanted| wanted.eq_ignore_ascii_case(if actual.is_empty() { "true" } else { "false" }));
            }
            Operator::Compare { comparison, negated } => (comparison, negated),
        };
        if actual.is_empty() {
            return match self.set {
                Some(SetOperator::ForAllValues) => true,
                Some(SetOperator::ForAnyValue) => self.if_exists,
                None => negated || self.if_exists,
            };
        }
        let holds = |actual: &str| {
            let found = self
                .wanted
                .iter()
                .any(|wanted| compare(comparison, actual, wanted, context, has_variables));
            found != negated
        };
        match self.set {
            Some(SetOperator::ForAllValues) => actual.iter().all(|actual| holds(actual)),
            Some(SetOperator::ForAnyValue) => actual.iter().any(|actual| holds(actual)),
            // A key with several values under an operator for one: none may contradict.
            None if negated => actual.iter().all(|actual| holds(actual)),
            None => actual.iter().any(|actual| holds(actual)),
        }
    }
}

fn compare(comparison: Comparison, actual: &str, wanted: &str, context: &Context, has_variables: bool) -> bool {
    let pattern = if has_variables && comparison.takes_variables() {
        Pattern::with_variables(wanted, |key| context.single(key))
    } else {
        Some(Pattern::plain(wanted))
    };
    let Some(pattern) = pattern else {
        return false;
    };
    match comparison {
        Comparison::StringEquals | Comparison::Binary => pattern.equals(actual, |a, b| a == b),
        Comparison::StringEqualsIgnoreCase => pattern.equals(actual, |a, b| a.to_lowercase().eq(b.to_lowercase())),
        Comparison::StringLike => pattern.matches(actual),
        Comparison::Arn => pattern.matches_arn(actual),
        Comparison::Bool => pattern.text().eq_ignore_ascii_case(actual),
        Comparison::IpAddress => in_network(actual, &pattern.text()),
        Comparison::Numeric(order) => match (actual.parse::<f64>(), pattern.text().parse::<f64>()) {
            (Ok(actual), Ok(wanted)) => order.holds(&actual, &wanted),
            _ => false,
        },
        Comparison::Date(order) => match (date(actual), date(&pattern.text())) {
            (Some(actual), Some(wanted)) => order.holds(&actual, &wanted),
            _ => false,
        },
    }
}

/// A date in ISO 8601, or seconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(seconds) => Timestamp::from_second(seconds).ok(),
        Err(_) => text.parse().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok()),
    }
}

fn in_network(address: &str, network: &str) -> bool {
    let (base, length) = network
        .split_once('/')
        .map_or((network, None), |(base, length)| (base, Some(length)));
    let (Ok(address), Ok(base)) = (address.parse::<IpAddr>(), base.parse::<IpAddr>()) else {
        return false;
    };
    let (address, base, bits) = match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => (u128::from(address.to_bits()), u128::from(base.to_bits()), 32),
        (IpAddr::V6(address), IpAddr::V6(base)) => (address.to_bits(), base.to_bits(), 128),
        _ => return false,
    };
    let Ok(length) = length.map_or(Ok(bits), str::parse::<u32>) else {
        return false;
    };
    length <= bits && (length == 0 || (address ^ base) >> (bits - length) == 0)
}
