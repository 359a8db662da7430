//! Layers: what several functions have beside their own files.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html>.

use super::code::{LayerFiles, Sum};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// As many layers as a function may have.
pub(super) const MOST: usize = 5;

/// The layers of the account, by their ARNs.
#[derive(Debug, Default)]
pub(super) struct Layers(Mutex<BTreeMap<String, Layer>>);

/// A layer. It is remembered when all its versions are deleted: their numbers are never given again.
#[derive(Debug, Default)]
struct Layer {
    last: u64,
    versions: BTreeMap<u64, LayerVersion>,
}

/// A version of a layer.
#[derive(Debug, Clone)]
pub(super) struct LayerVersion {
    /// What functions with it have.
    pub(super) files: LayerFiles,
    /// The zip that it was published with, if there was one.
    pub(super) sum: Option<Sum>,
    /// What a list shows of it.
    pub(super) shown: Value,
}

impl Layers {
    /// Keeps another version of a layer, which is made of its number.
    pub(super) fn publish(&self, layer: &str, version: impl FnOnce(u64) -> LayerVersion) -> LayerVersion {
        let mut layers = self.lock();
        let layer = layers.entry(layer.to_owned()).or_default();
        layer.last += 1;
        let version = version(layer.last);
        layer.versions.insert(layer.last, version.clone());
        version
    }

    /// The version with this ARN.
    pub(super) fn version(&self, arn: &str) -> Option<LayerVersion> {
        let (layer, version) = arn.rsplit_once(':')?;
        self.lock().get(layer)?.versions.get(&version.parse().ok()?).cloned()
    }

    /// The versions of a layer, the newest first.
    pub(super) fn versions(&self, layer: &str) -> Vec<LayerVersion> {
        let layers = self.lock();
        let versions = layers.get(layer).into_iter().flat_map(|layer| layer.versions.values());
        versions.rev().cloned().collect()
    }

    /// The ARNs of all layers.
    pub(super) fn arns(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// Takes a version away. Functions that have it keep its files.
    pub(super) fn delete(&self, layer: &str, version: u64) {
        if let Some(layer) = self.lock().get_mut(layer) {
            layer.versions.remove(&version);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Layer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ARN of a layer's version.
pub(super) fn arn(layer: &str, version: u64) -> String {
    format!("{layer}:{version}")
}
