//! The third floor: a definition is read and checked, and its states decide.
//!
//! A state is given a [`Scope`](crate::expression::Scope) and answers with a value, such as the next state or a task's
//! parameters. It does nothing itself: the engine does, and this floor never imports the engine.

mod catch;
mod common;
mod flow;
mod kinds;
mod machine;
mod quota;
mod reading;
mod retry;
mod state;
mod states;

pub(crate) use common::{Exit, Stage};
pub(crate) use flow::Flow;
pub use kinds::{ExecutionType, StateKind};
pub use machine::StateMachine;
pub(crate) use quota::{MAX_PAYLOAD, check, too_long};
pub use reading::{Finding, InvalidDefinition, Severity};
pub(crate) use retry::Raised;
pub(crate) use state::{Body, State};
pub(crate) use states::optimized;
pub(crate) use states::{
    Distributed, Limits, Manifest, Map, Outcome, Parallel, Read, Reader, S3Object, Task, TaskCall, Wait, integration,
};
pub use states::{Integration, ItemSource, Pattern};
