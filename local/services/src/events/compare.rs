//! What the operators of event patterns compare with: numbers, network addresses, wildcards.

use platform::wildcard::{Piece, matches};
use serde_json::Value;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One comparison of a `numeric` operator, such as `> 5`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    relation: Relation,
    operand: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    /// Reads `["=", 5]` or `[">", 0, "<=", 5]`.
    pub(super) fn parse(operand: &Value) -> Result<Vec<Self>, &'static str> {
        let parts = operand.as_array().ok_or("numeric takes an array")?;
        let (pairs, []) = parts.as_chunks::<2>() else {
            return Err("numeric takes pairs of an operator and a number");
        };
        let comparisons = pairs.iter().map(|[relation, operand]| {
            let relation = match relation.as_str() {
                Some("=") => Relation::Equal,
                Some("<") => Relation::Less,
                Some("<=") => Relation::AtMost,
                Some(">") => Relation::Greater,
                Some(">=") => Relation::AtLeast,
                _ => return Err("Unrecognized numeric range operator"),
            };
            let operand = operand.as_f64().ok_or("Value of a numeric match must be numeric")?;
            Ok(Self { relation, operand })
        });
        let comparisons = comparisons.collect::<Result<Vec<_>, _>>()?;
        match comparisons.as_slice() {
            [_] => Ok(comparisons),
            [a, b] if a.is_lower() && b.is_upper() && a.operand < b.operand => Ok(comparisons),
            [a, b] if a.is_upper() && b.is_lower() && b.operand < a.operand => Ok(comparisons),
            [_, _] => Err("Bad numeric range"),
            _ => Err("numeric takes one comparison or a range of two"),
        }
    }

    fn is_lower(&self) -> bool {
        matches!(self.relation, Relation::Greater | Relation::AtLeast)
    }

    fn is_upper(&self) -> bool {
        matches!(self.relation, Relation::Less | Relation::AtMost)
    }

    pub(super) fn holds(&self, number: f64) -> bool {
        match self.relation {
            Relation::Equal => (number - self.operand).abs() < f64::EPSILON,
            Relation::Less => number < self.operand,
            Relation::AtMost => number <= self.operand,
            Relation::Greater => number > self.operand,
            Relation::AtLeast => number >= self.operand,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = match self.relation {
            Relation::Equal => "=",
            Relation::Less => "<",
            Relation::AtMost => "<=",
            Relation::Greater => ">",
            Relation::AtLeast => ">=",
        };
        write!(formatter, "{relation} {}", self.operand)
    }
}

/// A block of IPv4 or IPv6 addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cidr {
    network: u128,
    bits: u32,
    length: u32,
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.network) {
            Ok(network) if self.bits == 32 => write!(formatter, "{}", Ipv4Addr::from_bits(network)),
            _ => write!(formatter, "{}", Ipv6Addr::from_bits(self.network)),
        }?;
        write!(formatter, "/{}", self.length)
    }
}

/// An address as a number, and how many bits addresses of its kind have.
fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

impl Cidr {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let (network, bits) = number(address.parse().ok()?);
        let length = length.parse().ok().filter(|length| *length <= bits)?;
        Some(Self { network, bits, length })
    }

    pub(super) fn contains(&self, address: &str) -> bool {
        let Ok(address) = address.parse() else { return false };
        let (address, bits) = number(address);
        let rest = self.bits - self.length;
        // A shift by all 128 bits leaves nothing to compare.
        let prefix = |address: u128| address.checked_shr(rest).unwrap_or(0);
        bits == self.bits && prefix(address) == prefix(self.network)
    }
}

/// `*` stands for any characters; `\*` and `\\` for themselves.
pub(super) fn wildcard(pattern: &str, text: &str) -> bool {
    let mut characters = pattern.chars();
    let mut pieces = Vec::new();
    while let Some(character) = characters.next() {
        pieces.extend(match character {
            '*' => Some(Piece::AnyRun),
            '\\' => characters.next().map(Piece::Literal),
            other => Some(Piece::Literal(other)),
        });
    }
    let text: Vec<char> = text.chars().collect();
    matches(&pieces, &text, |a, b| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_stars_alone() {
        for (pattern, text, expected) in [
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("*b*", "abc", true),
            ("*", "", true),
            ("a*a", "a", false),
            ("a\\*c", "a*c", true),
            ("a\\*c", "abc", false),
            ("a\\\\*", "a\\b", true),
            ("a?", "ab", false),
            ("a?", "a?", true),
        ] {
            assert_eq!(wildcard(pattern, text), expected, "{pattern} {text}");
        }
    }
}
