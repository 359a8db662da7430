//! The state of one schedule: an AWS account, its clock, its tape, and what has come of everything so far.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::time::Timestamp;

use crate::act::Act;
use crate::choices::Tape;
use crate::figures::Figures;
use crate::happening::{About, Function, Happening};
use crate::kept::parameters::ParameterStore;
use crate::kept::pipelines::CodePipeline;
use crate::kept::registry::Registry;
use crate::kept::states::StepFunctions;
use crate::kept::words::START;
use crate::mood::Mood;
use crate::scenario::Scenario;
use crate::violation::Violation;

/// An account that the functions, the people and the services share.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Account>>);

impl std::fmt::Debug for Shared {
    /// Nothing of it: a function's state, which is printed to be measured, does not include the account.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account")
    }
}

impl Shared {
    pub(crate) fn new(account: Account) -> Self {
        Self(Arc::new(Mutex::new(account)))
    }

    /// The account. Nobody waits while holding it: everything runs on one thread.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An AWS account in memory, and the schedule that is played in it.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) now: Timestamp,
    /// How many things were put on the agenda.
    pub(crate) number: u64,
    pub(crate) agenda: BTreeMap<(Timestamp, u64), Happening>,
    /// How many things are on the agenda but wakers.
    pub(crate) pending: usize,
    pub(crate) tape: Tape,
    pub(crate) scenario: Scenario,
    pub(crate) mood: Mood,
    /// Whether everything comes to rest: no faults, no lag, no people.
    pub(crate) calm: bool,
    pub(crate) states: StepFunctions,
    pub(crate) pipelines: CodePipeline,
    pub(crate) parameters: ParameterStore,
    pub(crate) registry: Registry,
    /// Operations that a policy denies, until somebody mends it.
    pub(crate) denied: BTreeSet<&'static str>,
    /// Operations that do not answer until then.
    pub(crate) outages: BTreeMap<&'static str, Timestamp>,
    pub(crate) invocations: Vec<Invocation>,
    /// The invocation that is polled now; none while something else happens.
    pub(crate) current: Option<usize>,
    /// What people do right after so many effects of calls.
    pub(crate) in_between: Vec<(u64, Act)>,
    pub(crate) effects: u64,
    pub(crate) failed_events: Vec<FailedEvent>,
    /// The executions that a look has named because nobody follows them.
    pub(crate) named_by_looks: BTreeSet<String>,
    pub(crate) figures: Figures,
    pub(crate) violation: Option<Violation>,
    pub(crate) story: Option<Vec<String>>,
}

/// One invocation of a function.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) function: Function,
    pub(crate) about: About,
    pub(crate) began: Timestamp,
    pub(crate) calls: Vec<(&'static str, u32)>,
    /// How many faults its calls have met.
    pub(crate) faults: u32,
    /// Whether its process was frozen for a while.
    pub(crate) frozen: bool,
    pub(crate) outcome: Option<Ended>,
    /// The execution that it has started or redriven for a job, and whether CodePipeline took an answer of it since.
    pub(crate) put_to_work: Option<(usize, bool)>,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Error,
    Killed,
}

/// An event that Lambda has given up, with what the function said last.
#[derive(Debug, Clone)]
pub(crate) struct FailedEvent {
    pub(crate) delivery: crate::happening::Delivery,
    pub(crate) error: String,
}

impl Account {
    pub(crate) fn new(mut tape: Tape, told: bool) -> Self {
        let scenario = Scenario::chosen(&mut tape);
        let mood = Mood::chosen(&mut tape);
        Self {
            now: START,
            number: 0,
            agenda: BTreeMap::new(),
            pending: 0,
            tape,
            scenario,
            mood,
            calm: false,
            states: StepFunctions::default(),
            pipelines: CodePipeline::default(),
            parameters: ParameterStore::default(),
            registry: Registry::default(),
            denied: BTreeSet::new(),
            outages: BTreeMap::new(),
            invocations: Vec::new(),
            current: None,
            in_between: Vec::new(),
            effects: 0,
            failed_events: Vec::new(),
            named_by_looks: BTreeSet::new(),
            figures: Figures::default(),
            violation: None,
            story: told.then(Vec::new),
        }
    }

    /// Adds a line to the story, if it is told at all.
    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            let who = self.current.map_or(String::new(), |number| format!("#{number} "));
            story.push(in_short(&format!("{}  {who}{}", elapsed(self.now), line())));
        }
    }

    /// The invocation whose call this is.
    pub(crate) fn invocation(&self) -> Option<&Invocation> {
        self.invocations.get(self.current?)
    }

    /// A call has its effect: time moves on, so that no two effects have the same moment, and somebody may step in.
    pub(crate) fn effect(&mut self) {
        self.now = self.now + std::time::Duration::from_millis(1);
        self.effects += 1;
        let effects = self.effects;
        let mut at = 0;
        while at < self.in_between.len() {
            if self.in_between[at].0 <= effects {
                let (_, act) = self.in_between.remove(at);
                self.at(self.now, Happening::Acts(act));
            } else {
                at += 1;
            }
        }
    }

    /// How far back an eventually consistent answer looks: mostly not at all.
    pub(crate) fn lag(&mut self, longest_seconds: u32) -> Timestamp {
        if self.calm || !self.tape.rarely(self.mood.lags) {
            return self.now;
        }
        self.figures.count("answers that lag");
        let back = 1 + self.tape.choose(longest_seconds);
        self.now - std::time::Duration::from_secs(u64::from(back))
    }
}

/// Without what is the same in every line: the account, and the beginnings of ids.
fn in_short(line: &str) -> String {
    [
        ("arn:aws:states:us-east-1:123456789012:", ""),
        ("5f2c1a6e-8f0b-4d3e-9a57-0000000000", "release-"),
        ("b0000000-0000-4000-8000-00000000", "job-"),
        ("a0000000-0000-4000-8000-00000000", "run-"),
    ]
    .into_iter()
    .fold(line.replace('\n', " / "), |line, (long, short)| {
        line.replace(long, short)
    })
}

/// The time since the beginning, as `1 d 02:03:04.005`.
fn elapsed(now: Timestamp) -> String {
    let millis = now.since(START).as_millis();
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let days = if days > 0 { format!("{days} d ") } else { String::new() };
    format!(
        "{days}{:02}:{:02}:{:02}.{millis:03}",
        rest / 3600,
        rest % 3600 / 60,
        rest % 60
    )
}
