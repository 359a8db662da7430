//! Filter patterns for lines of text: terms, phrases, `?` for any of them, `-` for none.
//!
//! Follows <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>. Patterns for JSON and
//! for fields between spaces, and regular expressions, are refused by name. A term is a word of the line, or several: a
//! part of a word is what regular expressions are for.

use super::place::invalid;
use platform::ServiceError;

/// What a line must have, and must not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

/// The most characters of a pattern.
const LONGEST: usize = 1024;

impl Pattern {
    pub(super) fn read(text: &str) -> Result<Self, ServiceError> {
        let text = text.trim();
        if text.chars().count() > LONGEST {
            return Err(invalid("The filter pattern must have at most 1024 characters"));
        }
        for (sign, kind) in [
            ('{', "of JSON"),
            ('[', "of fields between spaces"),
            ('%', "with a regular expression"),
        ] {
            if text.starts_with(sign) {
                let message = format_args!("the local run does not have filter patterns {kind}");
                return Err(ServiceError::new("NotInLocalRun", message).with_status(501));
            }
        }
        let mut pattern = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (sign, behind) = match rest.chars().next() {
                Some(sign @ ('?' | '-')) => (Some(sign), &rest[1..]),
                _ => (None, rest),
            };
            let (term, behind) = term(behind)?;
            let list = match sign {
                Some('?') => &mut pattern.any,
                Some(_) => &mut pattern.none,
                None => &mut pattern.all,
            };
            list.push(term.to_owned());
            rest = behind.trim_start();
        }
        let has_others = !pattern.all.is_empty() || !pattern.none.is_empty();
        if has_others && !pattern.any.is_empty() {
            let message = "the local run does not have filter patterns that mix `?` with other terms";
            return Err(ServiceError::new("NotInLocalRun", message).with_status(501));
        }
        Ok(pattern)
    }

    pub(super) fn matches(&self, line: &str) -> bool {
        let has = |term: &String| has_words(line, term);
        self.all.iter().all(has) && !self.none.iter().any(has) && (self.any.is_empty() || self.any.iter().any(has))
    }
}

/// The term that a pattern begins with, and what is behind it.
fn term(pattern: &str) -> Result<(&str, &str), ServiceError> {
    let (term, rest) = match pattern.strip_prefix('"') {
        Some(quoted) => quoted
            .split_once('"')
            .ok_or_else(|| invalid("Invalid filter pattern"))?,
        None => {
            let end = pattern.find(char::is_whitespace).unwrap_or(pattern.len());
            let (term, rest) = pattern.split_at(end);
            if !term.chars().all(is_word) {
                return Err(invalid("Invalid filter pattern"));
            }
            (term, rest)
        }
    };
    let is_apart = rest.is_empty() || rest.starts_with(char::is_whitespace);
    if term.is_empty() || !is_apart {
        return Err(invalid("Invalid filter pattern"));
    }
    Ok((term, rest))
}

/// Whether a line has these words, from the beginning of one to the end of one.
fn has_words(line: &str, words: &str) -> bool {
    let begins = words.starts_with(is_word);
    let ends = words.ends_with(is_word);
    line.match_indices(words).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let behind = line[at + found.len()..].chars().next();
        let is_part = begins && before.is_some_and(is_word) || ends && behind.is_some_and(is_word);
        !is_part
    })
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_patterns() {
        for (pattern, line, expected) in [
            ("", "anything", true),
            ("ERROR", "[ERROR 400] BAD REQUEST", true),
            ("error", "[ERROR 400] BAD REQUEST", false),
            ("AUTHORIZED", "UNAUTHORIZED REQUEST", false),
            ("ERROR REQUEST", "[ERROR 400] BAD REQUEST", true),
            ("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", false),
            ("?ERROR ?WARN", "WARN: late", true),
            ("?ERROR ?WARN", "INFO: fine", false),
            ("ERROR -ARGUMENTS", "ERROR: INVALID ARGUMENTS", false),
            ("-ARGUMENTS", "ERROR: too late", true),
            ("\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR", true),
            ("\"SERVER INTERNAL\"", "[ERROR 500] INTERNAL SERVER ERROR", false),
            ("\"ORDER-ITEM-1\"", "ORDER-ITEM-12", false),
            ("-\"timed out\"", "Task timed out after 3 s", false),
        ] {
            let read = Pattern::read(pattern).expect(pattern);
            assert_eq!(read.matches(line), expected, "{pattern} in {line}");
        }
        for (pattern, code) in [
            ("{ $.a = 1 }", "NotInLocalRun"),
            ("[a, b]", "NotInLocalRun"),
            ("%a+%", "NotInLocalRun"),
            ("?a b", "NotInLocalRun"),
            ("a-b", "InvalidParameterException"),
            ("\"a", "InvalidParameterException"),
            ("\"a\"b", "InvalidParameterException"),
            ("?", "InvalidParameterException"),
        ] {
            assert_eq!(Pattern::read(pattern).expect_err(pattern).code, code, "{pattern}");
        }
    }
}
