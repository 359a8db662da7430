//! Texts of values that share their insides: whoever keeps many such texts writes what is shared once.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::value::Json;
use super::write::write_string;

/// From so many bytes on, a string, an array or an object is a part of its own. What is shorter is written again.
const PART_FROM: usize = 4096;

/// A piece of a value's JSON text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// As it stands there.
    Text(String),
    /// The part with this number stands there.
    Part(usize),
}

/// Writes the texts of values in parts. What is long is one, which is written once and named by its number where it comes
/// again. So what a text costs is what has changed since the one before.
///
/// Parts are told apart by where they lie in memory, so their values are held as long as this is.
///
/// ```
/// use states_language::{Json, Object, Parts, Piece};
///
/// let rows = Json::array(vec!["row".into(); 10_000]);
/// let mut parts = Parts::default();
/// let mut written = Vec::new();
/// for turn in 0..3_i64 {
///     let value = Json::from([("rows", rows.clone()), ("turn", turn.into())].into_iter().collect::<Object>());
///     let number = parts.part(&value, |number, pieces| written.push((number, pieces)));
///     assert_eq!(number, written.last().map(|(number, _)| *number));
/// }
/// // The rows, and three objects around them, each in a few bytes.
/// assert_eq!(written.len(), 4);
/// assert!(matches!(written[3].1[..], [Piece::Text(_), Piece::Part(1), Piece::Text(_)]));
/// ```
#[derive(Debug, Default)]
pub struct Parts(HashMap<Address, (Json, usize)>);

/// Where a value's insides lie.
type Address = usize;

impl Parts {
    /// The number of the part that a value is; nothing where its text is too short for one. `new` is given each part that is
    /// new, with its number: 1, 2, 3 …, and those that others are made of before these.
    pub fn part(&mut self, value: &Json, mut new: impl FnMut(usize, Vec<Piece>)) -> Option<usize> {
        self.number(value, &mut new)
    }

    fn number(&mut self, value: &Json, new: &mut impl FnMut(usize, Vec<Piece>)) -> Option<usize> {
        let address = address(value)?;
        if let Some((_, number)) = self.0.get(&address) {
            return Some(*number);
        }
        let mut own = Pieces::default();
        self.write_insides(value, &mut own, new);
        let number = self.0.len() + 1;
        self.0.insert(address, (value.clone(), number));
        new(number, own.0);
        Some(number)
    }

    fn write(&mut self, value: &Json, out: &mut Pieces, new: &mut impl FnMut(usize, Vec<Piece>)) {
        match self.number(value, new) {
            Some(number) => out.0.push(Piece::Part(number)),
            None => {
                // Nothing can go wrong where a text grows.
                let _ = write!(out.text(), "{value}");
            }
        }
    }

    fn write_insides(&mut self, value: &Json, out: &mut Pieces, new: &mut impl FnMut(usize, Vec<Piece>)) {
        match value {
            Json::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    out.text().push(if at == 0 { '[' } else { ',' });
                    self.write(item, out, new);
                }
                out.text().push(']');
            }
            Json::Object(object) => {
                for (at, (key, value)) in object.iter().enumerate() {
                    out.text().push(if at == 0 { '{' } else { ',' });
                    let _ = write_string(key, out.text());
                    out.text().push(':');
                    self.write(value, out, new);
                }
                out.text().push('}');
            }
            plain => {
                let _ = write!(out.text(), "{plain}");
            }
        }
    }
}

/// Where the insides lie of a value that is long enough to be a part.
fn address(value: &Json) -> Option<Address> {
    let (address, length) = match value {
        Json::String(text) => (Arc::as_ptr(text).addr(), text.len()),
        Json::Array(items) => (Arc::as_ptr(items).addr(), value.text_len()),
        Json::Object(object) => (Arc::as_ptr(object).addr(), value.text_len()),
        Json::Null | Json::Bool(_) | Json::Number(_) => return None,
    };
    (length >= PART_FROM).then_some(address)
}

/// Pieces that are added to at their end.
#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    /// The text at the end.
    fn text(&mut self) -> &mut String {
        if !matches!(self.0.last(), Some(Piece::Text(_))) {
            self.0.push(Piece::Text(String::new()));
        }
        match self.0.last_mut() {
            Some(Piece::Text(text)) => text,
            _ => unreachable!("a text was just put there"),
        }
    }
}
