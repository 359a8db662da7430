//! What lasts of an execution: the answers about it, and its history.
//!
//! It is written while the execution runs. When the account is opened again the execution has ended, in some way: the
//! interpreter that ran it is gone.

use super::kept_history::KeptHistory;
use super::map_run;
use super::part::begun::Begun;
use jiff::Timestamp;
use platform::ServiceError;
use platform::input::seconds;
use platform::store::{Shelf, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use states_language::{Execution, Parts, Status};
use std::ops::Range;

/// Why an execution ended that was under way when the command ended.
const CUT_OFF: &str = "The local run ended while the execution was running.";

/// An execution as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Past {
    /// As DescribeExecution answers.
    described: Value,
    /// As DescribeStateMachineForExecution answers.
    machine: Value,
    started: Timestamp,
    /// Each as ListMapRuns and as DescribeMapRun answers it.
    map_runs: Vec<(Value, Value)>,
    /// What it began with, if it began in the midst of its definition.
    #[serde(default)]
    begun: Option<Begun>,
    #[serde(skip)]
    history: KeptHistory,
    /// The event with which it was cut off, and its place: it may not be written yet.
    #[serde(skip)]
    cut_off: Option<(usize, Value)>,
}

/// Where executions are kept. Express ones are not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    store: Store,
    executions: Shelf,
}

/// Where one execution is kept, and how much of it is there already.
#[derive(Debug)]
pub(crate) struct Keeping {
    executions: Shelf,
    history: KeptHistory,
    written: usize,
    parts: Parts,
}

impl Kept {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            executions: Shelf::new(store, "states/executions", "standard"),
        }
    }

    /// The executions that were kept, from the first to the last. None runs any more.
    pub(crate) fn read(&self) -> Result<Vec<(String, Past)>, StoreError> {
        let mut read = self.executions.read::<Past>()?;
        for (arn, past) in &mut read {
            past.history = self.history(arn);
            if past.described["status"] == Status::Running.name() {
                past.cut_off()?;
                self.executions.put(arn, past);
            }
        }
        read.sort_by_key(|(_, past)| past.started);
        Ok(read)
    }

    fn history(&self, arn: &str) -> KeptHistory {
        KeptHistory::new(&self.store, arn)
    }

    /// Where a new execution is kept; nothing where nothing is written.
    pub(crate) fn keeping(&self, arn: &str) -> Option<Keeping> {
        self.store.folder()?;
        Some(Keeping {
            executions: self.executions.clone(),
            history: self.history(arn),
            written: 0,
            parts: Parts::default(),
        })
    }
}

impl Keeping {
    /// Writes the new events, and at its begin and end the execution itself, which `past` gives.
    pub(crate) fn keep(&mut self, execution: &Execution, past: impl FnOnce() -> Past) {
        let history = execution.history();
        for (at, event) in history.iter().enumerate().skip(self.written) {
            self.history.put(at, event, &mut self.parts);
        }
        let begins = self.written == 0;
        self.written = history.len();
        if begins || execution.status() != Status::Running {
            self.executions.put(execution.arn(), &past());
        }
    }
}

impl Past {
    /// An execution, with the answers about it as they are now.
    pub(crate) fn new(execution: &Execution, machine_arn: &str, (described, machine): (Value, Value)) -> Self {
        Self {
            described,
            machine,
            started: execution.started_at(),
            map_runs: map_run::shown(machine_arn, execution.map_runs()),
            begun: Begun::of(execution),
            history: KeptHistory::default(),
            cut_off: None,
        }
    }

    pub(crate) fn described(&self) -> &Value {
        &self.described
    }

    pub(crate) fn machine(&self) -> &Value {
        &self.machine
    }

    pub(crate) fn map_runs(&self) -> &[(Value, Value)] {
        &self.map_runs
    }

    pub(crate) fn begun(&self) -> Option<&Begun> {
        self.begun.as_ref()
    }

    /// How many events there are.
    pub(crate) fn length(&self) -> Result<usize, ServiceError> {
        match &self.cut_off {
            Some((place, _)) => Ok(place + 1),
            None => Ok(self.history.count()?),
        }
    }

    /// Some of the events as GetExecutionHistory answers them, by their places from 0.
    pub(crate) fn events(&self, places: Range<usize>) -> Result<Vec<Value>, ServiceError> {
        let mut events = self.history.events(places.clone())?;
        if let Some((place, event)) = &self.cut_off
            && places.contains(place)
            && events.len() < places.len()
        {
            events.push(event.clone());
        }
        Ok(events)
    }

    /// Ends an execution that nobody runs any more.
    fn cut_off(&mut self) -> Result<(), StoreError> {
        let now = seconds(Timestamp::now());
        let aborted = Status::Aborted.name();
        self.described["status"] = aborted.into();
        self.described["stopDate"] = now.clone();
        self.described["cause"] = CUT_OFF.into();
        self.described["redriveStatus"] = "REDRIVABLE".into();
        if let Some(described) = self.described.as_object_mut() {
            described.remove("redriveStatusReason");
        }
        for (_, run) in self
            .map_runs
            .iter_mut()
            .filter(|(_, run)| run["status"] == Status::Running.name())
        {
            run["status"] = aborted.into();
        }
        let last = self.history.count()?;
        let event = json!({
            "timestamp": now,
            "type": "ExecutionAborted",
            "id": last + 1,
            "previousEventId": 0,
            "executionAbortedEventDetails": {"cause": CUT_OFF},
        });
        self.history.put_answer(last, &event);
        self.cut_off = Some((last, event));
        Ok(())
    }
}
