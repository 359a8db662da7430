//! What an expression can see.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::failure::StateError;
use super::jsonpath::{Path, PathNotFound, Root};
use super::random::Random;
use crate::text::{Json, Object};

/// The variables that a state assigned, sorted by name.
pub type Assigned = Arc<Vec<(Arc<str>, Json)>>;

/// Variables: those assigned here, above those of the states around.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    own: Option<Arc<BTreeMap<Arc<str>, Json>>>,
    outer: Option<Arc<Variables>>,
}

impl Variables {
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        let mut scope = self;
        loop {
            if let Some(value) = scope.own.as_ref().and_then(|own| own.get(name)) {
                return Some(value);
            }
            scope = scope.outer.as_deref()?;
        }
    }

    /// Assigns these in the scope itself, whatever stands outside of it.
    pub(crate) fn assign(&mut self, values: &[(Arc<str>, Json)]) {
        if values.is_empty() {
            return;
        }
        let own = Arc::make_mut(self.own.get_or_insert_default());
        for (name, value) in values {
            own.insert(name.clone(), value.clone());
        }
    }

    /// Those of the scope itself.
    pub(crate) fn own(&self) -> impl Iterator<Item = (&Arc<str>, &Json)> {
        self.own.iter().flat_map(|own| own.iter())
    }

    /// A new scope that sees this one.
    pub(crate) fn inner(&self) -> Variables {
        if self.own.is_none() && self.outer.is_none() {
            return Variables::default();
        }
        Variables {
            own: None,
            outer: Some(Arc::new(self.clone())),
        }
    }
}

/// An iteration's item, for `$$.Map.Item`.
#[derive(Clone, Debug)]
pub(crate) struct MapItem {
    pub(crate) index: usize,
    pub(crate) value: Json,
}

/// The context object, made when somebody asks for it.
///
/// See [the Context object](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html).
#[derive(Debug)]
pub(crate) struct Context<'c> {
    pub(crate) execution: &'c Json,
    pub(crate) state_machine: &'c Json,
    pub(crate) state_name: &'c Arc<str>,
    pub(crate) entered_at: Timestamp,
    pub(crate) retry_count: Option<u32>,
    pub(crate) task_token: Option<Arc<str>>,
    pub(crate) map_item: Option<&'c MapItem>,
    pub(crate) made: OnceCell<Json>,
}

impl Context<'_> {
    pub(crate) fn get(&self) -> &Json {
        self.made.get_or_init(|| {
            let mut context = Object::new();
            context.insert("Execution", self.execution.clone());
            context.insert("StateMachine", self.state_machine.clone());
            let mut state = Object::new();
            state.insert("Name", self.state_name.clone());
            state.insert("EnteredTime", format_time(self.entered_at));
            if let Some(retry_count) = self.retry_count {
                state.insert("RetryCount", i64::from(retry_count));
            }
            context.insert("State", state);
            if let Some(token) = &self.task_token {
                context.insert("Task", Json::object([("Token", token.clone().into())]));
            }
            if let Some(item) = self.map_item {
                let item = Json::object([("Index", item.index.into()), ("Value", item.value.clone())]);
                context.insert("Map", Json::object([("Item", item)]));
            }
            context.into()
        })
    }
}

/// A time as the context object has it: to the millisecond, in UTC.
pub(crate) fn format_time(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// What an expression can see.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'s> {
    /// `$` in JSONPath.
    pub(crate) input: &'s Json,
    /// `$$`, and `$states.context`.
    pub(crate) context: &'s Context<'s>,
    /// `$name`.
    pub(crate) variables: &'s Variables,
    /// `$states.input`: the state's input as it was.
    pub(crate) state_input: &'s Json,
    /// `$states.result`.
    pub(crate) result: Option<&'s Json>,
    /// `$states.errorOutput`.
    #[cfg_attr(
        not(feature = "jsonata"),
        expect(dead_code, reason = "JSONata alone has `$states.errorOutput`")
    )]
    pub(crate) error_output: Option<&'s Json>,
    /// The state's seed.
    pub(crate) random: &'s Random,
    /// `$now()`.
    pub(crate) now: Timestamp,
}

impl<'s> Scope<'s> {
    /// The same, with another document for `$`.
    pub(crate) fn with_input(self, input: &'s Json) -> Scope<'s> {
        Scope { input, ..self }
    }

    /// What a path starts at.
    pub(crate) fn root(&self, path: &Path) -> Result<&'s Json, PathNotFound> {
        match path.root() {
            Root::Input => Ok(self.input),
            Root::Context => Ok(self.context.get()),
            Root::Variable(name) => self
                .variables
                .get(name)
                .ok_or_else(|| PathNotFound(format!("The variable '{name}' could not be found"))),
        }
    }

    /// A path's value.
    pub(crate) fn path(&self, path: &Path) -> Result<Json, PathNotFound> {
        path.evaluate(self.root(path)?)
    }

    /// A path's value in a template, or AWS's sentence about the field in which it was not found.
    pub(crate) fn field(&self, path: &Path, field: &str) -> Result<Json, StateError> {
        self.path(path)
            .map_err(|not_found| match (path.root(), self.root(path)) {
                (Root::Variable(_), _) | (_, Err(_)) => StateError::Runtime(not_found.0),
                (_, Ok(root)) => StateError::Runtime(format!(
                    "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{root}'"
                )),
            })
    }

    /// The value of `InputPath`, `OutputPath` and the like, or AWS's sentence about such a path.
    pub(crate) fn data(&self, path: &Path) -> Result<Json, StateError> {
        self.path(path)
            .map_err(|why| StateError::Runtime(format!("Invalid path '{path}' : {}", why.0)))
    }

    /// The value of `SecondsPath` and the like, or AWS's sentence about such a path.
    pub(crate) fn parameter(&self, path: &Path, key: &str) -> Result<Json, StateError> {
        self.path(path)
            .map_err(|_| StateError::Runtime(format!("The {key} parameter does not reference an input value: {path}")))
    }

    /// Whether a path leads somewhere.
    pub(crate) fn has(&self, path: &Path) -> bool {
        self.root(path).is_ok_and(|root| path.exists(root))
    }
}
