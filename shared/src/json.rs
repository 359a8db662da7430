//! JSON whose numbers and texts never change: each is kept as it is, or refused by name.
//!
//! serde_json keeps a number in 64 bits and drops further digits without an error. [`parse`] reads as serde_json does,
//! but refuses what would change. [`Raw`] passes on a part of a text unchanged.

use std::fmt;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use thiserror::Error;

mod number;

use number::number;

/// The most levels of objects and arrays, as in serde_json. Each level takes room on the stack.
const MAX_DEPTH: usize = 127;

/// The most characters of a path that an error shows.
const MAX_PATH: usize = 200;

/// What JSON has between its tokens.
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Why a text is refused. It names fields, and never quotes a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonError {
    /// It is not JSON. The message is a fragment: the place of the first error.
    #[error("line {line}, column {column}")]
    Malformed {
        /// The place of the first error.
        line: usize,
        /// The place of the first error.
        column: usize,
    },
    /// A value in it cannot be kept as it is.
    #[error("`{path}` {flaw}")]
    Flawed {
        /// The value's place, such as `input.layers[0].rate`; `$` for the whole.
        path: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
}

/// Why a value cannot be kept as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A number with more digits than 64 bits hold, or outside of their range.
    Number,
    /// A text with half of a surrogate pair: this is not a character.
    HalfPair,
    /// More than 127 levels.
    Depth,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "is a number that would change here: write it as a string",
            Self::HalfPair => "has half of a surrogate pair (`\\ud800` to `\\udfff`), which is not a character",
            Self::Depth => "has more than 127 levels",
        })
    }
}

/// Reads JSON, and refuses a number or a text that would be another one when it is printed again.
///
/// `1.10` and `1E5` are kept: they print as `1.1` and `100000.0`, which are the same numbers.
///
/// # Errors
/// [`JsonError`] for the first thing that is wrong.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    Raw::parse(text)?.read()
}

/// Reads JSON in UTF-8 as [`parse`] does.
///
/// # Errors
/// [`JsonError`] for the first thing that is wrong.
pub fn parse_bytes(bytes: &[u8]) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let mut lines = bytes[..error.valid_up_to()].rsplit(|byte| *byte == b'\n');
        JsonError::Malformed {
            column: lines.next().map_or(0, <[u8]>::len) + 1,
            line: lines.count() + 1,
        }
    })?;
    parse(text)
}

/// A value as its own text, without space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// A text that serde_json has checked already.
    #[must_use]
    pub fn of(value: &'a RawValue) -> Self {
        Self(value.get())
    }

    /// Checks that a text is JSON. It may have any number of levels, and any numbers.
    ///
    /// # Errors
    /// [`JsonError::Malformed`] when it is not.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        match serde_json::from_slice::<IgnoredAny>(text.as_bytes()) {
            Ok(_) => Ok(Self(text.trim_matches(SPACE))),
            Err(error) => Err(JsonError::Malformed {
                line: error.line(),
                column: error.column(),
            }),
        }
    }

    /// Reads the value as [`parse`] does; errors name places in it.
    ///
    /// # Errors
    /// [`JsonError::Flawed`] for the first thing that cannot be kept.
    pub fn read(self) -> Result<Value, JsonError> {
        Cursor(self.0)
            .read(MAX_DEPTH, None)
            .map_err(|Refusal { mut steps, flaw }| {
                steps.reverse();
                let path: String = steps.concat().chars().take(MAX_PATH).collect();
                let path = match path.trim_start_matches('.') {
                    "" => "$".to_owned(),
                    path => path.to_owned(),
                };
                JsonError::Flawed { path, flaw }
            })
    }

    /// Reads the value, with `false` in place of each part that [`read`](Self::read) would refuse. It is for a caller
    /// that reads single fields: a field that nobody uses cannot make it fail.
    #[must_use]
    pub fn read_around(self) -> Value {
        let read = Cursor(self.0).read(MAX_DEPTH, Some(&Value::Bool(false)));
        read.unwrap_or_default()
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    /// The value of an object's field; where the field is there twice, the last one.
    #[must_use]
    pub fn member(self, name: &str) -> Option<Self> {
        let mut rest = Cursor(self.0.strip_prefix('{')?);
        let mut found = None;
        while rest.has_more() {
            let key = rest.key();
            let value = Self(rest.value());
            if string(key).is_some_and(|key| key == name) {
                found = Some(value);
            }
        }
        found
    }

    /// The elements of an array; of any other value, no elements.
    pub fn elements(self) -> impl Iterator<Item = Self> {
        let mut rest = Cursor(self.0.strip_prefix('[').unwrap_or_default());
        std::iter::from_fn(move || rest.has_more().then(|| Self(rest.value())))
    }

    /// The value as a text to pass on: the content of a string, or else the JSON without space between its tokens.
    ///
    /// # Errors
    /// [`Flaw::HalfPair`] when a string in it has half of a surrogate pair.
    pub fn to_text(self) -> Result<String, Flaw> {
        if self.0.starts_with('"') {
            return string(self.0).ok_or(Flaw::HalfPair);
        }
        let (mut text, mut rest) = (String::new(), Cursor(self.0));
        loop {
            match rest.token() {
                "" => return Ok(text),
                token if token.starts_with('"') && string(token).is_none() => return Err(Flaw::HalfPair),
                token => text.push_str(token),
            }
        }
    }
}

/// The rest of a text that is known to be JSON.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// The next token: a string with its quotes, a number, a word, or one of `{}[],:`; nothing at the end.
    fn token(&mut self) -> &'a str {
        let text = self.0.trim_start_matches(SPACE);
        let end = match text.chars().next() {
            None => 0,
            Some('"') => end_of_string(text),
            Some('{' | '}' | '[' | ']' | ',' | ':') => 1,
            Some(_) => text
                .find(|char| "}],:\"".contains(char) || SPACE.contains(&char))
                .unwrap_or(text.len()),
        };
        let token;
        (token, self.0) = text.split_at(end);
        token
    }

    /// Whether an object or array has something behind this, which is where the cursor then is.
    fn has_more(&mut self) -> bool {
        let text = self.0.trim_start_matches(SPACE);
        self.0 = text.strip_prefix(',').unwrap_or(text).trim_start_matches(SPACE);
        !self.0.is_empty() && !self.0.starts_with(['}', ']'])
    }

    /// A field's name, as it stands; its value comes next.
    fn key(&mut self) -> &'a str {
        let key = self.token();
        self.token();
        key
    }

    /// The text of the value that comes next.
    fn value(&mut self) -> &'a str {
        let text = self.0.trim_start_matches(SPACE);
        let mut depth = 0_usize;
        loop {
            match self.token() {
                "{" | "[" => depth += 1,
                "}" | "]" => depth = depth.saturating_sub(1),
                "" => break,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        &text[..text.len() - self.0.len()]
    }

    /// Reads the value that comes next, of at most so many levels; what cannot be kept is refused, or replaced.
    fn read(&mut self, depth: usize, instead: Option<&Value>) -> Result<Value, Refusal> {
        let flawed = |flaw| instead.cloned().ok_or(Refusal::of(flaw));
        if depth == 0 && self.0.trim_start_matches(SPACE).starts_with(['{', '[']) {
            self.value();
            return flawed(Flaw::Depth);
        }
        match self.token() {
            "{" => {
                let mut object = Map::new();
                while self.has_more() {
                    let key = self.key();
                    let key = match string(key) {
                        Some(key) => key,
                        None => flawed(Flaw::HalfPair).map(|_| key.to_owned())?,
                    };
                    let value = self
                        .read(depth - 1, instead)
                        .map_err(|refusal| refusal.below(format!(".{key}")))?;
                    object.insert(key, value);
                }
                self.token();
                Ok(Value::Object(object))
            }
            "[" => {
                let mut array = Vec::new();
                while self.has_more() {
                    let value = self.read(depth - 1, instead);
                    array.push(value.map_err(|refusal| refusal.below(format!("[{}]", array.len())))?);
                }
                self.token();
                Ok(Value::Array(array))
            }
            "null" => Ok(Value::Null),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            token if token.starts_with('"') => {
                string(token).map_or_else(|| flawed(Flaw::HalfPair), |text| Ok(text.into()))
            }
            token => number(token).map_or_else(|| flawed(Flaw::Number), |number| Ok(number.into())),
        }
    }
}

/// A value that is refused, and the path to it, the innermost key first.
struct Refusal {
    steps: Vec<String>,
    flaw: Flaw,
}

impl Refusal {
    const fn of(flaw: Flaw) -> Self {
        Self {
            steps: Vec::new(),
            flaw,
        }
    }

    fn below(mut self, step: String) -> Self {
        self.steps.push(step);
        self
    }
}

/// Where the string at the beginning of the text ends.
fn end_of_string(text: &str) -> usize {
    let mut escaped = true;
    let close = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    close.map_or(text.len(), |close| close + 1)
}

/// The content of a string; nothing if it has half of a surrogate pair. Nothing else can be wrong with it.
fn string(token: &str) -> Option<String> {
    serde_json::from_slice(token.as_bytes()).ok()
}

/// Refuses an object with a field that nobody reads, as a fragment that names it and those that are read.
///
/// # Errors
/// The fragment.
pub fn refuse_unknown(fields: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match fields.keys().find(|field| !known.contains(&field.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(format!(
            "unknown field `{unknown}`: known here are `{}`",
            known.join("`, `")
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_serde_json_reads_is_read_the_same() {
        for text in [
            "null",
            " true ",
            "false",
            "0",
            "-0",
            "-0.0e5",
            "7",
            "-7",
            "1.5",
            "1E5",
            "0.1e-7",
            "5e-324",
            "1.7976931348623157e308",
            "9007199254740993",
            "18446744073709551615",
            "-9223372036854775808",
            r#""""#,
            r#""a \" \\ \/ \u00fc \ud83e\udd80 ü""#,
            "[]",
            "[ ]",
            "{}",
            "{ }",
            " [1 , [2,[]] ,{}]\n",
            r#"{"a" : {"b":[{}, "}",",",":"]} , "":null, "a\"b\\":1}"#,
            r#"{"twice":1,"other":2,"twice":3}"#,
        ] {
            let expected: Value = serde_json::from_str(text).expect(text);
            let read = parse(text).expect(text);
            assert_eq!((&read, read.to_string()), (&expected, expected.to_string()), "{text}");
            assert_eq!(parse_bytes(text.as_bytes()), Ok(read));
        }
    }

    #[test]
    fn what_is_refused_is_named() {
        let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        let cases = [
            (r#"{"a":[0,{"b c":1e999}]}"#.to_owned(), "`a[1].b c` is a number"),
            (r#"[[1e999]]"#.to_owned(), "`[0][0]` is a number"),
            (r#"{"a":"\udc00"}"#.to_owned(), "`a` has half of a surrogate pair"),
            (r#"{"a":{"\ud800":1}}"#.to_owned(), "`a` has half of a surrogate pair"),
            (deep(127), "`a[0][0][0]"),
            ("{".to_owned(), "line 1, column 1"),
            ("[1]\n ]".to_owned(), "line 2, column 2"),
            ("\"\t\"".to_owned(), "line 1, column 1"),
            ("01".to_owned(), "line 1, column 2"),
            (String::new(), "line 1, column 0"),
        ];
        for (text, reason) in cases {
            let error = parse(&text).expect_err(&text).to_string();
            assert!(error.starts_with(reason) && error.len() < 300, "{text}: {error}");
        }
        assert!(parse(&deep(126)).is_ok(), "as deep as serde_json reads");
        assert_eq!(
            parse_bytes(b"[1,\n \"a\xff\"]"),
            Err(JsonError::Malformed { line: 2, column: 4 })
        );
    }

    #[test]
    fn whatever_is_changed_in_a_text_it_is_read_as_serde_json_does_or_refused() {
        let text = r#"{"a":[1,-2.5e3,{"b":"\ud83e\udd80\"\\"}],"":[[],{},null,true],"c":{"d":false , "e":0.125}}"#;
        let letters = br#"{}[],:"\ud8e+-.0129tfn "#;
        let mut state = 1_usize;
        let mut dice = |sides: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % sides
        };
        let (mut read, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=dice(3) {
                let at = dice(bytes.len());
                match dice(3) {
                    0 => bytes[at] = letters[dice(letters.len())],
                    1 => bytes.insert(at, letters[dice(letters.len())]),
                    _ => drop(bytes.remove(at)),
                }
            }
            let text = String::from_utf8(bytes).expect("ASCII");
            match (parse(&text), serde_json::from_str::<Value>(&text)) {
                (Ok(value), Ok(expected)) => {
                    assert_eq!(value.to_string(), expected.to_string(), "{text}");
                    assert_eq!(Raw::parse(&text).expect("JSON").read_around(), value, "{text}");
                    read += 1;
                }
                (Err(_), Err(_)) => refused += 1,
                (Err(JsonError::Flawed { flaw: Flaw::Number, .. }), Ok(_)) => {}
                (found, expected) => panic!("{text}: {found:?} and {expected:?}"),
            }
        }
        assert!(read > 1_000 && refused > 1_000, "{read} read, {refused} refused");
    }

    #[test]
    fn what_cannot_be_kept_is_read_around() {
        let text = r#"{"a": 1e999, "b": ["\ud800", {"\udc00": 1}], "c": 1.5}"#;
        let read = Raw::parse(text).expect("JSON").read_around();
        assert_eq!(read, json!({"a": false, "b": [false, {"\"\\udc00\"": 1}], "c": 1.5}));
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let read = Raw::parse(&deep).expect("JSON").read_around().to_string();
        assert_eq!(read, format!("{}false{}", "[".repeat(127), "]".repeat(127)));
    }

    #[test]
    fn a_part_of_a_text_is_found_as_it_stands() {
        let text =
            r#" {"a": [1e999 , {"b" : "\ud800"},[ ]], "\u0062": 1.10, "c": "\"}", "c": [ "ü" , 2 ], "\ud800": 0} "#;
        let raw = Raw::parse(text).expect("JSON");
        let [first, second, third] = raw.member("a").expect("a").elements().collect::<Vec<_>>()[..] else {
            panic!("three")
        };
        assert_eq!(first.to_text().as_deref(), Ok("1e999"));
        assert_eq!(second.to_text(), Err(Flaw::HalfPair));
        assert_eq!(second.member("b").expect("b").to_text(), Err(Flaw::HalfPair));
        assert_eq!((third.to_text().as_deref(), third.elements().count()), (Ok("[]"), 0));
        assert_eq!(raw.member("b").expect("b").to_text().as_deref(), Ok("1.10"));
        assert_eq!(
            raw.member("c").expect("the last").to_text().as_deref(),
            Ok(r#"["ü",2]"#)
        );
        assert_eq!(
            (raw.member("d"), first.member("a"), raw.elements().count()),
            (None, None, 0)
        );
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let raw = Raw::parse(&deep).expect("JSON");
        assert_eq!(
            raw.to_text().as_deref(),
            Ok(deep.as_str()),
            "no level takes room on the stack"
        );
        assert_eq!(raw.elements().count(), 1);
    }
}
