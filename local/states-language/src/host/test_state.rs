//! Testing one state, as
//! [TestState](https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html) does.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::definition::{InvalidDefinition, StateMachine};
use crate::engine::history::EventDetails;
use crate::engine::{Command, Execution, Inspection, Mock, Refused, StartOptions, Status};
use crate::expression::Failure;
use crate::text::{Json, Object};

/// The name that a state has while it is tested.
const NAME: &str = "State";

/// What a state is tested with.
#[derive(Clone, Debug, Default)]
pub struct TestStateOptions {
    /// The input, as JSON text; `{}` where it is empty.
    pub input: String,
    /// Variables, as the text of a JSON object.
    pub variables: Option<String>,
    /// The context object, as the text of a JSON object: `Execution`, `StateMachine` and `Map` are taken from it.
    pub context: Option<String>,
    /// What the work of a Task, Parallel or Map brings. Such a state cannot be tested without it.
    pub mock: Option<MockedResult>,
    /// How often the retrier that matches an error has tried already.
    pub retrier_retry_count: u32,
    /// Which state to test, where the definition is a whole state machine.
    pub state_name: Option<String>,
    /// Where and as whom the state runs.
    pub start: StartOptions,
}

/// What stands for a state's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MockedResult {
    /// It succeeds with this JSON text.
    Result(String),
    /// It fails.
    Error(Failure),
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TestStatus {
    /// The state succeeded.
    Succeeded,
    /// The state failed, and nothing is to be done about it.
    Failed,
    /// The state failed, and would be tried again.
    Retriable,
    /// The state failed, and a catcher leads on.
    CaughtError,
}

impl TestStatus {
    /// AWS's word: `SUCCEEDED`, `FAILED`, `RETRIABLE` or `CAUGHT_ERROR`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TestStatus::Succeeded => "SUCCEEDED",
            TestStatus::Failed => "FAILED",
            TestStatus::Retriable => "RETRIABLE",
            TestStatus::CaughtError => "CAUGHT_ERROR",
        }
    }
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestStateResult {
    /// How it ended.
    pub status: TestStatus,
    /// What the state hands on.
    pub output: Option<String>,
    /// The error and its cause.
    pub failure: Option<Failure>,
    /// The state that would come next.
    pub next_state: Option<String>,
    /// The data on its way through the state.
    pub inspection: Inspection,
}

/// Why a state cannot be tested.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TestStateError {
    /// The definition is not valid.
    #[error(transparent)]
    InvalidDefinition(#[from] InvalidDefinition),
    /// The input, the variables, the context or the mock is not valid.
    #[error("{0}")]
    InvalidInput(String),
}

/// Tests one state: the definition is a state's own, or a state machine's with the state's name in the options.
///
/// ```
/// use states_language::{MockedResult, TestStateOptions, TestStatus, test_state};
///
/// let definition = r#"{
///     "Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
///     "ResultSelector": {"status.$": "$.ProcessingJobStatus"}, "Next": "Report"
/// }"#;
/// let mock = Some(MockedResult::Result(r#"{"ProcessingJobStatus": "Completed"}"#.into()));
/// let result = test_state(definition, TestStateOptions { mock, ..TestStateOptions::default() })?;
/// assert_eq!(result.status, TestStatus::Succeeded);
/// assert_eq!(result.output.as_deref(), Some(r#"{"status":"Completed"}"#));
/// assert_eq!(result.next_state.as_deref(), Some("Report"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn test_state(definition: &str, options: TestStateOptions) -> Result<TestStateResult, TestStateError> {
    let (machine, name) = machine_of(definition, options.state_name.as_deref())?;
    let invalid = |what: &str, why: &dyn std::fmt::Display| {
        TestStateError::InvalidInput(format!("the {what} is not valid: {why}"))
    };
    let object = |text: &Option<String>, what: &str| match text.as_deref().map(Json::parse) {
        None => Ok(None),
        Some(Ok(Json::Object(object))) => Ok(Some(object)),
        Some(Ok(_)) => Err(invalid(what, &"it is not an object")),
        Some(Err(error)) => Err(invalid(what, &error)),
    };
    let variables = object(&options.variables, "variables")?;
    let context = object(&options.context, "context")?;
    let result = match options.mock {
        None => None,
        Some(MockedResult::Error(failure)) => Some(Err(failure)),
        Some(MockedResult::Result(text)) => Some(Ok(Json::parse(&text).map_err(|error| invalid("mock", &error))?)),
    };
    let has_error = matches!(result, Some(Err(_)));
    let input = if options.input.trim().is_empty() {
        "{}"
    } else {
        &options.input
    };
    let mut now = Timestamp::UNIX_EPOCH;
    let mut execution = Execution::start(&machine, options.start, input, now).map_err(|refused| match refused {
        Refused::InvalidInput(why) => invalid("input", &why),
        other => TestStateError::InvalidInput(other.to_string()),
    })?;
    execution.mock(Mock {
        state: name.clone(),
        result,
        retry_count: options.retrier_retry_count,
        variables,
        context,
        inspection: Inspection::default(),
    });
    let exited = |execution: &Execution| exit(execution, &name).is_some();
    while execution.status() == Status::Running && !exited(&execution) {
        let commands = execution.run(now);
        if commands
            .iter()
            .any(|command| !matches!(command, Command::AbortTask { .. }))
        {
            return Err(TestStateError::InvalidInput(format!(
                "the state '{name}' does work, and cannot be tested without a mock"
            )));
        }
        if has_error && execution.status() == Status::Running {
            break;
        }
        match execution.next_wakeup() {
            Some(time) => now = time,
            None => break,
        }
    }
    Ok(conclude(&execution, &name, has_error))
}

/// The state's `…Exited` event: its place in the history, and the output.
fn exit<'e>(execution: &'e Execution, name: &str) -> Option<(usize, std::borrow::Cow<'e, str>)> {
    execution
        .history()
        .iter()
        .enumerate()
        .find_map(|(at, event)| match &event.details {
            EventDetails::StateExited {
                name: exited, output, ..
            } if **exited == *name => Some((at, output.text())),
            _ => None,
        })
}

fn conclude(execution: &Execution, name: &str, has_error: bool) -> TestStateResult {
    let inspection = execution.inspection();
    let exit = exit(execution, name);
    let next_state = exit.as_ref().and_then(|(at, _)| {
        execution.history()[at + 1..]
            .iter()
            .find_map(|event| match &event.details {
                EventDetails::StateEntered { name, .. } => Some(name.to_string()),
                _ => None,
            })
    });
    let failure = execution.failure().cloned().or_else(|| execution.mocked_failure());
    let (status, output) = match (exit, execution.status()) {
        (Some((_, output)), _) => {
            let status = if has_error {
                TestStatus::CaughtError
            } else {
                TestStatus::Succeeded
            };
            (status, Some(output.into_owned()))
        }
        (None, Status::Running) => (TestStatus::Retriable, None),
        (None, _) => (TestStatus::Failed, None),
    };
    let failure = if status == TestStatus::Succeeded { None } else { failure };
    TestStateResult {
        status,
        output,
        failure,
        next_state,
        inspection,
    }
}

/// The state machine to run, and the state in it that is tested.
fn machine_of(definition: &str, state_name: Option<&str>) -> Result<(StateMachine, Arc<str>), TestStateError> {
    let value = Json::parse(definition).map_err(|_| match StateMachine::parse(definition) {
        Err(error) => TestStateError::InvalidDefinition(error),
        Ok(_) => TestStateError::InvalidInput("the definition is not JSON".to_owned()),
    })?;
    let Some(name) = state_name else {
        let states = alone(NAME, &value);
        return Ok((StateMachine::parse(&machine_text(NAME, states, None))?, NAME.into()));
    };
    StateMachine::parse(definition)?;
    let states = value.get("States").and_then(Json::as_object);
    let Some(state) = states.and_then(|states| states.get(name)) else {
        return Err(TestStateError::InvalidInput(format!(
            "there is no state '{name}' in the definition"
        )));
    };
    let text = machine_text(name, alone(name, state), value.get("QueryLanguage"));
    Ok((StateMachine::parse(&text)?, name.into()))
}

/// The state, with an end at each state that it names as next: what these do is not tested.
fn alone(name: &str, state: &Json) -> Object {
    let mut states = Object::new();
    states.insert(name, state.clone());
    for target in targets(state).into_iter().filter(|target| **target != *name) {
        let mut stub = Object::new();
        stub.insert("Type", "Succeed");
        states.insert(target, stub);
    }
    states
}

fn machine_text(start_at: &str, states: Object, query_language: Option<&Json>) -> String {
    let mut machine = Object::new();
    machine.insert("StartAt", start_at);
    if let Some(query_language) = query_language {
        machine.insert("QueryLanguage", query_language.clone());
    }
    machine.insert("States", states);
    Json::from(machine).to_string()
}

/// The states that a state names as next.
fn targets(state: &Json) -> BTreeSet<Arc<str>> {
    let text = |value: Option<&Json>| value.and_then(Json::as_str).map(Arc::from);
    let items = |key: &str| state.get(key).and_then(Json::as_array).unwrap_or_default().iter();
    let listed = items("Choices")
        .chain(items("Catch"))
        .filter_map(|item| text(item.get("Next")));
    text(state.get("Next"))
        .into_iter()
        .chain(text(state.get("Default")))
        .chain(listed)
        .collect()
}
