//! Unescapes texts, and remembers where each byte was in the original text.

use std::ops::Range;

/// The length of the longest entity: `&#x10ffff;`.
const LONGEST_ENTITY: usize = 10;

/// A text, perhaps unescaped.
pub(super) struct View {
    bytes: Vec<u8>,
    /// Where each byte begins in the original text; the last item is the end of that text.
    places: Vec<usize>,
}

impl View {
    /// The text itself.
    pub(super) fn of(text: &str) -> Self {
        Self {
            bytes: text.into(),
            places: (0..=text.len()).collect(),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The range of the original text that a range of the bytes came from.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        self.places[range.start]..self.places[range.end]
    }

    /// The text after one round of unescaping; nothing if it has no escape.
    pub(super) fn unescaped(&self) -> Option<Self> {
        let (mut bytes, mut places, mut at) = (Vec::new(), Vec::new(), 0);
        while let Some(byte) = self.bytes.get(at) {
            let rest = &self.bytes[at..];
            let (read, length) = escape(rest).unwrap_or_else(|| (vec![*byte], 1));
            places.extend(read.iter().map(|_| self.places[at]));
            bytes.extend(read);
            at += length;
        }
        places.extend(self.places.last());
        (bytes.len() < self.bytes.len()).then_some(Self { bytes, places })
    }
}

/// The character of the escape at the beginning of a text, and the length of that escape.
fn escape(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    match text {
        [b'%', rest @ ..] => Some((vec![u8::try_from(number(rest.get(..2)?, 16)?).ok()?], 3)),
        [b'\\', b'u', rest @ ..] => {
            let first = number(rest.get(..4)?, 16)?;
            match (char::from_u32(first), rest.get(4..10)) {
                (Some(char), _) => Some((utf8(char), 6)),
                (None, Some([b'\\', b'u', second @ ..])) => {
                    let units = [first, number(second, 16)?].map(|unit| unit as u16);
                    let char = char::decode_utf16(units).next()?.ok()?;
                    Some((utf8(char), 12))
                }
                (None, _) => None,
            }
        }
        [b'\\', char @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((vec![*char], 2)),
        [b'&', rest @ ..] => {
            let length = rest.iter().take(LONGEST_ENTITY).position(|byte| *byte == b';')?;
            Some((utf8(entity(&rest[..length])?), length + 2))
        }
        _ => None,
    }
}

/// The character of an entity, without `&` and `;`: <https://html.spec.whatwg.org/multipage/named-characters.html>
fn entity(name: &[u8]) -> Option<char> {
    match name {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?),
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?),
        _ => None,
    }
}

/// A number that has only digits: no sign.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

fn utf8(char: char) -> Vec<u8> {
    char.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_what_is_none_stays() {
        // (text, what it is unescaped)
        let cases = [
            ("a%2Fb%c3%bc", Some("a/bü")),
            (r#"\"\\\/\u00FC\ud83e\udd80\n"#, Some("\"\\/ü🦀\\n")),
            ("&lt;&#60;&#x3c;&quot;&apos;&amp;lt;&nbsp;", Some("<<<\"'&lt;&nbsp;")),
            ("%zz %2 % %+1 \\u12 \\ud83e \\u+123 \\", None),
            ("& &; &#; &#x; &#x110000; &amp", None),
            ("&#x0000000041;", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let unescaped = View::of(text).unescaped();
            let bytes = unescaped.map(|view| String::from_utf8(view.bytes).expect("UTF-8"));
            assert_eq!(bytes.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn each_byte_knows_its_place() {
        let once = View::of("a%2526b").unescaped().expect("an escape");
        let twice = once.unescaped().expect("another");
        assert_eq!((once.bytes(), twice.bytes()), (&b"a%26b"[..], &b"a&b"[..]));
        assert_eq!(once.source(1..2), 1..4);
        assert_eq!((twice.source(1..2), twice.source(2..3)), (1..6, 6..7));
    }
}
