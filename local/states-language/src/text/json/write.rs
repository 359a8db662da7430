//! Writes JSON text, and measures it without writing it.

use std::fmt::{self, Write};

use super::parse::MAX_DEPTH;
use super::value::Json;

/// Compact JSON text.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f, usize::MAX)
    }
}

impl Json {
    /// How many bytes of UTF-8 the compact text has.
    #[must_use]
    pub fn text_len(&self) -> usize {
        let mut counter = Counter(0);
        match write(self, &mut counter, usize::MAX) {
            Ok(()) | Err(fmt::Error) => counter.0,
        }
    }

    /// Whether the value is within what an execution can carry; stops looking as soon as it is known.
    pub(crate) fn within(&self, bytes: usize) -> Result<(), Excess> {
        let mut bounded = Bounded(Some(bytes));
        match write(self, &mut bounded, MAX_DEPTH) {
            Ok(()) => Ok(()),
            Err(fmt::Error) if bounded.0.is_none() => Err(Excess::Long),
            Err(fmt::Error) => Err(Excess::Deep),
        }
    }
}

/// What is too much of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// Its text.
    Long,
    /// Its nesting.
    Deep,
}

struct Counter(usize);

impl Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// Takes that many bytes more, and then no further.
struct Bounded(Option<usize>);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.and_then(|left| left.checked_sub(text.len()));
        if self.0.is_some() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Writes a value that nests so many levels deep at most.
fn write(value: &Json, out: &mut impl Write, depth: usize) -> fmt::Result {
    let inner = || depth.checked_sub(1).ok_or(fmt::Error);
    match value {
        Json::Null => out.write_str("null"),
        Json::Bool(true) => out.write_str("true"),
        Json::Bool(false) => out.write_str("false"),
        Json::Number(number) => write!(out, "{number}"),
        Json::String(text) => write_string(text, out),
        Json::Array(items) => {
            out.write_char('[')?;
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.write_char(',')?;
                }
                write(item, out, inner()?)?;
            }
            out.write_char(']')
        }
        Json::Object(object) => {
            out.write_char('{')?;
            for (at, (key, value)) in object.iter().enumerate() {
                if at > 0 {
                    out.write_char(',')?;
                }
                write_string(key, out)?;
                out.write_char(':')?;
                write(value, out, inner()?)?;
            }
            out.write_char('}')
        }
    }
}

fn write_string(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.write_str(&text[plain..at])?;
        plain = at + 1;
        match byte {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            0x08 => out.write_str("\\b")?,
            0x0c => out.write_str("\\f")?,
            control => write!(out, "\\u{control:04x}")?,
        }
    }
    out.write_str(&text[plain..])?;
    out.write_char('"')
}
