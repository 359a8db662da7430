//! Paths that lead to exactly one value: the part of JSONPath that can name an output variable.

use std::fmt;

use shared::json::Raw;
use thiserror::Error;

/// A definite path, such as `$.job.name`, `$['a b'][0]` or `$`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

/// Why a text is no definite path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// It does not begin with `$`.
    #[error("`{0}` does not begin with `$`")]
    NoRoot(String),
    /// It leads to more than one value.
    #[error("`{0}` may lead to several values: wildcards, filters, slices and `..` cannot name one variable")]
    Indefinite(String),
    /// It cannot be read from some place on.
    #[error("`{path}` cannot be read from `{rest}` on: write `.name`, `['name']` or `[0]`")]
    Unreadable {
        /// The path.
        path: String,
        /// What is left of it.
        rest: String,
    },
}

/// What ends a name that is written without quotes.
const ENDS_NAME: &str = ".[]'\"$*?@(),:\\";

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// [`PathError`] when the text is no definite path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let mut rest = text
            .strip_prefix('$')
            .ok_or_else(|| PathError::NoRoot(text.to_owned()))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = step(rest).ok_or_else(|| Self::error(text, rest))?;
            steps.push(step);
            rest = after;
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }

    fn error(path: &str, rest: &str) -> PathError {
        let indefinite = ["..", ".*", "[*", "[?", "[:"]
            .iter()
            .any(|start| rest.starts_with(start))
            || rest.strip_prefix('[').is_some_and(|inner| {
                inner
                    .trim_start_matches(|char: char| char.is_ascii_digit() || char == '-')
                    .starts_with([':', ','])
            });
        match indefinite {
            true => PathError::Indefinite(path.to_owned()),
            false => PathError::Unreadable {
                path: path.to_owned(),
                rest: rest.to_owned(),
            },
        }
    }

    /// The value it leads to, as its text stands; nothing if there is none.
    #[must_use]
    pub fn find<'a>(&self, value: Raw<'a>) -> Option<Raw<'a>> {
        self.steps.iter().try_fold(value, |value, step| match step {
            Step::Member(name) => value.member(name),
            Step::Element(index) => value.elements().nth(*index),
        })
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The first step of what is left, and the rest behind it.
fn step(rest: &str) -> Option<(Step, &str)> {
    if let Some(name) = rest.strip_prefix('.') {
        let end = name
            .find(|char: char| ENDS_NAME.contains(char) || char.is_whitespace())
            .unwrap_or(name.len());
        let (name, after) = name.split_at(end);
        return (!name.is_empty()).then(|| (Step::Member(name.to_owned()), after));
    }
    let inner = rest.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = inner.strip_prefix(quote) {
            let (name, after) = quoted.split_once(quote)?;
            let after = after.strip_prefix(']')?;
            return (!name.contains('\\')).then(|| (Step::Member(name.to_owned()), after));
        }
    }
    let (digits, after) = inner.split_once(']')?;
    let index = ((1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok());
    Some((Step::Element(index??), after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn definite_paths_find_their_value() {
        let value = json!({"job": {"name": "one", "a b": [10, {"x-y": true}], "": 0}, "ü": "ö"});
        let text = value.to_string();
        for (path, expected) in [
            ("$", Some(value.clone())),
            ("$.job.name", Some(json!("one"))),
            ("$['job'][\"name\"]", Some(json!("one"))),
            ("$.job['a b'][0]", Some(json!(10))),
            ("$.job['a b'][1].x-y", Some(json!(true))),
            ("$.job['']", Some(json!(0))),
            ("$.ü", Some(json!("ö"))),
            ("$.job.none", None),
            ("$.job['a b'][2]", None),
            ("$.job.name.deeper", None),
        ] {
            let found = JsonPath::parse(path).unwrap().find(Raw::parse(&text).unwrap());
            assert_eq!(found.map(|found| found.read().unwrap()), expected, "{path}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        for (path, reason) in [
            ("", "does not begin with `$`"),
            ("job", "does not begin with `$`"),
            ("$..name", "several values"),
            ("$.a.*", "several values"),
            ("$.a[*]", "several values"),
            ("$.a[?(@.b)]", "several values"),
            ("$.a[0:2]", "several values"),
            ("$.a[0,1]", "several values"),
            ("$.a[:2]", "several values"),
            ("$job", "cannot be read from `job` on"),
            ("$.", "cannot be read from `.` on"),
            ("$.a[", "cannot be read from `[` on"),
            ("$.a[-1]", "cannot be read from `[-1]` on"),
            ("$.a['b]", "cannot be read from `['b]` on"),
            ("$.a[99999999999999999999]", "cannot be read from"),
            ("$.a b", "cannot be read from ` b` on"),
        ] {
            let error = JsonPath::parse(path).unwrap_err().to_string();
            assert!(error.contains(reason), "{path}: {error}");
        }
    }
}
