//! Secrets taken out of texts that come from elsewhere and may quote them, in whatever form.
//!
//! The rule: a secret is found as it is, in hexadecimal and in base64 (standard or for URLs, wherever in what was encoded
//! it begins), and each of these escaped as URLs, JSON, HTML and XML do it, wholly or in part, up to three times over.

use std::ops::Range;

use aws_smithy_types::base64;

use super::REDACTED;
use super::escapes::View;

/// How often a text is unescaped: JSON in JSON in a URL.
const ROUNDS: usize = 3;

/// The shortest secret that is looked for: to take shorter ones out would garble a text more than it hides.
const SHORTEST: usize = 8;

/// Replaces every occurrence of the given secrets in `text`, in each form that this module names.
///
/// Secrets shorter than eight characters are left alone.
#[must_use]
pub fn scrub<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let secrets = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST);
    let forms: Vec<Form> = secrets.flat_map(Form::all).collect();
    let mut hidden = vec![false; text.len()];
    let mut view = View::of(text);
    for _ in 0..=ROUNDS {
        for range in forms.iter().flat_map(|form| form.find(&view)) {
            hidden[range].fill(true);
        }
        match view.unescaped() {
            Some(unescaped) => view = unescaped,
            None => break,
        }
    }
    without(text, &hidden)
}

/// The text with a word in the place of what is hidden.
fn without(text: &str, hidden: &[bool]) -> String {
    let (mut left, mut was_hidden) = (Vec::new(), false);
    for (byte, &is_hidden) in text.bytes().zip(hidden) {
        match (was_hidden, is_hidden) {
            (_, false) => left.push(byte),
            (false, true) => left.extend(REDACTED.bytes()),
            (true, true) => {}
        }
        was_hidden = is_hidden;
    }
    String::from_utf8_lossy(&left).into_owned()
}

/// A secret in one of its forms.
struct Form {
    bytes: Vec<u8>,
    is_base64: bool,
}

impl Form {
    fn all(secret: &str) -> Vec<Self> {
        let form = |bytes, is_base64| Self { bytes, is_base64 };
        let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![
            form(secret.into(), false),
            form(hexadecimal.to_uppercase().into(), false),
            form(hexadecimal.into(), false),
        ];
        for before in 0..3 {
            // Six bits a letter: those of letters that the secret shares with its neighbours are not known.
            let encoded = base64::encode([&vec![0; before], secret.as_bytes()].concat());
            let whole = &encoded[(8 * before).div_ceil(6)..8 * (before + secret.len()) / 6];
            forms.push(form(whole.replace('+', "-").replace('/', "_").into(), true));
            forms.push(form(whole.into(), true));
        }
        forms
    }

    /// Where it is in the text: base64 with what follows it, up to its end.
    fn find(&self, view: &View) -> Vec<Range<usize>> {
        let in_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
        let found = view.bytes().windows(self.bytes.len()).enumerate();
        let found = found.filter(|(_, bytes)| *bytes == self.bytes);
        let range = |(start, _)| {
            let end = start + self.bytes.len();
            let rest = view.bytes()[end..].iter();
            let tail = if self.is_base64 {
                rest.take_while(|byte| in_base64(byte)).count()
            } else {
                0
            };
            view.source(start..end + tail)
        };
        found.map(range).collect()
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
            assert_eq!(scrub(&text, [KEY]), "what S3 says: [redacted], it says", "{form}");
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
            let scrubbed = scrub(&text, [secret]);
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
            assert_eq!(scrub(text, [KEY]), text);
        }
        assert_eq!(scrub("%C3%A4&#228;", ["ääääääää"]), "%C3%A4&#228;");
    }

    #[test]
    fn scrubbing_takes_every_occurrence_and_leaves_short_ones() {
        let text = "key hunter2hunter2 and again hunter2hunter2, a b";
        assert_eq!(
            scrub(text, ["hunter2hunter2", "a"]),
            "key [redacted] and again [redacted], a b"
        );
    }
}
