//! JSONPath in the dialect that AWS uses.
//!
//! AWS evaluates paths with [Jayway's JsonPath](https://github.com/json-path/JsonPath), which differs from RFC 9535:
//! a *definite* path (one that can match only one place) gives the value itself and is an error when there is none;
//! an *indefinite* one (with a wildcard, slice, union, filter or `..`) gives a list, which may be empty. Names may hold
//! hyphens and much else without quotes.
//!
//! `$` starts at the input, `$$` at the context object, and `$name` at a variable.

mod evaluate;
mod filter;
mod functions;
mod parse;
mod reference;

use std::fmt;
use std::sync::Arc;

use filter::Filter;
pub(crate) use reference::ReferencePath;

use crate::text::Json;

/// A path, ready to be evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    text: Arc<str>,
    root: Root,
    steps: Vec<Step>,
    definite: bool,
}

/// Where a path starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// `$`: the input.
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(Arc<str>),
}

/// One step down.
#[derive(Clone, Debug)]
enum Step {
    /// `.name` or `['name']`.
    Field(Arc<str>),
    /// `['a','b']`.
    Fields(Vec<Arc<str>>),
    /// `[3]`, or `[-1]` from the end.
    Index(i64),
    /// `[0,2]`.
    Indexes(Vec<i64>),
    /// `[1:3]`.
    Slice(Option<i64>, Option<i64>),
    /// `[*]` or `.*`.
    Wildcard,
    /// `..`, before another step.
    Descend,
    /// `[?(…)]`.
    Filter(Filter),
    /// `.length()` and its kind.
    Function(functions::Function),
}

/// A text that is not a path, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidPath(pub(crate) String);

/// A definite path that leads nowhere, in Jayway's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathNotFound(pub(crate) String);

impl Path {
    /// Reads a path that is the whole text.
    pub(crate) fn parse(text: &str) -> Result<Path, InvalidPath> {
        parse::whole(text)
    }

    /// Reads a path at the beginning of a text, and says how long it is.
    pub(crate) fn parse_prefix(text: &str) -> Result<(Path, usize), InvalidPath> {
        parse::prefix(text)
    }

    /// The path as it was written.
    pub(crate) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Where it starts.
    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    /// Whether the path is its root and nothing more.
    pub(crate) fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// Evaluates the path below a root that was looked up.
    pub(crate) fn evaluate(&self, root: &Json) -> Result<Json, PathNotFound> {
        evaluate::evaluate(self, root)
    }

    /// Whether the path leads somewhere.
    pub(crate) fn exists(&self, root: &Json) -> bool {
        evaluate::exists(self, root)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
