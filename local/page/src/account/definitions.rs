//! The definitions of state machines that lie in the repository, as they are on disk now.

use super::places::{Span, spans};
use super::reader::{Gone, Reader};
use super::values::text;
use serde_json::{Value, json};
use state_graph::Chart;
use states_language::{Finding, Severity, StateMachine};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The folder of the definitions, below the repository's root.
pub(crate) const FOLDER: &str = "statemachine";
/// How a definition's file ends.
const ENDING: &str = ".asl.json";
/// How deep folders are looked into.
const DEEP: usize = 8;

/// A definition, and what is to be said of it.
#[derive(Debug)]
pub(crate) struct Definition {
    /// The file's path below the folder.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
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
    fn read(name: &str, text: String, before: Option<&Self>) -> Self {
        let chart = Chart::read(&text).ok().map(Arc::new);
        let is_current = chart.is_some();
        Self {
            name: name.to_owned(),
            findings: StateMachine::validate(&text),
            chart: chart.or_else(|| before?.chart.clone()),
            is_current,
            spans: if is_current { spans(&text) } else { Vec::new() },
            text,
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
#[derive(Debug, Default)]
pub(crate) struct Definitions(Mutex<BTreeMap<String, Arc<Definition>>>);

impl Definitions {
    /// All of them, by name.
    pub(crate) fn all(&self, root: &Path) -> Vec<Arc<Definition>> {
        let names = files(root).into_keys();
        names.filter_map(|name| self.one(root, &name).ok()).collect()
    }

    /// One of them. Only the files that are listed can be asked for: a name leads nowhere else.
    pub(crate) fn one(&self, root: &Path, name: &str) -> Result<Arc<Definition>, Gone> {
        let gone = || Gone::NotFound(format!("{FOLDER}/ has no definition {name}"));
        let path = files(root).remove(name).ok_or_else(gone)?;
        let text =
            std::fs::read_to_string(&path).map_err(|error| Gone::Refused(format!("{FOLDER}/{name}: {error}")))?;
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(known) = before.as_ref().filter(|known| known.text == text) {
            return Ok(known.clone());
        }
        let read = Arc::new(Definition::read(name, text, before.as_deref()));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(name.to_owned(), read.clone());
        Ok(read)
    }
}

/// The files of definitions by their names. Links are not followed, so that nothing outside of the folder is among them.
fn files(root: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(String::new(), root.join(FOLDER), 0)];
    while let Some((prefix, folder, depth)) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else {
                continue;
            };
            if kind.is_dir() && depth < DEEP {
                folders.push((format!("{prefix}{name}/"), entry.path(), depth + 1));
            } else if kind.is_file() && name.ends_with(ENDING) {
                found.insert(format!("{prefix}{name}"), entry.path());
            }
        }
    }
    found
}

/// When each file was changed, and how long it is: what an editor's save changes.
pub(crate) type Stamps = BTreeMap<String, (Option<SystemTime>, u64)>;

/// The stamps of the definitions' files.
pub(crate) fn stamps(root: &Path) -> Stamps {
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(path).ok();
        let modified = metadata.as_ref().and_then(|it| it.modified().ok());
        (modified, metadata.map_or(0, |it| it.len()))
    };
    files(root)
        .into_iter()
        .map(|(name, path)| (name, stamp(path)))
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
