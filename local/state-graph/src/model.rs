//! What is drawn: the states, the ways between them, and the flows that they make up.

/// A state's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Does work through a service, a function or an activity.
    Task,
    /// Goes one of several ways.
    Choice,
    /// Runs its branches at the same time.
    Parallel,
    /// Runs its flow for each item.
    Map,
    /// Passes its input on.
    Pass,
    /// Waits.
    Wait,
    /// Ends with success.
    Succeed,
    /// Ends with an error.
    Fail,
    /// A type that the language does not have, or none.
    Unknown(String),
    /// A transition names it, and nobody has written it.
    Missing,
}

impl Kind {
    /// The type as the definition has it.
    pub fn name(&self) -> &str {
        match self {
            Self::Task => "Task",
            Self::Choice => "Choice",
            Self::Parallel => "Parallel",
            Self::Map => "Map",
            Self::Pass => "Pass",
            Self::Wait => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail => "Fail",
            Self::Unknown(name) => name,
            Self::Missing => "Missing",
        }
    }

    pub(crate) fn of(name: &str) -> Self {
        match name {
            "Task" => Self::Task,
            "Choice" => Self::Choice,
            "Parallel" => Self::Parallel,
            "Map" => Self::Map,
            "Pass" => Self::Pass,
            "Wait" => Self::Wait,
            "Succeed" => Self::Succeed,
            "Fail" => Self::Fail,
            other => Self::Unknown(other.to_owned()),
        }
    }

    /// The class that the drawing gives to a state of this type.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Choice => "choice",
            Self::Parallel => "parallel",
            Self::Map => "map",
            Self::Pass => "pass",
            Self::Wait => "wait",
            Self::Succeed => "succeed",
            Self::Fail => "fail",
            Self::Unknown(_) => "unknown",
            Self::Missing => "missing",
        }
    }
}

/// A state as it is drawn.
#[derive(Clone, Debug)]
pub struct StateOf {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// A Task's `Resource`, as it is written.
    pub resource: Option<String>,
    /// What it does, in words: `SageMaker: CreateTrainingJob (.sync)`, `each of items · 5 at a time`, `60 s`.
    pub does: Option<String>,
    /// Its `Comment`.
    pub comment: Option<String>,
    /// The Parallel or Map around it.
    pub parent: Option<String>,
    /// Which branch of the Parallel around it; 0 elsewhere.
    pub branch: usize,
    /// Its retriers in words.
    pub retry: Vec<String>,
    /// Its retriers in a few words.
    pub retry_in_short: Option<String>,
    /// Where it is written: a JSON pointer into the definition.
    pub pointer: String,
}

/// A transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The state that it leaves; empty for the way from Start.
    pub from: String,
    /// The state that it enters; empty for the way to End.
    pub to: String,
    /// What kind of transition it is.
    pub kind: WayKind,
    /// The `Comment` of the rule or the catcher.
    pub comment: Option<String>,
}

/// What makes a run take a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WayKind {
    /// `StartAt`.
    Start,
    /// `Next`.
    Next,
    /// A rule of a Choice.
    Choice {
        /// Its condition in words.
        condition: String,
    },
    /// The `Default` of a Choice.
    Default,
    /// A catcher.
    Catch {
        /// The errors that it takes.
        errors: Vec<String>,
    },
    /// `End`, or a Succeed.
    End,
}

/// One end of a way in a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    Start,
    State(usize),
    End,
}

/// A way in a flow, by the indexes of the states.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) from: Node,
    pub(crate) to: Node,
    pub(crate) way: usize,
}

/// States that lead to one another: the machine's, a branch's, or a Map's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flow {
    /// The Parallel or Map that it is in.
    pub(crate) owner: Option<usize>,
    pub(crate) states: Vec<usize>,
    pub(crate) links: Vec<Link>,
}
