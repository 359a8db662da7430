//! The first floor: JSON, pointers into it, timestamps, and names that are alike. It knows nothing of state machines.

mod closest;
mod json;
pub(crate) mod pointer;
pub(crate) mod timestamp;

pub use closest::closest;
pub use json::{Array, Json, Number, Object, ParseError, Parts, Piece};
pub(crate) use json::{Excess, MAX_DEPTH};
