//! Reads what stands in brackets: names, indexes, slices and filters.

use std::sync::Arc;

use super::path::{Filter, Step};

/// Where the bracket that a text begins with is closed, behind the `]`; the text's end where it is not.
pub(super) fn closing(text: &str) -> usize {
    // In a filter quotes do not hide a bracket, and nowhere does a quote without its other half.
    let is_filter = text[1..].trim_start().starts_with('?');
    let quotes_count = if is_filter { None } else { end(text, true) };
    quotes_count.or_else(|| end(text, false)).unwrap_or(text.len())
}

fn end(text: &str, mind_quotes: bool) -> Option<usize> {
    let (mut open, mut quoted) = (0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' if mind_quotes => quoted = !quoted,
            _ if quoted => {}
            b'[' => open += 1,
            b']' => {
                open -= 1;
                if open == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Reads `[…]`.
pub(super) fn read(text: &str, in_filter: bool) -> Result<Step, String> {
    let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return Err("a `]` is missing".to_owned());
    };
    if inner == "*" {
        return Ok(Step::Wildcard);
    }
    // What it is shows at the first character that means something; what stands before it does not matter.
    let start = inner.find(|c: char| c.is_ascii_digit() || "?'\":-@".contains(c));
    let Some(start) = start else {
        return Err(format!("`{text}` is neither a name, an index, a slice nor a filter"));
    };
    let rest = &inner[start..];
    match rest.as_bytes()[0] {
        b'?' if in_filter => Err("a filter stands within a filter".to_owned()),
        b'?' => Filter::parse(inner.trim()).map(Step::Filter),
        b'\'' => names(rest, '\''),
        b'"' => names(rest, '"'),
        b'@' => from_end(rest),
        _ => numbers(rest),
    }
}

/// `'a','b'`. A backslash is a character like others, so that a name ends at the next quote.
fn names(text: &str, quote: char) -> Result<Step, String> {
    let pieces: Vec<&str> = text.split(quote).collect();
    // Every other piece stands between quotes; the last one has none behind it.
    let closed = pieces.len() - 1;
    let mut names: Vec<Arc<str>> = pieces[..closed]
        .iter()
        .skip(1)
        .step_by(2)
        .map(|name| Arc::from(*name))
        .collect();
    match (names.len(), names.pop()) {
        (1, Some(name)) => Ok(Step::Field(name)),
        (_, Some(last)) => Ok(Step::Fields(names.into_iter().chain([last]).collect())),
        (_, None) => Err("a quote is not closed".to_owned()),
    }
}

/// `@.length-1)`, or `@.size()-1)`, which an index in parentheses is made of.
fn from_end(text: &str) -> Result<Step, String> {
    let invalid = || format!("`[({text}]` is not an index from the end, such as `[(@.length-1)]`");
    let plain = |text: &str| text.replace([' ', '(', ')'], "");
    let (function, offset) = text
        .strip_prefix("@.")
        .and_then(|text| text.split_once('-'))
        .ok_or_else(invalid)?;
    if !["length", "size"].contains(&&*plain(function)) || !offset.contains(')') {
        return Err(invalid());
    }
    match plain(offset).parse::<i32>() {
        Ok(offset) if offset >= 0 => Ok(Step::FromEnd(-i64::from(offset))),
        _ => Err(invalid()),
    }
}

/// An index, several, or a slice. What follows a slice's second part does not matter.
fn numbers(text: &str) -> Result<Step, String> {
    let mut reader = Numbers {
        rest: text,
        digits: String::new(),
        found: Vec::new(),
    };
    let (mut from, mut to, mut several) = (false, false, false);
    while let Some(character) = reader.next() {
        match character {
            ' ' => {}
            ':' if reader.digits.is_empty() => {
                to = true;
                reader.read_number();
                reader.finish()?;
                reader.skip();
            }
            ':' => {
                reader.finish()?;
                reader.read_number();
                if reader.digits.is_empty() {
                    from = true;
                } else {
                    reader.finish()?;
                }
                reader.skip();
            }
            ',' => {
                reader.finish()?;
                several = true;
            }
            other => reader.digits.push(other),
        }
    }
    if !reader.digits.is_empty() {
        reader.finish()?;
    }
    Ok(match reader.found[..] {
        [index] if !to && !from => Step::Index(index),
        _ if several => Step::Indexes(reader.found),
        [first, ..] if from => Step::From(first),
        [end, ..] if to => Step::To(end),
        [first, end, ..] => Step::Between(first, end),
        _ => return Err(format!("`[{text}]` is not an index")),
    })
}

/// A list of numbers that is being read.
struct Numbers<'t> {
    rest: &'t str,
    digits: String,
    found: Vec<i64>,
}

impl Numbers<'_> {
    /// The next character that a list of numbers can have.
    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        if !(character.is_ascii_digit() || ", :-".contains(character)) {
            return None;
        }
        self.skip();
        Some(character)
    }

    fn skip(&mut self) {
        let mut characters = self.rest.chars();
        characters.next();
        self.rest = characters.as_str();
    }

    fn read_number(&mut self) {
        let rest = self.rest;
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || " -".contains(c)))
            .unwrap_or(rest.len());
        self.digits.extend(rest[..end].chars().filter(|c| *c != ' '));
        self.rest = &rest[end..];
    }

    fn finish(&mut self) -> Result<(), String> {
        let number: i32 = self
            .digits
            .parse()
            .map_err(|_| format!("`{}` is not an index", self.digits))?;
        self.found.push(number.into());
        self.digits.clear();
        Ok(())
    }
}
