//! What a state is tested with.

use std::sync::Arc;

use jiff::Timestamp;

use crate::definition::Integration;
use crate::engine::StartOptions;
use crate::expression::Failure;
use crate::text::Json;

/// What a state is tested with.
///
/// See [TestState](https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html).
#[derive(Clone, Debug, Default)]
pub struct TestStateOptions {
    /// The input, as JSON text; `{}` where it is empty.
    pub input: String,
    /// Variables, as the text of a JSON object.
    pub variables: Option<String>,
    /// The context object, as the text of a JSON object. It is taken as it is: what it does not have is not there.
    /// Only with a mock.
    pub context: Option<String>,
    /// What the work of a Task, Parallel or Map brings; no other state takes one. Parallels, Maps, activities, `.sync` and
    /// `.waitForTaskToken` need one.
    pub mock: Option<MockedResult>,
    /// How strictly a mocked result is held against the API of what the state calls.
    pub field_validation: FieldValidation,
    /// What knows those APIs. Nothing knows none, and takes every result.
    pub result_check: Option<ResultCheck>,
    /// What has happened before, for the state under test.
    pub configuration: TestStateConfiguration,
    /// Which state to test, where the definition is a whole state machine; it may be inside of a Map or a Parallel.
    pub state_name: Option<String>,
    /// The role that the state runs as. A Task without a mock needs one.
    pub role_arn: Option<Arc<str>>,
    /// When the test is.
    pub now: Timestamp,
    /// Where the state runs, and the seed of its randomness. `role_arn`, and what only executions have, is not looked at.
    pub start: StartOptions,
}

/// What has happened before, and what an item reader reads.
///
/// See [TestStateConfiguration](https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestStateConfiguration.html).
/// All of it is only with a mock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestStateConfiguration {
    /// How often the retrier that matches the mocked error has tried already.
    pub retrier_retry_count: Option<u32>,
    /// The state within a Map or a Parallel that the mocked error is of.
    pub error_caused_by_state: Option<String>,
    /// How many of a Map's iterations have failed.
    pub map_iteration_failure_count: Option<usize>,
    /// What a Map's `ItemReader` reads: the object's text, or for `listObjectsV2` the list as a JSON array.
    pub map_item_reader_data: Option<String>,
}

/// What stands for a state's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MockedResult {
    /// It succeeds with this JSON text.
    Result(String),
    /// It fails.
    Error(Failure),
}

/// How strictly a mocked result is held against the API of what the state calls: `fieldValidationMode` of
/// [MockInput](https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FieldValidation {
    /// All required fields are there, and those that are there are right.
    #[default]
    Strict,
    /// The fields that are there are right.
    Present,
    /// Everything is taken.
    None,
}

/// Says why an integration's API has no such result, where it has not.
pub type ResultCheck = fn(&Integration, FieldValidation, &Json) -> Result<(), String>;
