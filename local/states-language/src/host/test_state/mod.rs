//! Testing one state, as
//! [TestState](https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html) does.
//!
//! A test is two halves: [`StateTest::begin`] goes through a state up to its work, and [`StateTest::end`] from there. A
//! mock stands for the work; without one, the host does what [`StateTest::request`] asks for in between.

mod begin;
mod checks;
mod context;
mod inspection;
mod maps;
mod options;
mod raise;
mod result;
mod subject;
mod view;

pub use begin::{StateTest, TestProgress};
pub use inspection::{ErrorDetails, Inspection};
pub use options::{FieldValidation, MockedResult, ResultCheck, TestStateConfiguration, TestStateOptions};
pub use result::{TestStateError, TestStateResult, TestStatus};

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
///
/// # Errors
/// What TestState would refuse, and a Task without a mock: this function calls nothing. [`StateTest`] lets a host do so.
pub fn test_state(definition: &str, options: TestStateOptions) -> Result<TestStateResult, TestStateError> {
    match StateTest::begin(definition, options)? {
        TestProgress::Ended(result) => Ok(*result),
        TestProgress::Calls(test) => Err(TestStateError::Validation(format!(
            "the state '{}' does work, and cannot be tested without a mock",
            test.request().state
        ))),
    }
}
