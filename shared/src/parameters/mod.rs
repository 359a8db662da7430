//! Parameter Store, read in one way for everything that needs it: the function that resolves parameters for state
//! machines, `{{ssm:/path}}` in a job's input, and `ssm:/path` in place of a rule or a state machine's name.
//!
//! - [`ParameterReference`] and [`ParameterPath`] say which parameter.
//! - [`Parameters`] reads them: batches of ten without duplicates, a few at once, every page of a path, and a cache that
//!   serves stale values while Parameter Store is in trouble.
//! - [`Problems`] is all that is wrong with a request, under names that a state machine can catch.
//!
//! What is absent: a SecureString is never decrypted unless its path is allowed, no value is ever part of an error, a
//! log line or a `Debug` output, and nothing here writes a parameter.

mod cache;
#[cfg(any(test, feature = "fakes"))]
pub mod fake;
mod parameter;
mod paths;
mod plan;
mod port;
mod problem;
mod reference;
mod store;
#[cfg(test)]
mod tests;
mod text;

pub use parameter::{Content, Parameter};
pub use port::{Found, GetParameters, GetParametersByPath, Page};
pub use problem::{Problem, ProblemKind, Problems};
pub use reference::{InvalidReference, ParameterPath, ParameterReference};
pub use store::{Parameters, Want};
pub use text::resolve_texts;
