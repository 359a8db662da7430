//! How the command calls AWS: with the caller's credentials, and with requests that it writes itself.
//!
//! Region, profile and credentials are found as the SDKs find them ([`aws_config`]). `AWS_ENDPOINT_URL` and
//! `AWS_ENDPOINT_URL_<SERVICE>` replace endpoints. The SDK crates of all these services would take minutes to compile,
//! and only some operations are called.

mod access;
mod error;
pub(crate) mod services;
mod wire;
pub(crate) mod xml;

pub use access::Access;
pub use error::{Looked, LookupError};
