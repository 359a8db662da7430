//! How the states of a definition look after what has happened.

use super::Trace;
use super::visit::{Chosen, Visit};
use state_graph::{Iterations, Look, Overlay, Status};
use std::collections::HashMap;
use std::time::Duration;

impl Trace {
    /// Whether a visit is among what is looked at: in the iterations that were chosen, and in any where none was.
    pub(crate) fn is_shown(&self, visit: &Visit, chosen: &Chosen) -> bool {
        let mut around = visit.within;
        while let Some(within) = around {
            let block = &self.visits[within.visit];
            let is_other = chosen
                .get(&*block.state)
                .is_some_and(|index| within.iteration.is_some_and(|iteration| iteration != *index));
            if is_other {
                return false;
            }
            around = block.within;
        }
        true
    }

    /// The visits of a state that are looked at, with their numbers.
    pub(crate) fn visits_of(&self, state: &str, chosen: &Chosen) -> Vec<(usize, &Visit)> {
        let visits = self.visits.iter().enumerate();
        visits
            .filter(|(_, visit)| &*visit.state == state && self.is_shown(visit, chosen))
            .collect()
    }

    /// The visit of a state that is looked at: the one that was asked for, the last one that failed, or else the last one.
    pub(crate) fn looked_at(&self, state: &str, chosen: &Chosen, asked: Option<usize>) -> Option<(usize, &Visit)> {
        let visits = self.visits_of(state, chosen);
        let by_number = visits.iter().find(|(number, _)| Some(*number) == asked);
        let failed = || visits.iter().rev().find(|(_, visit)| visit.has_failed());
        by_number.or_else(failed).or(visits.last()).copied()
    }

    /// How the states look.
    pub(crate) fn overlay(&self, chosen: &Chosen, selected: Option<&str>) -> Overlay {
        let mut overlay = Overlay {
            started: self.events > 0,
            selected: selected.map(str::to_owned),
            ..Overlay::default()
        };
        let mut shown: HashMap<&str, &Visit> = HashMap::new();
        for visit in self.current().filter(|visit| self.is_shown(visit, chosen)) {
            let worst = shown.entry(&visit.state).or_insert(visit);
            if rank(visit.status) >= rank(worst.status) {
                *worst = visit;
            }
        }
        for (state, visit) in shown {
            overlay.states.insert(state.to_owned(), looked(visit, chosen));
        }
        for (from, to) in &self.ways {
            let both = [from, to].map(|state| overlay.states.contains_key(&**state));
            if both == [true, true] {
                overlay.taken.insert((from.to_string(), to.to_string()));
            }
        }
        overlay
    }
    /// The visits that say how their states are: of each state the latest one on its level, in blocks of which the same
    /// is true, and since these were last started. So of a state there is one in each iteration around it.
    fn current(&self) -> impl Iterator<Item = &Visit> {
        let levels = self.visits.iter().enumerate();
        let latest: HashMap<_, _> = levels
            .map(|(number, visit)| ((&*visit.state, visit.within), number))
            .collect();
        let mut are_current: Vec<bool> = Vec::with_capacity(self.visits.len());
        for (number, visit) in self.visits.iter().enumerate() {
            let is_latest = latest.get(&(&*visit.state, visit.within)) == Some(&number);
            // A block was entered before what is inside of it.
            let is_around = visit.within.is_none_or(|within| {
                let is_start = self.visits[within.visit].starts == within.start;
                is_start && are_current.get(within.visit) == Some(&true)
            });
            are_current.push(is_latest && is_around);
        }
        let visits = self.visits.iter().zip(are_current);
        visits.filter_map(|(visit, is_current)| is_current.then_some(visit))
    }
}

/// Which status stands for several iterations: the highest.
///
/// A failure is what somebody looks for. Then what is not over yet, for it may still fail, work before waiting. Of what
/// is over, an iteration that was aborted has no result, and one whose error was caught has not gone the usual way.
fn rank(status: Status) -> u8 {
    match status {
        Status::Failed | Status::TimedOut => 6,
        Status::Running => 5,
        Status::Waiting => 4,
        Status::Aborted => 3,
        Status::Caught => 2,
        Status::Succeeded => 1,
        Status::NotReached => 0,
    }
}

/// How a state looks, by the visit that stands for it.
fn looked(visit: &Visit, chosen: &Chosen) -> Look {
    let is_map = !visit.iterations.is_empty();
    let iterations = is_map.then(|| Iterations {
        statuses: visit.iterations.clone(),
        selected: chosen.get(&*visit.state).copied(),
    });
    let took = visit.to.map(|to| {
        let span = to.duration_since(visit.from);
        Duration::try_from(span).unwrap_or_default()
    });
    Look {
        status: visit.status,
        took,
        attempts: u32::try_from(visit.attempts.len()).unwrap_or(u32::MAX),
        iterations,
        note: visit.error.as_deref().map(str::to_owned),
    }
}
