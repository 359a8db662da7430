//! Changes to an input: in its bytes, and, where it is JSON, in its values, so that what is read is mostly still JSON.

use crate::dice::Dice;
use serde_json::{Value, json};

/// How deep JSON is nested at most that is put in somewhere: deeper than any reader follows.
const DEEPEST: usize = 300;

/// A changed input of at most `longest` bytes.
#[must_use]
pub fn mutate(input: &[u8], words: &[&str], dice: &mut Dice, longest: usize) -> Vec<u8> {
    let as_json = (!dice.once_in(3))
        .then(|| serde_json::from_slice::<Value>(input).ok())
        .flatten();
    let mut changed = match as_json {
        Some(value @ (Value::Object(_) | Value::Array(_))) => in_values(value, words, dice).to_string().into_bytes(),
        _ => in_bytes(input.to_vec(), words, dice),
    };
    changed.truncate(longest);
    changed
}

fn in_values(mut value: Value, words: &[&str], dice: &mut Dice) -> Value {
    for _ in 0..=dice.below(3) {
        let at = dice.below(count(&value));
        change(&mut value, &mut { at }, words, dice);
    }
    value
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}

/// Changes the value that is `at` so many values further on; whether it was found.
fn change(value: &mut Value, at: &mut usize, words: &[&str], dice: &mut Dice) -> bool {
    if *at == 0 {
        change_here(value, words, dice);
        return true;
    }
    *at -= 1;
    match value {
        Value::Object(fields) => fields.values_mut().any(|value| change(value, at, words, dice)),
        Value::Array(items) => items.iter_mut().any(|value| change(value, at, words, dice)),
        _ => false,
    }
}

fn change_here(value: &mut Value, words: &[&str], dice: &mut Dice) {
    match (value, dice.below(4)) {
        (Value::String(text), 0 | 1) => {
            let bytes = in_bytes(std::mem::take(text).into_bytes(), words, dice);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        (Value::Object(fields), 0) => {
            let name = fields.keys().nth(dice.below(fields.len())).cloned();
            if let Some(name) = name {
                fields.remove(&name);
            }
        }
        (Value::Object(fields), 1) => {
            let name = dice.pick(words).copied().unwrap_or("x");
            fields.insert(name.to_owned(), another(words, dice));
        }
        (Value::Array(items), 0) => drop(items.pop()),
        (Value::Array(items), 1) => {
            let item = items.first().cloned().unwrap_or_else(|| another(words, dice));
            items.push(item);
        }
        (value, _) => *value = another(words, dice),
    }
}

/// A value that stands for many of its kind, at a limit where there is one.
fn another(words: &[&str], dice: &mut Dice) -> Value {
    match dice.below(12) {
        0 => Value::Null,
        1 => Value::Bool(dice.once_in(2)),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(1.5),
        5 => [json!(u64::MAX), json!(i64::MIN), json!(9_007_199_254_740_993_u64)][dice.below(3)].clone(),
        6 => json!(1e308),
        7 => json!([]),
        8 => json!({}),
        9 => json!(""),
        10 => nested(dice),
        _ => dice.pick(words).map_or(Value::Null, |word| json!(word)),
    }
}

fn nested(dice: &mut Dice) -> Value {
    let mut value = Value::Null;
    for _ in 0..dice.below(DEEPEST) {
        value = if dice.once_in(2) {
            json!([value])
        } else {
            json!({"a": value})
        };
    }
    value
}

fn in_bytes(mut bytes: Vec<u8>, words: &[&str], dice: &mut Dice) -> Vec<u8> {
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + 1 + dice.below(16)).min(bytes.len());
        match dice.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = [0, 0xff, b'0', b'9', b'"', b'\\', b'{', b'['][dice.below(8)],
            2 => drop(bytes.drain(at.min(end)..end)),
            3 => bytes.truncate(at),
            4 => {
                // Again and again, as what is nested is.
                let piece = bytes[at.min(end)..end].repeat(1 + dice.below(40));
                bytes.splice(at..at, piece);
            }
            5 => {
                let number = ["18446744073709551615", "-9223372036854775808", "1e999", "0", "-0"][dice.below(5)];
                bytes.splice(at..at, number.bytes());
            }
            6 => {
                let character = ["\u{0}", "\u{feff}", "\u{1f600}", "é", "\\ud800", "\r\n"][dice.below(6)];
                bytes.splice(at..at, character.bytes());
            }
            _ => {
                let word = dice.pick(words).copied().unwrap_or_default();
                bytes.splice(at..at, word.bytes());
            }
        }
    }
    bytes
}
