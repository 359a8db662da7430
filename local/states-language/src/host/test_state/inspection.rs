//! What TestState shows of a state's data.

use crate::definition::Stage;
use crate::text::Json;

/// The data on its way through a state, as JSON text; what the state does not have, or did not come to, is nothing. See
/// [InspectionData](https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html), whose `request`
/// and `response` are those of HTTP Tasks, which the host does.
///
/// AWS shows nothing of a Parallel's data before its result, and no `result` of a Parallel or a Map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// The input, as it was given.
    pub input: Option<String>,
    /// The input after `InputPath`, in JSONPath states.
    pub after_input_path: Option<String>,
    /// The input after `Parameters`, in JSONPath states.
    pub after_parameters: Option<String>,
    /// The evaluated `Arguments`, in JSONata states.
    pub after_arguments: Option<String>,
    /// A Map's items after `ItemsPath`, in JSONPath states.
    pub after_items_path: Option<String>,
    /// A Map's items after its reader's `ItemsPointer`.
    pub after_items_pointer: Option<String>,
    /// The inputs of a Map's iterations after `ItemSelector`: a JSON array.
    pub after_item_selector: Option<String>,
    /// The inputs of a Map's iterations after `ItemBatcher`: a JSON array.
    pub after_item_batcher: Option<String>,
    /// The result of a Task's work, and a Pass state's `Result`.
    pub result: Option<String>,
    /// The result after `ResultSelector`, in JSONPath states.
    pub after_result_selector: Option<String>,
    /// The result in its place in the input, in JSONPath states.
    pub after_result_path: Option<String>,
    /// The variables after the state, a JSON object, if there are any.
    pub variables: Option<String>,
    /// A Map's `MaxConcurrency`; 0 where it has none.
    pub max_concurrency: Option<u64>,
    /// A Map's `ToleratedFailureCount`.
    pub tolerated_failure_count: Option<u64>,
    /// A Map's `ToleratedFailurePercentage`, from 0 to 100.
    pub tolerated_failure_percentage: Option<f64>,
    /// What became of an error.
    pub error_details: Option<ErrorDetails>,
}

/// What became of an error. See
/// [InspectionErrorDetails](https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionErrorDetails.html).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ErrorDetails {
    /// The place in `Catch` of the catcher that took it, from 0.
    pub catch_index: Option<usize>,
    /// The place in `Retry` of the retrier that it is the business of, from 0, even if that has given up.
    pub retry_index: Option<usize>,
    /// After how many seconds that retrier tries again.
    pub retry_backoff_interval_seconds: Option<f64>,
}

impl Inspection {
    pub(super) fn see(&mut self, stage: Stage, value: &Json) {
        let field = match stage {
            Stage::InputPath => &mut self.after_input_path,
            Stage::Parameters => &mut self.after_parameters,
            Stage::Result => &mut self.result,
            Stage::ResultSelector => &mut self.after_result_selector,
            Stage::ResultPath => &mut self.after_result_path,
        };
        *field = Some(value.to_string());
    }

    /// The details of an error, which are there from now on.
    pub(super) fn error(&mut self) -> &mut ErrorDetails {
        self.error_details.get_or_insert_default()
    }
}
