//! Reading paths.

use std::sync::Arc;

use super::functions::Function;
use super::{InvalidPath, Path, Root, Step, filter};

/// How deep filters may nest: a limit, so that no text can exhaust the stack.
pub(super) const MAX_DEPTH: usize = 64;

pub(super) fn whole(text: &str) -> Result<Path, InvalidPath> {
    let (path, length) = prefix(text)?;
    if length < text.len() {
        return Err(invalid(text, format!("unexpected `{}`", &text[length..])));
    }
    Ok(path)
}

pub(super) fn prefix(text: &str) -> Result<(Path, usize), InvalidPath> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let path = reader.path()?;
    Ok((path, reader.at))
}

fn invalid(path: &str, why: impl AsRef<str>) -> InvalidPath {
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

    /// A path from `$`, `$$` or `$name`.
    pub(super) fn path(&mut self) -> Result<Path, InvalidPath> {
        let start = self.at;
        if !self.eat("$") {
            return self.fail("it does not start with `$`");
        }
        let root = if self.eat("$") {
            Root::Context
        } else {
            match self.word() {
                "" => Root::Input,
                name => Root::Variable(name.into()),
            }
        };
        self.steps_behind(start, root)
    }

    /// A path in a filter, from `@`.
    pub(super) fn path_from_current(&mut self) -> Result<Path, InvalidPath> {
        let start = self.at;
        self.at += 1;
        self.steps_behind(start, Root::Input)
    }

    fn steps_behind(&mut self, start: usize, root: Root) -> Result<Path, InvalidPath> {
        let mut steps = Vec::new();
        loop {
            if self.eat("..") {
                steps.push(Step::Descend);
                match self.peek() {
                    Some('[') => steps.push(self.bracket()?),
                    Some(_) => steps.push(self.dotted()?),
                    None => return self.fail("it ends with `..`"),
                }
            } else if self.eat(".") {
                steps.push(self.dotted()?);
            } else if self.peek() == Some('[') {
                steps.push(self.bracket()?);
            } else {
                break;
            }
        }
        // Several names at the end make one object of what they name.
        let singles = match steps.split_last() {
            Some((Step::Fields(_), before)) => before,
            _ => &steps[..],
        };
        let definite = singles.iter().all(Step::is_definite);
        Ok(Path {
            text: self.text[start..self.at].into(),
            root,
            steps,
            definite,
        })
    }

    /// What follows a dot: a name, `*`, or a function's call.
    fn dotted(&mut self) -> Result<Step, InvalidPath> {
        if self.eat("*") {
            return Ok(Step::Wildcard);
        }
        let rest = self.rest();
        let end = rest
            .find(|c: char| c.is_whitespace() || ".[](),=!<>&|'\"".contains(c))
            .unwrap_or(rest.len());
        let name = &rest[..end];
        if name.is_empty() {
            return self.fail("a name is missing");
        }
        self.at += end;
        if rest[end..].starts_with("()") {
            self.at += 2;
            return match Function::of_name(name) {
                Some(function) => Ok(Step::Function(function)),
                None => self.fail(format!("there is no function `{name}`")),
            };
        }
        Ok(Step::Field(name.into()))
    }

    /// What stands in brackets.
    fn bracket(&mut self) -> Result<Step, InvalidPath> {
        self.at += 1;
        self.skip_space();
        let step = match self.peek() {
            Some('*') => {
                self.at += 1;
                Step::Wildcard
            }
            Some('?') => {
                self.at += 1;
                self.skip_space();
                Step::Filter(filter::parse(self)?)
            }
            Some('\'' | '"') => self.names()?,
            Some(_) => self.numbers()?,
            None => return self.fail("a `]` is missing"),
        };
        self.skip_space();
        if self.eat("]") {
            Ok(step)
        } else {
            self.fail("a `]` is missing")
        }
    }

    fn names(&mut self) -> Result<Step, InvalidPath> {
        let mut names = vec![self.quoted()?];
        loop {
            self.skip_space();
            if !self.eat(",") {
                break;
            }
            self.skip_space();
            names.push(self.quoted()?);
        }
        Ok(match (names.len(), names.pop()) {
            (1, Some(name)) => Step::Field(name),
            (_, last) => Step::Fields(names.into_iter().chain(last).collect()),
        })
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

    fn numbers(&mut self) -> Result<Step, InvalidPath> {
        let first = self.whole_number()?;
        self.skip_space();
        if self.eat(":") {
            self.skip_space();
            let last = self.whole_number()?;
            return Ok(Step::Slice(first, last));
        }
        let Some(first) = first else {
            return self.fail("an index is missing");
        };
        let mut indexes = vec![first];
        while self.eat(",") {
            self.skip_space();
            match self.whole_number()? {
                Some(index) => indexes.push(index),
                None => return self.fail("an index is missing"),
            }
            self.skip_space();
        }
        Ok(if indexes.len() == 1 {
            Step::Index(first)
        } else {
            Step::Indexes(indexes)
        })
    }

    fn whole_number(&mut self) -> Result<Option<i64>, InvalidPath> {
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

impl Step {
    fn is_definite(&self) -> bool {
        matches!(self, Step::Field(_) | Step::Index(_) | Step::Function(_))
    }
}
