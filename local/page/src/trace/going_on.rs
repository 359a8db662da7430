//! Redrives: what was open when an execution ended goes on. The threads go on in the order of their branches.

use super::Trace;
use super::event::Event;
use super::redrive::{Redrive, keys};
use super::visit::{Place, Visit, Within};
use state_graph::Status;
use std::collections::HashSet;

impl Trace {
    /// Where the thread of an event was before it.
    pub(super) fn before(&mut self, event: &Event<'_>) -> Place {
        let before = self.place(event.previous);
        if !self.redrive.is_followed_by(event) {
            return before;
        }
        if let Some(number) = self.redrive.take(event) {
            return Place {
                visit: Some(number),
                within: self.visits[number].within,
            };
        }
        if event.kind.ends_with("StateEntered") {
            // It had not been entered before: the branch or iteration had only begun.
            let within = self.redrive.iterations.pop_front().or(self.redrive.level);
            let visit = before.visit.filter(|number| !self.visits[*number].is_open());
            return Place { visit, within };
        }
        before
    }

    /// Opens again what was open when the execution ended.
    pub(super) fn redrive(&mut self, event: &Event<'_>, before: Place) -> Place {
        self.ended = None;
        self.culprit = None;
        let mut reopened = Vec::new();
        let mut left = std::mem::take(&mut self.left);
        // A block comes before what is inside of it.
        left.sort_unstable();
        for number in left {
            let within = self.visits[number].within;
            if within.is_none_or(|within| self.goes_on(within)) {
                self.visits[number].reopen();
                self.open.insert((within, number));
                reopened.push(number);
            }
        }
        self.redrive = self.taken_up(event.id, reopened);
        let first = self.redrive.waiting.first().copied();
        let visit = before.visit.filter(|number| self.visits[*number].is_open());
        let visit = visit.or(first).or(before.visit);
        Place {
            visit,
            within: visit.and_then(|number| self.visits[number].within),
        }
    }

    /// Whether what is inside of a block goes on with it.
    fn goes_on(&self, within: Within) -> bool {
        let block = &self.visits[within.visit];
        let iteration = within.iteration.and_then(|index| block.iterations.get(index));
        block.is_open() && block.starts == within.start && iteration != Some(&Status::Succeeded)
    }

    fn taken_up(&self, event: u64, mut reopened: Vec<usize>) -> Redrive {
        let within = reopened.iter().filter_map(|number| self.visits[*number].within);
        let places: HashSet<Within> = within.collect();
        let around: HashSet<usize> = places.iter().map(|within| within.visit).collect();
        let mut redrive = Redrive {
            event,
            ..Redrive::default()
        };
        reopened.sort_by_cached_key(|number| self.branches(*number));
        for number in reopened {
            let visit = &self.visits[number];
            if visit.is_block() {
                let running = visit.iterations.iter().enumerate();
                let running = running.filter(|(_, status)| **status == Status::Running);
                let withins = running.map(|(index, _)| self.inside(number, Some(index)));
                redrive
                    .iterations
                    .extend(withins.filter(|within| !places.contains(within)));
                redrive.blocks.insert(visit.state.clone(), number);
                redrive.level = Some(self.inside(number, None));
            }
            if !around.contains(&number) {
                redrive.waiting.insert(number);
                for key in keys(visit) {
                    redrive.by_key.entry(key).or_default().push_back(number);
                }
            }
        }
        redrive
    }

    /// The branches that a visit is in, from the outermost.
    fn branches(&self, number: usize) -> Vec<usize> {
        let mut branches = vec![self.visits[number].branch];
        let mut around = self.visits[number].within;
        while let Some(within) = around {
            branches.push(self.visits[within.visit].branch);
            around = self.visits[within.visit].within;
        }
        branches.reverse();
        branches
    }
}

impl Visit {
    /// It goes on, as if it had not failed. What its attempts said stays.
    fn reopen(&mut self) {
        self.to = None;
        self.status = Status::Running;
        (self.error, self.cause) = (None, None);
        (self.blamed, self.is_over) = (None, false);
        for iteration in &mut self.iterations {
            if matches!(iteration, Status::Failed | Status::Aborted) {
                *iteration = Status::Running;
            }
        }
    }
}
