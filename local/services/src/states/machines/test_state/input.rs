//! The input of TestState, and what each of its members may be.

use platform::ServiceError;
use serde::Deserialize;
use states_language::{Failure, FieldValidation, MockedResult, TestStateConfiguration, TestStateOptions};

/// The most characters of most texts.
const DATA: usize = 262_144;

/// The input:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html#API_TestState_RequestSyntax>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TestState {
    pub(super) definition: String,
    pub(super) role_arn: Option<String>,
    input: Option<String>,
    inspection_level: Option<String>,
    pub(super) reveal_secrets: Option<bool>,
    variables: Option<String>,
    context: Option<String>,
    state_name: Option<String>,
    pub(super) mock: Option<Mock>,
    state_configuration: Option<Configuration>,
}

/// What stands for the state's work.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Mock {
    result: Option<String>,
    error_output: Option<ErrorOutput>,
    field_validation_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorOutput {
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Configuration {
    retrier_retry_count: Option<i64>,
    error_caused_by_state: Option<String>,
    map_iteration_failure_count: Option<i64>,
    map_item_reader_data: Option<String>,
}

/// How much is told of the data on its way through the state. TRACE adds what an HTTP Task sends and gets, and the local run
/// does no HTTP Tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Debug,
    Trace,
}

impl TestState {
    /// Checks what the API's model says of each member.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let mut wrong = self.wrong_lengths();
        self.check_words(&mut wrong);
        let error = self.mock.as_ref().and_then(|mock| mock.error_output.as_ref());
        if error.is_some_and(|error| error.error.is_none()) {
            wrong.push(
                "Value at 'mock.errorOutput.error' failed to satisfy constraint: Member must not be null".to_owned(),
            );
        }
        self.check_counts(&mut wrong);
        match wrong.len() {
            0 => Ok(()),
            1 => Err(ServiceError::validation(format_args!(
                "1 validation error detected: {}",
                wrong[0]
            ))),
            many => Err(ServiceError::validation(format_args!(
                "{many} validation errors detected: {}",
                wrong.join("; ")
            ))),
        }
    }

    /// The texts that are too short or too long.
    fn wrong_lengths(&self) -> Vec<String> {
        let mock = self.mock.as_ref();
        let error = mock.and_then(|mock| mock.error_output.as_ref());
        let configuration = self.state_configuration.as_ref();
        let result = mock.and_then(|mock| mock.result.as_ref());
        let caused_by = configuration.and_then(|it| it.error_caused_by_state.as_ref());
        let data = configuration.and_then(|it| it.map_item_reader_data.as_ref());
        let name = error.and_then(|it| it.error.as_ref());
        let cause = error.and_then(|it| it.cause.as_ref());
        let texts = [
            ("definition", Some(&self.definition), 1, 1_048_576),
            ("roleArn", self.role_arn.as_ref(), 1, 256),
            ("input", self.input.as_ref(), 0, DATA),
            ("variables", self.variables.as_ref(), 0, DATA),
            ("context", self.context.as_ref(), 0, DATA),
            ("stateName", self.state_name.as_ref(), 1, 80),
            ("mock.result", result, 0, DATA),
            ("mock.errorOutput.error", name, 0, 256),
            ("mock.errorOutput.cause", cause, 0, 32_768),
            ("stateConfiguration.errorCausedByState", caused_by, 1, 80),
            ("stateConfiguration.mapItemReaderData", data, 0, DATA),
        ];
        let wrong = texts.into_iter().filter_map(|(at, text, least, most)| {
            let bound = match text?.chars().count() {
                length if length < least => format!("greater than or equal to {least}"),
                length if length > most => format!("less than or equal to {most}"),
                _ => return None,
            };
            Some(format!(
                "Value at '{at}' failed to satisfy constraint: Member must have length {bound}"
            ))
        });
        wrong.collect()
    }

    fn check_counts(&self, wrong: &mut Vec<String>) {
        let configuration = self.state_configuration.as_ref();
        let retries = configuration.and_then(|it| it.retrier_retry_count);
        let failures = configuration.and_then(|it| it.map_iteration_failure_count);
        for (at, count) in [("retrierRetryCount", retries), ("mapIterationFailureCount", failures)] {
            if let Some(count) = count.filter(|count| *count < 0) {
                wrong.push(format!(
                    "Value '{count}' at 'stateConfiguration.{at}' failed to satisfy constraint: Member must have value \
                     greater than or equal to 0"
                ));
            }
        }
    }

    fn check_words(&self, wrong: &mut Vec<String>) {
        let mode = self
            .mock
            .as_ref()
            .and_then(|mock| mock.field_validation_mode.as_deref());
        let words = [
            (
                "inspectionLevel",
                self.inspection_level.as_deref(),
                ["INFO", "DEBUG", "TRACE"],
            ),
            ("mock.fieldValidationMode", mode, ["STRICT", "PRESENT", "NONE"]),
        ];
        for (at, word, known) in words {
            if let Some(word) = word.filter(|word| !known.contains(word)) {
                let known = known.join(", ");
                wrong.push(format!(
                    "Value '{word}' at '{at}' failed to satisfy constraint: Member must satisfy enum value set: [{known}]"
                ));
            }
        }
    }

    /// How much is told.
    pub(super) fn level(&self) -> Level {
        match self.inspection_level.as_deref() {
            Some("DEBUG") => Level::Debug,
            Some("TRACE") => Level::Trace,
            _ => Level::Info,
        }
    }

    /// What the interpreter is to test with.
    pub(super) fn options(&mut self) -> Result<TestStateOptions, ServiceError> {
        if self.reveal_secrets == Some(true) && self.mock.is_some() {
            return Err(ServiceError::validation(
                "TestState does not support RevealSecrets when a mock is specified.",
            ));
        }
        let field_validation = self.mock.as_ref().map(Mock::field_validation).unwrap_or_default();
        let mock = self.mock.take().map(Mock::result).transpose()?;
        let configuration = self.state_configuration.take().unwrap_or_default();
        Ok(TestStateOptions {
            input: self.input.take().unwrap_or_default(),
            variables: self.variables.take(),
            context: self.context.take(),
            mock,
            field_validation,
            configuration: TestStateConfiguration {
                retrier_retry_count: configuration.retrier_retry_count.and_then(|it| u32::try_from(it).ok()),
                error_caused_by_state: configuration.error_caused_by_state,
                map_iteration_failure_count: configuration
                    .map_iteration_failure_count
                    .and_then(|it| usize::try_from(it).ok()),
                map_item_reader_data: configuration.map_item_reader_data,
            },
            state_name: self.state_name.take(),
            role_arn: self.role_arn.take().map(Into::into),
            ..TestStateOptions::default()
        })
    }
}

impl Mock {
    fn field_validation(&self) -> FieldValidation {
        match self.field_validation_mode.as_deref() {
            Some("PRESENT") => FieldValidation::Present,
            Some("NONE") => FieldValidation::None,
            _ => FieldValidation::Strict,
        }
    }

    fn result(self) -> Result<MockedResult, ServiceError> {
        match (self.result, self.error_output) {
            (Some(result), None) => Ok(MockedResult::Result(result)),
            (None, Some(output)) => Ok(MockedResult::Error(Failure {
                error: output.error.map(Into::into),
                cause: output.cause.map(Into::into),
            })),
            _ => Err(ServiceError::validation(
                "A test mock should have only one of the following fields: [result, errorOutput].",
            )),
        }
    }
}
