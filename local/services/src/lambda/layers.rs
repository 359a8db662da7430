//! Layers: what several functions have beside their own files.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html>.

use super::code::LayerFiles;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// As many layers as a function may have.
pub(super) const MOST: usize = 5;

/// The layers of the account: the files of each version, by its ARN.
#[derive(Debug, Default)]
pub(super) struct Layers(Mutex<BTreeMap<String, LayerFiles>>);

impl Layers {
    /// Keeps another version of a layer; answers with its number.
    pub(super) fn publish(&self, layer: &str, files: LayerFiles) -> u64 {
        let mut layers = self.lock();
        let version = (1..).find(|version| !layers.contains_key(&arn(layer, *version)));
        let version = version.unwrap_or_default();
        layers.insert(arn(layer, version), files);
        version
    }

    /// The files of a version.
    pub(super) fn version(&self, arn: &str) -> Option<LayerFiles> {
        self.lock().get(arn).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, LayerFiles>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ARN of a layer's version.
pub(super) fn arn(layer: &str, version: u64) -> String {
    format!("{layer}:{version}")
}
