//! How long a value's text is and how deep it nests, without writing it.
//!
//! Every state's output is held against the quota. Arrays and objects remember what they measured, so that this costs what a
//! state has changed, and not what it has carried along.

use std::fmt::{self, Write};

use super::number::Number;
use super::parse::MAX_DEPTH;
use super::size::Size;
use super::value::Json;

/// What is too much of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// Its text.
    Long,
    /// Its nesting.
    Deep,
}

impl Json {
    /// How many bytes of UTF-8 the compact text has.
    #[must_use]
    pub fn text_len(&self) -> usize {
        size(self, usize::MAX).map_or(usize::MAX, |size| size.bytes)
    }

    /// Whether a language whose numbers are floats hands the value on as it is.
    #[cfg(feature = "jsonata")]
    pub(crate) fn has_floats_alone(&self) -> bool {
        size(self, MAX_DEPTH).is_some_and(|size| size.floats)
    }

    /// Whether the value is within what an execution can carry.
    pub(crate) fn within(&self, bytes: usize) -> Result<(), Excess> {
        match size(self, MAX_DEPTH) {
            None => Err(Excess::Deep),
            Some(size) if size.bytes > bytes => Err(Excess::Long),
            Some(_) => Ok(()),
        }
    }
}

/// The size of a value, or nothing where it nests deeper than this.
fn size(value: &Json, depth: usize) -> Option<Size> {
    let flat = |bytes| {
        Some(Size {
            bytes,
            levels: 0,
            floats: true,
        })
    };
    let measured = match value {
        Json::Null | Json::Bool(true) => return flat(4),
        Json::Bool(false) => return flat(5),
        Json::Number(number) => {
            return Some(Size {
                bytes: number_len(*number),
                levels: 0,
                floats: number.is_as_float(),
            });
        }
        Json::String(text) => return flat(string_len(text)),
        Json::Array(array) if array.is_empty() => return flat(2),
        Json::Object(object) if object.is_empty() => return flat(2),
        Json::Array(array) => &array.measured,
        Json::Object(object) => object.measured(),
    };
    if let Some(known) = measured.get() {
        return (known.levels <= depth).then_some(known);
    }
    let inner = depth.checked_sub(1)?;
    let found = match value {
        Json::Array(items) => sum(items.iter().map(|item| size(item, inner)))?,
        Json::Object(object) => sum(object.iter().map(|(key, value)| {
            let size = size(value, inner)?;
            Some(Size {
                bytes: size.bytes.saturating_add(string_len(key) + 1),
                ..size
            })
        }))?,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return None,
    };
    measured.set(found);
    Some(found)
}

/// The size of what is inside, with brackets around it and commas in between.
fn sum(inside: impl Iterator<Item = Option<Size>>) -> Option<Size> {
    let (mut count, mut bytes, mut levels, mut floats) = (0_usize, 2_usize, 0, true);
    for each in inside {
        let each = each?;
        count += 1;
        bytes = bytes.saturating_add(each.bytes);
        levels = levels.max(each.levels);
        floats &= each.floats;
    }
    Some(Size {
        bytes: bytes.saturating_add(count.saturating_sub(1)),
        levels: levels + 1,
        floats,
    })
}

fn number_len(number: Number) -> usize {
    struct Counter(usize);

    impl Write for Counter {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }

    let mut counter = Counter(0);
    match write!(counter, "{number}") {
        Ok(()) | Err(fmt::Error) => counter.0,
    }
}

/// How long a text is in quotes. Most have nothing to escape, which is found out many bytes at a time.
fn string_len(text: &str) -> usize {
    let is_escaped = |byte: &u8| u8::from(*byte < 0x20) | u8::from(*byte == b'"') | u8::from(*byte == b'\\');
    let is_plain = text
        .as_bytes()
        .chunks(128)
        .all(|chunk| chunk.iter().fold(0, |found, byte| found | is_escaped(byte)) == 0);
    let escapes = match is_plain {
        true => 0,
        false => text.bytes().map(added).sum(),
    };
    text.len() + 2 + escapes
}

/// How many bytes more than itself a byte takes within quotes.
fn added(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Object;
    use proptest::prelude::*;

    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>()
                .prop_filter_map("no JSON", Number::from_f64)
                .prop_map(Json::from),
            any::<String>().prop_map(Json::from),
            "[a\"\\\\\u{0}-\u{1f}é]{0,300}".prop_map(Json::from),
        ];
        leaf.prop_recursive(6, 60, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::array),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|fields| fields.into_iter().collect::<Object>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_text_is_as_long_as_it_is_written(value in json(), other in json()) {
            // Twice: found out, and remembered.
            for _ in 0..2 {
                prop_assert_eq!(value.text_len(), value.to_string().len());
            }
            let mut object = Object::new();
            object.insert("first", value);
            let before = Json::from(object.clone());
            prop_assert_eq!(before.text_len(), before.to_string().len());
            let mut copy = before.as_object().cloned().unwrap_or_default();
            copy.insert("first", other.clone());
            copy.insert("second", other);
            let after = Json::from(copy);
            prop_assert_eq!(after.text_len(), after.to_string().len());
        }
    }

    #[test]
    fn a_value_that_nests_too_deep_stays_too_deep_when_its_parts_are_known() {
        let mut value = Json::array(vec![Json::array(Vec::new())]);
        for levels in 1..=MAX_DEPTH + 2 {
            let expected = if levels <= MAX_DEPTH { Ok(()) } else { Err(Excess::Deep) };
            assert_eq!(value.within(10_000), expected, "{levels}");
            assert_eq!(value.within(levels), expected.and(Err(Excess::Long)), "{levels}");
            value = Json::array(vec![value]);
        }
    }
}
