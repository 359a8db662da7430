//! Objects, which keep the order of their fields. A short one is searched from its start; a long one has an index.

use std::collections::HashMap;
use std::sync::Arc;

use super::size::Measured;
use super::value::Json;

/// How many keys are searched one by one; beyond that an index is kept.
const INDEX_FROM: usize = 16;

/// The fields of a JSON object, in the order in which they were first set.
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(Arc<str>, Json)>,
    index: Option<HashMap<Arc<str>, usize>>,
    measured: Measured,
}

impl Object {
    /// An object without fields.
    #[must_use]
    pub fn new() -> Object {
        Object::default()
    }

    /// An object without fields that has room for this many.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Object {
        Object {
            entries: Vec::with_capacity(capacity),
            ..Object::default()
        }
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The field's value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.position(key).map(|position| &self.entries[position].1)
    }

    /// Whether there is such a field.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Sets a field: in its old place where it is there already, else as the last one.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Json>) {
        let (key, value) = (key.into(), value.into());
        self.measured.forget();
        if let Some(position) = self.position(&key) {
            self.entries[position].1 = value;
            return;
        }
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() > INDEX_FROM {
            self.index = Some(
                self.entries
                    .iter()
                    .enumerate()
                    .map(|(at, (key, _))| (key.clone(), at))
                    .collect(),
            );
        }
    }

    /// The fields in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Json)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The names in their order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// The values in their order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Json> {
        self.entries.iter().map(|(_, value)| value)
    }

    pub(super) fn measured(&self) -> &Measured {
        &self.measured
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(name, _)| **name == *key),
        }
    }
}

/// Two objects are equal when they have the same fields, in whatever order.
impl PartialEq for Object {
    fn eq(&self, other: &Object) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<K: Into<Arc<str>>, V: Into<Json>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Object {
        let mut object = Object::new();
        for (key, value) in fields {
            object.insert(key, value);
        }
        object
    }
}
