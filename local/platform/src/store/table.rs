//! Rows in memory, in the order of their keys.

use slab::Slab;
use std::collections::BTreeMap;
use std::ops::RangeBounds;

/// Rows of a kind `V` in the order of their keys, which is the order that AWS lists most things in.
///
/// A map from keys to rows would be compiled for each kind of rows. Here the map leads to places, and only what lies at
/// these is of a kind: there are fifty kinds, and the map was a tenth of what there is to compile for the services.
#[derive(Debug, Clone)]
pub struct Table<V> {
    places: BTreeMap<String, usize>,
    rows: Slab<V>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self {
            places: BTreeMap::new(),
            rows: Slab::new(),
        }
    }
}

impl<V> Table<V> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there is a row of this key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// The row of a key.
    pub fn get(&self, key: &str) -> Option<&V> {
        let place = *self.places.get(key)?;
        Some(&self.rows[place])
    }

    /// The keys, in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &String> + ExactSizeIterator + Clone {
        self.places.keys()
    }

    /// The rows, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.places.values().map(|place| &self.rows[*place])
    }

    /// The keys with their rows, in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&String, &V)> + ExactSizeIterator + Clone {
        self.places.iter().map(|(key, place)| (key, &self.rows[*place]))
    }

    /// The keys within bounds with their rows, in their order.
    pub fn range(&self, keys: impl RangeBounds<str>) -> impl DoubleEndedIterator<Item = (&String, &V)> {
        self.places.range(keys).map(|(key, place)| (key, &self.rows[*place]))
    }

    /// The row of a key, to be changed.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        let place = *self.places.get(key)?;
        Some(&mut self.rows[place])
    }

    /// The rows, to be changed, in the order of their keys.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let mut rows: Vec<Option<&mut V>> = Vec::new();
        for (place, row) in &mut self.rows {
            rows.resize_with(place, || None);
            rows.push(Some(row));
        }
        self.places.values().filter_map(move |place| rows[*place].take())
    }

    /// Puts a row. Gives the one that was there before.
    pub(super) fn insert(&mut self, key: String, row: V) -> Option<V> {
        if let Some(place) = self.places.get(&key) {
            return Some(std::mem::replace(&mut self.rows[*place], row));
        }
        let place = self.rows.insert(row);
        self.places.insert(key, place);
        None
    }

    /// The row of a key, to be changed: a new one if there is none.
    pub(super) fn get_or_insert_with(&mut self, key: &str, new: impl FnOnce() -> V) -> &mut V {
        let place = match self.places.get(key) {
            Some(place) => *place,
            None => {
                let place = self.rows.insert(new());
                self.places.insert(key.to_owned(), place);
                place
            }
        };
        &mut self.rows[place]
    }

    /// Removes a row, and gives it.
    pub(super) fn remove(&mut self, key: &str) -> Option<V> {
        let place = self.places.remove(key)?;
        Some(self.rows.remove(place))
    }
}
