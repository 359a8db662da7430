//! Mocks, by state machine, test case and state.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::host::test_state::MockedResult;
use crate::text::closest;

/// Why mocks cannot be taken, and what mends it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMocks(pub(super) String);

/// What a state's task brings, time after time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcomes {
    /// The same every time.
    Every(MockedResult),
    /// By the number of the invocation, from 0.
    ByNumber(Vec<(RangeInclusive<u64>, MockedResult)>),
}

/// The mocks of a state machine's states.
pub(super) type States = BTreeMap<Arc<str>, Arc<Outcomes>>;

/// A file of mocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mocks {
    /// By the state machine's name and the test case's; a state machine without test cases has one without a name.
    pub(super) machines: BTreeMap<String, BTreeMap<String, States>>,
    /// Of every state machine that has such a state.
    pub(super) everywhere: States,
    pub(super) chosen: Option<String>,
    /// The names that stand for the state machines that have them alone.
    pub(super) exact: BTreeSet<String>,
}

/// The mocks of one execution.
#[derive(Clone, Debug, Default)]
pub struct MockedStates {
    pub(super) states: States,
    /// How often each was taken.
    taken: BTreeMap<Arc<str>, u64>,
}

impl Mocks {
    /// The same with a test case chosen, for all state machines that have it.
    pub fn with_case(mut self, case: &str) -> Result<Mocks, InvalidMocks> {
        let known = || self.machines.values().flat_map(BTreeMap::keys).map(String::as_str);
        if !known().any(|known| known == case) {
            return Err(InvalidMocks(format!(
                "no state machine has a test case `{case}`{}",
                meant(case, known())
            )));
        }
        self.chosen = Some(case.to_owned());
        Ok(self)
    }

    /// The same where these are the names of all state machines: one that is mocked by its own name is meant alone, and
    /// not those whose names only end with it.
    #[must_use]
    pub fn among<'n>(mut self, machines: impl IntoIterator<Item = &'n str>) -> Mocks {
        let mocked = machines.into_iter().filter(|name| self.machines.contains_key(*name));
        self.exact = mocked.map(str::to_owned).collect();
        self
    }

    /// The names of the state machines that it has mocks for.
    pub fn machines(&self) -> impl Iterator<Item = &str> {
        self.machines.keys().map(String::as_str)
    }

    /// The mocks of a state machine's execution: of the test case that is asked for, else of the chosen one, else of the
    /// only one. A name stands for the state machine that has it, or that CloudFormation has named after it.
    pub fn of(&self, machine: &str, case: Option<&str>) -> Result<MockedStates, InvalidMocks> {
        let mut states = self.everywhere.clone();
        let cases = self.name_of(machine).and_then(|name| self.machines.get(name));
        let found = match (cases, case) {
            (None, None) => None,
            (None, Some(case)) => {
                return Err(InvalidMocks(format!(
                    "there is no test case `{case}`: the mocks have no state machine `{machine}`{}",
                    meant(machine, self.machines())
                )));
            }
            (Some(cases), Some(case)) => match cases.get(case) {
                Some(found) => Some(found),
                None => {
                    let meant = meant(case, cases.keys().map(String::as_str));
                    return Err(InvalidMocks(format!("`{machine}` has no test case `{case}`{meant}")));
                }
            },
            (Some(cases), None) => {
                let chosen = self.chosen.as_ref().and_then(|case| cases.get(case));
                chosen.or_else(|| cases.values().next().filter(|_| cases.len() == 1))
            }
        };
        states.extend(
            found
                .into_iter()
                .flatten()
                .map(|(state, outcomes)| (state.clone(), outcomes.clone())),
        );
        Ok(MockedStates {
            states,
            taken: BTreeMap::new(),
        })
    }

    /// The test cases of a state machine, where none is chosen and there is more than one.
    #[must_use]
    pub fn undecided(&self, machine: &str) -> Vec<&str> {
        let cases = self.name_of(machine).and_then(|name| self.machines.get(name));
        let open =
            cases.filter(|cases| cases.len() > 1 && self.chosen.as_ref().is_none_or(|case| !cases.contains_key(case)));
        open.into_iter().flat_map(BTreeMap::keys).map(String::as_str).collect()
    }

    /// The name that mocks have for a state machine: its own, else the longest that fits, since that says most of it.
    pub(super) fn name_of(&self, machine: &str) -> Option<&str> {
        let exact = self.machines().find(|name| *name == machine);
        let fits = |name: &&str| !self.exact.contains(*name) && is_named(machine, name);
        exact.or_else(|| self.machines().filter(fits).max_by_key(|name| name.len()))
    }
}

/// Whether CloudFormation has made a state machine's name of this one: behind the stack's, or before twelve characters of
/// chance.
fn is_named(machine: &str, name: &str) -> bool {
    let is_chance = |text: &str| text.len() == 12 && text.chars().all(|c| c.is_ascii_alphanumeric());
    let bare = machine.rsplit_once('-').filter(|(_, last)| is_chance(last));
    let ends = |whole: &str| whole == name || whole.strip_suffix(name).is_some_and(|rest| rest.ends_with('-'));
    ends(machine) || bare.is_some_and(|(bare, _)| ends(bare))
}

impl MockedStates {
    /// Whether no state is mocked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Whether a state is mocked.
    #[must_use]
    pub fn has(&self, state: &str) -> bool {
        self.states.contains_key(state)
    }

    /// What the next invocation of a state's task brings; nothing where the state is not mocked. The invocations of a state
    /// are counted through the execution: those of retries and of a Map's iterations, in the order in which they begin. The
    /// error says that there is no outcome for this one, which fails an execution.
    pub fn take(&mut self, state: &str) -> Option<Result<MockedResult, String>> {
        let (name, outcomes) = self.states.get_key_value(state)?;
        let taken = self.taken.entry(name.clone()).or_default();
        let number = *taken;
        *taken += 1;
        Some(match &**outcomes {
            Outcomes::Every(outcome) => Ok(outcome.clone()),
            Outcomes::ByNumber(outcomes) => {
                let found = outcomes.iter().find(|(numbers, _)| numbers.contains(&number));
                found.map(|(_, outcome)| outcome.clone()).ok_or_else(|| {
                    format!("the mocks have no outcome \"{number}\" for the state '{state}', which is invoked for the {} time: add one", ordinal(number))
                })
            }
        })
    }
}

fn ordinal(number: u64) -> String {
    let count = number + 1;
    let suffix = match (count % 10, count % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{count}{suffix}")
}

/// What a name was probably meant to be, or what there is.
pub(super) fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.filter(|known| !known.is_empty()).collect();
    match closest(name, known.iter().copied()) {
        Some(meant) => format!(": did you mean `{meant}`?"),
        None if known.is_empty() => String::new(),
        None => format!(": there are {}", known.join(", ")),
    }
}
