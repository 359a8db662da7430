//! The branches of a Parallel state, and the iterations of an inline Map.

use std::sync::Arc;

use jiff::Timestamp;

use super::advance::Engine;
use super::history::EventDetails;
use super::parts::{Branches, Extra, Iterations, Phase, Place, ThreadId};
use crate::definition::{Body, Limits, Map, Parallel, Raised, State};
use crate::expression::{Failure, MapItem, StateError};
use crate::text::{Array, Json};

impl Engine {
    pub(super) fn start_branches(&mut self, place: Place, state: &State, parallel: &Parallel, now: Timestamp) -> bool {
        let input = match self.evaluate(place, state, Extra::default(), now, |scope| {
            parallel.input(&state.common, scope)
        }) {
            Ok(input) => input,
            Err(error) => return self.state_error(place, state, error, now),
        };
        let cursor = self.follow(place, EventDetails::ParallelStateStarted, now);
        let thread = self.thread(place);
        let (variables, map_item) = (thread.variables.inner(), thread.map_item.clone());
        let mut threads = Vec::with_capacity(parallel.branches.len());
        for (index, flow) in parallel.branches.iter().enumerate() {
            let parent = Some((place.thread, index));
            let (flow, input) = (Arc::clone(flow), input.clone());
            threads.push(self.add_thread(
                place.run,
                flow,
                input,
                cursor,
                variables.clone(),
                map_item.clone(),
                parent,
                now,
            ));
        }
        let running = threads.len();
        self.set_phase(
            place,
            Phase::Branches(Branches {
                threads,
                results: vec![None; running],
                running,
            }),
        );
        false
    }

    pub(super) fn branch_done(&mut self, child: Place, parent: Place, index: usize, output: Json, now: Timestamp) {
        let cursor = self.thread(child).cursor;
        let thread = self.thread_mut(parent);
        thread.cursor = cursor;
        let Phase::Branches(branches) = &mut thread.phase else {
            return;
        };
        branches.results[index] = Some(output);
        branches.running -= 1;
        if branches.running > 0 {
            return;
        }
        let results = branches.results.drain(..).flatten().collect();
        self.drop_children(parent);
        self.aside(parent, EventDetails::ParallelStateSucceeded, now);
        self.set_phase(parent, Phase::Result(Json::array(results)));
        self.ready.push_back(parent);
    }

    pub(super) fn start_map(&mut self, place: Place, state: &State, map: &Map, now: Timestamp) -> bool {
        if map.distributed.is_some() {
            return self.start_map_run(place, state, map, now);
        }
        let items = self.evaluate(place, state, Extra::default(), now, |scope| {
            map.items(&state.common, scope)
        });
        let items = match items {
            Ok(items) => items,
            Err(error) => return self.state_error(place, state, error, now),
        };
        self.follow(
            place,
            EventDetails::MapStateStarted {
                length: items.len() as u64,
            },
            now,
        );
        let prepared = self.evaluate(place, state, Extra::default(), now, |scope| {
            Ok((map.limits(&state.common, scope)?, state.common.effective_input(scope)?))
        });
        match prepared {
            Ok((limits, input)) => self.start_iterations(place, items, input, limits, now),
            Err(error) => self.state_error(place, state, error, now),
        }
    }

    fn start_iterations(
        &mut self,
        place: Place,
        items: Arc<Array>,
        input: Json,
        limits: Limits,
        now: Timestamp,
    ) -> bool {
        let first = items.len().min(limits.concurrency);
        let results = vec![Json::Null; items.len()];
        let iterations = Iterations {
            threads: Vec::with_capacity(first),
            items,
            input,
            results,
            next: 0,
            running: 0,
        };
        self.set_phase(place, Phase::Iterations(iterations));
        if first == 0 {
            self.end_iterations(place, now);
            return false;
        }
        let cursor = self.thread(place).cursor;
        for _ in 0..first {
            if !self.start_iteration(place, cursor, None, now) {
                break;
            }
        }
        false
    }

    /// Starts the next iteration, in a thread that has ended or in a new one. Says whether that went well.
    fn start_iteration(&mut self, parent: Place, cursor: u64, reuse: Option<ThreadId>, now: Timestamp) -> bool {
        let state = self.state(parent);
        let Body::Map(map) = &state.body else { return false };
        let Phase::Iterations(iterations) = &mut self.thread_mut(parent).phase else {
            return false;
        };
        let index = iterations.next;
        iterations.next += 1;
        let value = iterations.items[index].clone();
        let input = iterations.input.clone();
        let item = Arc::new(MapItem { index, value });
        let extra = Extra {
            map_item: Some(&item),
            ..Extra::default()
        };
        let selected: Result<Json, StateError> = self.evaluate(parent, &state, extra, now, |scope| {
            map.select(&input, &item.value, scope)
        });
        let selected = match selected {
            Ok(selected) => selected,
            Err(error) => {
                self.abort_children(parent, None, now);
                self.state_error(parent, &state, error, now);
                return false;
            }
        };
        let started = EventDetails::MapIterationStarted {
            name: state.common.name.clone(),
            index: index as u64,
        };
        let cursor = self.event(parent.run, cursor, started, now);
        let variables = self.thread(parent).variables.inner();
        if let Some(thread) = reuse {
            self.run_mut(parent.run).threads.take(thread);
        }
        let flow = Arc::clone(&map.processor);
        let parent_link = Some((parent.thread, index));
        let id = self.add_thread(
            parent.run,
            flow,
            selected,
            cursor,
            variables,
            Some(item),
            parent_link,
            now,
        );
        if let Phase::Iterations(iterations) = &mut self.thread_mut(parent).phase {
            iterations.running += 1;
            if reuse.is_none() {
                iterations.threads.push(id);
            }
        }
        true
    }

    pub(super) fn iteration_done(&mut self, child: Place, parent: Place, index: usize, output: Json, now: Timestamp) {
        let name = self.state(parent).common.name.clone();
        let succeeded = self.aside(
            child,
            EventDetails::MapIterationSucceeded {
                name,
                index: index as u64,
            },
            now,
        );
        let cursor = self.thread(child).cursor;
        let Phase::Iterations(iterations) = &mut self.thread_mut(parent).phase else {
            return;
        };
        iterations.results[index] = output;
        iterations.running -= 1;
        if iterations.next < iterations.items.len() {
            self.start_iteration(parent, cursor, Some(child.thread), now);
        } else if iterations.running == 0 {
            self.thread_mut(parent).cursor = succeeded;
            self.end_iterations(parent, now);
        }
    }

    fn end_iterations(&mut self, place: Place, now: Timestamp) {
        let Phase::Iterations(iterations) = &mut self.thread_mut(place).phase else {
            return;
        };
        let results = std::mem::take(&mut iterations.results);
        self.drop_children(place);
        self.aside(place, EventDetails::MapStateSucceeded, now);
        self.set_phase(place, Phase::Result(Json::array(results)));
        self.ready.push_back(place);
    }

    /// A branch or an iteration failed, which fails the whole.
    pub(super) fn part_failed(&mut self, child: Place, parent: Place, index: usize, failure: Failure, now: Timestamp) {
        let state = self.state(parent);
        if matches!(state.body, Body::Map(_)) {
            let name = state.common.name.clone();
            self.aside(
                child,
                EventDetails::MapIterationFailed {
                    name,
                    index: index as u64,
                },
                now,
            );
        }
        let cursor = self.thread(child).cursor;
        self.thread_mut(parent).cursor = cursor;
        self.abort_children(parent, Some(child.thread), now);
        if !self.run(parent.run).is_full && self.raise(parent, Raised::from(failure), now) {
            self.ready.push_back(parent);
        }
    }

    fn child_threads(&self, place: Place) -> Vec<ThreadId> {
        match &self.thread(place).phase {
            Phase::Branches(branches) => branches.threads.clone(),
            Phase::Iterations(iterations) => iterations.threads.clone(),
            _ => Vec::new(),
        }
    }

    /// Stops what still runs below a thread, but for the one that failed.
    fn abort_children(&mut self, place: Place, failed: Option<ThreadId>, now: Timestamp) {
        for thread in self.child_threads(place) {
            let child = Place { run: place.run, thread };
            if Some(thread) == failed || self.find_thread(child).is_none_or(|it| matches!(it.phase, Phase::Done)) {
                continue;
            }
            self.abort_children(child, None, now);
            let kind = self.state(child).body.kind();
            let is_entered = !matches!(self.thread(child).phase, Phase::Enter);
            if is_entered && let Some(aborted) = EventDetails::aborted(kind) {
                self.aside(child, aborted, now);
            }
            self.abort_work(child, now);
            let state = self.state(place);
            if let (Body::Map(_), Some((_, index))) = (&state.body, self.thread(child).parent) {
                let name = state.common.name.clone();
                self.aside(
                    child,
                    EventDetails::MapIterationAborted {
                        name,
                        index: index as u64,
                    },
                    now,
                );
            }
        }
    }

    /// Forgets what ran below a thread.
    pub(super) fn drop_children(&mut self, place: Place) {
        for thread in self.child_threads(place) {
            let child = Place { run: place.run, thread };
            if self.find_thread(child).is_some() {
                self.drop_children(child);
                self.run_mut(place.run).threads.take(thread);
            }
        }
    }

    /// Threads below a place that have work left, for a redrive.
    pub(super) fn unfinished_children(&self, place: Place) -> Vec<Place> {
        let children = self
            .child_threads(place)
            .into_iter()
            .map(|thread| Place { run: place.run, thread });
        children
            .filter(|child| {
                self.find_thread(*child)
                    .is_some_and(|it| !matches!(it.phase, Phase::Done))
            })
            .collect()
    }
}
