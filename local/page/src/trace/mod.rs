//! What an execution's history says: each visit of a state, its attempts, and the ways that were taken.
//!
//! A history is a list of events of which each names the one before it on its own thread:
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>. So an event belongs to the
//! visit of the event before it, unless it enters a state. Events are pushed one by one, as they come.

mod ending;
mod event;
mod going_on;
mod look;
mod redrive;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_blocks;
mod visit;

pub(crate) use event::{Event, details};
use redrive::Redrive;
use serde_json::Value;
use state_graph::Status;
use std::collections::BTreeSet;
use std::sync::Arc;
pub(crate) use visit::{Attempt, Chosen, Visit};
use visit::{Place, Within};

/// What has happened in an execution so far.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// The visits, in the order in which the states were entered.
    pub(crate) visits: Vec<Visit>,
    /// The ways that were taken, between the visits of one level.
    pub(crate) ways: BTreeSet<(Arc<str>, Arc<str>)>,
    /// How many events there were.
    pub(crate) events: usize,
    /// The visit that made the execution fail.
    pub(crate) culprit: Option<usize>,
    /// How it ended, if it has.
    pub(crate) ended: Option<Status>,
    /// For each event by its number from 1: where its thread was.
    places: Vec<Place>,
    /// The visits that go on, by where they are.
    open: BTreeSet<(Option<Within>, usize)>,
    /// The visits that were ended by something else than their own exit, since the last redrive.
    left: Vec<usize>,
    /// What the last redrive took up again.
    redrive: Redrive,
}

impl Trace {
    /// Takes the next event of the history.
    pub(crate) fn push(&mut self, raw: &Value) {
        let event = Event::new(raw);
        let before = self.before(&event);
        let place = self.take(&event, before);
        let at = usize::try_from(event.id).unwrap_or_default();
        if self.places.len() <= at {
            self.places.resize(at + 1, Place::default());
        }
        self.places[at] = place;
        self.events += 1;
    }

    /// The visit that an event belongs to.
    pub(crate) fn visit_of(&self, event: u64) -> Option<usize> {
        self.place(event).visit
    }

    fn place(&self, event: u64) -> Place {
        let at = usize::try_from(event).unwrap_or(usize::MAX);
        self.places.get(at).copied().unwrap_or_default()
    }

    fn take(&mut self, event: &Event<'_>, before: Place) -> Place {
        if let Some(kind) = event.kind.strip_suffix("StateEntered") {
            return self.enter(event, kind, before);
        }
        if event.kind.ends_with("StateExited") {
            return self.exit(event, before);
        }
        if event.kind.starts_with("Execution") {
            return self.end(event, before);
        }
        if event.kind == "EvaluationFailed" {
            return self.misjudge(event, before);
        }
        if event.kind.starts_with("MapIteration") {
            return self.iterate(event, before);
        }
        let is_of_block = event.kind.starts_with("MapState") || event.kind.starts_with("ParallelState");
        let place = if is_of_block { self.block(before) } else { before };
        if let Some(number) = place.visit {
            if is_of_block {
                self.of_block(number, event, before);
            }
            self.work(number, event);
        }
        match (event.kind, place.visit) {
            // What comes next is inside.
            ("MapStateStarted" | "ParallelStateStarted", Some(visit)) => Place {
                visit: Some(visit),
                within: Some(self.inside(visit, None)),
            },
            _ => place,
        }
    }

    fn enter(&mut self, event: &Event<'_>, kind: &str, before: Place) -> Place {
        let name: Arc<str> = event.detail("name").into();
        // A way leads here from a state of the same level. From the block around, it is only the start.
        let number = self.visits.len();
        let mut branch = number;
        if let Some(from) = before.visit.and_then(|number| self.visits.get_mut(number))
            && from.within == before.within
        {
            if from.is_open() && from.state == name && self.redrive.is_followed_by(event) {
                // A Fail state is entered again by a redrive; it goes on like the others.
                from.events.push(event.id);
                return before;
            }
            branch = from.branch;
            if !from.is_open() {
                self.ways.insert((from.state.clone(), name.clone()));
            }
        }
        let mut visit = Visit::new(name, kind.into(), event.id, event.at, before.within);
        visit.input = event.payload("input");
        visit.branch = branch;
        self.open.insert((before.within, number));
        self.visits.push(visit);
        Place {
            visit: Some(number),
            within: before.within,
        }
    }

    fn exit(&mut self, event: &Event<'_>, before: Place) -> Place {
        // The last event of a block may be one of a state inside.
        let Some(number) = self.around(before.visit, event.detail("name")) else {
            return before;
        };
        self.abandon_inside(number, event.at);
        let visit = &mut self.visits[number];
        visit.to = Some(event.at);
        visit.output = event.payload("output");
        visit.assigned = event.assigned();
        visit.status = if visit.error.is_some() {
            Status::Caught
        } else {
            Status::Succeeded
        };
        visit.events.push(event.id);
        self.open.remove(&(visit.within, number));
        Place {
            visit: Some(number),
            within: visit.within,
        }
    }

    /// The visit of a state of this name that a visit is inside of, or is itself.
    fn around(&self, inside: Option<usize>, name: &str) -> Option<usize> {
        let mut number = inside;
        while let Some(at) = number
            && &*self.visits[at].state != name
        {
            number = self.visits[at].within.map(|within| within.visit);
        }
        number
    }

    /// An expression of a state failed. That may follow a state inside of it, or what came before it.
    fn misjudge(&mut self, event: &Event<'_>, before: Place) -> Place {
        let name = event.detail("state");
        let last = self.visits.len().checked_sub(1);
        let last = last.filter(|number| self.visits[*number].is_open() && &*self.visits[*number].state == name);
        let number = self.around(before.visit, name).filter(|at| self.visits[*at].is_open());
        let Some(number) = number.or(last).or(before.visit) else {
            return before;
        };
        self.work(number, event);
        Place {
            visit: Some(number),
            within: self.visits[number].within,
        }
    }

    /// The block that an event is about, when the thread may still be inside of it.
    ///
    /// One that has failed is over: what follows is of the one around, if there is one.
    fn block(&self, before: Place) -> Place {
        let mut number = before.visit;
        let mut over = None;
        while let Some(at) = number {
            let visit = &self.visits[at];
            if visit.is_open() && visit.is_block() {
                let place = Place {
                    visit: Some(at),
                    within: visit.within,
                };
                if !visit.is_over {
                    return place;
                }
                over = over.or(Some(place));
            }
            number = visit.within.map(|within| within.visit);
        }
        over.unwrap_or(before)
    }

    /// What is inside of a block, since it was last started.
    fn inside(&self, block: usize, iteration: Option<usize>) -> Within {
        Within {
            visit: block,
            start: self.visits[block].starts,
            iteration,
        }
    }

    /// A block starts, perhaps anew, or ends: remembers which visit inside made it fail.
    fn of_block(&mut self, block: usize, event: &Event<'_>, before: Place) {
        if event.kind.ends_with("StateStarted") {
            // A block that is retried says no failure of its own.
            self.blame(block, before.visit);
            self.abandon_inside(block, event.at);
            let visit = &mut self.visits[block];
            visit.starts += 1;
            (visit.blamed, visit.is_over) = (None, false);
        } else if event.kind.ends_with("StateFailed") {
            self.blame(block, before.visit);
            self.visits[block].is_over = true;
        } else if event.kind.ends_with("StateAborted") {
            self.visits[block].is_over = true;
        }
    }

    fn iterate(&mut self, event: &Event<'_>, before: Place) -> Place {
        let Some(number) = self.block(before).visit else {
            return before;
        };
        let index = event.index();
        let status = match event.kind {
            "MapIterationStarted" => Status::Running,
            "MapIterationSucceeded" => Status::Succeeded,
            "MapIterationFailed" => Status::Failed,
            _ => Status::Aborted,
        };
        if status == Status::Failed {
            self.blame(number, before.visit);
        }
        let within = self.inside(number, Some(index));
        let visit = &mut self.visits[number];
        visit.events.push(event.id);
        if index < MOST_ITERATIONS {
            if visit.iterations.len() <= index {
                visit.iterations.resize(index + 1, Status::NotReached);
            }
            visit.iterations[index] = status;
        }
        if status != Status::Running {
            self.abandon((Some(within), 0)..=(Some(within), usize::MAX), event.at);
        }
        if status == Status::Failed
            && let Some(failed) = self.visits[number].blamed
        {
            self.fail(self.blamed_in(failed));
        }
        Place {
            visit: Some(number),
            within: Some(within),
        }
    }

    /// Takes an event of a state's own work.
    fn work(&mut self, number: usize, event: &Event<'_>) {
        let visit = &mut self.visits[number];
        visit.events.push(event.id);
        match event.kind {
            "MapStateStarted" => {
                let length = event.length().min(MOST_ITERATIONS);
                visit.iterations = vec![Status::NotReached; length];
                visit.error = None;
            }
            "MapRunStarted" => visit.map_run = Some(event.detail("mapRunArn").into()),
            "ParallelStateStarted" => visit.error = None,
            kind if kind.ends_with("Scheduled") => {
                visit.error = None;
                visit.attempts.push(Attempt::scheduled(event));
            }
            "TaskSubmitted" => {
                if let Some(attempt) = visit.attempts.last_mut() {
                    attempt.submitted = event.payload("output");
                }
            }
            kind if kind.ends_with("Succeeded") => close(visit, event, Status::Succeeded),
            kind if kind.ends_with("TimedOut") => close(visit, event, Status::TimedOut),
            kind if kind.ends_with("Failed") => close(visit, event, Status::Failed),
            kind if kind.ends_with("Aborted") => close(visit, event, Status::Aborted),
            _ => {}
        }
    }
}

/// More iterations than one state can have.
const MOST_ITERATIONS: usize = 1_000_000;

/// The work of a state came to an end.
fn close(visit: &mut Visit, event: &Event<'_>, status: Status) {
    let (error, cause) = (event.text("error"), event.text("cause"));
    if let Some(attempt) = visit.attempts.iter_mut().rev().find(|attempt| attempt.to.is_none()) {
        attempt.to = Some(event.at);
        attempt.status = status;
        attempt.output = event.payload("output");
        (attempt.error, attempt.cause) = (error.clone(), cause.clone());
    }
    if status != Status::Succeeded {
        let named = match status {
            Status::TimedOut => Some("States.Timeout".into()),
            _ => None,
        };
        (visit.error, visit.cause) = (error.or(named), cause);
    }
}
