//! What an event pattern can ask of a value.

use super::compare::{Cidr, Comparison};
use serde_json::Value;

/// One thing that a value can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Matcher {
    Exact(Value),
    Text(Text),
    AnythingBut(Vec<Matcher>),
    Numeric(Vec<Comparison>),
    Cidr(Cidr),
    Exists(bool),
}

/// A condition on a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Prefix { prefix: String, ignore_case: bool },
    Suffix { suffix: String, ignore_case: bool },
    EqualsIgnoreCase(String),
    Wildcard(String),
}
