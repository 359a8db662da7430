//! Why a template that is given to CloudFormation is refused.

/// Why a template is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// AWS refuses it, with this sentence.
    Wrong(String),
    /// AWS would take it. The local run does not have this.
    Absent(String),
}

pub(super) fn wrong<T>(sentence: impl std::fmt::Display) -> Result<T, Refused> {
    Err(Refused::Wrong(sentence.to_string()))
}
