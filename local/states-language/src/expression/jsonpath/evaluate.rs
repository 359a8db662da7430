//! Evaluates paths, and the filters in them.

use super::path::{Filter, Operand, Path, PathNotFound, Step};
use crate::text::{Json, Object};

/// How deep `..` looks: deeper than values nest.
const MAX_DESCENT: usize = 1_000;

impl Path {
    /// Evaluates the path below a root that was looked up.
    pub(crate) fn evaluate(&self, root: &Json) -> Result<Json, PathNotFound> {
        if self.definite {
            return definite(self, root);
        }
        let mut found = Vec::new();
        let walk = Walk { path: self, root };
        walk.from(0, root, true, &mut found)?;
        match self.steps.last() {
            // A function sees all that its path found, and gives one value.
            Some(Step::Function(function)) => function.apply(&Json::array(found)).map_err(PathNotFound),
            _ => Ok(Json::array(found)),
        }
    }

    /// Whether the path leads to a place that is there, which an index behind an array's end does not.
    pub(crate) fn exists(&self, root: &Json) -> bool {
        if !self.definite {
            return self
                .evaluate(root)
                .is_ok_and(|found| found.as_array().is_none_or(|items| !items.is_empty()));
        }
        let mut here = root;
        for step in &self.steps {
            let next = match (step, here) {
                (Step::Field(name), Json::Object(object)) => object.get(name),
                (Step::Index(index), Json::Array(items)) => position(*index, items.len()).map(|index| &items[index]),
                (Step::Fields(_), Json::Object(_)) => return true,
                (Step::Function(function), value) => return function.apply(value).is_ok(),
                _ => None,
            };
            match next {
                Some(next) => here = next,
                None => return false,
            }
        }
        true
    }
}

/// The quick way: every step leads to one place.
fn definite(path: &Path, root: &Json) -> Result<Json, PathNotFound> {
    let mut here = root;
    for (at, step) in path.steps.iter().enumerate() {
        here = match step {
            Step::Field(name) => field(path, at, here, name)?,
            Step::Index(index) => item(path, at, here, *index)?,
            Step::Function(function) => {
                let value = function.apply(here).map_err(PathNotFound)?;
                return if at + 1 == path.steps.len() {
                    Ok(value)
                } else {
                    Err(no_results(path))
                };
            }
            Step::Fields(names) => match here {
                Json::Object(object) => return Ok(pick(object, names)),
                _ => return Err(not_an_object(path, at, here, &canonical_step(step))),
            },
            _ => return Err(no_results(path)),
        };
    }
    Ok(here.clone())
}

fn field<'j>(path: &Path, at: usize, here: &'j Json, name: &str) -> Result<&'j Json, PathNotFound> {
    let Json::Object(object) = here else {
        return Err(not_an_object(path, at, here, &format!("['{name}']")));
    };
    object.get(name).ok_or_else(|| {
        if at + 1 == path.steps.len() {
            no_results(path)
        } else {
            PathNotFound(format!("Missing property in path {}", canonical(&path.steps[..=at])))
        }
    })
}

fn not_an_object(path: &Path, at: usize, here: &Json, property: &str) -> PathNotFound {
    let place = canonical(&path.steps[..at]);
    PathNotFound(format!(
        "Expected to find an object with property {property} in path {place} but found '{}'. This is not a json object \
         according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'.",
        java_type(here)
    ))
}

/// An object of those fields that are there.
fn pick(object: &Object, names: &[std::sync::Arc<str>]) -> Json {
    let found = names
        .iter()
        .filter_map(|name| Some((name.clone(), object.get(name)?.clone())));
    found.collect::<Object>().into()
}

/// An item; null behind the array's end, because AWS's JSON library has it so.
fn item<'j>(path: &Path, at: usize, here: &'j Json, index: i64) -> Result<&'j Json, PathNotFound> {
    match here {
        Json::Array(items) => Ok(item_or_null(items, index)),
        Json::Null => Err(PathNotFound(format!(
            "The path {} is null",
            canonical(&path.steps[..at])
        ))),
        _ => Err(PathNotFound(format!(
            "Filter: {} can only be applied to arrays. Current context is: {here}",
            canonical_step(&Step::Index(index))
        ))),
    }
}

fn item_or_null(items: &[Json], index: i64) -> &Json {
    position(index, items.len()).map_or(&Json::Null, |index| &items[index])
}

/// An index, counted from the end where it is negative.
fn position(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 {
        index + i64::try_from(length).ok()?
    } else {
        index
    };
    usize::try_from(index).ok().filter(|index| *index < length)
}

fn no_results(path: &Path) -> PathNotFound {
    PathNotFound(format!("No results for path: {}", canonical(&path.steps)))
}

/// The long way: any step may lead to several places, and what is missing is left out.
struct Walk<'p> {
    path: &'p Path,
    root: &'p Json,
}

impl Walk<'_> {
    fn from(&self, at: usize, here: &Json, definite_so_far: bool, found: &mut Vec<Json>) -> Result<(), PathNotFound> {
        let Some(step) = self.path.steps.get(at) else {
            found.push(here.clone());
            return Ok(());
        };
        match step {
            Step::Field(name) if definite_so_far => {
                let next = field(self.path, at, here, name)?;
                self.from(at + 1, next, true, found)
            }
            Step::Index(index) if definite_so_far => {
                let next = item(self.path, at, here, *index)?;
                self.from(at + 1, next, true, found)
            }
            Step::Function(_) => {
                found.push(here.clone());
                Ok(())
            }
            Step::Fields(names) if at + 1 == self.path.steps.len() => {
                if let Json::Object(object) = here {
                    found.push(pick(object, names));
                }
                Ok(())
            }
            Step::Descend => self.descend(at + 1, here, 0, found),
            step => {
                let mut next = Vec::new();
                self.matches(step, here, &mut next);
                for value in next {
                    self.from(at + 1, value, false, found)?;
                }
                Ok(())
            }
        }
    }

    /// `..`: the step behind it, applied here and to everything below, from the outside in.
    fn descend(&self, at: usize, here: &Json, depth: usize, found: &mut Vec<Json>) -> Result<(), PathNotFound> {
        if depth > MAX_DESCENT {
            return Err(PathNotFound(format!("nested more than {MAX_DESCENT} levels deep")));
        }
        self.from(at, here, false, found)?;
        match here {
            Json::Object(object) => object
                .values()
                .try_for_each(|value| self.descend(at, value, depth + 1, found)),
            Json::Array(items) => items
                .iter()
                .try_for_each(|value| self.descend(at, value, depth + 1, found)),
            _ => Ok(()),
        }
    }

    fn matches<'j>(&self, step: &Step, here: &'j Json, next: &mut Vec<&'j Json>) {
        match (step, here) {
            (Step::Field(name), Json::Object(object)) => next.extend(object.get(name)),
            (Step::Fields(names), Json::Object(object)) => {
                next.extend(names.iter().filter_map(|name| object.get(name)))
            }
            (Step::Index(index), Json::Array(items)) => next.push(item_or_null(items, *index)),
            (Step::Indexes(indexes), Json::Array(items)) => {
                next.extend(indexes.iter().map(|index| item_or_null(items, *index)));
            }
            (Step::Slice(from, to), Json::Array(items)) => next.extend(&items[slice(*from, *to, items.len())]),
            (Step::Wildcard, Json::Array(items)) => next.extend(items.iter()),
            (Step::Wildcard, Json::Object(object)) => next.extend(object.values()),
            (Step::Filter(filter), Json::Array(items)) => {
                next.extend(items.iter().filter(|item| filter.holds(item, self.root)))
            }
            (Step::Filter(filter), Json::Object(_)) if filter.holds(here, self.root) => next.push(here),
            _ => {}
        }
    }
}

impl Filter {
    /// Whether the condition holds for this item.
    fn holds(&self, item: &Json, root: &Json) -> bool {
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

fn slice(from: Option<i64>, to: Option<i64>, length: usize) -> std::ops::Range<usize> {
    let clamp = |index: i64| {
        let length_i64 = i64::try_from(length).unwrap_or(i64::MAX);
        let index = if index < 0 {
            index.saturating_add(length_i64)
        } else {
            index
        };
        usize::try_from(index.clamp(0, length_i64)).unwrap_or(length)
    };
    let (from, to) = (from.map_or(0, clamp), to.map_or(length, clamp));
    from..to.max(from)
}

/// Steps as Jayway prints them: `$['a'][0]`.
fn canonical(steps: &[Step]) -> String {
    let mut text = String::from("$");
    for step in steps {
        text.push_str(&canonical_step(step));
    }
    text
}

fn canonical_step(step: &Step) -> String {
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(",");
    match step {
        Step::Field(name) => format!("['{name}']"),
        Step::Fields(names) => format!("[{}]", list(&mut names.iter().map(|name| format!("'{name}'")))),
        Step::Index(index) => format!("[{index}]"),
        Step::Indexes(indexes) => format!("[{}]", list(&mut indexes.iter().map(ToString::to_string))),
        Step::Slice(from, to) => {
            let side = |index: &Option<i64>| index.map(|index| index.to_string()).unwrap_or_default();
            format!("[{}:{}]", side(from), side(to))
        }
        Step::Wildcard => "[*]".to_owned(),
        Step::Descend => "..".to_owned(),
        Step::Filter(_) => "[?]".to_owned(),
        Step::Function(function) => format!(".{}()", function.name()),
    }
}

/// The Java class that AWS's messages name.
fn java_type(value: &Json) -> &'static str {
    match value {
        Json::Null => "com.fasterxml.jackson.databind.node.NullNode",
        Json::Bool(_) => "com.fasterxml.jackson.databind.node.BooleanNode",
        Json::Number(crate::text::Number::Int(_)) => "com.fasterxml.jackson.databind.node.IntNode",
        Json::Number(_) => "com.fasterxml.jackson.databind.node.DoubleNode",
        Json::String(_) => "com.fasterxml.jackson.databind.node.TextNode",
        Json::Array(_) => "com.fasterxml.jackson.databind.node.ArrayNode",
        Json::Object(_) => "com.fasterxml.jackson.databind.node.ObjectNode",
    }
}
