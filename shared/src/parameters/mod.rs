//! Reads Parameter Store, in one way for all its uses: the function that resolves parameters for state machines,
//! `{{ssm:/path}}` in a job's input, and `ssm:/path` in place of a rule or of a state machine's name.
//!
//! - [`ParameterReference`] and [`ParameterPath`] say which parameter.
//! - [`Parameters`] reads them: in batches of ten without duplicates, a few calls at a time, all pages of a path. Its
//!   cache serves old values while Parameter Store does not answer.
//! - [`Problems`] is everything that is wrong with a request, under names that a state machine can catch.
//!
//! A SecureString is never decrypted unless its path is allowed. No value is ever in an error, a log line or a `Debug`
//! output. Nothing here writes a parameter.

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
