//! The long way through a document: any step may lead to several places.

use super::items::{item_or_null, pick};
use super::path::{Path, Step, printed};
use crate::text::{Json, Object};

/// The most places behind an array's start that a slice may name; each gives null.
const MAX_NULLS: i64 = 10_000;

/// Why a path has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Something is not there. A wildcard over an array leaves such items out.
    NotFound(String),
    /// The path does not suit the data.
    Broken(String),
}

/// A walk along a path.
pub(super) struct Walk<'p> {
    path: &'p Path,
    document: &'p Json,
    pub(super) found: Vec<Json>,
}

/// A place in a document, with those above it.
#[derive(Clone, Copy)]
struct Place<'a> {
    above: Option<&'a Place<'a>>,
    key: Key<'a>,
    /// Whether it is below a wildcard that does not ask why something is missing.
    quiet: bool,
    /// Whether it is an item of an array, and not only null because there is none.
    is_item: bool,
}

#[derive(Clone, Copy)]
enum Key<'a> {
    Root,
    Name(&'a str),
    Index(i64),
}

impl<'a> Place<'a> {
    fn below(&'a self, key: Key<'a>) -> Place<'a> {
        Place {
            above: Some(self),
            key,
            quiet: self.quiet,
            is_item: false,
        }
    }

    fn item(&'a self, index: i64) -> Place<'a> {
        Place {
            is_item: true,
            ..self.below(Key::Index(index))
        }
    }

    fn printed(&self) -> String {
        let above = self.above.map(Place::printed).unwrap_or_default();
        match self.key {
            Key::Root => "$".to_owned(),
            Key::Name(name) => format!("{above}['{name}']"),
            Key::Index(index) => format!("{above}[{index}]"),
        }
    }

    fn not_found(&self, message: impl FnOnce(String) -> String) -> Fault {
        Fault::NotFound(if self.quiet {
            String::new()
        } else {
            message(self.printed())
        })
    }
}

impl<'p> Walk<'p> {
    /// Walks a path from a document's root.
    pub(super) fn along(path: &'p Path, document: &'p Json) -> Result<Vec<Json>, Fault> {
        let mut walk = Walk {
            path,
            document,
            found: Vec::new(),
        };
        let root = Place {
            above: None,
            key: Key::Root,
            quiet: false,
            is_item: false,
        };
        walk.step(0, document, &root)?;
        Ok(walk.found)
    }

    /// Takes the step with this number from here, and all behind it.
    fn step(&mut self, at: usize, here: &Json, place: &Place<'_>) -> Result<(), Fault> {
        let path = self.path;
        let Some(step) = path.steps.get(at) else {
            self.found.push(here.clone());
            return Ok(());
        };
        match step {
            Step::Field(name) => self.field(at, here, name, place),
            Step::Fields(names) => {
                let object = object(step, here, place)?;
                if at + 1 < path.steps.len() {
                    return Err(Fault::Broken(several_names(step, &place.printed())));
                }
                self.found.push(pick(object, names));
                Ok(())
            }
            Step::Wildcard => self.wildcard(at, here, place),
            Step::Descend => self.descend(at + 1, here, place),
            Step::Filter(filter) => match here {
                Json::Object(_) => match filter.holds(here, self.document)? {
                    true => self.step(at + 1, here, place),
                    false => Ok(()),
                },
                Json::Array(items) => {
                    for (index, item) in (0..).zip(items.iter()) {
                        if filter.holds(item, self.document)? {
                            self.step(at + 1, item, &place.item(index))?;
                        }
                    }
                    Ok(())
                }
                other => Err(Fault::Broken(format!(
                    "Filter: {} can not be applied to primitives. Current context is: {}",
                    printed(&path.steps[at..]),
                    shown(other, place.is_item)
                ))),
            },
            Step::Index(_) | Step::FromEnd(_) | Step::Indexes(_) | Step::From(_) | Step::To(_) | Step::Between(..) => {
                self.items(at, step, here, place)
            }
        }
    }

    fn field(&mut self, at: usize, here: &Json, name: &str, place: &Place<'_>) -> Result<(), Fault> {
        let object = object(&self.path.steps[at], here, place)?;
        let below = place.below(Key::Name(name));
        match object.get(name) {
            Some(value) => self.step(at + 1, value, &below),
            None if at + 1 == self.path.steps.len() => {
                Err(below.not_found(|place| format!("No results for path: {place}")))
            }
            None if self.path.must_have(at) => {
                Err(below.not_found(|place| format!("Missing property in path {place}")))
            }
            None => Ok(()),
        }
    }

    /// Over an array, what is missing behind the wildcard is left out; over an object it is an error.
    fn wildcard(&mut self, at: usize, here: &Json, place: &Place<'_>) -> Result<(), Fault> {
        match here {
            Json::Object(object) => {
                for (name, value) in object.iter() {
                    self.step(at + 1, value, &place.below(Key::Name(name)))?;
                }
            }
            Json::Array(items) => {
                for (index, item) in (0..).zip(items.iter()) {
                    let mut below = place.item(index);
                    below.quiet = true;
                    match self.step(at + 1, item, &below) {
                        Ok(()) | Err(Fault::NotFound(_)) => {}
                        Err(broken @ Fault::Broken(_)) => return Err(broken),
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Items by their places. A place that is not there gives null, as AWS's JSON library has it.
    fn items(&mut self, at: usize, step: &Step, here: &Json, place: &Place<'_>) -> Result<(), Fault> {
        let items = match here {
            Json::Array(items) => items,
            Json::Null if !place.is_item => return Err(place.not_found(|place| format!("The path {place} is null"))),
            other => {
                return Err(Fault::Broken(not_an_array(
                    &self.path.steps[at..],
                    other,
                    place.is_item,
                )));
            }
        };
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let take = |walk: &mut Self, index: i64| {
            let below = Place {
                is_item: (0..length).contains(&index),
                ..place.below(Key::Index(index))
            };
            walk.step(at + 1, item_or_null(items, index), &below)
        };
        let range = match step {
            Step::Indexes(indexes) => return indexes.iter().try_for_each(|index| take(self, *index)),
            Step::Index(index) => *index..index + 1,
            Step::FromEnd(offset) => length + offset..length + offset + 1,
            Step::From(from) if *from < 0 => (length + from).max(0)..length,
            Step::From(from) => *from..length,
            Step::To(to) if *to < 0 => 0..length + to,
            Step::To(to) => 0..length.min(*to),
            // A negative start is not counted from the end here.
            Step::Between(from, to) if length > 0 => *from..length.min(*to),
            Step::Between(..) | Step::Field(_) | Step::Fields(_) | Step::Wildcard | Step::Descend | Step::Filter(_) => {
                0..0
            }
        };
        if range.start < -MAX_NULLS && range.end > range.start + 1 {
            return Err(Fault::Broken(format!(
                "a slice starts more than {MAX_NULLS} before the array"
            )));
        }
        for index in range {
            take(self, index)?;
        }
        Ok(())
    }

    /// `..`: the step with this number, applied here and to everything below, from the outside in.
    fn descend(&mut self, at: usize, here: &Json, place: &Place<'_>) -> Result<(), Fault> {
        match here {
            Json::Object(object) => {
                if self.suits(at, here)? {
                    self.step(at, here, place)?;
                }
                for (name, value) in object.iter() {
                    self.descend(at, value, &place.below(Key::Name(name)))?;
                }
            }
            Json::Array(items) => {
                if self.suits(at, here)? {
                    if at + 1 == self.path.steps.len() {
                        self.step(at, here, place)?;
                    } else {
                        // Jayway goes on behind the step with every item, whichever the step would have taken.
                        for (index, item) in (0..).zip(items.iter()) {
                            self.step(at + 1, item, &place.below(Key::Index(index)))?;
                        }
                    }
                }
                for (index, item) in (0..).zip(items.iter()) {
                    self.descend(at, item, &place.item(index))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the step behind `..` can be taken from here.
    fn suits(&self, at: usize, here: &Json) -> Result<bool, Fault> {
        Ok(match (&self.path.steps[at], here) {
            (Step::Field(name), Json::Object(object)) => object.contains_key(name),
            (Step::Fields(names), Json::Object(object)) => names.iter().all(|name| object.contains_key(name)),
            (Step::Field(_) | Step::Fields(_) | Step::Descend, _) => false,
            (Step::Wildcard, _) => true,
            (Step::Filter(filter), _) => filter.holds(here, self.document)?,
            (
                Step::Index(_) | Step::FromEnd(_) | Step::Indexes(_) | Step::From(_) | Step::To(_) | Step::Between(..),
                _,
            ) => here.as_array().is_some(),
        })
    }
}

fn object<'j>(step: &Step, here: &'j Json, place: &Place<'_>) -> Result<&'j Object, Fault> {
    match here {
        Json::Object(object) => Ok(object),
        _ => Err(place.not_found(|place| not_an_object(step, &place))),
    }
}

pub(super) fn not_an_object(step: &Step, place: &str) -> String {
    format!("Property {step} not found in path {place}")
}

pub(super) fn several_names(step: &Step, place: &str) -> String {
    format!("Multi properties can only be used as path leafs: {place}{step}")
}

pub(super) fn not_an_array(steps: &[Step], here: &Json, is_item: bool) -> String {
    format!(
        "Filter: {} can only be applied to arrays. Current context is: {}",
        printed(steps),
        shown(here, is_item)
    )
}

/// A value in a message: an array's item is JSON there, and a text of an object has no quotes.
fn shown(value: &Json, is_item: bool) -> String {
    if is_item { value.to_string() } else { value.plain() }
}
