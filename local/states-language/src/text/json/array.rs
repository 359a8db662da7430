//! Arrays, which remember how long their text is.

use std::ops::Deref;

use super::size::Measured;
use super::value::Json;

/// The items of a JSON array. It is read as the slice that it is, and made of a `Vec`.
#[derive(Clone, Debug, Default)]
pub struct Array {
    items: Vec<Json>,
    pub(super) measured: Measured,
}

impl From<Vec<Json>> for Array {
    fn from(items: Vec<Json>) -> Array {
        Array {
            items,
            measured: Measured::default(),
        }
    }
}

impl Deref for Array {
    type Target = [Json];

    fn deref(&self) -> &[Json] {
        &self.items
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Array) -> bool {
        self.items == other.items
    }
}
