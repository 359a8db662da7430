//! Takes secrets out of texts from elsewhere, which may quote them in many forms.
//!
//! A secret is found as it is, in hexadecimal, and in base64 (standard or for URLs, also in the middle of a longer text
//! that was encoded). Each of these forms is also found where it is escaped, as a whole or in part, for URLs, JSON,
//! HTML or XML, up to three times.

use super::escapes::View;

/// The text in place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// How often a text is unescaped: JSON in JSON in a URL.
const ROUNDS: usize = 3;

/// The length of the shortest secret that is searched for. A shorter one is found by chance in too many texts.
const SHORTEST: usize = 8;

/// Base64's letters: <https://www.rfc-editor.org/rfc/rfc4648#section-4>
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Replaces every occurrence of the given secrets in `text`, in each form that this module names.
///
/// Secrets shorter than eight characters are left alone.
#[must_use]
pub fn scrub(text: &str, secrets: &[&str]) -> String {
    let mut hidden = vec![false; text.len()];
    let mut view = Some(View::of(text));
    for _ in 0..=ROUNDS {
        let Some(seen) = view else { break };
        for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
            hide(secret.as_bytes(), &seen, &mut hidden);
        }
        view = seen.unescaped();
    }
    without(text, &hidden)
}

/// The text, with the same word in place of each hidden part.
fn without(text: &str, hidden: &[bool]) -> String {
    let (mut left, mut was_hidden) = (Vec::new(), false);
    for (byte, &is_hidden) in text.bytes().zip(hidden) {
        if !is_hidden {
            left.push(byte);
        } else if !was_hidden {
            left.extend_from_slice(REDACTED.as_bytes());
        }
        was_hidden = is_hidden;
    }
    String::from_utf8_lossy(&left).into_owned()
}

/// Hides a secret in each of its forms.
fn hide(secret: &[u8], view: &View, hidden: &mut [bool]) {
    mark(secret, Alphabet::Any, view, hidden);
    let mut hexadecimal = Vec::new();
    for byte in secret {
        hexadecimal.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
    mark(&hexadecimal, Alphabet::Hexadecimal, view, hidden);
    for before in 0..3 {
        mark(&in_base64(secret, before), Alphabet::Base64, view, hidden);
    }
}

/// The base64 letters of a secret after so many other bytes: only the letters that belong to the secret alone.
fn in_base64(secret: &[u8], before: usize) -> Vec<u8> {
    let bit = |at: usize| secret[at / 8 - before] >> (7 - at % 8) & 1;
    let mut letters = Vec::new();
    for letter in (8 * before).div_ceil(6)..8 * (before + secret.len()) / 6 {
        let value = (6 * letter..6 * letter + 6).fold(0, |value, at| value << 1 | bit(at));
        letters.push(LETTERS[usize::from(value)]);
    }
    letters
}

/// How the letters of a form may be written.
#[derive(Clone, Copy, PartialEq)]
enum Alphabet {
    /// As they are.
    Any,
    /// Large or small.
    Hexadecimal,
    /// Standard, or for URLs.
    Base64,
}

impl Alphabet {
    fn read(self, byte: u8) -> u8 {
        match (self, byte) {
            (Self::Hexadecimal, byte) => byte.to_ascii_lowercase(),
            (Self::Base64, b'-') => b'+',
            (Self::Base64, b'_') => b'/',
            (_, byte) => byte,
        }
    }
}

/// Marks each place of a form in a text as hidden; for base64, up to the end of the encoded text.
fn mark(form: &[u8], alphabet: Alphabet, view: &View, hidden: &mut [bool]) {
    let bytes = view.bytes();
    for start in 0..(bytes.len() + 1).saturating_sub(form.len()) {
        let mut letters = form.iter().zip(&bytes[start..]);
        if letters.all(|(letter, byte)| *letter == alphabet.read(*byte)) {
            let mut end = start + form.len();
            let goes_on = |byte: &u8| LETTERS.contains(&alphabet.read(*byte)) || *byte == b'=';
            while alphabet == Alphabet::Base64 && bytes.get(end).is_some_and(goes_on) {
                end += 1;
            }
            hidden[view.source(start..end)].fill(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A secret access key with every letter that some encoding writes otherwise.
    const KEY: &str = "wJalrXUt/FEMI+K7MDENG/bPx\"<RfiCY'EX&\\ü=";

    #[test]
    fn scrubbing_takes_every_form_of_a_secret() {
        // (form, the key in it), by Python's urllib.parse, json, html, binascii and base64.
        let cases = [
            ("as it is", r#"wJalrXUt/FEMI+K7MDENG/bPx"<RfiCY'EX&\ü="#),
            ("URL", "wJalrXUt%2FFEMI%2BK7MDENG%2FbPx%22%3CRfiCY%27EX%26%5C%C3%BC%3D"),
            (
                "URL, lower",
                "wJalrXUt%2fFEMI%2bK7MDENG%2fbPx%22%3cRfiCY%27EX%26%5c%c3%bc%3d",
            ),
            ("URL's path", "wJalrXUt/FEMI%2BK7MDENG/bPx%22%3CRfiCY'EX%26%5C%C3%BC="),
            (
                "URL, twice",
                "wJalrXUt%252FFEMI%252BK7MDENG%252FbPx%2522%253CRfiCY%2527EX%2526%255C%25C3%25BC%253D",
            ),
            ("JSON", r#"wJalrXUt/FEMI+K7MDENG/bPx\"<RfiCY'EX&\\\u00fc="#),
            (
                "JSON, slashes too",
                r#"wJalrXUt\/FEMI+K7MDENG\/bPx\"\u003cRfiCY\u0027EX\u0026\\\u00FC="#,
            ),
            ("JSON in JSON", r#"wJalrXUt/FEMI+K7MDENG/bPx\\\"<RfiCY'EX&\\\\\\u00fc="#),
            ("HTML", r#"wJalrXUt/FEMI+K7MDENG/bPx&quot;&lt;RfiCY&#x27;EX&amp;\ü="#),
            (
                "HTML, numbers",
                r#"wJalrXUt&#47;FEMI&#43;K7MDENG&#x2F;bPx&#34;&#60;RfiCY&#39;EX&#38;&#92;&#252;&#61;"#,
            ),
            (
                "XML",
                r#"wJalrXUt/FEMI+K7MDENG/bPx&quot;&lt;RfiCY&apos;EX&amp;\&#xfc;="#,
            ),
            (
                "hex",
                "774a616c725855742f46454d492b4b374d44454e472f625078223c5266694359274558265cc3bc3d",
            ),
            (
                "HEX",
                "774A616C725855742F46454D492B4B374D44454E472F625078223C5266694359274558265CC3BC3D",
            ),
            ("base64", "d0phbHJYVXQvRkVNSStLN01ERU5HL2JQeCI8UmZpQ1knRVgmXMO8PQ=="),
            (
                "base64, no padding",
                "d0phbHJYVXQvRkVNSStLN01ERU5HL2JQeCI8UmZpQ1knRVgmXMO8PQ",
            ),
            (
                "base64 in a URL",
                "d0phbHJYVXQvRkVNSStLN01ERU5HL2JQeCI8UmZpQ1knRVgmXMO8PQ%3D%3D",
            ),
        ];
        for (form, encoded) in cases {
            let text = format!("what S3 says: {encoded}, it says");
            assert_eq!(scrub(&text, &[KEY]), "what S3 says: [redacted], it says", "{form}");
        }
    }

    #[test]
    fn scrubbing_finds_base64_wherever_its_bytes_begin() {
        // What stands before and behind the secret in what was encoded, standard and for URLs, whole.
        let secret = "???>>>~~~ÿÿÿ//++";
        for (before, encoded) in [
            ("", "Pz8_Pj4-fn5-w7_Dv8O_Ly8rKw"),
            ("", "Pz8/Pj4+fn5+w7/Dv8O/Ly8rKw=="),
            ("a", "YT8_Pz4-Pn5-fsO_w7_Dvy8vKys="),
            ("ab", "YWI/Pz8+Pj5+fn7Dv8O/w78vLysr"),
            ("id:", "aWQ6Pz8/Pj4+fn5+w7/Dv8O/Ly8rKzp0YWls"),
        ] {
            let text = format!("Basic {encoded} x");
            let scrubbed = scrub(&text, &[secret]);
            let (start, rest) = scrubbed.split_once(REDACTED).expect(encoded);
            // Of the first letter that is part of the secret, few bits are: it may stand.
            assert!(start.len() <= "Basic ".len() + before.len() + 2, "{scrubbed}");
            assert_eq!(rest, " x", "{scrubbed}");
        }
    }

    #[test]
    fn scrubbing_leaves_what_only_looks_like_a_secret() {
        for text in [
            "wJalrXUt/FEMI",
            "%zz%2",
            "&#;&amp",
            "\\u12",
            "d0phbHJYVXQvRkVN",
            "äöü%C3",
            "",
        ] {
            assert_eq!(scrub(text, &[KEY]), text);
        }
        assert_eq!(scrub("%C3%A4&#228;", &["ääääääää"]), "%C3%A4&#228;");
    }

    #[test]
    fn scrubbing_takes_every_occurrence_and_leaves_short_ones() {
        let text = "key hunter2hunter2 and again hunter2hunter2, a b";
        assert_eq!(
            scrub(text, &["hunter2hunter2", "a"]),
            "key [redacted] and again [redacted], a b"
        );
    }
}
