//! The way through a state, up to its work and from there.

use std::sync::Arc;

use jiff::SignedDuration;

use super::checks::{self, Mock};
use super::context;
use super::inspection::Inspection;
use super::options::TestStateOptions;
use super::result::{TestStateError, TestStateResult, TestStatus};
use super::subject::Subject;
use super::view::{Seen, View};
use crate::definition::{Body, Exit, MAX_PAYLOAD, Parallel, Stage, State, Task, Wait, check, too_long};
use crate::engine::{TaskId, TaskRequest};
use crate::expression::{Failure, QueryLanguage, Random, StateError, Variables};
use crate::text::Json;

/// A test goes on no longer than this.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// A test that waits for what its state calls.
///
/// ```
/// use states_language::{Failure, StateTest, TestProgress, TestStateOptions, TestStatus};
///
/// let definition = r#"{
///     "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
///     "Parameters": {"QueueUrl": "orders", "MessageBody.$": "$.order"}, "End": true
/// }"#;
/// let options = TestStateOptions {
///     input: r#"{"order": "tea"}"#.into(),
///     role_arn: Some("arn:aws:iam::123456789012:role/states".into()),
///     ..TestStateOptions::default()
/// };
/// let TestProgress::Calls(test) = StateTest::begin(definition, options)? else {
///     panic!("a Task without a mock calls its service");
/// };
/// assert_eq!(test.request().parameters.to_string(), r#"{"QueueUrl":"orders","MessageBody":"tea"}"#);
/// let result = test.end(Ok(r#"{"MessageId": "1"}"#));
/// assert_eq!(result.status, TestStatus::Succeeded);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StateTest {
    test: Test,
    request: TaskRequest,
}

/// How far a test has come.
#[derive(Debug)]
pub enum TestProgress {
    /// To its end.
    Ended(Box<TestStateResult>),
    /// To a call, which the host is to make.
    Calls(Box<StateTest>),
}

impl StateTest {
    /// Goes through a state up to its work; with a mock, or in a state that has none, to its end.
    ///
    /// # Errors
    /// What TestState would refuse.
    pub fn begin(definition: &str, options: TestStateOptions) -> Result<TestProgress, TestStateError> {
        Test::new(definition, options)?.run()
    }

    /// The call that the state makes.
    #[must_use]
    pub fn request(&self) -> &TaskRequest {
        &self.request
    }

    /// Ends the test with what the call has brought: JSON text, or an error.
    #[must_use]
    pub fn end(self: Box<Self>, outcome: Result<&str, Failure>) -> TestStateResult {
        let mut test = self.test;
        let text = match outcome {
            Ok(text) => text,
            Err(failure) => return test.raise(failure),
        };
        if text.len() > MAX_PAYLOAD {
            let cause = too_long(&test.state().common.name);
            return test.raise(Failure::new("States.DataLimitExceeded", cause));
        }
        match Json::parse(text) {
            Ok(result) => {
                test.inspection.result = Some(text.to_owned());
                test.worked(result)
            }
            Err(error) => test.raise(Failure::new(
                "States.Runtime",
                format!("the result is not JSON: {error}"),
            )),
        }
    }
}

/// A test under way.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) subject: Subject,
    pub(super) options: TestStateOptions,
    pub(super) view: View,
    pub(super) inspection: Inspection,
    mock: Option<Mock>,
}

impl Test {
    fn new(definition: &str, options: TestStateOptions) -> Result<Test, TestStateError> {
        let subject = Subject::find(definition, options.state_name.as_deref())?;
        let mock = checks::check(&subject, &options)?;
        let text = match options.input.trim() {
            "" => "{}",
            _ => &options.input,
        };
        let input = Json::parse(text).map_err(|error| TestStateError::InvalidExecutionInput(error.to_string()))?;
        let mut variables = Variables::default();
        if let Some(text) = &options.variables {
            let Ok(Json::Object(given)) = Json::parse(text) else {
                let why = "Variables must be a JSON object".to_owned();
                return Err(TestStateError::Validation(why));
            };
            let values: Vec<_> = given
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            variables.assign(&values);
        }
        let random = Random::new(options.start.random_seed);
        let context = context::of(&subject, &options, &input, &random)?;
        let inspection = Inspection {
            input: Some(text.to_owned()),
            ..Inspection::default()
        };
        let now = options.now;
        Ok(Test {
            subject,
            view: View {
                input,
                context,
                variables,
                random,
                now,
            },
            inspection,
            options,
            mock,
        })
    }

    pub(super) fn state(&self) -> Arc<State> {
        Arc::clone(self.subject.state())
    }

    fn run(mut self) -> Result<TestProgress, TestStateError> {
        let state = self.state();
        let result = match &state.body {
            Body::Task(task) => return Ok(self.task(&state, task)),
            Body::Map(map) => match self.map(&state, map)? {
                Ok(()) => self.take_mock(),
                Err(result) => result,
            },
            Body::Parallel(parallel) => match self.parallel(&state, parallel) {
                Ok(()) => self.take_mock(),
                Err(error) => self.error(error),
            },
            Body::Pass(pass) => {
                let seen = &mut self.inspection;
                let exit = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
                    pass.run_seen(&state.common, scope, |stage, value| seen.see(stage, value))
                });
                self.leave(exit, state.next)
            }
            Body::Choice(choice) => self.unchanged(&state, |test| {
                let chosen = test.view.evaluate(&state.common.name, Seen::default(), |scope| {
                    choice.run(&state.common, scope)
                });
                match chosen {
                    Ok((next, exit)) => test.leave(Ok(exit), Some(next)),
                    Err(error) => test.error(error),
                }
            }),
            Body::Wait(wait) => self.unchanged(&state, |test| test.wait(&state, wait)),
            Body::Succeed => self.unchanged(&state, |test| test.pass_on(&state)),
            Body::Fail(fail) => self.unchanged(&state, |test| {
                let failure = test
                    .view
                    .evaluate(&state.common.name, Seen::default(), |scope| fail.failure(scope));
                match failure {
                    Ok(failure) => test.raise(failure),
                    Err(error) => test.error(error),
                }
            }),
        };
        Ok(TestProgress::Ended(Box::new(result)))
    }

    /// Sees the input after `InputPath`, where the state has one, and goes on.
    fn unchanged(&mut self, state: &State, goes_on: impl FnOnce(&mut Test) -> TestStateResult) -> TestStateResult {
        match self.effective_input(state) {
            Ok(_) => goes_on(self),
            Err(error) => self.error(error),
        }
    }

    /// The input after `InputPath`, which is seen in a JSONPath state.
    pub(super) fn effective_input(&mut self, state: &State) -> Result<Json, StateError> {
        let input = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
            state.common.effective_input(scope)
        })?;
        if state.common.language == QueryLanguage::JsonPath {
            self.inspection.see(Stage::InputPath, &input);
        }
        Ok(input)
    }

    fn wait(&mut self, state: &State, wait: &Wait) -> TestStateResult {
        let until = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
            wait.until(&state.common, scope)
        });
        match until {
            Ok(until) if until.duration_since(self.view.now) > LONGEST => self.failed(timeout()),
            Ok(_) => self.pass_on(state),
            Err(error) => self.error(error),
        }
    }

    /// Leaves a state that has no result.
    fn pass_on(&mut self, state: &State) -> TestStateResult {
        let exit = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
            state.common.exit_unchanged(scope)
        });
        self.leave(exit, state.next)
    }

    fn task(mut self, state: &State, task: &Task) -> TestProgress {
        let request = match self.call(state, task) {
            Ok(request) => request,
            Err(error) => return TestProgress::Ended(Box::new(self.error(error))),
        };
        match &self.mock {
            None => TestProgress::Calls(Box::new(StateTest { test: self, request })),
            Some(_) => TestProgress::Ended(Box::new(self.take_mock())),
        }
    }

    /// The call that a task makes.
    fn call(&mut self, state: &State, task: &Task) -> Result<TaskRequest, StateError> {
        self.effective_input(state)?;
        let call = self.view.evaluate(&state.common.name, Seen::default(), |scope| {
            task.call(&state.common, scope)
        })?;
        let parameters = call.parameters.to_string();
        match state.common.language {
            QueryLanguage::JsonPath => self.inspection.after_parameters = Some(parameters),
            QueryLanguage::Jsonata => self.inspection.after_arguments = Some(parameters),
        }
        check(&state.common.name, &call.parameters).map_err(|error| match error {
            StateError::TooLong(cause) => StateError::Failure(Failure::new("States.DataLimitExceeded", cause)),
            other => other,
        })?;
        let start = &self.options.start;
        if let Some(reason) = start
            .refusal
            .and_then(|refusal| refusal(&task.integration, &call.parameters))
        {
            let parameters = &call.parameters;
            return Err(StateError::Runtime(format!(
                "The Parameters '{parameters}' could not be used to start the Task: [{reason}]"
            )));
        }
        Ok(TaskRequest {
            id: TaskId(1),
            state: state.common.name.clone(),
            retry_count: self.options.configuration.retrier_retry_count.unwrap_or_default(),
            resource: task.resource.clone(),
            integration: task.integration.clone(),
            parameters: call.parameters,
            token: None,
            credentials_role_arn: call.credentials_role_arn,
            timeout_seconds: call.timeout_seconds,
            heartbeat_seconds: call.heartbeat_seconds,
            execution_arn: start.execution_arn().into(),
        })
    }

    /// Looks at what each branch would get, of which AWS shows nothing.
    fn parallel(&self, state: &State, parallel: &Parallel) -> Result<(), StateError> {
        self.view.evaluate(&state.common.name, Seen::default(), |scope| {
            parallel.input(&state.common, scope)
        })?;
        Ok(())
    }

    /// Takes the mock for the state's work.
    fn take_mock(&mut self) -> TestStateResult {
        match self.mock.take() {
            Some(Ok(result)) => {
                if matches!(self.subject.state().body, Body::Task(_)) {
                    self.inspection.result = Some(result.to_string());
                }
                self.worked(result)
            }
            Some(Err(failure)) => self.raise(failure),
            None => self.failed(Failure::new("States.Runtime", "the state does work, and has no mock")),
        }
    }

    /// The state's work is done.
    fn worked(&mut self, result: Json) -> TestStateResult {
        let state = self.state();
        let seen = Seen {
            result: Some(&result),
            ..Seen::default()
        };
        let inspection = &mut self.inspection;
        let exit = self.view.evaluate(&state.common.name, seen, |scope| {
            state
                .common
                .exit_seen(scope, result.clone(), |stage, value| inspection.see(stage, value))
        });
        self.leave(exit, state.next)
    }

    fn leave(&mut self, exit: Result<Exit, StateError>, next: Option<usize>) -> TestStateResult {
        let exit = match exit {
            Ok(exit) => exit,
            Err(error) => return self.error(error),
        };
        let next = next.and_then(|next| self.subject.levels[0].name(next));
        self.end(TestStatus::Succeeded, Some(exit), None, next)
    }

    /// The state could not go on.
    pub(super) fn error(&mut self, error: StateError) -> TestStateResult {
        match error {
            StateError::Runtime(cause) | StateError::Unrecorded(cause) => {
                self.failed(Failure::new("States.Runtime", cause))
            }
            StateError::TooLong(cause) => self.failed(Failure::new("States.DataLimitExceeded", cause)),
            StateError::Query { cause, .. } => self.raise(Failure::new("States.QueryEvaluationError", cause)),
            StateError::Failure(failure) => self.raise(failure),
        }
    }

    /// The test ends in an error that nothing retries or catches.
    pub(super) fn failed(&mut self, failure: Failure) -> TestStateResult {
        self.end(TestStatus::Failed, None, Some(failure), None)
    }

    pub(super) fn end(
        &mut self,
        status: TestStatus,
        exit: Option<Exit>,
        failure: Option<Failure>,
        next_state: Option<String>,
    ) -> TestStateResult {
        if let Some(assigned) = exit.as_ref().and_then(|exit| exit.assigned.as_ref()) {
            self.view.variables.assign(assigned);
        }
        let mut inspection = std::mem::take(&mut self.inspection);
        let variables = self.view.variables.own();
        let variables = variables.fold(crate::text::Object::new(), |mut all, (name, value)| {
            all.insert(name.clone(), value.clone());
            all
        });
        if !variables.is_empty() {
            inspection.variables = Some(Json::from(variables).to_string());
        }
        // What is handed on as it came is told as it was written.
        let output = exit.map(|exit| match &inspection.input {
            Some(input) if exit.output.is_same(&self.view.input) => input.clone(),
            _ => exit.output.to_string(),
        });
        TestStateResult {
            status,
            output,
            failure,
            next_state,
            inspection,
        }
    }
}

/// The test has gone on for too long.
fn timeout() -> Failure {
    Failure {
        error: Some("States.Timeout".into()),
        cause: None,
    }
}
