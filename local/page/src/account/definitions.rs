//! The definitions of state machines that lie in the repository, as they are on disk now.
//!
//! Which files they are is for whoever serves the page to say: templates name them, in folders of a team's choice.

use super::places::{Span, spans};
use super::reader::{Gone, Reader};
use super::values::text;
use serde_json::{Value, json};
use state_graph::Chart;
use states_language::{Finding, Severity, StateMachine};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The code of what is wrong with a file that cannot be read as a definition at all.
const UNREADABLE: &str = "INVALID_YAML";

/// Where the definitions of the repository are written.
pub trait DefinitionFiles: std::fmt::Debug + Send + Sync {
    /// The files that there are now, by their names: their paths below the repository's root, with `/` between folders.
    /// The page reads no others.
    fn files(&self) -> BTreeMap<String, PathBuf>;

    /// Reads one of them.
    ///
    /// # Errors
    /// The file cannot be read.
    fn read(&self, file: &Path) -> io::Result<Written>;
}

/// A definition as it is written.
#[derive(Debug)]
pub struct Written {
    /// The file's text.
    pub text: String,
    /// The definition as JSON, with some value where a substitution such as `${TableName}` stands in the place of one; or
    /// why the text is none.
    pub json: Result<String, String>,
    /// JSON pointers to what only a substitution gives a value: what is wrong there is not known yet.
    pub open: BTreeSet<String>,
    /// Whether lines and columns of the JSON are those of the text.
    pub has_positions: bool,
}

/// A definition, and what is to be said of it.
#[derive(Debug)]
pub(crate) struct Definition {
    /// The file's path below the repository's root.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
    /// The text as JSON, or the text where it is none.
    pub(crate) json: String,
    /// Whether lines and columns of what is found are those of the text.
    pub(crate) has_positions: bool,
    /// What is wrong with it.
    pub(crate) findings: Vec<Finding>,
    /// Its drawing: of this text, or of the last one that could be drawn.
    pub(crate) chart: Option<Arc<Chart>>,
    /// Whether the drawing is of this text.
    pub(crate) is_current: bool,
    /// Where its states are written.
    pub(crate) spans: Vec<Span>,
}

impl Definition {
    fn read(name: &str, written: Written, before: Option<&Self>) -> Self {
        let chart = written.json.as_ref().ok().and_then(|json| Chart::read(json).ok());
        let chart = chart.map(Arc::new);
        let is_current = chart.is_some();
        let findings = match &written.json {
            Ok(json) => {
                let mut findings = StateMachine::validate(json);
                findings.retain(|finding| !written.open.contains(&finding.pointer));
                findings
            }
            Err(message) => vec![unreadable(message)],
        };
        let json = written.json.unwrap_or_else(|_| written.text.clone());
        Self {
            name: name.to_owned(),
            findings,
            chart: chart.or_else(|| before?.chart.clone()),
            is_current,
            spans: if is_current && written.has_positions {
                spans(&json)
            } else {
                Vec::new()
            },
            has_positions: written.has_positions,
            text: written.text,
            json,
        }
    }

    /// How many findings are of this severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// The innermost state that a finding is in.
    pub(crate) fn state_of(&self, finding: &Finding) -> Option<&str> {
        let chart = self.chart.as_ref().filter(|_| self.is_current)?;
        let is_in = |pointer: &str| {
            let rest = finding.pointer.strip_prefix(pointer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let states = chart.states().filter(|state| is_in(&state.pointer));
        states.max_by_key(|state| state.pointer.len()).map(|state| &*state.name)
    }

    /// The lines of a state, from its name to its end.
    pub(crate) fn lines_of(&self, state: &str) -> Option<&Span> {
        let pointer = &self.chart.as_ref()?.state(state)?.pointer;
        self.spans.iter().find(|span| span.pointer == *pointer)
    }

    /// The names of the outermost states: a state machine that has the same ones is made of this file.
    pub(crate) fn outermost(&self) -> Vec<String> {
        self.chart.as_deref().map(outermost).unwrap_or_default()
    }
}

/// What is wrong with a text that is no definition in any language that one is written in.
fn unreadable(message: &str) -> Finding {
    Finding::of("", "", UNREADABLE, message.to_owned())
}

/// The names of the outermost states of a definition.
pub(crate) fn outermost(chart: &Chart) -> Vec<String> {
    let states = chart.states().filter(|state| state.parent.is_none());
    let mut names: Vec<String> = states.map(|state| state.name.clone()).collect();
    names.sort();
    names
}

/// A state machine of the account, as far as it says which file it is made of.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its name.
    pub(crate) name: String,
    /// Its role.
    pub(crate) role: String,
    /// STANDARD or EXPRESS.
    pub(crate) kind: String,
    /// The names of its outermost states.
    states: Vec<String>,
}

impl Described {
    /// Whether it is made of this definition.
    pub(crate) fn is_of(&self, definition: &Definition) -> bool {
        !self.states.is_empty() && self.states == definition.outermost()
    }
}

/// The definitions that were read last, so that an unchanged one is not validated again, and one that is broken now
/// keeps the drawing that it had.
#[derive(Debug)]
pub(crate) struct Definitions {
    files: Arc<dyn DefinitionFiles>,
    found: Mutex<Option<BTreeMap<String, PathBuf>>>,
    last: Mutex<BTreeMap<String, Arc<Definition>>>,
}

impl Definitions {
    /// Those that `files` has.
    pub(crate) fn new(files: Arc<dyn DefinitionFiles>) -> Self {
        Self {
            files,
            found: Mutex::default(),
            last: Mutex::default(),
        }
    }

    /// The files that there are now, by their names.
    pub(crate) fn files(&self) -> BTreeMap<String, PathBuf> {
        let files = self.files.files();
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(files.clone());
        files
    }

    /// The files that there were when somebody looked last: finding them out takes longer than looking at them.
    pub(crate) fn found(&self) -> BTreeMap<String, PathBuf> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        found.unwrap_or_else(|| self.files())
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Definition>> {
        let files = self.files().into_iter();
        files.filter_map(|(name, file)| self.read(&name, &file).ok()).collect()
    }

    /// One of them. Only the files that are listed can be asked for: a name leads nowhere else.
    pub(crate) fn one(&self, name: &str) -> Result<Arc<Definition>, Gone> {
        let gone = || Gone::NotFound(format!("the repository has no definition {name}"));
        let file = self.files().remove(name).ok_or_else(gone)?;
        let read = self.read(name, &file);
        read.map_err(|error| Gone::Refused(format!("{name}: {error}")))
    }

    fn read(&self, name: &str, file: &Path) -> io::Result<Arc<Definition>> {
        let written = self.files.read(file)?;
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last().get(name).cloned();
        if let Some(known) = before.as_ref().filter(|known| known.text == written.text) {
            return Ok(known.clone());
        }
        let read = Arc::new(Definition::read(name, written, before.as_deref()));
        last().insert(name.to_owned(), read.clone());
        Ok(read)
    }
}

/// When each file was changed, and how long it is: what an editor's save changes.
pub(crate) type Stamps = BTreeMap<String, (Option<SystemTime>, u64)>;

/// The stamps of those of these files that are there.
pub(crate) fn stamps(files: &BTreeMap<String, PathBuf>) -> Stamps {
    let stamp = |file: &Path| {
        let metadata = file.metadata().ok()?;
        Some((metadata.modified().ok(), metadata.len()))
    };
    files
        .iter()
        .filter_map(|(name, file)| Some((name.clone(), stamp(file)?)))
        .collect()
}

impl Reader {
    /// The state machines with what they are made of.
    pub(crate) async fn described(&self) -> Result<Vec<Described>, Gone> {
        let mut described = Vec::new();
        for machine in self.machines().await? {
            let input = json!({"stateMachineArn": machine.arn});
            let said = self.look("states", "DescribeStateMachine", input).await?;
            let chart = Chart::read(text(&said, "definition"));
            described.push(Described {
                role: text(&said, "roleArn").to_owned(),
                states: chart.map(|chart| outermost(&chart)).unwrap_or_default(),
                arn: machine.arn,
                name: machine.name,
                kind: machine.kind,
            });
        }
        Ok(described)
    }

    /// Tries one state alone.
    pub(crate) async fn test_state(&self, input: Value) -> Result<Value, Gone> {
        self.act("states", "TestState", input).await
    }
}
