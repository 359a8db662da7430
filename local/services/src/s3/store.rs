//! Where a bucket's objects are: all versions of each, by key. This is the one place that puts, gets and removes them.

use super::object::Object;
use jiff::Timestamp;
use platform::store::{Body, Shelf, Store as Lasting, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// The id of a version that was put while its bucket kept none.
pub(super) const NULL: &str = "null";

/// One version of an object, or the mark that it was deleted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    /// Its id, which means nothing to anybody else.
    pub id: String,
    /// When it came.
    pub at: Timestamp,
    /// The object; none in a delete marker.
    pub object: Option<Arc<Object>>,
}

/// The versions of a bucket's objects.
#[derive(Debug, Default)]
pub(super) struct Store {
    /// From the oldest to the newest; never empty.
    versions: BTreeMap<String, Vec<Version>>,
    /// Each key's versions are a row.
    rows: Shelf,
    /// Where the objects' bytes are.
    lasting: Lasting,
}

impl Store {
    /// The versions that were kept of a bucket.
    pub(super) fn open(lasting: &Lasting, bucket: &str) -> Result<Self, StoreError> {
        let rows = Shelf::new(lasting, "s3/objects", bucket);
        Ok(Self {
            versions: rows.read()?.into_iter().collect(),
            rows,
            lasting: lasting.clone(),
        })
    }

    /// Writes what a key's versions are now.
    fn write(&self, key: &str) {
        match self.versions.get(key) {
            Some(versions) => self.rows.put(key, versions),
            None => self.rows.remove(key),
        }
    }

    /// Lets go of the bytes of a version that is gone, unless another one has the same.
    fn forget(&self, key: &str, gone: &Version) {
        let body = |version: &Version| version.object.as_ref().map(|object| object.body.clone());
        let Some(gone) = body(gone) else { return };
        let others = self.versions.get(key).into_iter().flatten();
        if others.filter_map(body).all(|other: Body| other != gone) {
            self.lasting.forget(&gone);
        }
    }

    /// Puts a version in front of the others, in the place of one with the same id.
    pub(super) fn put(&mut self, key: &str, version: Version) {
        let versions = self.versions.entry(key.to_owned()).or_default();
        let replaced = versions.iter().position(|other| other.id == version.id);
        let replaced = replaced.map(|at| versions.remove(at));
        versions.push(version);
        self.write(key);
        if let Some(replaced) = replaced {
            self.forget(key, &replaced);
        }
    }

    /// The newest version of a key.
    pub(super) fn latest(&self, key: &str) -> Option<&Version> {
        self.versions.get(key)?.last()
    }

    /// The version of a key that has this id.
    pub(super) fn version(&self, key: &str, id: &str) -> Option<&Version> {
        self.versions.get(key)?.iter().find(|version| version.id == id)
    }

    /// Gives a version's object other tags.
    pub(super) fn tag(&mut self, key: &str, id: &str, tags: BTreeMap<String, String>) {
        let versions = self.versions.get_mut(key).into_iter().flatten();
        for object in versions
            .filter(|version| version.id == id)
            .filter_map(|version| version.object.as_mut())
        {
            Arc::make_mut(object).tags.clone_from(&tags);
        }
        self.write(key);
    }

    /// Removes a version for good.
    pub(super) fn remove(&mut self, key: &str, id: &str) -> Option<Version> {
        let versions = self.versions.get_mut(key)?;
        let position = versions.iter().position(|version| version.id == id)?;
        let removed = versions.remove(position);
        if versions.is_empty() {
            self.versions.remove(key);
        }
        self.write(key);
        self.forget(key, &removed);
        Some(removed)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// The keys from here on in order, each with its versions from the oldest to the newest.
    pub(super) fn from<'s>(&'s self, start: Bound<&'s str>) -> impl Iterator<Item = (&'s str, &'s [Version])> {
        let keys = self.versions.range::<str, _>((start, Bound::Unbounded));
        keys.map(|(key, versions)| (key.as_str(), versions.as_slice()))
    }
}
