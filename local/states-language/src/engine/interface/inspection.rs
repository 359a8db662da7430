//! What TestState shows of a state's data.

/// The data on its way through a state, as JSON text; what the state does not have is nothing. See
/// [InspectionData](https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The input.
    pub input: Option<String>,
    /// The input after `InputPath`, in JSONPath states.
    pub after_input_path: Option<String>,
    /// The input after `Parameters`, in JSONPath states.
    pub after_parameters: Option<String>,
    /// The evaluated `Arguments`, in JSONata states.
    pub after_arguments: Option<String>,
    /// The result of the state's work.
    pub result: Option<String>,
}
