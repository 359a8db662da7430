//! A map whose keys are pairs, which JSON has not: written as a list of its entries.

use super::upload::Upload;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Uploads by their keys and ids.
type Uploads = BTreeMap<(String, String), Upload>;

pub(super) fn serialize<S: Serializer>(map: &Uploads, serializer: S) -> Result<S::Ok, S::Error> {
    map.iter().collect::<Vec<_>>().serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uploads, D::Error> {
    Ok(Vec::deserialize(deserializer)?.into_iter().collect())
}
