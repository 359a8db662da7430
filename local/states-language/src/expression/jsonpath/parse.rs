//! Reads paths.

use super::brackets;
use super::path::{InvalidPath, Path, Root, Step};

/// The most steps: more than data nests, and few enough for the stack.
const MAX_STEPS: usize = 1_000;

impl Path {
    /// Reads a path that is the whole text. Blanks may stand around it.
    pub(crate) fn parse(text: &str) -> Result<Path, InvalidPath> {
        let invalid = |why: &str| InvalidPath(format!("`{text}` is not a JSONPath: {why}"));
        let path = trim(text)
            .strip_prefix('$')
            .ok_or_else(|| invalid("it does not start with `$`"))?;
        let (root, rest) = match path.strip_prefix('$') {
            Some(rest) => (Root::Context, rest),
            None => {
                let (name, rest) = path.split_at(word_end(path));
                match name.chars().next() {
                    None => (Root::Input, rest),
                    Some(first) if first.is_numeric() => return Err(invalid("a variable's name starts with a digit")),
                    Some(_) => (Root::Variable(name.into()), rest),
                }
            }
        };
        let steps = steps(rest, false).map_err(|why| invalid(&why))?;
        Ok(Path::new(text, root, steps))
    }

    /// A path in a filter, which starts at `@` or `$`.
    pub(super) fn in_filter(text: &str) -> Result<Path, String> {
        let rest = text.strip_prefix(['@', '$']).unwrap_or(text);
        Ok(Path::new(text, Root::Input, steps(rest, true)?))
    }

    /// How long a path is that starts a list of arguments: up to the comma or the bracket behind it.
    pub(crate) fn length_as_argument(text: &str) -> usize {
        let (mut brackets, mut parentheses, mut quoted) = (0_usize, 0_usize, false);
        for (at, character) in text.char_indices() {
            match character {
                '\'' if brackets > 0 => quoted = !quoted,
                _ if quoted => {}
                '[' => brackets += 1,
                ']' => brackets = brackets.saturating_sub(1),
                _ if brackets > 0 => {}
                '(' => parentheses += 1,
                ')' if parentheses > 0 => parentheses -= 1,
                ',' | ')' => return at,
                _ => {}
            }
        }
        text.len()
    }
}

/// Without the blanks around it, as Java sees them.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

fn word_end(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len())
}

/// The steps behind a root. A path within a filter has no filters.
fn steps(text: &str, in_filter: bool) -> Result<Vec<Step>, String> {
    if !(text.is_empty() || text.starts_with(['.', '['])) {
        return Err(format!("unexpected `{text}`"));
    }
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' => return Err("a blank stands outside of quotes".to_owned()),
            '$' => return Err(format!("unexpected `{rest}`")),
            '[' => {
                let end = brackets::closing(rest);
                steps.push(brackets::read(&rest[..end], in_filter)?);
                end
            }
            '.' if rest[1..].starts_with('.') => {
                steps.push(Step::Descend);
                2
            }
            '.' => 1 + dotted(&rest[1..], &mut steps)?,
            '*' => {
                steps.push(Step::Wildcard);
                1
            }
            _ => {
                let end = name_end(rest);
                steps.push(Step::Field(rest[..end].into()));
                end
            }
        };
        rest = &rest[length..];
        if steps.len() > MAX_STEPS {
            return Err(format!("it has more than {MAX_STEPS} steps"));
        }
    }
    match steps.last() {
        Some(Step::Descend) => Err("it ends with `..`".to_owned()),
        _ => Ok(steps),
    }
}

/// What follows a single dot, and how long it is. A bracket or another dot there has its own turn: `$.[0]`.
fn dotted(rest: &str, steps: &mut Vec<Step>) -> Result<usize, String> {
    if rest.is_empty() {
        return Err("it ends with `.`".to_owned());
    }
    let end = name_end(rest);
    match &rest[..end] {
        "" => {}
        "*" => steps.push(Step::Wildcard),
        name => steps.push(Step::Field(name.into())),
    }
    Ok(end)
}

/// A name without quotes ends before a dot, a bracket or a blank, and nowhere else.
fn name_end(text: &str) -> usize {
    text.find(['.', '[', ' ']).unwrap_or(text.len())
}
