//! The first floor: JSON, pointers into it, and timestamps. It knows nothing of state machines.

mod json;
pub(crate) mod pointer;
pub(crate) mod timestamp;

pub(crate) use json::{Excess, MAX_DEPTH};
pub use json::{Json, Number, Object, ParseError};
