//! The errors with which a function cannot start.

use std::fmt;

use thiserror::Error;

/// Why a function cannot start. Its `Debug` is its message, because a process that ends with an error prints its
/// `Debug`.
#[derive(Error, Clone, PartialEq, Eq)]
pub enum StartError {
    /// A variable is not set, and must be.
    #[error("environment variable `{name}` is not set; {mend}")]
    Missing {
        /// Its name.
        name: &'static str,
        /// What to do about it.
        mend: &'static str,
    },
    /// A variable has a wrong value.
    #[error("environment variable `{name}` must be {expected}")]
    Invalid {
        /// Its name.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The TLS provider refused the trust anchors.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
