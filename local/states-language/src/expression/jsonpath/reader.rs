//! A place in a path's text, and the words, numbers and quoted names that can be read there.

use std::sync::Arc;

use super::path::InvalidPath;

pub(super) fn invalid(path: &str, why: impl AsRef<str>) -> InvalidPath {
    InvalidPath(format!("`{path}` is not a JSONPath: {}", why.as_ref()))
}

/// A place in a text.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) depth: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Moves behind this text, where it stands here.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let is_here = self.rest().starts_with(text);
        if is_here {
            self.at += text.len();
        }
        is_here
    }

    pub(super) fn fail<T>(&self, why: impl AsRef<str>) -> Result<T, InvalidPath> {
        Err(invalid(self.text, why))
    }

    /// A name or text in single or double quotes.
    pub(super) fn quoted(&mut self) -> Result<Arc<str>, InvalidPath> {
        let Some(quote @ ('\'' | '"')) = self.peek() else {
            return self.fail("a quoted name is missing");
        };
        self.at += 1;
        let mut text = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some((_, escaped)) => text.push(escaped),
                    None => break,
                },
                _ if character == quote => {
                    self.at += at + 1;
                    return Ok(text.into());
                }
                _ => text.push(character),
            }
        }
        self.fail("a quote is not closed")
    }

    /// A whole number, where one stands here.
    pub(super) fn whole_number(&mut self) -> Result<Option<i64>, InvalidPath> {
        let rest = self.rest();
        let end = rest
            .char_indices()
            .find(|(at, c)| !(c.is_ascii_digit() || *at == 0 && *c == '-'))
            .map_or(rest.len(), |(at, _)| at);
        if end == 0 {
            return Ok(None);
        }
        self.at += end;
        match rest[..end].parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => self.fail(format!("`{}` is not an index", &rest[..end])),
        }
    }

    /// Letters, digits and underscores.
    pub(super) fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }
}
