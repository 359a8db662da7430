//! Temporary security credentials.

use jiff::Timestamp;
use std::fmt;

/// How every session token of this account begins.
pub(super) const TOKEN_PREFIX: &str = "local-";

/// What `AssumeRole` hands out: enough to sign requests as a session of a role until it expires.
///
/// Its `Debug` shows the access key id alone, which is no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key id, `ASIA…`.
    pub access_key_id: String,
    /// The secret that requests are signed with.
    pub secret_access_key: String,
    /// The token that goes with every request.
    pub session_token: String,
    /// When the credentials stop working.
    pub expiration: Timestamp,
}

impl Credentials {
    /// Fresh credentials that hold until `expiration`.
    pub(super) fn issue(expiration: Timestamp) -> Self {
        let random = || uuid::Uuid::new_v4().simple().to_string();
        Self {
            access_key_id: format!("ASIA{}", random()[..16].to_uppercase()),
            secret_access_key: format!("{}{}", random(), &random()[..8]),
            session_token: format!("{TOKEN_PREFIX}{}{}", random(), random()),
            expiration,
        }
    }

    /// The digits of what is secret, each with what stands before them.
    pub(super) fn digits(&self) -> [(&'static str, &str); 2] {
        let token = &self.session_token;
        let digits = token.strip_prefix(TOKEN_PREFIX).unwrap_or(token);
        [("", &self.secret_access_key), (TOKEN_PREFIX, digits)]
    }

    /// The environment variables in which SDKs look for them.
    pub fn environment(&self) -> [(&'static str, &str); 3] {
        [
            ("AWS_ACCESS_KEY_ID", &self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
            ("AWS_SESSION_TOKEN", &self.session_token),
        ]
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &"***")
            .field("session_token", &"***")
            .field("expiration", &self.expiration)
            .finish()
    }
}
