//! What an event pattern can ask of a value.
//!
//! Values are compared as they are written: a text with its quotes, so that `["5"]` wants no number and `["null"]` no null.

use super::compare::{self, Cidr, Comparison, fold_matches};
use platform::wildcard::{Piece, matches};
use std::net::IpAddr;

/// One thing that a value can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Matcher {
    /// Written exactly so, quotes and all.
    Exact(String),
    /// This number, however it is spelled. A number that no double holds is compared as it is written.
    Number {
        text: String,
        value: Option<f64>,
    },
    /// This address, however it is spelled.
    Address {
        text: String,
        address: IpAddr,
    },
    Text(Text),
    /// None of these.
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
    Wildcard { pattern: String, pieces: Vec<Piece> },
}

/// A value of an event, as matchers see it.
#[derive(Debug)]
pub(super) struct Leaf {
    /// As JSON writes it, but without escapes.
    text: String,
    number: Option<f64>,
    address: Option<IpAddr>,
}

impl Leaf {
    pub(super) fn text(text: &str) -> Self {
        Self {
            address: compare::address(text),
            text: format!("\"{text}\""),
            number: None,
        }
    }

    /// A number, or `true`, `false` or `null`.
    pub(super) fn bare(text: String) -> Self {
        Self {
            number: compare::double(&text),
            text,
            address: None,
        }
    }
}

impl Matcher {
    /// Whether a value that is there matches.
    pub(super) fn wants(&self, leaf: &Leaf) -> bool {
        match self {
            Self::Exact(wanted) => leaf.text == *wanted,
            Self::Number { text, value } => leaf.text == *text || value.is_some() && leaf.number == *value,
            Self::Address { address, .. } => leaf.address == Some(*address),
            Self::Text(text) => text.wants(&leaf.text),
            // An empty list wants nothing.
            Self::AnythingBut(unwanted) => !unwanted.is_empty() && !unwanted.iter().any(|matcher| matcher.wants(leaf)),
            Self::Numeric(comparisons) => leaf
                .number
                .is_some_and(|number| comparisons.iter().all(|comparison| comparison.holds(number))),
            Self::Cidr(cidr) => leaf.address.is_some_and(|address| cidr.contains(address)),
            Self::Exists(wanted) => *wanted,
        }
    }
}

impl Text {
    /// Whether a value as JSON writes it matches.
    fn wants(&self, quoted: &str) -> bool {
        match self {
            Self::Prefix {
                prefix,
                ignore_case: false,
            } => quoted
                .strip_prefix('"')
                .is_some_and(|rest| rest.starts_with(prefix.as_str())),
            Self::Suffix {
                suffix,
                ignore_case: false,
            } => quoted
                .strip_suffix('"')
                .is_some_and(|rest| rest.ends_with(suffix.as_str())),
            Self::Prefix {
                prefix,
                ignore_case: true,
            } => quoted
                .strip_prefix('"')
                .is_some_and(|rest| !fold_matches(prefix, rest, [0]).is_empty()),
            Self::Suffix {
                suffix,
                ignore_case: true,
            } => quoted.strip_suffix('"').is_some_and(|rest| {
                let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
                fold_matches(suffix, rest, starts).contains(&rest.len())
            }),
            Self::EqualsIgnoreCase(wanted) => {
                inside(quoted).is_some_and(|text| fold_matches(wanted, text, [0]).contains(&text.len()))
            }
            Self::Wildcard { pieces, .. } => inside(quoted).is_some_and(|text| {
                let text: Vec<char> = text.chars().collect();
                matches(pieces, &text, |a, b| a == b)
            }),
        }
    }
}

/// What stands between the quotes of a text; nothing for what is no text.
fn inside(quoted: &str) -> Option<&str> {
    quoted.strip_prefix('"')?.strip_suffix('"')
}
