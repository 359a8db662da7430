//! An execution of a state machine, by CodePipeline's own action: the one to compare `pipeline-action` with.
//!
//! It waits for a standard state machine. What an express one does after its start it does not see. See
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html>.

use super::archive;
use crate::codepipeline::work::{Done, Failure, Work};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest that the action waits. The execution goes on.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>.
const TIMEOUT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The most characters of an error's message.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ErrorDetails.html>.
const MAX_MESSAGE: usize = 5000;

/// The file in the output artifact.
const OUTPUT: &str = "output.json";

pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    let machine = work.configured("StateMachineArn").to_owned();
    let call = |operation: &'static str, input: Value| work.platform.call(&work.caller, "states", operation, input);
    // A version or an alias is of its machine's type.
    let unqualified = machine.splitn(8, ':').take(7).collect::<Vec<_>>().join(":");
    let described = call("DescribeStateMachine", json!({"stateMachineArn": unqualified})).await?;
    let is_express = described["type"] == "EXPRESS";
    if is_express && !work.outputs.is_empty() {
        let message = "Output artifacts are not supported for express state machines";
        return Err(Failure::new("ConfigurationError", message));
    }
    let started = json!({"stateMachineArn": machine, "name": name(&work), "input": input(&work).await?});
    let started = call("StartExecution", started).await?;
    let execution = started["executionArn"].as_str().unwrap_or_default().to_owned();
    work.execution
        .update_action(work.run_id, |run| run.external_id = Some(execution.clone()));
    let mut variables = BTreeMap::from([("StateMachineArn".to_owned(), machine)]);
    if is_express {
        return Ok(Done {
            variables,
            outputs: Vec::new(),
            external_id: Some(execution),
            summary: None,
        });
    }
    // CodePipeline looks again and again; here it is told when there is something to see.
    let ended = tokio::time::timeout(TIMEOUT, work.platform.ongoing.end(&execution)).await;
    let described = call("DescribeExecution", json!({"executionArn": execution})).await?;
    if let Some(message) = failure(&described, ended.is_err()) {
        return Err(Failure {
            external_id: Some(execution),
            ..Failure::new("JobFailed", message)
        });
    }
    if let [artifact] = work.outputs.as_slice() {
        let output = described["output"].as_str().unwrap_or_default();
        archive::put_file(&work, artifact, OUTPUT, output.as_bytes()).await?;
    }
    variables.insert("ExecutionArn".to_owned(), execution.clone());
    Ok(Done {
        variables,
        outputs: work.outputs,
        external_id: Some(execution),
        summary: None,
    })
}

/// The execution's name: the id of the action's execution, behind the prefix.
fn name(work: &Work<'_>) -> String {
    match work.configured("ExecutionNamePrefix") {
        "" => work.run_id.to_owned(),
        prefix => format!("{prefix}-{}", work.run_id),
    }
}

/// The execution's input: said in the configuration, or a file of the input artifact.
async fn input(work: &Work<'_>) -> Result<String, Failure> {
    let given = work.configured("Input");
    let invalid = |message: String| Failure::new("ConfigurationError", message);
    match work.configured("InputType") {
        "" | "Literal" if given.is_empty() => Ok("{}".to_owned()),
        "" | "Literal" => Ok(given.to_owned()),
        "FilePath" => {
            let [artifact] = work.inputs.as_slice() else {
                return Err(invalid(
                    "with the InputType FilePath, it needs an input artifact".into(),
                ));
            };
            let file = archive::file(work, artifact, given).await?;
            String::from_utf8(file).map_err(|_| invalid(format!("the file `{given}` is not UTF-8")))
        }
        other => Err(invalid(format!(
            "the InputType is `{other}`, neither Literal nor FilePath"
        ))),
    }
}

/// Why an execution does not count as succeeded. AWS documents no words for it: these begin alike, and say what
/// DescribeExecution says.
fn failure(execution: &Value, timed_out: bool) -> Option<String> {
    let of = |field: &str| execution[field].as_str().filter(|text| !text.is_empty());
    let status = match of("status") {
        Some("SUCCEEDED") => return None,
        Some("RUNNING") if timed_out => {
            return Some("The action has run for 7 days, the most that CodePipeline waits".into());
        }
        status => status.unwrap_or("unknown"),
    };
    let arn = of("executionArn").unwrap_or_default();
    let mut message = format!("The state machine execution {arn} ended with the status {status}");
    for (word, field) in [("Error", "error"), ("Cause", "cause")] {
        if let Some(text) = of(field) {
            message += &format!(". {word}: {text}");
        }
    }
    // An error's message is cut where AWS's model ends it.
    Some(message.chars().take(MAX_MESSAGE).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_that_did_not_succeed_says_why() {
        let begin = "The state machine execution arn ended with the status";
        for (execution, timed_out, expected) in [
            (json!({"status": "SUCCEEDED"}), false, None),
            (
                json!({"executionArn": "arn", "status": "FAILED", "error": "E", "cause": "C"}),
                false,
                Some(format!("{begin} FAILED. Error: E. Cause: C")),
            ),
            (
                json!({"executionArn": "arn", "status": "TIMED_OUT"}),
                false,
                Some(format!("{begin} TIMED_OUT")),
            ),
            (
                json!({"executionArn": "arn", "status": "RUNNING"}),
                true,
                Some("The action has run for 7 days, the most that CodePipeline waits".to_owned()),
            ),
        ] {
            assert_eq!(failure(&execution, timed_out), expected, "{execution}");
        }
    }
}
