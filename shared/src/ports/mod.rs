//! Ports: narrow traits in AWS's own operation names, one for each operation that a function calls.
//!
//! They are implemented once over HTTP ([`crate::aws`]) and once as stateful stand-ins in memory (`fakes`). Faults are
//! injected by wrapping a port, never by flags inside of one.

pub mod artifacts;
pub mod code_pipeline;
mod error;
pub mod images;
pub mod step_functions;

pub use error::{CallError, CallErrorKind};
