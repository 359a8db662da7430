//! Reads a number only if it prints again as the same number. Others are refused.

use serde_json::Number;

/// The number, if it prints again as the same one.
pub(super) fn number(written: &str) -> Option<Number> {
    let unsigned = || written.parse::<u64>().ok().map(Number::from);
    // -0 must stay a float: an integer has no sign for zero.
    let negative = || {
        written
            .parse::<i64>()
            .ok()
            .filter(|number| *number < 0)
            .map(Number::from)
    };
    let float = || Number::from_f64(written.parse().ok()?);
    let number = unsigned().or_else(negative).or_else(float)?;
    (Decimal::of(&number.to_string()) == Decimal::of(written)).then_some(number)
}

/// A number in base ten. `1.10` and `11e-1` are written in two ways, and are equal here.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    /// The digits, without zeros at the beginning and at the end.
    digits: String,
    /// The power of ten of the last digit.
    exponent: i64,
}

impl Decimal {
    fn of(written: &str) -> Self {
        let (significand, exponent) = written.split_once(['e', 'E']).unwrap_or((written, "0"));
        let unsigned = significand.trim_start_matches('-');
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = [whole, fraction].concat();
        let kept = digits.trim_end_matches('0');
        let places = digits.len() as i64 - kept.len() as i64 - fraction.len() as i64;
        let kept = kept.trim_start_matches('0');
        Self {
            negative: significand.len() > unsigned.len(),
            digits: kept.to_owned(),
            // No number that is kept has an exponent beyond 64 bits, except zero: its exponent has no meaning.
            exponent: match (kept, exponent.parse::<i64>()) {
                ("", _) => 0,
                (_, Ok(exponent)) => exponent.saturating_add(places),
                (_, Err(_)) => i64::MAX,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_one_that_is_written_or_none() {
        // (written, printed)
        let cases = [
            ("0.30000000000000004", Some("0.30000000000000004")),
            ("1.10", Some("1.1")),
            ("-1.50e+01", Some("-15.0")),
            ("0.000123E4", Some("1.23")),
            ("100000000000000000000", Some("1e+20")),
            ("18446744073709551616.0", None),
            ("18446744073709551616", None),
            ("18446744073709551617", None),
            ("-9223372036854775809", None),
            ("9007199254740993.0", None),
            ("0.12345678901234567891", None),
            ("1e309", None),
            ("1e-400", None),
            ("1e9223372036854775808", None),
            ("1e-9223372036854775809", None),
            ("0e9223372036854775808", Some("0.0")),
            ("0.00e-9223372036854775809", Some("0.0")),
        ];
        for (written, printed) in cases {
            let read = number(written).map(|number| number.to_string());
            assert_eq!(read.as_deref(), printed, "{written}");
        }
    }

    #[test]
    fn every_number_is_read_back_as_it_is_printed() {
        // A linear congruential generator: every bit pattern is as good as any other.
        let mut bits = 1_u64;
        for _ in 0..20_000 {
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let float = f64::from_bits(bits);
            for printed in Number::from_f64(float).into_iter().chain([bits.into()]) {
                let text = printed.to_string();
                assert_eq!(number(&text), Some(printed), "{text}");
            }
        }
    }
}
