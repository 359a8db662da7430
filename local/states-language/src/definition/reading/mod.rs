//! What a definition is read with: its fields one by one, and what is found wrong with them.

mod amount;
mod fields;
mod finding;
mod names;

pub(crate) use amount::{Amount, percentage, seconds, whole};
pub(crate) use fields::{DataPath, EMPTY, Fields, ResultPath};
pub use finding::{Finding, InvalidDefinition, Severity};
pub(crate) use finding::{Findings, NO_OBJECT, code};
pub(crate) use names::Names;
