//! How an execution and its blocks end: what ends with them, and which visit is to blame.

use super::Trace;
use super::event::Event;
use super::visit::{Place, Within};
use jiff::Timestamp;
use state_graph::Status;
use std::ops::RangeBounds;

impl Trace {
    /// The execution ended: what is still open ends with it.
    pub(super) fn end(&mut self, event: &Event<'_>, before: Place) -> Place {
        let status = match event.kind {
            "ExecutionStarted" => return before,
            "ExecutionRedriven" => return self.redrive(event, before),
            "ExecutionSucceeded" => Status::Succeeded,
            "ExecutionFailed" => Status::Failed,
            "ExecutionTimedOut" => Status::TimedOut,
            _ => Status::Aborted,
        };
        self.ended = Some(status);
        // The last event leads to what failed, or to the block around it.
        let last = before.visit.filter(|_| status == Status::Failed);
        let failed = last.map(|number| self.innermost(number));
        for (_, number) in std::mem::take(&mut self.open) {
            self.left.push(number);
            let visit = &mut self.visits[number];
            let ended = match status {
                Status::Succeeded => Status::Succeeded,
                _ if Some(number) == failed || visit.error.is_some() => Status::Failed,
                Status::TimedOut => Status::TimedOut,
                _ => Status::Aborted,
            };
            visit.shut(event.at, ended);
        }
        let Some(failed) = failed else { return before };
        self.fail(failed);
        let visit = &mut self.visits[failed];
        if visit.has_failed() && visit.error.is_none() {
            (visit.error, visit.cause) = (event.text("error"), event.text("cause"));
        }
        let within = visit.within;
        self.culprit = Some(self.that_began_it(failed));
        Place {
            visit: Some(failed),
            within,
        }
    }

    /// Remembers that a block failed for a visit, if that is inside of it and did not end well.
    pub(super) fn blame(&mut self, block: usize, failed: Option<usize>) {
        let Some(failed) = failed else { return };
        let level = self.inside(block, None);
        let mut around = self.visits[failed].within;
        while let Some(within) = around
            && within.visit != block
        {
            around = self.visits[within.visit].within;
        }
        let is_inside = around.is_some_and(|within| within.start == level.start);
        if is_inside && !matches!(self.visits[failed].status, Status::Succeeded | Status::Caught) {
            self.visits[block].blamed = Some(failed);
        }
    }

    /// The visit that made a block fail, or a block inside of that; or else the visit itself.
    pub(super) fn blamed_in(&self, mut number: usize) -> usize {
        while let Some(inner) = self.visits[number].blamed {
            number = inner;
        }
        number
    }

    /// The visit inside a block that failed last, even where no event has led from it to the block.
    fn innermost(&self, number: usize) -> usize {
        let mut number = self.blamed_in(number);
        while self.visits[number].is_over {
            let start = self.visits[number].starts;
            let inner = self.visits.iter().rposition(|visit| {
                let is_inside = visit.within.is_some_and(|it| it.visit == number && it.start == start);
                is_inside && (visit.has_failed() || visit.is_open() && visit.error.is_some())
            });
            match inner {
                Some(inner) => number = self.blamed_in(inner),
                None => break,
            }
        }
        number
    }

    /// The visit whose error a Fail state passes on: it was caught only to be told. Or else that visit itself.
    fn that_began_it(&self, number: usize) -> usize {
        let told = &self.visits[number];
        if &*told.kind != "Fail" {
            return number;
        }
        let before = self.visits[..number].iter().enumerate().rev();
        // Branches of a Parallel are of one level, too.
        let mut of_level = before.filter(|(_, visit)| visit.within == told.within && visit.branch == told.branch);
        match of_level.next() {
            // A block that was caught says no error of its own: the visit inside does.
            Some((began, visit)) if visit.status == Status::Caught => {
                let inner = self.blamed_in(began);
                let is_told = [began, inner].map(|at| self.visits[at].error == told.error);
                if is_told.contains(&true) { inner } else { number }
            }
            _ => number,
        }
    }

    /// A visit that was ended from outside has failed, and so have the blocks around it.
    pub(super) fn fail(&mut self, number: usize) {
        let mut failed = Some(number);
        while let Some(number) = failed {
            let visit = &mut self.visits[number];
            if visit.status == Status::Aborted {
                visit.status = Status::Failed;
            }
            failed = visit.within.map(|within| within.visit);
        }
    }

    /// Ends what is open inside of a block that has ended, or begins anew.
    pub(super) fn abandon_inside(&mut self, block: usize, at: Timestamp) {
        if !self.visits[block].is_block() {
            return;
        }
        self.abandon(whole(block), at);
        self.visits[block].shut_iterations(Status::Aborted);
        if let Some(failed) = self.visits[block].blamed {
            self.fail(self.blamed_in(failed));
        }
    }

    /// Ends what is open in these places, and whatever is inside of it.
    pub(super) fn abandon(&mut self, places: impl RangeBounds<(Option<Within>, usize)>, at: Timestamp) {
        let mut ended: Vec<_> = self.open.range(places).copied().collect();
        while let Some(place) = ended.pop() {
            let number = place.1;
            self.open.remove(&place);
            self.left.push(number);
            let visit = &mut self.visits[number];
            let status = if visit.error.is_some() {
                Status::Failed
            } else {
                Status::Aborted
            };
            visit.shut(at, status);
            if visit.is_block() {
                ended.extend(self.open.range(whole(number)).copied());
            }
        }
    }
}

/// Where all that is inside of a block is among what is open.
fn whole(block: usize) -> std::ops::Range<(Option<Within>, usize)> {
    let first = |visit| {
        let within = Within {
            visit,
            start: 0,
            iteration: None,
        };
        (Some(within), 0)
    };
    first(block)..first(block + 1)
}
