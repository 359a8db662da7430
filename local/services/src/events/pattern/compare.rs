//! What the operators of event patterns compare with: numbers, network addresses, wildcards.

use platform::wildcard::Piece;
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
    pub(super) fn new(relation: &str, operand: f64) -> Option<Self> {
        let relation = match relation {
            "=" => Relation::Equal,
            "<" => Relation::Less,
            "<=" => Relation::AtMost,
            ">" => Relation::Greater,
            ">=" => Relation::AtLeast,
            _ => return None,
        };
        Some(Self { relation, operand })
    }

    /// Whether there is room between this lower bound and an upper one.
    pub(super) fn is_below(&self, other: &Self) -> bool {
        self.operand < other.operand
    }

    pub(super) fn holds(&self, number: f64) -> bool {
        match self.relation {
            Relation::Equal => number.total_cmp(&self.operand).is_eq(),
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
    /// # Errors
    /// EventBridge's words for what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts: Vec<&str> = text.split('/').collect();
        while parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        let [written, length] = parts.as_slice() else {
            return Err("Malformed CIDR, one '/' required".to_owned());
        };
        let length: i32 = length
            .parse()
            .map_err(|_| "Malformed CIDR, mask bits must be an integer".to_owned())?;
        let length = u32::try_from(length).map_err(|_| "Malformed CIDR, mask bits must not be negative".to_owned())?;
        let looks_like_one = is_dotted(written) || is_colons(written);
        let kind = if looks_like_one { "Invalid" } else { "Nonstandard" };
        let (network, bits) = number(address(written).ok_or_else(|| format!("{kind} IP address: {written}"))?);
        if length >= bits {
            let version = if bits == 32 { 4 } else { 6 };
            return Err(format!("IPv{version} mask bits must be < {bits}"));
        }
        Ok(Self { network, bits, length })
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let (address, bits) = number(address);
        let rest = self.bits - self.length;
        // A shift by all 128 bits leaves nothing to compare.
        let prefix = |address: u128| address.checked_shr(rest).unwrap_or(0);
        bits == self.bits && prefix(address) == prefix(self.network)
    }
}

fn is_dotted(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_colons(text: &str) -> bool {
    text.contains(':') && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
}

/// The address that a text spells. Zeros in front change nothing, and an IPv4 address in IPv6 is that IPv4 address.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    if is_dotted(text) {
        let mut octets = [0; 4];
        for (octet, part) in octets.iter_mut().zip(text.split('.')) {
            *octet = part.parse().ok()?;
        }
        return Some(IpAddr::V4(Ipv4Addr::from(octets)));
    }
    if !is_colons(text) {
        return None;
    }
    let address: Ipv6Addr = text.parse().ok()?;
    Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
}

/// The double that a number is, where a double holds exactly what is written.
pub(super) fn double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    // Zero has no sign here.
    let value = if value == 0.0 { 0.0 } else { value };
    (is_number && value.is_finite() && decimal(text) == decimal(&format!("{value:e}"))).then_some(value)
}

/// A number as its sign, its digits without zeros at both ends, and its exponent.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.parse::<i64>().ok()? - i64::try_from(fraction.len()).ok()?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let trimmed = digits.trim_end_matches('0');
    if trimmed.is_empty() {
        return Some((false, String::new(), 0));
    }
    let exponent = exponent + i64::try_from(digits.len() - trimmed.len()).ok()?;
    Some((negative, trimmed.to_owned(), exponent))
}

/// Where in a text a pattern can end that begins at one of these places, each of its characters in either case.
///
/// A character may be several in the other case, so there can be more than one end.
pub(super) fn fold_matches(pattern: &str, text: &str, starts: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut ends: Vec<usize> = starts.into_iter().collect();
    for character in pattern.chars() {
        let lower: String = character.to_lowercase().collect();
        let upper: String = character.to_uppercase().collect();
        let cases = if lower == upper {
            vec![lower]
        } else {
            vec![lower, upper]
        };
        let mut next: Vec<usize> = ends
            .iter()
            .flat_map(|at| {
                cases
                    .iter()
                    .filter(|case| text[*at..].starts_with(case.as_str()))
                    .map(move |case| at + case.len())
            })
            .collect();
        next.sort_unstable();
        next.dedup();
        ends = next;
    }
    ends
}

/// `*` stands for any characters; `\*` and `\\` for themselves.
///
/// # Errors
/// EventBridge's words for what is wrong. Positions count the bytes of the text with its opening quote.
pub(super) fn wildcard(pattern: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut characters = pattern.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        pieces.push(match (character, next) {
            ('*', Some('*')) => return Err(format!("Consecutive wildcard characters at pos {}", at + 1)),
            ('*', _) => Piece::AnyRun,
            ('\\', Some(escaped @ ('*' | '\\'))) => {
                characters.next();
                Piece::Literal(escaped)
            }
            ('\\', _) => return Err(format!("Invalid escape character at pos {}", at + 1)),
            (other, _) => Piece::Literal(other),
        });
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_is_what_it_is_written_as_or_nothing() {
        for (text, expected) in [
            ("1", Some(1.0)),
            ("1.0", Some(1.0)),
            ("1.0e0", Some(1.0)),
            ("10E-1", Some(1.0)),
            ("-0", Some(0.0)),
            ("0.10", Some(0.1)),
            ("9007199254740993", None),
            ("0.1000000000000000055511151231257827", None),
            ("1e400", None),
            ("null", None),
            ("true", None),
        ] {
            assert_eq!(double(text), expected, "{text}");
        }
    }

    #[test]
    fn addresses_are_spelled_in_more_than_one_way() {
        for (one, other, same) in [
            ("10.0.0.1", "010.00.0.001", true),
            ("2001:db8::1", "2001:0db8:0:0::1", true),
            ("::ffff:a00:1", "10.0.0.1", true),
            ("10.0.0.256", "10.0.0.256", false),
            ("10.0.0", "10.0.0", false),
            ("host", "host", false),
        ] {
            let same_address = address(one).is_some() && address(one) == address(other);
            assert_eq!(same_address, same, "{one} {other}");
        }
    }
}
