//! The ground that the services of the local account stand on.
//!
//! A service gets one thing, the [`Platform`]: the account, IAM, the journal, the pace, what goes on elsewhere, the bus
//! for its events, and the door through which it calls other services, each time as some [`Principal`]. It implements
//! [`Service`] with one row for each of its operations. Nothing in here knows which services there are; whoever
//! composes the account does.

pub mod account;
pub mod error;
pub mod http;
pub mod iam;
pub mod input;
pub mod journal;
mod look;
mod ongoing;
mod operation;
pub mod pace;
mod platform;
pub mod principal;
mod secrets;
pub mod store;
pub mod text;
pub mod wildcard;

pub use account::Account;
pub use error::{ErrorKind, ServiceError};
pub use iam::Requirement;
pub use ongoing::{Ongoing, Underway};
pub use operation::{Nothing, Operation, Operations, Served};
pub use platform::{Answer, Call, Line, Platform, Prepared, Service};
pub use principal::Principal;
pub use secrets::Secrets;
