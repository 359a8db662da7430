//! Filters: `[?(@.price < 10 && @.tags contains 'new')]`.

use super::parse::{MAX_DEPTH, Reader};
use super::{InvalidPath, Path};
use crate::text::Json;

/// A condition on an item.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Operator, Operand),
    Matches(Operand, regex_lite::Regex),
}

/// A side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Current(Path),
    Root(Path),
    Literal(Json),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    Contains,
    Size,
    Empty,
}

/// The operators as written; longer ones before those that they start with.
const OPERATORS: [(&str, Operator); 15] = [
    ("===", Operator::Equal),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("in ", Operator::In),
    ("nin ", Operator::NotIn),
    ("subsetof ", Operator::SubsetOf),
    ("anyof ", Operator::AnyOf),
    ("noneof ", Operator::NoneOf),
    ("contains ", Operator::Contains),
    ("size ", Operator::Size),
    ("empty ", Operator::Empty),
];

/// Reads `(…)`.
pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Filter, InvalidPath> {
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
        return parse(reader);
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

impl Filter {
    /// Whether the condition holds for this item.
    pub(super) fn holds(&self, item: &Json, root: &Json) -> bool {
        match self {
            Filter::And(filters) => filters.iter().all(|filter| filter.holds(item, root)),
            Filter::Or(filters) => filters.iter().any(|filter| filter.holds(item, root)),
            Filter::Not(filter) => !filter.holds(item, root),
            Filter::Exists(Operand::Current(path)) => path.exists(item),
            Filter::Exists(Operand::Root(path)) => path.exists(root),
            Filter::Exists(Operand::Literal(_)) => true,
            Filter::Matches(operand, regex) => match operand.value(item, root) {
                Some(Json::String(text)) => regex.is_match(&text),
                _ => false,
            },
            Filter::Compare(left, operator, right) => {
                operator.holds(left.value(item, root).as_ref(), right.value(item, root).as_ref())
            }
        }
    }
}

impl Operand {
    fn value(&self, item: &Json, root: &Json) -> Option<Json> {
        match self {
            Operand::Current(path) => path.evaluate(item).ok(),
            Operand::Root(path) => path.evaluate(root).ok(),
            Operand::Literal(value) => Some(value.clone()),
        }
    }
}

impl Operator {
    fn holds(self, left: Option<&Json>, right: Option<&Json>) -> bool {
        let (left, right) = match (self, left, right) {
            (Operator::NotEqual, None, None) => return false,
            (Operator::NotEqual | Operator::NotIn, None, _) | (Operator::NotEqual, _, None) => return true,
            (_, Some(left), Some(right)) => (left, right),
            _ => return false,
        };
        match self {
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            Operator::Less => ordering(left, right).is_some_and(std::cmp::Ordering::is_lt),
            Operator::LessOrEqual => ordering(left, right).is_some_and(std::cmp::Ordering::is_le),
            Operator::Greater => ordering(left, right).is_some_and(std::cmp::Ordering::is_gt),
            Operator::GreaterOrEqual => ordering(left, right).is_some_and(std::cmp::Ordering::is_ge),
            Operator::In => list(right).contains(left),
            Operator::NotIn => !list(right).contains(left),
            Operator::SubsetOf => list(left).iter().all(|item| list(right).contains(item)),
            Operator::AnyOf => list(left).iter().any(|item| list(right).contains(item)),
            Operator::NoneOf => !list(left).iter().any(|item| list(right).contains(item)),
            Operator::Contains => match (left, right) {
                (Json::String(text), Json::String(part)) => text.contains(&**part),
                (Json::Array(items), item) => items.contains(item),
                _ => false,
            },
            Operator::Size => size(left).is_some_and(|size| right.as_i64() == i64::try_from(size).ok()),
            Operator::Empty => size(left).is_some_and(|size| right.as_bool() == Some(size == 0)),
        }
    }
}

fn ordering(left: &Json, right: &Json) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left.partial_cmp(right),
        (Json::String(left), Json::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn list(value: &Json) -> &[Json] {
    value.as_array().unwrap_or_default()
}

fn size(value: &Json) -> Option<usize> {
    match value {
        Json::Array(items) => Some(items.len()),
        Json::String(text) => Some(text.chars().count()),
        _ => None,
    }
}
