//! A path: its root, its steps and its filters.

use std::fmt;
use std::sync::Arc;

use super::compare::Operator;

/// A path, ready to be evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(super) text: Arc<str>,
    pub(super) root: Root,
    pub(super) steps: Vec<Step>,
    /// The last step that can lead to several places; none in a definite path.
    pub(super) last_indefinite: Option<usize>,
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
    /// `[3]`.
    Index(i64),
    /// `[(@.length-1)]`: this many behind the end, so it is negative.
    FromEnd(i64),
    /// `[0,2]`.
    Indexes(Vec<i64>),
    /// `[1:]`.
    From(i64),
    /// `[:3]`.
    To(i64),
    /// `[1:3]`.
    Between(i64, i64),
    /// `[*]` or `.*`.
    Wildcard,
    /// `..`, before another step.
    Descend,
    /// `[?(…)]`.
    Filter(Filter),
}

/// A condition on an item: one of these holds in full.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) any: Vec<Vec<Test>>,
}

/// A part of a condition.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// `@.a`, or `!@.a`.
    Exists(Path, bool),
    Compare(Operand, Operator, Operand),
    Matches(Operand, regex_lite::Regex),
}

/// A side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// From the item.
    Current(Path),
    /// From what the whole path starts at.
    Root(Path),
    /// All else, numbers and `true` included.
    Text(Arc<str>),
}

/// A text that is not a path, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidPath(pub(crate) String);

/// A path that leads nowhere, in Jayway's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathNotFound(pub(crate) String);

impl Path {
    pub(super) fn new(text: &str, root: Root, steps: Vec<Step>) -> Path {
        Path {
            text: text.into(),
            root,
            last_indefinite: steps.iter().rposition(|step| !step.is_definite()),
            steps,
        }
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

    pub(super) fn is_definite(&self) -> bool {
        self.last_indefinite.is_none()
    }

    /// Whether a name that is missing at this step, which is not the last one, is an error. Where the step before it or
    /// any behind it can lead to several places, it is nothing.
    pub(super) fn must_have(&self, at: usize) -> bool {
        self.last_indefinite.is_none_or(|last| at > last + 1)
    }
}

impl Step {
    fn is_definite(&self) -> bool {
        match self {
            Step::Field(_) | Step::Fields(_) | Step::Index(_) | Step::FromEnd(_) => true,
            Step::Indexes(_)
            | Step::From(_)
            | Step::To(_)
            | Step::Between(..)
            | Step::Wildcard
            | Step::Descend
            | Step::Filter(_) => false,
        }
    }
}

/// Steps as Jayway prints them: `['a'][0]`.
pub(super) fn printed(steps: &[Step]) -> String {
    steps.iter().map(ToString::to_string).collect()
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Field(name) => write!(f, "['{name}']"),
            Step::Fields(names) => write!(f, "['{}']", names.join("', '")),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::FromEnd(offset) => write!(f, "[@.size(){offset}]"),
            Step::Indexes(indexes) => {
                let indexes: Vec<String> = indexes.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", indexes.join(","))
            }
            Step::From(from) => write!(f, "[{from}:]"),
            Step::To(to) => write!(f, "[:{to}]"),
            Step::Between(from, to) => write!(f, "[{from}:{to}]"),
            Step::Wildcard => f.write_str("[*]"),
            Step::Descend => f.write_str(".."),
            Step::Filter(_) => f.write_str("[?]"),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
