//! The functions on arrays.

use std::collections::HashSet;

use super::numbers::rounded;
use crate::text::Json;

/// The most items that `States.ArrayRange` makes.
const MAX_RANGE: i64 = 1_000;

pub(super) fn of(value: &Json) -> Result<&[Json], String> {
    value.as_array().ok_or_else(|| format!("{value} is not an array"))
}

pub(super) fn get_item(items: &Json, index: &Json) -> Result<Json, String> {
    let items = of(items)?;
    let index = rounded(index)?;
    usize::try_from(index)
        .ok()
        .and_then(|index| items.get(index).cloned())
        .ok_or_else(|| format!("Index {index} out of bounds for length {}", items.len()))
}

pub(super) fn partition(items: &Json, size: &Json) -> Result<Json, String> {
    let items = of(items)?;
    match usize::try_from(rounded(size)?) {
        Ok(size) if size > 0 => Ok(Json::array(
            items.chunks(size).map(|chunk| Json::array(chunk.to_vec())).collect(),
        )),
        _ => Err("the chunk size must be a positive integer".into()),
    }
}

pub(super) fn range(from: &Json, to: &Json, step: &Json) -> Result<Json, String> {
    let (from, to, step) = (rounded(from)?, rounded(to)?, rounded(step)?);
    if step == 0 {
        return Err("the step must not be zero".into());
    }
    let length = (i128::from(to) - i128::from(from)) / i128::from(step) + 1;
    if length > i128::from(MAX_RANGE) {
        return Err(format!("the range has more than {MAX_RANGE} elements"));
    }
    let length = if (to < from) == (step < 0) || to == from {
        i64::try_from(length).unwrap_or(0)
    } else {
        0
    };
    Ok(Json::array(
        (0..length).map(|at| Json::from(from + at * step)).collect(),
    ))
}

pub(super) fn unique(items: &Json) -> Result<Json, String> {
    let mut seen = HashSet::new();
    let unique = of(items)?.iter().filter(|item| seen.insert(canonical(item)));
    Ok(Json::array(unique.cloned().collect()))
}

/// A text that is the same for equal values.
fn canonical(value: &Json) -> String {
    match value {
        Json::Object(object) => {
            let mut fields: Vec<String> = object
                .iter()
                .map(|(key, value)| format!("{}:{}", Json::from(key.clone()), canonical(value)))
                .collect();
            fields.sort_unstable();
            format!("{{{}}}", fields.join(","))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Json::Number(number) => number.as_f64().to_string(),
        other => other.to_string(),
    }
}
