//! What can be wrong with a parameter, under names that a state machine can catch.

use std::fmt;

use super::reference::InvalidReference;
use crate::ports::{CallError, CallErrorKind};

/// Which kind of thing is wrong. The names are API: state machines list them in `ErrorEquals`.
///
/// In the order in which to mend them. Only the last kind can be helped by trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// A SecureString whose path is not allowed.
    SecureParameterRefused,
    /// The role may not read the parameter, or not decrypt it.
    ParameterAccessDenied,
    /// There is no such parameter, version or label.
    ParameterNotFound,
    /// The reference is ill-formed, or the value is not what it should be.
    ParameterInvalid,
    /// Parameter Store throttles, fails or cannot be reached: the one to retry.
    ParameterStoreUnavailable,
}

impl ProblemKind {
    /// Every kind, the first to mend first.
    pub const ALL: [ProblemKind; 5] = [
        Self::SecureParameterRefused,
        Self::ParameterAccessDenied,
        Self::ParameterNotFound,
        Self::ParameterInvalid,
        Self::ParameterStoreUnavailable,
    ];

    /// The name that a state machine catches.
    pub fn name(self) -> &'static str {
        match self {
            Self::SecureParameterRefused => "SecureParameterRefused",
            Self::ParameterAccessDenied => "ParameterAccessDenied",
            Self::ParameterNotFound => "ParameterNotFound",
            Self::ParameterInvalid => "ParameterInvalid",
            Self::ParameterStoreUnavailable => "ParameterStoreUnavailable",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One thing that is wrong with one parameter. It never says a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct Problem {
    /// Which kind it is.
    pub kind: ProblemKind,
    /// A fragment that names the parameter.
    pub message: String,
}

impl Problem {
    /// A problem of a kind; the message names the parameter.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The same problem, with `what` before its message: a field, or a rule.
    #[must_use]
    pub fn about(self, what: &str) -> Self {
        Self {
            message: format!("`{what}`: {}", self.message),
            ..self
        }
    }

    /// There is no parameter with that name.
    pub(super) fn not_found(parameter: &dyn fmt::Display) -> Self {
        Self::new(
            ProblemKind::ParameterNotFound,
            format!("there is no parameter `{parameter}`"),
        )
    }

    /// The parameter is a SecureString, and its path is not allowed.
    pub(super) fn secure(parameter: &dyn fmt::Display) -> Self {
        let why = "its value would stay readable where it is used";
        Self::new(
            ProblemKind::SecureParameterRefused,
            format!("`{parameter}` is a SecureString, and {why}"),
        )
    }

    /// A call for that parameter failed.
    pub(super) fn of_call(parameter: &dyn fmt::Display, error: &CallError) -> Self {
        let (kind, what) = match error.kind {
            CallErrorKind::Denied => (ProblemKind::ParameterAccessDenied, "may not be read"),
            CallErrorKind::NotFound => (ProblemKind::ParameterNotFound, "is not there"),
            CallErrorKind::Invalid | CallErrorKind::Conflict => (ProblemKind::ParameterInvalid, "was refused"),
            CallErrorKind::Throttled | CallErrorKind::Unavailable => {
                (ProblemKind::ParameterStoreUnavailable, "could not be read")
            }
        };
        Self::new(kind, format!("`{parameter}` {what}: {error}"))
    }
}

impl From<InvalidReference> for Problem {
    fn from(error: InvalidReference) -> Self {
        Self::new(ProblemKind::ParameterInvalid, error.to_string())
    }
}

/// Everything that is wrong with a request: at least one problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// All of `problems`, or nothing where there are none.
    pub fn of(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self(problems))
        }
    }

    /// The kind to mend first: the whole error has its name.
    pub fn kind(&self) -> ProblemKind {
        self.0
            .iter()
            .map(|problem| problem.kind)
            .min()
            .unwrap_or(ProblemKind::ParameterStoreUnavailable)
    }

    /// Each problem.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            // If there is one problem, its kind is already the error's name.
            [problem] => formatter.write_str(&problem.message),
            problems => {
                write!(formatter, "{} problems", problems.len())?;
                let mut separator = ": ";
                for problem in problems {
                    write!(formatter, "{separator}{problem}")?;
                    separator = "; ";
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_to_mend_first_names_the_whole() {
        let of = |kinds: &[ProblemKind]| Problems(kinds.iter().map(|&kind| Problem::new(kind, "x")).collect()).kind();
        use ProblemKind::*;
        assert_eq!(of(&[ParameterStoreUnavailable]), ParameterStoreUnavailable);
        assert_eq!(of(&[ParameterStoreUnavailable, ParameterNotFound]), ParameterNotFound);
        assert_eq!(
            of(&[ParameterInvalid, SecureParameterRefused, ParameterAccessDenied]),
            SecureParameterRefused
        );
        assert!(ProblemKind::ALL.is_sorted());
    }

    #[test]
    fn every_problem_is_said() {
        let one = Problem::not_found(&"/a");
        let two = Problem::secure(&"/b");
        assert_eq!(Problems(vec![one.clone()]).to_string(), "there is no parameter `/a`");
        let both = Problems(vec![one, two]).to_string();
        assert!(
            both.starts_with("2 problems: ParameterNotFound: there is no parameter `/a`; "),
            "{both}"
        );
        assert!(
            both.contains("SecureParameterRefused: `/b` is a SecureString"),
            "{both}"
        );
    }

    #[test]
    fn failed_calls_become_what_one_can_do_about_them() {
        let cases = [
            (CallErrorKind::Denied, ProblemKind::ParameterAccessDenied),
            (CallErrorKind::NotFound, ProblemKind::ParameterNotFound),
            (CallErrorKind::Invalid, ProblemKind::ParameterInvalid),
            (CallErrorKind::Conflict, ProblemKind::ParameterInvalid),
            (CallErrorKind::Throttled, ProblemKind::ParameterStoreUnavailable),
            (CallErrorKind::Unavailable, ProblemKind::ParameterStoreUnavailable),
        ];
        for (call, problem) in cases {
            assert_eq!(
                Problem::of_call(&"/a", &CallError::new("GetParameters", call, "so")).kind,
                problem
            );
        }
    }
}
