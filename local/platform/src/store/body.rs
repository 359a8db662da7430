//! Bytes that may be large: kept beside the rows, and read when somebody wants them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Bytes in a [`Store`](super::lasting::Store). A row has this in their place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Body {
    id: String,
    length: usize,
    /// The bytes themselves, where nothing is written.
    #[serde(skip)]
    held: Option<Bytes>,
}

impl Body {
    pub(super) fn in_memory(bytes: Bytes) -> Self {
        Self {
            id: String::new(),
            length: bytes.len(),
            held: Some(bytes),
        }
    }

    pub(super) fn stored(id: String, length: usize) -> Self {
        Self { id, length, held: None }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn held(&self) -> Option<&Bytes> {
        self.held.as_ref()
    }

    /// How many bytes these are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether these are no bytes.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, &self.held) == (&other.id, &other.held)
    }
}
