//! What is wrong with a definition, and where.

use std::cell::RefCell;
use std::fmt;

use crate::text::ParseError;
use crate::text::pointer::{Spot, locate};

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
    /// The same as AWS writes it, such as `/States/Choose/Choices[0]/Next`: see [`Finding::location`].
    place: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // AWS says in Java that a missing end has no place.
        let nowhere = if self.code == code::NO_TERMINAL { "null" } else { "/" };
        let place = self.location().unwrap_or(nowhere);
        write!(f, "{}: {} at {place}", self.code, self.message)
    }
}

impl Finding {
    /// An error at this pointer of a definition's text.
    #[must_use]
    pub fn of(text: &str, pointer: &str, code: &'static str, message: String) -> Finding {
        let Spot { line, column, place } = locate(text, pointer).unwrap_or_else(|| Spot {
            line: 1,
            column: 1,
            place: pointer.to_owned(),
        });
        Finding {
            severity: Severity::Error,
            code,
            message,
            pointer: pointer.to_owned(),
            place,
            line,
            column,
        }
    }

    /// Where ValidateStateMachineDefinition says that it is, with `/` for the whole definition. A field that is not
    /// supported is in the object that has it. AWS has no place for a missing end, nor for what is no definition at all.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match &*self.place {
            "" if self.code == code::NO_TERMINAL || self.message == NO_OBJECT => None,
            "" => Some("/"),
            place => Some(place),
        }
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

/// What is said of a text that is no definition at all.
pub(crate) const NO_OBJECT: &str = "Definition must be a valid JSON object";

/// Codes of findings, in AWS's words where it has one for the case.
pub(crate) mod code {
    pub(crate) const INVALID_JSON: &str = "INVALID_JSON_DESCRIPTION";
    pub(crate) const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
    pub(crate) const INVALID_JSONATA: &str = "INVALID_JSONATA_EXPRESSION";
    pub(crate) const UNSUPPORTED_JSONATA: &str = "UNSUPPORTED_JSONATA_EXPRESSION";
    pub(crate) const MISSING_TARGET: &str = "MISSING_TRANSITION_TARGET";
    pub(crate) const DUPLICATE_NAME: &str = "DUPLICATE_STATE_NAME";
    pub(crate) const NO_TERMINAL: &str = "MISSING_END_STATE";
    pub(crate) const RESERVED_VARIABLE: &str = "RESERVED_VARIABLE_NAME";
    pub(crate) const INVALID_VARIABLE: &str = "INVALID_VARIABLE_NAME";
    pub(crate) const NO_DOLLAR: &str = "NO_DOLLAR";
    pub(crate) const STATIC_RESULT: &str = "PASS_RESULT_IS_STATIC";
}

/// Collects findings while a definition is read.
pub(crate) struct Findings<'t> {
    text: &'t str,
    list: RefCell<Vec<Finding>>,
}

impl<'t> Findings<'t> {
    pub(crate) fn new(text: &'t str) -> Findings<'t> {
        Findings {
            text,
            list: RefCell::default(),
        }
    }

    pub(crate) fn error(&self, code: &'static str, pointer: &str, message: impl Into<String>) {
        self.add(Severity::Error, code, pointer, message.into());
    }

    /// An error of an object because of one of its fields, which has this pointer: AWS names the object.
    pub(crate) fn error_of_field(&self, pointer: &str, message: impl Into<String>) {
        self.error(code::SCHEMA, pointer, message);
        if let Some(finding) = self.list.borrow_mut().last_mut()
            && let Some((object, _)) = finding.place.rsplit_once('/')
        {
            finding.place.truncate(object.len());
        }
    }

    pub(crate) fn warning(&self, code: &'static str, pointer: &str, message: impl Into<String>) {
        self.add(Severity::Warning, code, pointer, message.into());
    }

    pub(crate) fn invalid_json(&self, error: &ParseError) {
        self.list.borrow_mut().push(Finding {
            severity: Severity::Error,
            code: code::INVALID_JSON,
            message: error.message.clone(),
            pointer: String::new(),
            place: String::new(),
            line: error.line,
            column: error.column,
        });
    }

    pub(crate) fn into_list(self) -> Vec<Finding> {
        let mut list = self.list.into_inner();
        // What is said of no place comes behind all other errors, as on AWS.
        let is_placeless = |finding: &Finding| finding.code == code::NO_TERMINAL;
        list.sort_by_key(|finding| (finding.severity, is_placeless(finding), finding.line, finding.column));
        list
    }

    fn add(&self, severity: Severity, code: &'static str, pointer: &str, message: String) {
        let mut finding = Finding::of(self.text, pointer, code, message);
        finding.severity = severity;
        self.list.borrow_mut().push(finding);
    }
}
