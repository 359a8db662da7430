//! Words that all services share.

use shared::ports::{CallError, CallErrorKind};
use shared::time::Timestamp;

/// When every schedule begins.
pub const START: Timestamp = Timestamp::from_millis(1_764_000_000_000);

/// Where something stands in its service's list.
pub(crate) type Id = usize;

/// The account.
pub(crate) const ACCOUNT: &str = "123456789012";

/// A refusal with a code of AWS's.
pub(crate) fn refused(operation: &'static str, kind: CallErrorKind, code: &str) -> CallError {
    CallError::new(operation, kind, format!("{code}: as AWS has it")).with_code(code)
}

/// A page of a list, and where the next one begins.
pub(crate) fn page<T: Clone>(list: &[T], next_token: Option<&str>, size: usize) -> (Vec<T>, Option<String>) {
    let at: usize = next_token.and_then(|token| token.parse().ok()).unwrap_or_default();
    let end = (at + size).min(list.len());
    let next = (end < list.len()).then(|| end.to_string());
    (list[at.min(end)..end].to_vec(), next)
}
