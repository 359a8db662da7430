//! How the states of a definition look after what has happened.

use super::Trace;
use super::visit::{Chosen, Visit};
use state_graph::{Iterations, Look, Overlay, Status};
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

    /// How the states look.
    pub(crate) fn overlay(&self, chosen: &Chosen, selected: Option<&str>) -> Overlay {
        let mut overlay = Overlay {
            started: self.events > 0,
            selected: selected.map(str::to_owned),
            ..Overlay::default()
        };
        for visit in self.visits.iter().filter(|visit| self.is_shown(visit, chosen)) {
            // The latest visit says how a state is; what all of them took is added up for none.
            let look = overlay.states.entry(visit.state.to_string()).or_default();
            *look = looked(visit, chosen, look);
        }
        for (from, to) in &self.ways {
            let both = [from, to].map(|state| overlay.states.contains_key(&**state));
            if both == [true, true] {
                overlay.taken.insert((from.to_string(), to.to_string()));
            }
        }
        overlay
    }
}

/// How a state looks after a visit, when it looked like `before` after the one before.
fn looked(visit: &Visit, chosen: &Chosen, before: &Look) -> Look {
    let is_map = !visit.iterations.is_empty();
    let iterations = is_map.then(|| Iterations {
        statuses: visit.iterations.clone(),
        selected: chosen.get(&*visit.state).copied(),
    });
    // One that runs or has failed is what matters among several iterations.
    let status = match (before.status, visit.status) {
        (worse @ (Status::Failed | Status::TimedOut), Status::Succeeded) if visit.within.is_some() => worse,
        (Status::Running, Status::Succeeded) if visit.within.is_some() => Status::Running,
        (_, status) => status,
    };
    let took = visit.to.map(|to| {
        let span = to.duration_since(visit.from);
        Duration::try_from(span).unwrap_or_default()
    });
    Look {
        status,
        took,
        attempts: u32::try_from(visit.attempts.len()).unwrap_or(u32::MAX),
        iterations,
        note: visit.error.as_deref().map(str::to_owned),
    }
}
