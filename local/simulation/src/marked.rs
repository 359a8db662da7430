//! What must never be shown.

/// What must never be shown: the credentials of jobs, a SecureString's value, and what is in inputs.
pub(crate) const ACCESS_KEY: &str = "ASIAMARKEDACCESSKEY0";
pub(crate) const SECRET_KEY: &str = "marked-secret-access-key";
pub(crate) const SESSION_TOKEN: &str = "marked-session-token";
pub(crate) const SEALED: &str = "marked-sealed-value";
pub(crate) const INPUT_MARKER: &str = "marked-input-value";
pub(crate) const MARKED: [&str; 5] = [ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, SEALED, INPUT_MARKER];
