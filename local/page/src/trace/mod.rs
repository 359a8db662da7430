//! What an execution's history says: each visit of a state, its attempts, and the ways that were taken.
//!
//! A history is a list of events of which each names the one before it on its own thread:
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>. So an event belongs to the
//! visit of the event before it, unless it enters a state. Events are pushed one by one, as they come.

mod event;
mod look;
#[cfg(test)]
mod tests;
mod visit;

pub(crate) use event::{Event, details};
use jiff::Timestamp;
use serde_json::Value;
use state_graph::Status;
use std::collections::BTreeSet;
use std::sync::Arc;
use visit::Within;
pub(crate) use visit::{Attempt, Chosen, Visit};

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
    /// The visits that go on.
    open: BTreeSet<usize>,
}

/// Where a thread of an execution is.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// The visit of the last state, if it was in this level.
    visit: Option<usize>,
    /// The level.
    within: Option<Within>,
}

impl Trace {
    /// Takes the next event of the history.
    pub(crate) fn push(&mut self, raw: &Value) {
        let event = Event::new(raw);
        let before = self.place(event.previous);
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
            self.end(event, before);
            return before;
        }
        if event.kind.starts_with("MapIteration") {
            return self.iterate(event, before);
        }
        let is_of_block = event.kind.starts_with("MapState") || event.kind.starts_with("ParallelState");
        let place = if is_of_block { self.block(before) } else { before };
        if let Some(number) = place.visit {
            self.work(number, event);
        }
        match (event.kind, place.visit) {
            // What comes next is inside.
            ("MapStateStarted" | "ParallelStateStarted", Some(visit)) => Place {
                visit: Some(visit),
                within: Some(Within { visit, iteration: None }),
            },
            _ => place,
        }
    }

    fn enter(&mut self, event: &Event<'_>, kind: &str, before: Place) -> Place {
        let name: Arc<str> = event.detail("name").into();
        // A way leads here from a state of the same level. From the block around, it is only the start.
        let from = before.visit.and_then(|number| self.visits.get(number));
        if let Some(from) = from
            && from.within == before.within
            && !from.is_open()
        {
            self.ways.insert((from.state.clone(), name.clone()));
        }
        let mut visit = Visit::new(name, kind.into(), event.id, event.at, before.within);
        visit.input = event.payload("input");
        self.open.insert(self.visits.len());
        self.visits.push(visit);
        Place {
            visit: Some(self.visits.len() - 1),
            within: before.within,
        }
    }

    fn exit(&mut self, event: &Event<'_>, before: Place) -> Place {
        let name = event.detail("name");
        // The last event of a block may be one of a state inside.
        let mut number = before.visit;
        while let Some(at) = number
            && &*self.visits[at].state != name
        {
            number = self.visits[at].within.map(|within| within.visit);
        }
        let Some(number) = number else { return before };
        self.abandon_inside(number, event.at, Status::Aborted);
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
        self.open.remove(&number);
        Place {
            visit: Some(number),
            within: visit.within,
        }
    }

    /// The block that an event is about, when the thread may still be inside of it.
    fn block(&self, before: Place) -> Place {
        let mut number = before.visit;
        while let Some(at) = number {
            let visit = &self.visits[at];
            if visit.is_open() && matches!(&*visit.kind, "Map" | "Parallel") {
                return Place {
                    visit: Some(at),
                    within: visit.within,
                };
            }
            number = visit.within.map(|within| within.visit);
        }
        before
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
        let visit = &mut self.visits[number];
        visit.events.push(event.id);
        if index < MOST_ITERATIONS {
            if visit.iterations.len() <= index {
                visit.iterations.resize(index + 1, Status::NotReached);
            }
            visit.iterations[index] = status;
        }
        let within = Within {
            visit: number,
            iteration: Some(index),
        };
        if status != Status::Running {
            self.abandon(|visit| visit.within == Some(within), event.at, Status::Aborted);
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

    /// The execution ended: what is still open ends with it.
    fn end(&mut self, event: &Event<'_>, before: Place) {
        let status = match event.kind {
            "ExecutionStarted" => return,
            "ExecutionRedriven" => {
                self.ended = None;
                self.culprit = None;
                return;
            }
            "ExecutionSucceeded" => Status::Succeeded,
            "ExecutionFailed" => Status::Failed,
            "ExecutionTimedOut" => Status::TimedOut,
            _ => Status::Aborted,
        };
        self.ended = Some(status);
        let (error, cause) = (event.text("error"), event.text("cause"));
        if status == Status::Failed {
            // The innermost state that failed: the last event leads to it.
            self.culprit = before.visit;
        }
        let culprit = self.culprit;
        for number in std::mem::take(&mut self.open) {
            let visit = &mut self.visits[number];
            visit.to = Some(event.at);
            visit.status = match status {
                Status::Succeeded => Status::Succeeded,
                _ if Some(number) == culprit || visit.error.is_some() => Status::Failed,
                Status::TimedOut => Status::TimedOut,
                _ => Status::Aborted,
            };
            if Some(number) == culprit && visit.error.is_none() {
                (visit.error, visit.cause) = (error.clone(), cause.clone());
            }
            close_attempts(visit, event.at);
        }
        self.blame_around(culprit);
        self.culprit = culprit.map(|number| self.that_began_it(number));
    }

    /// The visit whose error a Fail state passes on: it was caught only to be told. Or else that visit itself.
    fn that_began_it(&self, number: usize) -> usize {
        let told = &self.visits[number];
        if &*told.kind != "Fail" {
            return number;
        }
        let before = self.visits[..number].iter().enumerate().rev();
        let mut of_level = before.filter(|(_, visit)| visit.within == told.within);
        match of_level.next() {
            Some((began, visit)) if visit.status == Status::Caught && visit.error == told.error => began,
            _ => number,
        }
    }

    /// A block whose state failed has failed, too.
    fn blame_around(&mut self, culprit: Option<usize>) {
        let mut around = culprit.and_then(|number| self.visits[number].within);
        while let Some(within) = around {
            let visit = &mut self.visits[within.visit];
            if visit.status == Status::Aborted {
                visit.status = Status::Failed;
            }
            around = visit.within;
        }
    }

    /// Ends what is open inside of a block that has ended.
    fn abandon_inside(&mut self, block: usize, at: Timestamp, status: Status) {
        if matches!(&*self.visits[block].kind, "Map" | "Parallel") {
            self.abandon(
                |visit| visit.within.is_some_and(|within| within.visit == block),
                at,
                status,
            );
            for iteration in &mut self.visits[block].iterations {
                if *iteration == Status::Running {
                    *iteration = status;
                }
            }
        }
    }

    fn abandon(&mut self, belongs: impl Fn(&Visit) -> bool, at: Timestamp, status: Status) {
        let ended: Vec<usize> = self
            .open
            .iter()
            .copied()
            .filter(|number| belongs(&self.visits[*number]))
            .collect();
        for number in ended {
            self.open.remove(&number);
            let visit = &mut self.visits[number];
            visit.to = Some(at);
            visit.status = if visit.error.is_some() { Status::Failed } else { status };
            close_attempts(visit, at);
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

fn close_attempts(visit: &mut Visit, at: Timestamp) {
    let status = visit.status;
    for attempt in visit.attempts.iter_mut().filter(|attempt| attempt.to.is_none()) {
        attempt.to = Some(at);
        attempt.status = status;
    }
}
