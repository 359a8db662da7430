//! What must never be shown: the values of SecureStrings, and the credentials that the account issues.
//!
//! What a service keeps in the journal goes through here first, and so does what a page shows.

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What stands in a secret's place.
const HIDDEN: &str = "••••••";

/// A shorter secret is hidden only where it is the whole text: as a part of one it could be anything.
const SHORTEST_PART: usize = 4;

/// How many bytes of a text are shown.
const SHOWN: usize = 256 * 1024;

/// The beginning of a text that is too long to be shown, and how much more there is.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > SHOWN {
        let end = (0..=SHOWN)
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or_default();
        let more = text.len() - end;
        text.truncate(end);
        text += &format!("… {more} more bytes");
    }
    text
}

/// The texts that must never be shown.
///
/// A text shorter than four characters is hidden only where it is all of a text, or all of a string in JSON. Its `Debug`
/// shows none.
#[derive(Default)]
pub struct Secrets(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// What somebody chose, such as the value of a SecureString.
    chosen: HashSet<String>,
    /// Finds what somebody chose. None until it is asked for.
    finder: Option<Arc<AhoCorasick>>,
    /// What was issued: hexadecimal digits alone, and what stands before them.
    issued: HashMap<String, &'static str>,
    /// How long what was issued is.
    lengths: Vec<usize>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets(***)")
    }
}

impl Secrets {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on `value` is not shown, as it is and as a string in JSON has it.
    pub fn keep(&self, value: &str) {
        let escaped = Value::from(value).to_string();
        let escaped = &escaped[1..escaped.len() - 1];
        let mut known = self.known();
        for form in [value, escaped] {
            if !form.is_empty() && !known.chosen.contains(form) {
                known.chosen.insert(form.to_owned());
                known.finder = None;
            }
        }
    }

    /// From now on these credentials are not shown: random hexadecimal digits, of which there may be very many.
    /// `prefix` stands before them.
    pub(crate) fn issue(&self, prefix: &'static str, digits: &str) {
        let mut known = self.known();
        if !known.lengths.contains(&digits.len()) {
            known.lengths.push(digits.len());
            known.lengths.sort_unstable_by(|a, b| b.cmp(a));
        }
        known.issued.insert(digits.to_owned(), prefix);
    }

    /// Credentials that have not worked for long are forgotten.
    pub(crate) fn forget(&self, digits: &str) {
        self.known().issued.remove(digits);
    }

    /// The text, with `••••••` in the place of each secret.
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let spans = self.known().spans(text.as_bytes());
        if spans.is_empty() {
            return text.into();
        }
        let (mut shown, mut done) = (String::with_capacity(text.len()), 0);
        for (start, end) in spans {
            if start >= done {
                shown += &text[done..start];
                shown += HIDDEN;
            }
            done = done.max(end);
        }
        shown += &text[done..];
        shown.into()
    }

    /// The same with bytes that may be no text, or text in another encoding than UTF-8.
    pub fn hide_bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let spans = self.known().spans(bytes);
        if spans.is_empty() {
            return bytes.into();
        }
        let (mut shown, mut done) = (Vec::with_capacity(bytes.len()), 0);
        for (start, end) in spans {
            if start >= done {
                shown.extend_from_slice(&bytes[done..start]);
                shown.extend_from_slice(HIDDEN.as_bytes());
            }
            done = done.max(end);
        }
        shown.extend_from_slice(&bytes[done..]);
        shown.into()
    }

    /// The same with a JSON value, as [`hide_json`](Self::hide_json) does it. None where nothing is to be hidden, as in most.
    pub fn hidden_json(&self, value: &Value) -> Option<Value> {
        self.has_secret(value).then(|| self.hide_json(value))
    }

    fn has_secret(&self, value: &Value) -> bool {
        let is_hidden = |text: &str| !self.known().spans(text.as_bytes()).is_empty();
        match value {
            Value::String(text) => is_hidden(text),
            Value::Array(items) => items.iter().any(|item| self.has_secret(item)),
            Value::Object(members) => members
                .iter()
                .any(|(name, value)| is_hidden(name) || self.has_secret(value)),
            Value::Number(number) => self.known().chosen.contains(&number.to_string()),
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// The same with each string of a JSON value, the names of members included.
    pub fn hide_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.hide(text).into_owned().into(),
            Value::Array(items) => items.iter().map(|item| self.hide_json(item)).collect(),
            Value::Object(members) => {
                let members = members.iter();
                members
                    .map(|(name, value)| (self.hide(name).into_owned(), self.hide_json(value)))
                    .collect()
            }
            // A number can be a secret too, such as a PIN.
            Value::Number(number) if self.known().chosen.contains(&number.to_string()) => HIDDEN.into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

impl Known {
    /// Where secrets are, in their order. In UTF-8 each begins and ends between characters, as the secrets are text.
    fn spans(&mut self, bytes: &[u8]) -> Vec<(usize, usize)> {
        if std::str::from_utf8(bytes).is_ok_and(|text| self.chosen.contains(text)) {
            return vec![(0, bytes.len())];
        }
        let finder = self.finder();
        let mut spans: Vec<(usize, usize)> = finder.map_or_else(Vec::new, |finder| {
            finder
                .find_iter(bytes)
                .map(|found| (found.start(), found.end()))
                .collect()
        });
        spans.extend(self.issued_in(bytes));
        spans.sort_unstable();
        spans
    }

    /// What finds the chosen ones; None where there is nothing to find.
    fn finder(&mut self) -> Option<Arc<AhoCorasick>> {
        if self.finder.is_none() {
            let parts = self.chosen.iter().filter(|text| text.chars().count() >= SHORTEST_PART);
            let parts: Vec<&String> = parts.collect();
            if parts.is_empty() {
                return None;
            }
            let finder = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(parts);
            match finder {
                Ok(finder) => self.finder = Some(Arc::new(finder)),
                Err(error) => unreachable!("the values of all parameters fit: {error}"),
            }
        }
        self.finder.clone()
    }

    /// Where what was issued is in bytes. Only runs of hexadecimal digits are looked at, so many cost nothing.
    fn issued_in(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let Some(shortest) = self.lengths.last() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut start = 0;
        for run in bytes.split(|byte| !byte.is_ascii_hexdigit()) {
            let mut from = start;
            let end = start + run.len();
            while from + shortest <= end {
                let fitting = self.lengths.iter().map(|length| from + length);
                let fitting = fitting.filter(|to| *to <= end);
                match fitting
                    .map(|to| (to, self.issued_as(&bytes[from..to])))
                    .find(|(_, prefix)| prefix.is_some())
                {
                    Some((to, prefix)) => {
                        let before = &bytes[..from];
                        let prefix = prefix.and_then(|prefix| before.strip_suffix(prefix.as_bytes()));
                        let before = prefix.unwrap_or(before);
                        found.push((before.len(), to));
                        from = to;
                    }
                    None => from += 1,
                }
            }
            start = end + 1;
        }
        found
    }

    /// What stands before these digits, where they were issued.
    fn issued_as(&self, digits: &[u8]) -> Option<&'static str> {
        self.issued.get(std::str::from_utf8(digits).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_long_is_cut_between_characters() {
        assert_eq!(cut("é".repeat(SHOWN / 2)), "é".repeat(SHOWN / 2));
        let long = format!("a{}", "é".repeat(SHOWN / 2));
        let expected = format!("a{}… 2 more bytes", "é".repeat(SHOWN / 2 - 1));
        assert_eq!(cut(long), expected);
    }

    #[test]
    fn secrets_are_hidden_in_bytes_that_are_no_text() {
        let secrets = Secrets::default();
        assert!(matches!(secrets.hide_bytes(b"\xff"), Cow::Borrowed(_)));
        for value in ["hunter22", "abc", "café!"] {
            secrets.keep(value);
        }
        let (key, token) = ("ab12".repeat(10), "cd34".repeat(16));
        secrets.issue("", &key);
        secrets.issue("local-", &token);
        let issued = format!("GIF89a {key} local-{token}");
        for (bytes, expected) in [
            (
                &b"caf\xe9;hunter22\n"[..],
                [&b"caf\xe9;"[..], HIDDEN.as_bytes(), b"\n"].concat(),
            ),
            (b"abc", HIDDEN.into()),
            (b"abcd\xff", b"abcd\xff".into()),
            ("é café!".as_bytes(), "é ••••••".into()),
            (issued.as_bytes(), "GIF89a •••••• ••••••".into()),
        ] {
            assert_eq!(*secrets.hide_bytes(bytes), *expected, "{bytes:?}");
        }
    }

    #[test]
    fn secrets_are_hidden_wherever_they_are() {
        let secrets = Secrets::default();
        assert!(matches!(secrets.hide("nothing is secret"), Cow::Borrowed(_)));
        for value in ["hunter22", "hunter", "no\"te", "abc", "11111"] {
            secrets.keep(value);
        }
        let (key, token) = ("ab12".repeat(10), "cd34".repeat(16));
        secrets.issue("", &key);
        secrets.issue("local-", &token);
        for (text, expected) in [
            ("", ""),
            ("the words hunter22 and hunter.", "the words •••••• and ••••••."),
            (r#"{"a":"no\"te"}"#, r#"{"a":"••••••"}"#),
            ("abc", "••••••"),
            ("abcd", "abcd"),
            ("é hunter é", "é •••••• é"),
        ] {
            assert_eq!(secrets.hide(text), expected, "{text}");
        }
        assert_eq!(secrets.hide(&format!("k={key} t=local-{token}.")), "k=•••••• t=••••••.");
        assert_eq!(secrets.hide(&format!("\\f{key}{key}f")), "\\f••••••••••••f");
        let other = "ef56".repeat(10);
        assert_eq!(secrets.hide(&other), other);
        assert_eq!(
            secrets.hide_json(&json!({"hunter": ["abc", "x", 1, 11_111, null], "deep": {"a": "hunter22!"}})),
            json!({"••••••": ["••••••", "x", 1, "••••••", null], "deep": {"a": "••••••!"}})
        );
        for (value, hidden) in [
            (json!({"hunter": 1}), true),
            (json!([{"a": [11_111]}]), true),
            (json!({"a": ["abcd", 1, null, true, {}]}), false),
        ] {
            let expected = hidden.then(|| secrets.hide_json(&value));
            assert_eq!(secrets.hidden_json(&value), expected, "{value}");
        }
        secrets.forget(&key);
        assert_eq!(secrets.hide(&key), key);
    }
}
