//! Reads filters, and says whether they hold.
//!
//! Parentheses do not group: `&&` binds before `||` whatever stands around them, because Jayway 2.0.0 strips them off.

use std::borrow::Cow;

use super::compare::{OPERATORS, Operator};
use super::path::{Filter, Operand, Path, Test};
use super::walk::Fault;
use crate::text::Json;

impl Filter {
    /// Reads `?(…)`.
    pub(super) fn parse(text: &str) -> Result<Filter, String> {
        let condition = text
            .strip_prefix('?')
            .and_then(|text| text.trim().strip_prefix('('))
            .and_then(|text| text.strip_suffix(')'))
            .ok_or_else(|| format!("the filter `[{text}]` is not of the form `[?(…)]`"))?;
        if !is_balanced(text) {
            return Err(format!("the brackets of the filter `[{text}]` are not balanced"));
        }
        // From the last to the first, as Jayway looks at them: which one fails for good can depend on it.
        let all = |text: &str| text.rsplit("&&").map(Test::parse).collect::<Result<Vec<_>, _>>();
        let any = condition.rsplit("||").map(all).collect::<Result<_, _>>()?;
        Ok(Filter { any })
    }

    /// Whether the condition holds for this item, in a document.
    pub(super) fn holds(&self, item: &Json, document: &Json) -> Result<bool, Fault> {
        for tests in &self.any {
            let mut all = true;
            for test in tests {
                if !test.holds(item, document)? {
                    all = false;
                    break;
                }
            }
            if all {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Test {
    fn parse(text: &str) -> Result<Test, String> {
        let text = text
            .trim_start_matches(['[', '?', '(', ' '])
            .trim_end_matches([')', ' '])
            .trim();
        if text.is_empty() {
            return Err("a condition of a filter is missing".to_owned());
        }
        let operator = OPERATORS
            .into_iter()
            .find_map(|(sign, operator)| text.split_once(sign).map(|sides| (sides, operator)));
        let Some(((left, right), operator)) = operator else {
            return Test::existence(text);
        };
        let (left, right) = (left.trim(), right.trim());
        if right.starts_with('=') || left.ends_with(['=', '!']) {
            return Err(format!("`{text}` has an operator that does not exist"));
        }
        if right.starts_with('!') && Operand::is_path(&right[1..]) {
            return Err("`!` stands before something else than a condition".to_owned());
        }
        if operator == Operator::Matches {
            return match (pattern(left), pattern(right)) {
                (_, Some(regex)) => Ok(Test::Matches(Operand::parse(left)?, regex?)),
                (Some(regex), None) => Ok(Test::Matches(Operand::parse(right)?, regex?)),
                (None, None) => Err("`=~` has no regular expression between slashes".to_owned()),
            };
        }
        Ok(Test::Compare(Operand::parse(left)?, operator, Operand::parse(right)?))
    }

    /// `@.a` or `!@.a`.
    fn existence(text: &str) -> Result<Test, String> {
        let (path, wanted) = match text.strip_prefix('!') {
            Some(path) if path.starts_with('@') => (path, false),
            _ => (text, true),
        };
        match Operand::parse(path)? {
            Operand::Current(path) | Operand::Root(path) => Ok(Test::Exists(path, wanted)),
            Operand::Text(_) => Err(format!("`{text}` is neither a path nor a comparison")),
        }
    }

    fn holds(&self, item: &Json, document: &Json) -> Result<bool, Fault> {
        match self {
            // What is null is not there. Jayway looks for it in the item, though the path may begin with `$`.
            Test::Exists(path, wanted) => match path.find(item) {
                Ok(value) => Ok(value.is_null() != *wanted),
                Err(Fault::NotFound(_)) => Ok(!wanted),
                Err(broken @ Fault::Broken(_)) => Err(broken),
            },
            Test::Matches(operand, regex) => Ok(match operand.value(item, document)? {
                None => false,
                Some(value) if value.is_null() => false,
                Some(value) => regex.is_match(&value.plain()),
            }),
            Test::Compare(left, operator, right) => {
                let Some(left) = left.value(item, document)? else {
                    return Ok(false);
                };
                let Some(right) = right.value(item, document)? else {
                    return Ok(false);
                };
                operator.holds(&left, &right).map_err(Fault::Broken)
            }
        }
    }
}

impl Operand {
    fn is_path(text: &str) -> bool {
        text.starts_with(['@', '$'])
    }

    fn parse(text: &str) -> Result<Operand, String> {
        if Operand::is_path(text) {
            let path = Path::in_filter(text)?;
            if !path.is_definite() {
                return Err(format!("the path `{text}` in a filter can lead to several places"));
            }
            return Ok(match text.starts_with('@') {
                true => Operand::Current(path),
                false => Operand::Root(path),
            });
        }
        let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
        Ok(Operand::Text(
            within('\'').or_else(|| within('"')).unwrap_or(text).into(),
        ))
    }

    /// What stands there; nothing where the path leads nowhere.
    fn value<'j>(&self, item: &'j Json, document: &'j Json) -> Result<Option<Cow<'j, Json>>, Fault> {
        let found = match self {
            Operand::Current(path) => path.find(item),
            Operand::Root(path) => path.find(document),
            Operand::Text(text) => return Ok(Some(Cow::Owned(Json::String(text.clone())))),
        };
        match found {
            Ok(value) => Ok(Some(value)),
            Err(Fault::NotFound(_)) => Ok(None),
            Err(broken @ Fault::Broken(_)) => Err(broken),
        }
    }
}

/// Whether parentheses and brackets outside of quotes are closed. An escaped quote is no quote here.
fn is_balanced(text: &str) -> bool {
    let (mut parentheses, mut brackets, mut quoted, mut before) = (0_i32, 0_i32, false, ' ');
    for character in text.chars() {
        match character {
            '\'' if before != '\\' => quoted = !quoted,
            '(' if !quoted => parentheses += 1,
            ')' if !quoted => parentheses -= 1,
            '[' if !quoted => brackets += 1,
            ']' if !quoted => brackets -= 1,
            _ => {}
        }
        before = character;
    }
    (parentheses, brackets, quoted) == (0, 0, false)
}

/// A regular expression: `/…/`, or `/…/i` to ignore case. It has to match the whole text.
fn pattern(text: &str) -> Option<Result<regex_lite::Regex, String>> {
    let inner = text.strip_prefix('/')?;
    let (inner, flags) = match inner.strip_suffix("/i") {
        Some(inner) => (inner, "(?i)"),
        None => (inner.strip_suffix('/')?, ""),
    };
    let regex = regex_lite::Regex::new(&format!("{flags}^(?:{inner})$"));
    Some(regex.map_err(|error| format!("a regular expression is not valid: {error}")))
}
