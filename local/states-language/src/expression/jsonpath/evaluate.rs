//! Evaluates paths: the quick way where every step leads to one place.

use std::borrow::Cow;

use super::items::{from_end, item, item_or_null, pick};
use super::path::{Path, PathNotFound, Step};
use super::walk::{Fault, Walk, not_an_array, not_an_object, several_names};
use crate::text::Json;

impl Path {
    /// Evaluates the path below a root that was looked up.
    pub(crate) fn evaluate(&self, root: &Json) -> Result<Json, PathNotFound> {
        let value = if self.is_definite() {
            self.find(root).map(Cow::into_owned)
        } else {
            Walk::along(self, root).map(Json::array)
        };
        value.map_err(|fault| match fault {
            Fault::NotFound(why) | Fault::Broken(why) => PathNotFound(why),
        })
    }

    /// Whether the path leads to a place that is there, which an index behind an array's end does not.
    pub(crate) fn exists(&self, root: &Json) -> bool {
        if !self.is_definite() {
            return Walk::along(self, root).is_ok_and(|found| !found.is_empty());
        }
        let mut here = root;
        for step in &self.steps {
            let next = match (step, here) {
                (Step::Field(name), Json::Object(object)) => object.get(name),
                (Step::Index(index), Json::Array(items)) => item(items, *index),
                (Step::FromEnd(offset), Json::Array(items)) => from_end(items, *offset),
                (Step::Fields(_), Json::Object(_)) => return true,
                _ => None,
            };
            match next {
                Some(next) => here = next,
                None => return false,
            }
        }
        true
    }

    /// The place that a definite path leads to.
    pub(super) fn find<'j>(&self, root: &'j Json) -> Result<Cow<'j, Json>, Fault> {
        let mut here = root;
        for (at, step) in self.steps.iter().enumerate() {
            here = match (step, here) {
                (Step::Field(name), Json::Object(object)) => match object.get(name) {
                    Some(value) => value,
                    None => return Err(self.missing(at, root)),
                },
                (Step::Index(index), Json::Array(items)) => item_or_null(items, *index),
                (Step::FromEnd(offset), Json::Array(items)) => from_end(items, *offset).unwrap_or(&Json::Null),
                (Step::Fields(names), Json::Object(object)) if at + 1 == self.steps.len() => {
                    return Ok(Cow::Owned(pick(object, names)));
                }
                (step, here) => return Err(self.unfit(at, step, here, root)),
            };
        }
        Ok(Cow::Borrowed(here))
    }

    fn missing(&self, at: usize, root: &Json) -> Fault {
        let place = self.place(at + 1, root);
        Fault::NotFound(if at + 1 == self.steps.len() {
            format!("No results for path: {place}")
        } else {
            format!("Missing property in path {place}")
        })
    }

    /// The place that so many steps lead to, with indexes from the start.
    fn place(&self, steps: usize, root: &Json) -> String {
        let mut place = "$".to_owned();
        for (at, step) in self.steps[..steps].iter().enumerate() {
            let Step::FromEnd(offset) = step else {
                place.push_str(&step.to_string());
                continue;
            };
            let before = Path::new("", self.root.clone(), self.steps[..at].to_vec());
            let items = before
                .find(root)
                .ok()
                .and_then(|items| items.as_array().map(<[Json]>::len));
            let length = items.and_then(|length| i64::try_from(length).ok()).unwrap_or_default();
            place.push_str(&Step::Index(length + offset).to_string());
        }
        place
    }

    /// Why a step cannot be taken from here.
    fn unfit(&self, at: usize, step: &Step, here: &Json, root: &Json) -> Fault {
        let is_item = self.is_item(at, root);
        let place = self.place(at, root);
        match (step, here) {
            (Step::Fields(_), Json::Object(_)) => Fault::Broken(several_names(step, &place)),
            (Step::Field(_) | Step::Fields(_), _) => Fault::NotFound(not_an_object(step, &place)),
            (_, Json::Null) if !is_item => Fault::NotFound(format!("The path {place} is null")),
            _ => Fault::Broken(not_an_array(&self.steps[at..], here, is_item)),
        }
    }

    /// Whether the steps before this one end at an item of an array that is there.
    fn is_item(&self, at: usize, root: &Json) -> bool {
        let before = &self.steps[..at];
        matches!(before.last(), Some(Step::Index(_) | Step::FromEnd(_)))
            && Path::new("", self.root.clone(), before.to_vec()).exists(root)
    }
}
