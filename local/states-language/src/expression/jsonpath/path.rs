//! A path: its root, its steps and its filters.

use std::fmt;
use std::sync::Arc;

use super::functions::Function;
use super::operator::Operator;
use crate::text::Json;

/// A path, ready to be evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(super) text: Arc<str>,
    pub(super) root: Root,
    pub(super) steps: Vec<Step>,
    pub(super) definite: bool,
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
pub(super) enum Step {
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
    Function(Function),
}

/// A condition on an item.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Operator, Operand),
    Matches(Operand, regex_lite::Regex),
}

/// A side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Current(Path),
    Root(Path),
    Literal(Json),
}

/// A text that is not a path, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidPath(pub(crate) String);

/// A definite path that leads nowhere, in Jayway's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathNotFound(pub(crate) String);

impl Path {
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
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
