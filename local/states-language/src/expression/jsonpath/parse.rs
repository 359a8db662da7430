//! Reads paths, and the filters in them. They share a file because a path can have filters, and a filter has paths.

use super::functions::Function;
use super::operator::OPERATORS;
use super::path::{Filter, InvalidPath, Operand, Path, Root, Step};
use super::reader::{Reader, invalid};
use crate::text::Json;

/// How deep filters may nest: a limit, so that no text can exhaust the stack.
const MAX_DEPTH: usize = 64;

impl Path {
    /// Reads a path that is the whole text.
    pub(crate) fn parse(text: &str) -> Result<Path, InvalidPath> {
        let (path, length) = Path::parse_prefix(text)?;
        if length < text.len() {
            return Err(invalid(text, format!("unexpected `{}`", &text[length..])));
        }
        Ok(path)
    }

    /// Reads a path at the beginning of a text, and says how long it is.
    pub(crate) fn parse_prefix(text: &str) -> Result<(Path, usize), InvalidPath> {
        let mut reader = Reader { text, at: 0, depth: 0 };
        let path = reader.path()?;
        Ok((path, reader.at))
    }
}

impl Reader<'_> {
    /// A path from `$`, `$$` or `$name`.
    fn path(&mut self) -> Result<Path, InvalidPath> {
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
    fn path_from_current(&mut self) -> Result<Path, InvalidPath> {
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
                Step::Filter(filter(self)?)
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
}

impl Step {
    fn is_definite(&self) -> bool {
        matches!(self, Step::Field(_) | Step::Index(_) | Step::Function(_))
    }
}

/// Reads `(…)`.
fn filter(reader: &mut Reader<'_>) -> Result<Filter, InvalidPath> {
    reader.depth += 1;
    if reader.depth > MAX_DEPTH {
        return reader.fail(format!("filters nest more than {MAX_DEPTH} levels deep"));
    }
    if !reader.eat("(") {
        return reader.fail("a filter's `(` is missing");
    }
    let filter = any(reader)?;
    reader.skip_space();
    if !reader.eat(")") {
        return reader.fail("a filter's `)` is missing");
    }
    reader.depth -= 1;
    Ok(filter)
}

fn any(reader: &mut Reader<'_>) -> Result<Filter, InvalidPath> {
    let mut filters = vec![all(reader)?];
    loop {
        reader.skip_space();
        if !reader.eat("||") {
            break;
        }
        filters.push(all(reader)?);
    }
    Ok(one_or(filters, Filter::Or))
}

fn all(reader: &mut Reader<'_>) -> Result<Filter, InvalidPath> {
    let mut filters = vec![single(reader)?];
    loop {
        reader.skip_space();
        if !reader.eat("&&") {
            break;
        }
        filters.push(single(reader)?);
    }
    Ok(one_or(filters, Filter::And))
}

fn one_or(mut filters: Vec<Filter>, combine: fn(Vec<Filter>) -> Filter) -> Filter {
    match filters.pop() {
        Some(only) if filters.is_empty() => only,
        last => combine(filters.into_iter().chain(last).collect()),
    }
}

fn single(reader: &mut Reader<'_>) -> Result<Filter, InvalidPath> {
    reader.skip_space();
    if reader.peek() == Some('(') {
        return filter(reader);
    }
    if reader.peek() == Some('!') {
        reader.at += 1;
        reader.depth += 1;
        if reader.depth > MAX_DEPTH {
            return reader.fail(format!("filters nest more than {MAX_DEPTH} levels deep"));
        }
        let inner = single(reader)?;
        reader.depth -= 1;
        return Ok(Filter::Not(Box::new(inner)));
    }
    let left = operand(reader)?;
    reader.skip_space();
    if reader.eat("=~") {
        reader.skip_space();
        return Ok(Filter::Matches(left, regex(reader)?));
    }
    for (text, operator) in OPERATORS {
        if reader.eat(text) {
            reader.skip_space();
            return Ok(Filter::Compare(left, operator, operand(reader)?));
        }
    }
    match left {
        Operand::Literal(_) => reader.fail("a filter is neither a path nor a comparison"),
        path => Ok(Filter::Exists(path)),
    }
}

fn operand(reader: &mut Reader<'_>) -> Result<Operand, InvalidPath> {
    match reader.peek() {
        Some('@') => reader.path_from_current().map(Operand::Current),
        Some('$') => reader.path().map(Operand::Root),
        Some('\'' | '"') => reader.quoted().map(|text| Operand::Literal(Json::String(text))),
        Some('[') => {
            reader.at += 1;
            let mut items = Vec::new();
            loop {
                reader.skip_space();
                if reader.eat("]") {
                    return Ok(Operand::Literal(Json::array(items)));
                }
                match operand_literal(reader)? {
                    Some(item) => items.push(item),
                    None => return reader.fail("a list in a filter holds something else than texts and numbers"),
                }
                reader.skip_space();
                reader.eat(",");
            }
        }
        _ => match operand_literal(reader)? {
            Some(value) => Ok(Operand::Literal(value)),
            None => reader.fail("a filter's operand is missing"),
        },
    }
}

/// A text, number, `true`, `false` or `null`.
fn operand_literal(reader: &mut Reader<'_>) -> Result<Option<Json>, InvalidPath> {
    if matches!(reader.peek(), Some('\'' | '"')) {
        return reader.quoted().map(|text| Some(Json::String(text)));
    }
    let rest = reader.rest();
    let end = rest
        .find(|c: char| !(c.is_alphanumeric() || "+-.".contains(c)))
        .unwrap_or(rest.len());
    let value = match &rest[..end] {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        "null" => Json::Null,
        number => match Json::parse(number) {
            Ok(value @ Json::Number(_)) => value,
            _ => return Ok(None),
        },
    };
    reader.at += end;
    Ok(Some(value))
}

fn regex(reader: &mut Reader<'_>) -> Result<regex_lite::Regex, InvalidPath> {
    if !reader.eat("/") {
        return reader.fail("a regular expression is not between slashes");
    }
    let rest = reader.rest();
    let mut escaped = false;
    let end = rest.char_indices().find(|(_, c)| {
        let ends = *c == '/' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    let Some((end, _)) = end else {
        return reader.fail("a regular expression is not closed");
    };
    let pattern = rest[..end].replace("\\/", "/");
    reader.at += end + 1;
    let flags = reader.word();
    if !flags.bytes().all(|flag| b"imsx".contains(&flag)) {
        return reader.fail(format!("unknown flags `{flags}` of a regular expression"));
    }
    let flags = if flags.is_empty() {
        String::new()
    } else {
        format!("(?{flags})")
    };
    match regex_lite::Regex::new(&format!("{flags}^(?:{pattern})$")) {
        Ok(regex) => Ok(regex),
        Err(error) => reader.fail(format!("a regular expression is not valid: {error}")),
    }
}
