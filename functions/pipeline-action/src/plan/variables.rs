//! The output variables of an action.

use std::collections::BTreeMap;

use shared::json::Raw;
use shared::ports::code_pipeline::FailureType;
use shared::state_machine::StateMachineArn;

use super::answer::Answer;
use crate::user_parameters::{RESERVED_VARIABLES, UserParameters};

/// The most bytes that all output variables of an action may have.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>
pub const MAX_VARIABLES: usize = 122_880;

/// The output variables of an execution that succeeded: those of the user parameters and those that are always there.
///
/// # Errors
/// The answer when a variable is not in the output, or the variables together are too long.
pub fn output_variables(
    parameters: &UserParameters,
    state_machine_arn: &str,
    execution_arn: &str,
    output: &str,
) -> Result<BTreeMap<String, String>, Answer> {
    let wrong = |message: String| Answer::fail(FailureType::ConfigurationError, message);
    let mut variables = reserved_variables(state_machine_arn, execution_arn);
    if !parameters.output_variables.is_empty() {
        let output = Raw::parse(output).map_err(|_| {
            wrong("The execution succeeded, but its output is no JSON to take variables from".to_owned())
        })?;
        for (name, path) in &parameters.output_variables {
            let not = |why: &dyn std::fmt::Display| {
                wrong(format!(
                    "The execution succeeded, but `{path}` of output variable `{name}` {why}"
                ))
            };
            let value = path.find(output).ok_or_else(|| not(&"is not in its output"))?;
            variables.insert(name.clone(), value.to_text().map_err(|flaw| not(&flaw))?);
        }
    }
    let length: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if length > MAX_VARIABLES {
        let message = format!("has {length} bytes of output variables, of which CodePipeline takes {MAX_VARIABLES}");
        return Err(wrong(format!("The execution succeeded, but {message}")));
    }
    Ok(variables)
}

/// The output variables that are always there.
#[must_use]
pub(crate) fn reserved_variables(state_machine_arn: &str, execution_arn: &str) -> BTreeMap<String, String> {
    let name = execution_name_in(execution_arn);
    RESERVED_VARIABLES
        .into_iter()
        .zip([execution_arn, name, state_machine_arn])
        .map(own)
        .collect()
}

/// The answer to a job if an approval waits for its execution: the action succeeds.
#[must_use]
pub(crate) fn handed_over(execution_arn: &str) -> Answer {
    let machine = StateMachineArn::of_execution(execution_arn).map(|arn| arn.to_string());
    Answer::Succeed(reserved_variables(&machine.unwrap_or_default(), execution_arn))
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The name in an execution's ARN: `…:execution:MACHINE:NAME`, or `…:express:MACHINE:NAME:ID`.
pub(super) fn execution_name_in(execution_arn: &str) -> &str {
    execution_arn.split(':').nth(7).unwrap_or_default()
}
