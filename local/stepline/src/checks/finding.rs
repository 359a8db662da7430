//! What was found, and how bad it is.

use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// AWS refuses it, or it cannot work there.
    Error,
    /// It will hardly do what it should.
    Warning,
    /// It is in order, and differs here from AWS.
    Note,
}

impl Severity {
    /// The word before a finding.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// An integration that AWS does not know.
    Integration,
    /// A substitution that was not made.
    Substitution,
    /// A call that the account here does not have.
    Absence,
    /// A permission that the role lacks.
    Permission,
    /// A name that nothing has.
    Name,
}

/// Something that is to be said of a state machine, with what mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub about: About,
    /// The state machine's name.
    pub machine: String,
    /// The state; none for what is of the state machine as a whole.
    pub state: Option<String>,
    /// The line in the definition, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What was found, and what mends it.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.as_ref().map(|state| format!("state {state}: "));
        write!(
            f,
            "{}: {}{}",
            self.severity.name(),
            state.unwrap_or_default(),
            self.text
        )
    }
}

/// Where in a definition something was found.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) state: Option<String>,
    pub(super) line: usize,
    pub(super) column: usize,
}
