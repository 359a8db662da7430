//! The functions on numbers.

use crate::text::{Json, Number};

/// A number as the functions take it: fractions are rounded, halves upwards.
pub(super) fn rounded(value: &Json) -> Result<i64, String> {
    match value {
        Json::Number(Number::Int(whole)) => Ok(*whole),
        Json::Number(number) => Number::from_f64((number.as_f64() + 0.5).floor())
            .and_then(Number::as_i64)
            .ok_or_else(|| "a number is out of range".into()),
        other => Err(format!("{other} is not a number")),
    }
}

pub(super) fn add(a: &Json, b: &Json) -> Result<Json, String> {
    match rounded(a)?.checked_add(rounded(b)?) {
        Some(sum) => Ok(sum.into()),
        None => Err("the sum is out of range".into()),
    }
}
