//! What is wrong with a definition, and where.

use std::fmt;

use crate::json;

/// Whether a definition with this finding can be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but it will hardly do what it should.
    Warning,
}

impl Severity {
    /// AWS's word: `ERROR` or `WARNING`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        }
    }
}

/// One finding of a definition's validation, as
/// [ValidateStateMachineDefinition](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html)
/// has it, with its line and column beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Error or warning.
    pub severity: Severity,
    /// The kind of problem, such as `SCHEMA_VALIDATION_FAILED`.
    pub code: &'static str,
    /// What is wrong, naming the field.
    pub message: String,
    /// Where: a JSON pointer, such as `/States/Start/Next`; empty for the definition as a whole.
    pub pointer: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at {}", self.code, self.message, self.place())
    }
}

impl Finding {
    /// The pointer, with `/` for the whole definition.
    fn place(&self) -> &str {
        if self.pointer.is_empty() { "/" } else { &self.pointer }
    }
}

/// A definition that cannot be created: its errors, and whatever else was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDefinition {
    /// Everything that was found; at least one is an error.
    pub findings: Vec<Finding>,
}

/// In the words of CreateStateMachine's `InvalidDefinition`.
impl fmt::Display for InvalidDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invalid State Machine Definition: '")?;
        for (at, finding) in self
            .findings
            .iter()
            .filter(|it| it.severity == Severity::Error)
            .enumerate()
        {
            if at > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{finding}")?;
        }
        f.write_str("'")
    }
}

impl std::error::Error for InvalidDefinition {}

/// Collects findings while a definition is read.
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn new(_text: &str) -> Findings {
        Findings(Vec::new())
    }

    pub(crate) fn invalid_json(&mut self, error: &json::ParseError) {
        self.0.push(Finding {
            severity: Severity::Error,
            code: "INVALID_JSON_DESCRIPTION",
            message: error.message.clone(),
            pointer: String::new(),
            line: error.line,
            column: error.column,
        });
    }

    pub(crate) fn into_list(self) -> Vec<Finding> {
        self.0
    }
}
