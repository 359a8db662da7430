//! Lambda function for state machines: asks a service whether it is healthy and what it serves, and compares that with what
//! is expected.
//!
//! - `settings`: what the environment says.
//! - `event`: the [`Request`] that a state machine sends.
//! - `ports`: what the function asks of the service.
//! - `plan`: the decisions, without any call.
//! - `handler`: reads a request, asks, and answers. [`AskService`] is its entry.
//! - `error`: what a state machine can catch.
//! - `http`: the one implementation of the port, over plain HTTP inside of a VPC.
//!
//! What is absent: it calls nothing of AWS, follows no redirect, and reads no more of an answer than it must.

mod error;
mod event;
mod handler;
mod http;
mod plan;
mod ports;
mod settings;

pub use error::AskError;
pub use event::Request;
pub use handler::AskService;
pub use http::Http;
pub use ports::{Get, NotReached, Reply};
pub use settings::{Settings, SettingsError};
