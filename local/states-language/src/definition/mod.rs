//! The third floor: a definition, read and checked, and what its states decide. States are asked with a
//! [`Scope`](crate::expression::Scope) and answer with a value; carrying it out is the engine's, which this floor never
//! imports.

mod amount;
mod catch;
mod common;
mod fields;
mod finding;
mod flow;
mod kinds;
mod machine;
mod names;
mod quota;
mod retry;
mod state;
mod states;

pub(crate) use common::Exit;
pub use finding::{Finding, InvalidDefinition, Severity};
pub(crate) use flow::Flow;
pub use kinds::{ExecutionType, StateKind};
pub use machine::StateMachine;
pub(crate) use quota::{MAX_PAYLOAD, check, too_long};
pub(crate) use retry::Raised;
pub(crate) use state::{Body, State};
pub(crate) use states::{Distributed, Limits, Map, Outcome, Parallel, Task, TaskCall};
pub use states::{Integration, ItemSource, Pattern};
