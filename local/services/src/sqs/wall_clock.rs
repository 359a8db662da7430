//! How an instant is written: by the clock on the wall, since an instant means nothing to the next process.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::time::SystemTime;
use tokio::time::Instant;

pub(super) fn serialize<S: Serializer>(instant: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    let left = instant.saturating_duration_since(Instant::now());
    (SystemTime::now() + left).serialize(serializer)
}

/// What has passed is now.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    let at = SystemTime::deserialize(deserializer)?;
    Ok(Instant::now() + at.duration_since(SystemTime::now()).unwrap_or_default())
}
