//! What a run has done to the states, and how the drawing is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a run has done. The empty overlay draws the definition alone.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// What has come of each state, by name. A state that is not here was not reached.
    pub states: BTreeMap<String, Look>,
    /// The ways taken: the names of the state they leave and of the one they enter.
    pub taken: BTreeSet<(String, String)>,
    /// Whether there is a run at all: only then are ways that were not taken faint.
    pub started: bool,
    /// The state that is selected.
    pub selected: Option<String>,
}

/// What has come of one state.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// How it stands.
    pub status: Status,
    /// How long it took, or has taken so far.
    pub took: Option<Duration>,
    /// How often it was tried. One attempt is not worth a word.
    pub attempts: u32,
    /// A Map's iterations.
    pub iterations: Option<Iterations>,
    /// One more line below the name, such as the error's name.
    pub note: Option<String>,
}

/// How a state stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// The run has not come here.
    #[default]
    NotReached,
    /// It runs.
    Running,
    /// It waits: for its time, for a token, for a worker.
    Waiting,
    /// It succeeded.
    Succeeded,
    /// It failed, and a catcher took the error.
    Caught,
    /// It failed.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// It was ended from outside.
    Aborted,
}

impl Status {
    /// All of them, in the order of a legend.
    pub const ALL: [Self; 8] = [
        Self::NotReached,
        Self::Running,
        Self::Waiting,
        Self::Succeeded,
        Self::Caught,
        Self::Failed,
        Self::TimedOut,
        Self::Aborted,
    ];

    /// The class that the drawing gives to a state.
    pub fn class(self) -> &'static str {
        match self {
            Self::NotReached => "is-not-reached",
            Self::Running => "is-running",
            Self::Waiting => "is-waiting",
            Self::Succeeded => "is-succeeded",
            Self::Caught => "is-caught",
            Self::Failed => "is-failed",
            Self::TimedOut => "is-timed-out",
            Self::Aborted => "is-aborted",
        }
    }
}

/// The iterations of a Map.
#[derive(Clone, Debug, Default)]
pub struct Iterations {
    /// How each of them stands, in the order of the items.
    pub statuses: Vec<Status>,
    /// The one that is selected.
    pub selected: Option<usize>,
}

/// The link of a state, from its name.
pub type Link = Box<dyn Fn(&str) -> String + Send + Sync>;

/// The link of an iteration, from the Map's name and the iteration's index.
pub type IterationLink = Box<dyn Fn(&str, usize) -> String + Send + Sync>;

/// How the drawing is wanted.
#[derive(Default)]
pub struct Options {
    /// Where a state leads to; without it states are no links.
    pub href: Option<Link>,
    /// Where an iteration leads to; without it iterations are no links.
    pub iteration_href: Option<IterationLink>,
    /// The drawing's own words.
    pub words: Words,
}

/// The words that the drawing itself says: not those of the definition.
#[derive(Clone, Debug)]
pub struct Words {
    /// What the drawing is called for those who hear it.
    pub graph: String,
    /// Where a flow starts.
    pub start: String,
    /// Where it ends.
    pub end: String,
    /// A Choice's default way.
    pub otherwise: String,
    /// Between two conditions that lead to the same state.
    pub or: String,
    /// One iteration.
    pub iteration: String,
    /// After how often a state was tried: `3 attempts`.
    pub attempts: String,
    /// Between a number and a whole: `7 of 10`.
    pub of: String,
    /// What a state is called that a transition names and nobody has written.
    pub missing: String,
    /// What each status is called, in the order of [`Status::ALL`].
    pub statuses: [String; 8],
}

impl Words {
    /// What a status is called.
    pub fn status(&self, status: Status) -> &str {
        &self.statuses[status as usize]
    }

    /// The words in Japanese.
    pub fn japanese() -> Self {
        Self {
            graph: "ステートマシンのグラフ".into(),
            start: "開始".into(),
            end: "終了".into(),
            otherwise: "それ以外".into(),
            or: "または".into(),
            iteration: "反復".into(),
            attempts: "回試行".into(),
            of: "/".into(),
            missing: "この状態はありません".into(),
            statuses: [
                "未到達",
                "実行中",
                "待機中",
                "成功",
                "失敗 (捕捉済み)",
                "失敗",
                "タイムアウト",
                "中止",
            ]
            .map(str::to_owned),
        }
    }
}

impl Default for Words {
    fn default() -> Self {
        Self {
            graph: "State machine graph".into(),
            start: "Start".into(),
            end: "End".into(),
            otherwise: "otherwise".into(),
            or: "or".into(),
            iteration: "iteration".into(),
            attempts: "attempts".into(),
            of: "of".into(),
            missing: "no such state".into(),
            statuses: [
                "Not reached",
                "Running",
                "Waiting",
                "Succeeded",
                "Caught",
                "Failed",
                "Timed out",
                "Aborted",
            ]
            .map(str::to_owned),
        }
    }
}
