//! A rule that was broken.

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule, as a sentence of what has to hold.
    pub rule: &'static str,
    /// What happened instead.
    pub what: String,
}
