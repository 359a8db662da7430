//! Lambda function for state machines: references to Parameter Store in, typed values out.
//!
//! - `settings`: what the environment says.
//! - `event`: the [`Request`] that a state machine sends.
//! - `ports`: which operations of AWS the function calls.
//! - `plan`: the decisions, without any call. `typed` says what a value becomes ([`As`]).
//! - `handler`: reads a request, has its parameters read, and answers. [`ResolveParameters`] is its entry.
//! - `error`: all problems of a request at once, under a name that a state machine can catch.
//!
//! [`shared::parameters`] does the reading: batches, pages, the cache, and which SecureStrings are given out.
//!
//! What is absent: no value is ever logged or part of an error. A SecureString reaches a state machine's history only
//! where the deployment allows its path.

mod error;
mod event;
mod handler;
mod plan;
mod ports;
mod settings;
mod typed;

pub use error::HandlerError;
pub use event::Request;
pub use handler::ResolveParameters;
pub use ports::Store;
pub use settings::{Settings, SettingsError};
pub use typed::As;
