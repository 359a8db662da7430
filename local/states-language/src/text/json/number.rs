//! Numbers. A whole number that fits 64 bits is never rounded.

use std::fmt;

/// A JSON number. Whole numbers that fit 64 bits stay exact; all others are floats.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// Any other number; never infinite and never NaN.
    Float(f64),
}

impl Number {
    /// The number as a float.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "JSON numbers are floats to everyone who asks for one"
    )]
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Float(value) => value,
        }
    }

    /// The number, where it is a whole one: `3` and `3.0`, not `3.5`.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "guarded: whole, and within the range where floats are exact"
    )]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Number::Int(value) => Some(value),
            Number::Float(value) if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 => Some(value as i64),
            Number::Float(_) => None,
        }
    }

    /// A number from a float, whole where the float is (`3.0` becomes `3`); nothing for infinity and NaN.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Number> {
        value
            .is_finite()
            .then(|| Number::Float(value).as_i64().map_or(Number::Float(value), Number::Int))
    }

    /// Whether it is still written the same after it was a float: `3` and `2.5` are, `3.0` and what a float rounds are not.
    pub(super) fn is_as_float(self) -> bool {
        match (self, Number::from_f64(self.as_f64())) {
            (Number::Int(before), Some(Number::Int(after))) => before == after,
            (Number::Float(_), Some(Number::Float(_))) => true,
            _ => false,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a == b,
            _ => self.as_f64() == other.as_f64(),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => Some(a.cmp(b)),
            _ => self.as_f64().partial_cmp(&other.as_f64()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(value) => write!(f, "{value}"),
            Number::Float(value) => format_float(*value, f),
        }
    }
}

/// Floats as Java's `Double.toString` has them, which is what AWS prints: `1.0`, `0.001`, `1.0E10`.
fn format_float(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let magnitude = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return write!(f, "{value:?}");
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let point = if mantissa.contains('.') { "" } else { ".0" };
    write!(f, "{mantissa}{point}E{exponent}")
}
