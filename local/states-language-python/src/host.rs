//! The host of an execution: asks the Python side for what tasks bring, for items, and to keep results.
//!
//! An exception that Python raises ends the run where it is and is handed on as it is, with its traceback. So does Ctrl-C.

use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use states_language::{Failure, ItemSource, Json, ReadRequest, TaskHandler, TaskRequest, WriteRequest};

/// The Python side, and what it raised.
pub(crate) struct Host {
    python: Py<PyAny>,
    raised: Option<PyErr>,
    /// How long the latest task takes.
    duration: Duration,
}

/// What Python answers: an output, or else an error and a cause; and how long it takes, in seconds.
type Answer = (Option<String>, String, String, f64);

impl Host {
    pub(crate) fn new(python: Py<PyAny>) -> Host {
        Host {
            python,
            raised: None,
            duration: Duration::ZERO,
        }
    }

    /// What ended the run, where Python raised something.
    pub(crate) fn into_error(self) -> Option<PyErr> {
        self.raised
    }

    /// Asks Python. What it raises is kept, and the failure in its place is seen by nobody: the run ends.
    fn ask<T>(&mut self, ask: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> Result<T, Failure> {
        let answer = Python::attach(|py| ask(self.python.bind(py)));
        answer.map_err(|raised| {
            self.raised = Some(raised);
            Failure::default()
        })
    }
}

fn read(text: &str) -> PyResult<Json> {
    Json::parse(text).map_err(|error| PyTypeError::new_err(format!("what a task brings must be JSON: {error}")))
}

impl TaskHandler for Host {
    fn handle(&mut self, task: &TaskRequest) -> Result<Json, Failure> {
        let parameters = task.parameters.to_string();
        let token = task.token.as_deref();
        let asked = (&*task.state, &*task.resource, parameters, task.retry_count, token);
        let (result, duration) = self.ask(|python| {
            let (output, error, cause, seconds): Answer = python.call_method1("play", asked)?.extract()?;
            let result = match output {
                Some(output) => Ok(read(&output)?),
                None => Err(Failure::new(error, cause)),
            };
            Ok((result, Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
        })?;
        self.duration = duration;
        result
    }

    fn duration(&mut self, _task: &TaskRequest) -> Duration {
        self.duration
    }

    fn read_items(&mut self, wanted: &ReadRequest) -> Result<ItemSource, Failure> {
        let asked = (&*wanted.state, &*wanted.operation, wanted.parameters.to_string());
        self.ask(|python| {
            let items = python.call_method1("read", asked)?;
            if let Ok(object) = items.extract::<Vec<u8>>() {
                return Ok(ItemSource::Object(object));
            }
            let listing = read(&items.extract::<String>()?)?;
            Ok(ItemSource::Listing(listing.as_array().unwrap_or_default().to_vec()))
        })
    }

    fn write_results(&mut self, write: &WriteRequest) -> Result<(), Failure> {
        let asked = (&*write.state, &*write.bucket, write.files.clone());
        self.ask(|python| python.call_method1("write", asked).map(drop))
    }

    fn stops(&mut self) -> bool {
        if self.raised.is_none() {
            self.raised = Python::attach(|py| py.check_signals()).err();
        }
        self.raised.is_some()
    }
}
