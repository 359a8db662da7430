//! Distributed Maps: their Map Run, and the child executions in it.

use std::sync::Arc;

use jiff::Timestamp;

use super::advance::Engine;
use super::history::{EventDetails, Payload};
use super::interface::{ChildExecution, Command, MapRun, ReadRequest, Refused, Status, TaskId, WriteRequest};
use super::parts::{Extra, Identity, MapRunWork, Phase, Place, RunId};
use crate::definition::{Body, Distributed, ItemSource, Limits, Map, Outcome, Raised, Read, Reader, S3Object, State};
use crate::expression::{Failure, MapItem, StateError, format_time};
use crate::text::Json;

impl Engine {
    pub(super) fn start_map_run(&mut self, place: Place, state: &State, map: &Map, now: Timestamp) -> bool {
        let Some(distributed) = &map.distributed else {
            return false;
        };
        let items = match &distributed.reader {
            Some(_) => None,
            None => match self.evaluate(place, state, Extra::default(), now, |scope| {
                map.items(&state.common, scope)
            }) {
                Ok(items) => Some(items),
                Err(error) => return self.state_error(place, state, error, now),
            },
        };
        let length = items.as_ref().map_or(0, |items| items.len()) as u64;
        self.follow(place, EventDetails::MapStateStarted { length }, now);
        let limits = match self.evaluate(place, state, Extra::default(), now, |scope| {
            map.limits(&state.common, scope)
        }) {
            Ok(limits) => limits,
            Err(error) => return self.state_error(place, state, error, now),
        };
        let label = distributed.label.clone().unwrap_or_else(|| self.random.uuid().into());
        let machine = self.machine_name(place);
        let child_machine: Arc<str> = format!("{machine}/{label}").into();
        let arn: Arc<str> = self
            .options
            .state_arn("mapRun", &format!("{child_machine}:{}", self.random.uuid()))
            .into();
        self.follow(
            place,
            EventDetails::MapRunStarted {
                map_run_arn: arn.clone(),
            },
            now,
        );
        let execution_arn = self.run(place.run).arn.clone();
        self.map_runs.push(MapRun::new(arn, execution_arn, now));
        let work = MapRunWork::new(self.map_runs.len() - 1, limits, child_machine);
        self.set_phase(place, Phase::MapRun(Box::new(work)));
        match items {
            Some(items) => self.start_children(place, state, map, distributed, items.to_vec(), now),
            None => self.read_items(place, state, distributed, now),
        }
    }

    /// The name of the state machine that a thread's run is of.
    fn machine_name(&self, place: Place) -> Arc<str> {
        let name = self
            .run(place.run)
            .state_machine
            .get("Name")
            .and_then(Json::as_str)
            .unwrap_or_default();
        name.split('/').next().unwrap_or(name).into()
    }

    pub(super) fn work_mut(&mut self, place: Place) -> Option<&mut MapRunWork> {
        match &mut self.thread_mut(place).phase {
            Phase::MapRun(work) => Some(work),
            _ => None,
        }
    }

    fn read_items(&mut self, place: Place, state: &State, distributed: &Distributed, now: Timestamp) -> bool {
        let Some(reader) = &distributed.reader else {
            return false;
        };
        let parameters = self.evaluate(place, state, Extra::default(), now, |scope| {
            let input = state.common.effective_input(scope)?;
            reader.parameters(&scope.with_input(&input))
        });
        let parameters = match parameters {
            Ok(parameters) => parameters,
            Err(error) => return self.state_error(place, state, error, now),
        };
        if let Some(work) = self.work_mut(place) {
            work.bucket = parameters.get("Bucket").cloned().unwrap_or_default();
        }
        let id = self.start_io(place);
        self.commands.push(Command::ReadItems(ReadRequest {
            id,
            state: state.common.name.clone(),
            operation: reader.operation.clone(),
            parameters,
            is_gzip: false,
        }));
        false
    }

    /// Asks for an object that a manifest lists.
    fn read_listed(&mut self, place: Place, state: &State, object: S3Object) {
        let id = self.start_io(place);
        self.commands.push(Command::ReadItems(ReadRequest {
            id,
            state: state.common.name.clone(),
            operation: "getObject".into(),
            is_gzip: object.key.ends_with(".gz"),
            parameters: Json::object([("Bucket", object.bucket.into()), ("Key", object.key.into())]),
        }));
    }

    /// The items, once all are there; nothing while objects that a manifest lists are being read.
    fn take_read(
        &mut self,
        place: Place,
        (state, reader): (&State, &Reader),
        source: ItemSource,
        max_items: usize,
    ) -> Result<Option<Vec<Json>>, String> {
        let mut manifest = match self.work_mut(place).and_then(|work| work.manifest.take()) {
            None => match reader.read(source, self.bucket(place), max_items)? {
                Read::Items(items) => return Ok(Some(items)),
                Read::Manifest(manifest) => manifest,
            },
            Some(mut manifest) => {
                reader.read_listed(&mut manifest, source, max_items)?;
                manifest
            }
        };
        let Some(object) = manifest.next(max_items) else {
            return Ok(Some(manifest.into_items()));
        };
        self.read_listed(place, state, object);
        if let Some(work) = self.work_mut(place) {
            work.manifest = Some(manifest);
        }
        Ok(None)
    }

    /// The bucket that the items are read from.
    fn bucket(&mut self, place: Place) -> String {
        let bucket = self
            .work_mut(place)
            .and_then(|work| work.bucket.as_str().map(str::to_owned));
        bucket.unwrap_or_default()
    }

    fn start_io(&mut self, place: Place) -> TaskId {
        let id = self.next_task();
        self.tasks.insert(id, place);
        if let Some(work) = self.work_mut(place) {
            work.io = Some(id);
        }
        id
    }

    pub(super) fn items_read(&mut self, id: TaskId, source: ItemSource, now: Timestamp) -> Result<(), Refused> {
        let place = self.task_place(id)?;
        if self.work_mut(place).is_none() {
            return Err(Refused::UnknownTask(id));
        }
        self.tasks.remove(&id);
        let state = self.state(place);
        let Body::Map(map) = &state.body else { return Ok(()) };
        let Some((distributed, reader)) = map.distributed.as_ref().and_then(|it| Some((it, it.reader.as_ref()?)))
        else {
            return Ok(());
        };
        let max_items = self.evaluate(place, &state, Extra::default(), now, |scope| {
            let input = state.common.effective_input(scope)?;
            reader.max_items(&scope.with_input(&input))
        });
        match max_items {
            Ok(max_items) => match self.take_read(place, (&state, reader), source, max_items) {
                Ok(None) => {}
                Ok(Some(items)) => {
                    self.start_children(place, &state, map, distributed, items, now);
                }
                Err(cause) => self.end_map_run(place, Some(Failure::new("States.ItemReaderFailed", cause)), now),
            },
            Err(error) => {
                self.state_error(place, &state, error, now);
            }
        }
        Ok(())
    }

    /// Reading the items or writing the results failed.
    pub(super) fn map_io_failed(&mut self, place: Place, failure: Failure, now: Timestamp) {
        let is_reading = self.work_mut(place).is_some_and(|work| work.results.is_empty());
        let error = if is_reading {
            "States.ItemReaderFailed"
        } else {
            "States.ResultWriterFailed"
        };
        let cause = failure.cause.unwrap_or_default();
        self.end_map_run(place, Some(Failure::new(error, cause)), now);
    }

    fn start_children(
        &mut self,
        place: Place,
        state: &State,
        map: &Map,
        distributed: &Distributed,
        items: Vec<Json>,
        now: Timestamp,
    ) -> bool {
        let inputs = match self.child_inputs(place, state, map, distributed, items, now) {
            Ok(inputs) => inputs,
            Err(error) => return self.state_error(place, state, error, now),
        };
        let total = inputs.len();
        let Some(work) = self.work_mut(place) else { return false };
        work.io = None;
        work.waiting = (0..total).rev().collect();
        work.results = vec![None; total];
        work.inputs = inputs;
        let index = work.index;
        self.map_runs[index].total = total;
        self.fill(place, now);
        false
    }

    /// What each child starts with: items selected, and put together in batches.
    fn child_inputs(
        &self,
        place: Place,
        state: &State,
        map: &Map,
        distributed: &Distributed,
        items: Vec<Json>,
        now: Timestamp,
    ) -> Result<Vec<Json>, StateError> {
        let input = self.evaluate(place, state, Extra::default(), now, |scope| {
            state.common.effective_input(scope)
        })?;
        let mut inputs = Vec::with_capacity(items.len());
        for (index, value) in items.into_iter().enumerate() {
            let item = MapItem { index, value };
            let extra = Extra {
                map_item: Some(&item),
                ..Extra::default()
            };
            inputs.push(self.evaluate(place, state, extra, now, |scope| map.select(&input, &item.value, scope))?);
        }
        match &distributed.batcher {
            Some(batcher) => self.evaluate(place, state, Extra::default(), now, |scope| {
                batcher.batches(inputs, &scope.with_input(&input))
            }),
            None => Ok(inputs),
        }
    }

    /// Starts as many children as may run, and ends the Map Run when there are none left.
    pub(super) fn fill(&mut self, place: Place, now: Timestamp) {
        let state = self.state(place);
        let Body::Map(map) = &state.body else { return };
        let Some(execution_type) = map.distributed.as_ref().map(|it| it.execution_type) else {
            return;
        };
        loop {
            let Some(work) = self.work_mut(place) else { return };
            if work.running.len() >= work.limits.concurrency {
                break;
            }
            let Some(index) = work.waiting.pop() else { break };
            let (input, machine) = (work.inputs[index].clone(), work.child_machine.clone());
            let name: Arc<str> = self.random.uuid().into();
            let identity = Identity {
                arn: self.options.state_arn("execution", &format!("{machine}:{name}")).into(),
                name,
                state_machine_arn: self.options.state_arn("stateMachine", &machine).into(),
                state_machine_name: machine,
                execution_type,
            };
            let text = Payload::Json(input.clone());
            let run = self.add_run(
                identity,
                Arc::clone(&map.processor),
                input,
                text,
                Some((place, index)),
                now,
            );
            if let Some(work) = self.work_mut(place) {
                work.running.insert(index, run);
            }
        }
        let Some(work) = self.work_mut(place) else { return };
        let (index, running, is_over) = (work.index, work.running.len(), work.running.is_empty());
        self.map_runs[index].running = running;
        if is_over {
            self.write_results(place, &state, map, now);
        }
    }

    /// A run has ended; where it is a child, its Map goes on.
    pub(super) fn run_ended(&mut self, run: RunId, result: Result<Json, Failure>, now: Timestamp) {
        let Some((place, index)) = self.run(run).parent else {
            return;
        };
        let state = self.state(place);
        let keeps_outcomes =
            matches!(&state.body, Body::Map(map) if map.distributed.as_ref().is_some_and(|it| it.writer.is_some()));
        let outcome = keeps_outcomes
            .then(|| self.outcome(run, place, index, &result, now))
            .flatten();
        let Some(work) = self.work_mut(place) else { return };
        work.running.remove(&index);
        work.outcomes.extend(outcome);
        let has_failed = result.is_err();
        match result {
            Ok(output) => {
                work.results[index] = Some(output);
                work.inputs[index] = Json::Null;
            }
            Err(_) => work.failed.push(index),
        }
        let (number, limits, failed, total) = (work.index, work.limits, work.failed.len(), work.results.len());
        let map_run = &mut self.map_runs[number];
        map_run.failed = failed;
        map_run.succeeded += usize::from(!has_failed);
        let map_run_arn = map_run.arn.clone();
        self.forget_run(run, map_run_arn);
        if limits.exceeded_by(failed, total) {
            self.end_map_run(place, Some(Limits::exceeded()), now);
        } else {
            self.fill(place, now);
        }
    }

    fn outcome(
        &mut self,
        run: RunId,
        place: Place,
        index: usize,
        result: &Result<Json, Failure>,
        now: Timestamp,
    ) -> Option<Outcome> {
        let input = self.work_mut(place)?.inputs.get(index)?.clone();
        let run = self.run(run);
        Some(Outcome {
            index,
            execution_arn: run.arn.clone(),
            name: run.name.clone(),
            input,
            start: format_time(run.started_at),
            stop: format_time(now),
            result: result.clone(),
        })
    }

    /// Takes a child's run away, its history aside if it is to be kept.
    pub(super) fn forget_run(&mut self, run: RunId, map_run_arn: Arc<str>) {
        let Some(ended) = self.runs.take(run) else { return };
        if self.options.keep_children {
            let (arn, status, history) = (ended.arn, ended.status, ended.history);
            self.children.push(ChildExecution {
                arn,
                map_run_arn,
                status,
                history,
            });
        }
    }

    fn write_results(&mut self, place: Place, state: &State, map: &Map, now: Timestamp) {
        let Some(writer) = map.distributed.as_ref().and_then(|it| it.writer.as_ref()) else {
            return self.end_map_run(place, None, now);
        };
        let Some(work) = self.work_mut(place) else { return };
        let (index, outcomes) = (work.index, std::mem::take(&mut work.outcomes));
        let arn = self.map_runs[index].arn.clone();
        let written = self.evaluate(place, state, Extra::default(), now, |scope| {
            let input = state.common.effective_input(scope)?;
            writer.write(&scope.with_input(&input), &arn, &outcomes)
        });
        match written {
            Ok(None) => {
                let results = writer.results(&outcomes);
                if let Some(work) = self.work_mut(place) {
                    work.written = Some(results);
                }
                self.end_map_run(place, None, now);
            }
            Ok(Some(written)) => {
                let id = self.start_io(place);
                if let Some(work) = self.work_mut(place) {
                    work.written = Some(written.details);
                    // Kept, for a redrive that has to write them once more.
                    work.outcomes = outcomes;
                }
                let (bucket, files) = (written.bucket, written.files);
                self.commands.push(Command::WriteResults(WriteRequest {
                    id,
                    state: state.common.name.clone(),
                    bucket,
                    files,
                }));
            }
            Err(error) => {
                self.state_error(place, state, error, now);
            }
        }
    }

    pub(super) fn results_written(&mut self, id: TaskId, place: Place, now: Timestamp) -> Result<(), Refused> {
        let Some(work) = self.work_mut(place) else {
            return Err(Refused::UnknownTask(id));
        };
        if work.written.is_none() {
            return Err(Refused::UnknownTask(id));
        }
        self.tasks.remove(&id);
        self.end_map_run(place, None, now);
        Ok(())
    }

    /// Ends a Map Run, well or with this failure.
    fn end_map_run(&mut self, place: Place, failure: Option<Failure>, now: Timestamp) {
        let status = if failure.is_some() {
            Status::Failed
        } else {
            Status::Succeeded
        };
        let Some(work) = self.work_mut(place) else { return };
        let (index, children) = (work.index, std::mem::take(&mut work.running));
        let result = match work.written.take() {
            Some(written) => written,
            None if failure.is_some() => Json::Null,
            None => Json::array(std::mem::take(&mut work.results).into_iter().flatten().collect()),
        };
        for run in children.into_values() {
            self.end_run(run, Status::Aborted, None, now);
            let arn = self.map_runs[index].arn.clone();
            self.forget_run(run, arn);
        }
        let map_run = &mut self.map_runs[index];
        (map_run.status, map_run.stopped_at, map_run.running) = (status, Some(now), 0);
        match failure {
            None => {
                self.follow(place, EventDetails::MapRunSucceeded, now);
                self.aside(place, EventDetails::MapStateSucceeded, now);
                self.set_phase(place, Phase::Result(result));
                self.ready.push_back(place);
            }
            Some(failure) => {
                self.follow(place, EventDetails::MapRunFailed(failure.clone()), now);
                if self.raise(place, Raised::from(failure), now) {
                    self.ready.push_back(place);
                }
            }
        }
    }
}
