//! A Parameter Store in memory, as stateful as the real one: versions, labels, shared parameters, pages.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Content, Found, GetParameters, GetParametersByPath, Page, Parameter, ParameterPath, ParameterReference};
use crate::ports::{CallError, CallErrorKind};
use crate::secret::Secret;
use crate::time::Timestamp;

/// Where the fake's own parameters live.
const ARN: &str = "arn:aws:ssm:us-east-1:123456789012:parameter";

/// The most parameters on one page.
const PAGE: usize = 10;

/// A Parameter Store in memory. Every call is written down, so that tests can count and read them.
#[derive(Debug, Default)]
pub struct ParameterStore {
    state: Mutex<State>,
}

/// One call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `GetParameters`.
    GetParameters {
        /// The names, in the order asked.
        names: Vec<String>,
        /// Whether SecureStrings were to be decrypted.
        with_decryption: bool,
    },
    /// `GetParametersByPath`, one page of it.
    GetParametersByPath {
        /// The path.
        path: String,
        /// Whether all levels below it were asked for.
        recursive: bool,
    },
}

#[derive(Debug, Default)]
struct State {
    /// By name, or by ARN where another account shares it.
    parameters: BTreeMap<String, Stored>,
    denied: Vec<String>,
    calls: Vec<Call>,
    empty_pages: bool,
}

#[derive(Debug, Default)]
struct Stored {
    kind: Kind,
    /// What each version holds, and since when.
    versions: Vec<(String, Timestamp)>,
    labels: BTreeMap<String, usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Kind {
    #[default]
    String,
    StringList,
    SecureString,
}

impl ParameterStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a String; again, for its next version. A parameter that another account shares is put by its ARN.
    pub fn put_string(&self, name: &str, value: &str) -> &Self {
        self.put(name, value, Kind::String)
    }

    /// Puts a String at a moment; without one, long ago.
    pub fn put_string_at(&self, name: &str, value: &str, at: Timestamp) -> &Self {
        self.put_at(name, value, Kind::String, at)
    }

    /// Puts a StringList, its items with commas between.
    pub fn put_string_list(&self, name: &str, value: &str) -> &Self {
        self.put(name, value, Kind::StringList)
    }

    /// Puts a SecureString.
    pub fn put_secure(&self, name: &str, value: &str) -> &Self {
        self.put(name, value, Kind::SecureString)
    }

    fn put(&self, name: &str, value: &str, kind: Kind) -> &Self {
        self.put_at(name, value, kind, Timestamp::default())
    }

    fn put_at(&self, name: &str, value: &str, kind: Kind, at: Timestamp) -> &Self {
        let mut state = self.state();
        let stored = state.parameters.entry(name.to_owned()).or_default();
        stored.kind = kind;
        stored.versions.push((value.to_owned(), at));
        drop(state);
        self
    }

    /// Labels a version of a parameter.
    pub fn label(&self, name: &str, version: usize, label: &str) -> &Self {
        if let Some(stored) = self.state().parameters.get_mut(name) {
            stored.labels.insert(label.to_owned(), version);
        }
        self
    }

    /// Takes a parameter away.
    pub fn delete(&self, name: &str) -> &Self {
        self.state().parameters.remove(name);
        self
    }

    /// Refuses every call that asks for this name or path, as a role without the permission would see.
    pub fn deny(&self, name: &str) -> &Self {
        self.state().denied.push(name.to_owned());
        self
    }

    /// Puts an empty page before each page of a path.
    pub fn with_empty_pages(&self) -> &Self {
        self.state().empty_pages = true;
        self
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self, operation: &'static str, name: &str) -> Result<(), CallError> {
        if self.denied.iter().any(|denied| denied == name) {
            let message = format!("not authorized to perform: ssm:{operation} on resource: {ARN}{name}");
            return Err(CallError::new(operation, CallErrorKind::Denied, message).with_code("AccessDeniedException"));
        }
        Ok(())
    }

    fn read(&self, name: &str, selector: Option<&str>, with_decryption: bool) -> Option<Parameter> {
        let own = name.strip_prefix(ARN);
        let stored = self.parameters.get(name).or_else(|| self.parameters.get(own?))?;
        let version = match selector {
            None => stored.versions.len(),
            Some(selector) => selector.parse().ok().or_else(|| stored.labels.get(selector).copied())?,
        };
        let (value, at) = stored.versions.get(version.checked_sub(1)?)?.clone();
        let value = Secret::new(value);
        let name = own.unwrap_or(name);
        Some(Parameter {
            name: name.to_owned(),
            arn: Some(if name.starts_with("arn:") {
                name.to_owned()
            } else {
                format!("{ARN}{name}")
            }),
            selector: selector.map(str::to_owned),
            version: i64::try_from(version).ok()?,
            modified_at: Some(at),
            content: match (stored.kind, with_decryption) {
                (Kind::String, _) => Content::String(value),
                (Kind::StringList, _) => Content::StringList(value),
                (Kind::SecureString, true) => Content::SecureString(value),
                (Kind::SecureString, false) => Content::Sealed,
            },
        })
    }
}

impl GetParameters for ParameterStore {
    async fn get_parameters(&self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
        let invalid = |message: &str| {
            CallError::new("GetParameters", CallErrorKind::Invalid, message).with_code("ValidationException")
        };
        let mut state = self.state();
        let asked = names.iter().map(|&name| name.to_owned()).collect();
        state.calls.push(Call::GetParameters {
            names: asked,
            with_decryption,
        });
        if names.is_empty() || names.len() > 10 {
            return Err(invalid("Member must have length between 1 and 10"));
        }
        let mut found = Found::default();
        // Alphabetical, and each only once, whatever was asked.
        let mut sorted = names.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        for name in sorted {
            let reference: ParameterReference = name.parse().map_err(|_| invalid("a name is not well-formed"))?;
            state.check("GetParameters", reference.path())?;
            if reference.is_secrets_manager() && !with_decryption {
                return Err(invalid(
                    "WithDecryption flag must be True for retrieving a Secret Manager secret.",
                ));
            }
            match state.read(reference.name(), reference.selector(), with_decryption) {
                Some(parameter) => found.parameters.push(parameter),
                None => found.invalid.push(name.to_owned()),
            }
        }
        Ok(found)
    }
}

impl GetParametersByPath for ParameterStore {
    async fn get_parameters_by_path(
        &self,
        path: &str,
        recursive: bool,
        next_token: Option<&str>,
    ) -> Result<Page, CallError> {
        let invalid = |message| CallError::new("GetParametersByPath", CallErrorKind::Invalid, message);
        let mut state = self.state();
        state.calls.push(Call::GetParametersByPath {
            path: path.to_owned(),
            recursive,
        });
        state.check("GetParametersByPath", path)?;
        let path: ParameterPath = path.parse().map_err(|_| invalid("the path is not well-formed"))?;
        let below = |name: &&String| path.below(name).is_some_and(|rest| recursive || !rest.contains('/'));
        let names: Vec<&String> = state.parameters.keys().filter(below).collect();
        // A token is how many were read, and whether the empty page in front was.
        let (start, emptied) = match next_token.map(|token| token.split_once('/')) {
            None => (0, false),
            Some(Some((start, emptied))) => (start.parse().map_err(|_| invalid("not a token"))?, emptied == "emptied"),
            Some(None) => return Err(invalid("not a token")),
        };
        if state.empty_pages && !emptied {
            return Ok(Page {
                parameters: Vec::new(),
                next_token: Some(format!("{start}/emptied")),
            });
        }
        let end = names.len().min(start + PAGE);
        let page = names.get(start..end).ok_or_else(|| invalid("not a token"))?;
        Ok(Page {
            parameters: page.iter().filter_map(|name| state.read(name, None, false)).collect(),
            next_token: (end < names.len()).then(|| format!("{end}/")),
        })
    }
}
