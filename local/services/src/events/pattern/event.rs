//! An event as patterns see it: its leaves, by the dotted path to each, and which element of which array each is in.
//!
//! Two leaves that lie in different elements of one array are not of one thing, so they never match a pattern together:
//! <https://github.com/aws/event-ruler#json-array-matching>.

use super::matcher::Leaf;
use serde_json::Value;
use std::collections::BTreeMap;

/// Which element of which array something is in. Arrays are numbered as they come.
pub(super) type Membership = BTreeMap<usize, usize>;

/// The leaves of an event, by path.
#[derive(Default)]
pub(super) struct Leaves {
    by_path: BTreeMap<String, Vec<(Leaf, Membership)>>,
    arrays: usize,
}

impl Leaves {
    pub(super) fn of(event: &Value) -> Self {
        let mut leaves = Self::default();
        leaves.add(event, None, &Membership::new());
        leaves
    }

    /// What lies at a path.
    pub(super) fn at(&self, path: &str) -> &[(Leaf, Membership)] {
        self.by_path.get(path).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, value: &Value, path: Option<&str>, membership: &Membership) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.add(value, Some(&below(path, name)), membership);
                }
            }
            Value::Array(elements) => self.add_elements(elements, path, membership),
            Value::String(text) => self.put(path, Leaf::text(text), membership),
            bare => self.put(path, Leaf::bare(bare.to_string()), membership),
        }
    }

    /// A plain element of an array is not bound to its place: an array of texts is one thing with several values.
    fn add_elements(&mut self, elements: &[Value], path: Option<&str>, membership: &Membership) {
        let array = self.arrays;
        self.arrays += 1;
        for (index, element) in elements.iter().enumerate() {
            if element.is_object() || element.is_array() {
                let mut inside = membership.clone();
                inside.insert(array, index);
                self.add(element, path, &inside);
            } else {
                self.add(element, path, membership);
            }
        }
    }

    fn put(&mut self, path: Option<&str>, leaf: Leaf, membership: &Membership) {
        let leaves = self.by_path.entry(path.unwrap_or_default().to_owned()).or_default();
        leaves.push((leaf, membership.clone()));
    }
}

/// The path to a field of what lies at `path`; at the top there is no path yet.
pub(super) fn below(path: Option<&str>, name: &str) -> String {
    path.map_or_else(|| name.to_owned(), |path| format!("{path}.{name}"))
}

/// Both together, where no array has them in different elements.
pub(super) fn join(one: &Membership, other: &Membership) -> Option<Membership> {
    let clash = other
        .iter()
        .any(|(array, index)| one.get(array).is_some_and(|chosen| chosen != index));
    (!clash).then(|| one.iter().chain(other).map(|(array, index)| (*array, *index)).collect())
}
