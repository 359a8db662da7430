//! `$encodeUrl`, `$decodeUrl` and the like, as JavaScript's `encodeURI` and its siblings have it.

use std::fmt::Write;

/// What `encodeURIComponent` leaves as it is, beside letters and digits.
const COMPONENT: &str = "-_.!~*'()";
/// What `encodeURI` leaves as it is, beside those: what separates the parts of a URL.
const SEPARATORS: &str = ";/?:@&=+$,#";

/// Encodes a part of a URL.
pub(super) fn encode_component(text: &str) -> String {
    encode(text, |letter| COMPONENT.contains(letter))
}

/// Encodes a whole URL.
pub(super) fn encode_url(text: &str) -> String {
    encode(text, |letter| COMPONENT.contains(letter) || SEPARATORS.contains(letter))
}

/// Decodes a part of a URL, or nothing where an escape is not one, or is not UTF-8.
pub(super) fn decode_component(text: &str) -> Option<String> {
    decode(text, |_| false)
}

/// Decodes a whole URL: escapes of what separates its parts stay.
pub(super) fn decode_url(text: &str) -> Option<String> {
    decode(text, |byte| byte.is_ascii() && SEPARATORS.contains(char::from(byte)))
}

fn encode(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() || stays(letter) {
            encoded.push(letter);
            continue;
        }
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a text cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn decode(text: &str, stays: impl Fn(u8) -> bool) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first != b'%' {
            decoded.push(*first);
            rest = after;
            continue;
        }
        let escape = rest.get(..3)?;
        let digits = std::str::from_utf8(&escape[1..]).ok()?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        match u8::from_str_radix(digits, 16).ok()? {
            byte if stays(byte) => decoded.extend_from_slice(escape),
            byte => decoded.push(byte),
        }
        rest = &rest[3..];
    }
    String::from_utf8(decoded).ok()
}
