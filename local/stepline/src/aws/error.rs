//! What comes of a question to AWS.

/// A question that AWS did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{call} failed: {code}: {message}")]
pub struct LookupError {
    /// The call as IAM names it, such as `sts:GetCallerIdentity`.
    pub call: String,
    /// The error's code.
    pub code: String,
    /// What was said.
    pub message: String,
}

impl LookupError {
    /// Whether the caller's permissions do not allow the call.
    pub(crate) fn is_denied(&self) -> bool {
        ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"].contains(&self.code.as_str())
    }
}

/// An answer, or why there is none.
pub type Looked<T> = Result<T, LookupError>;
