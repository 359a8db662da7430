//! JSON values that are cheap to copy.
//!
//! A state machine hands the same data from state to state, writes it into its history twice a transition and takes
//! pieces out of it. [`Json`] shares its strings, arrays and objects: a copy only counts one more owner of them, and
//! never copies the tree. Objects keep the order of their keys.

mod array;
mod convert;
mod measure;
mod number;
mod object;
mod parse;
mod parts;
mod size;
mod value;
mod write;

pub use array::Array;
pub(crate) use measure::Excess;
pub use number::Number;
pub use object::Object;
pub use parse::ParseError;
pub(crate) use parse::{MAX_DEPTH, Reader, line_and_column};
pub use parts::{Parts, Piece};
pub use value::Json;
