//! A state machine, and executions of it.

use std::sync::Arc;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use states_language::{
    CallKind, Clock, Entry, Execution, ExecutionType, Integration, Json, Object, StartOptions, StateMachine, Target,
    Timestamp, VirtualClock, calls, run_to_end,
};

use crate::host::Host;

/// A definition that was read.
#[pyclass(frozen, module = "states_language._native")]
pub(crate) struct Machine(StateMachine);

/// How an execution ended: status, output, error, cause, history; values as JSON texts.
type Ended = (&'static str, Option<String>, Option<String>, Option<String>, String);

#[pymethods]
impl Machine {
    /// Reads a definition that `validate` finds nothing wrong with.
    #[new]
    fn new(definition: &str) -> PyResult<Machine> {
        let machine = StateMachine::parse(definition);
        machine
            .map(Machine)
            .map_err(|invalid| PyValueError::new_err(invalid.to_string()))
    }

    /// What could be given an outcome: for each Task its name and its resource, and of `lambda:invoke` the function, where
    /// it stands in the definition.
    #[getter]
    fn tasks(&self) -> PyResult<Vec<(String, String, Option<String>)>> {
        let calls = calls(self.0.definition()).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let tasks = calls.iter().filter(|call| call.kind == CallKind::Task);
        let told = tasks.map(|call| {
            let function = match (&call.target, call.operation()) {
                (Target::Integration(Integration::Lambda { function_arn }), _) => Some(function_arn.to_string()),
                (_, Some(("lambda", "invoke"))) => call.argument(&["FunctionName"]).map(str::to_owned),
                _ => None,
            };
            (call.state.to_string(), call.resource.to_string(), function)
        });
        Ok(told.collect())
    }

    /// The names of the distributed Maps that read their items.
    #[getter]
    fn readers(&self) -> PyResult<Vec<String>> {
        let calls = calls(self.0.definition()).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let readers = calls.iter().filter(|call| call.kind == CallKind::ItemReader);
        Ok(readers.map(|call| call.state.to_string()).collect())
    }

    /// Runs an execution to its end, on a clock that waits for nothing. `host` does the work (`host.rs`).
    fn run(&self, py: Python<'_>, input: &str, host: Py<PyAny>, options: &Bound<'_, PyDict>) -> PyResult<Ended> {
        let (start, options) = started_with(self.0.definition(), options, input)?;
        let mut clock = VirtualClock::at(start);
        let execution = Execution::start(&self.0, options, input, clock.now());
        let mut execution = execution.map_err(|refused| PyValueError::new_err(refused.to_string()))?;
        let mut host = Host::new(host);
        py.detach(|| run_to_end(&mut execution, &mut host, &mut clock));
        match host.into_error() {
            Some(error) => Err(error),
            None => py.detach(move || ended(&execution)),
        }
    }
}

fn ended(execution: &Execution) -> PyResult<Ended> {
    let history = serde_json::to_string(execution.history());
    let history = history.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    let failure = execution.failure();
    let text = |part: Option<&Arc<str>>| part.map(ToString::to_string);
    let error = text(failure.and_then(|failure| failure.error.as_ref()));
    let cause = text(failure.and_then(|failure| failure.cause.as_ref()));
    Ok((execution.status().name(), execution.output(), error, cause, history))
}

/// When an execution starts, and with what: each option has a default but for the time, in milliseconds since 1970.
fn started_with(definition: &str, given: &Bound<'_, PyDict>, input: &str) -> PyResult<(Timestamp, StartOptions)> {
    let mut options = StartOptions::default();
    let mut start = VirtualClock::default().now();
    let mut entry = None;
    let mut variables = None;
    for (name, value) in given {
        let name: String = name.extract()?;
        let text = |into: &mut Arc<str>| value.extract::<String>().map(|text| *into = text.into());
        match &*name {
            "name" => text(&mut options.name)?,
            "state_machine_name" => text(&mut options.state_machine_name)?,
            "role_arn" => text(&mut options.role_arn)?,
            "region" => text(&mut options.region)?,
            "account" => text(&mut options.account)?,
            "partition" => text(&mut options.partition)?,
            "seed" => options.random_seed = value.extract()?,
            "until" => options.until = Some(value.extract::<String>()?.into()),
            "start_at" => entry = Some(value.extract::<String>()?),
            "variables" => variables = Some(object(&value.extract::<String>()?)?),
            "is_express" if value.extract()? => options.execution_type = ExecutionType::Express,
            "is_express" => {}
            "start_time" => {
                let time = Timestamp::from_millisecond(value.extract()?);
                start = time.map_err(|error| PyValueError::new_err(error.to_string()))?;
            }
            _ => return Err(PyValueError::new_err(format!("there is no option `{name}`"))),
        }
    }
    if entry.is_some() || variables.is_some() {
        options.entry = Some(Entry {
            state: entry.unwrap_or_else(|| first_state(definition)).into(),
            input: json(input)?,
            variables: variables.unwrap_or_default(),
            ..Entry::default()
        });
    }
    Ok((start, options))
}

fn first_state(definition: &str) -> String {
    let definition = Json::parse(definition).unwrap_or_default();
    let first = definition.get("StartAt").and_then(Json::as_str);
    first.unwrap_or_default().to_owned()
}

fn json(text: &str) -> PyResult<Json> {
    Json::parse(text).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn object(text: &str) -> PyResult<Object> {
    let value = json(text)?;
    let object = value.as_object().cloned();
    object.ok_or_else(|| PyValueError::new_err("variables must be an object"))
}
