//! `stepline run` of a state machine by itself: where no pipeline starts it, or where somebody asks for it.

use super::options::ExecutionOptions;
use super::session::{Session, Trouble};
use crate::display::seconds;
use platform::journal::Happening;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

/// An execution that has ended.
pub(super) struct Ended {
    pub(super) succeeded: bool,
    /// The line that says how.
    pub(super) last: String,
}

/// The state machine that is meant: the one that was asked for by its name, or the only one.
fn machine(session: &Session, asked: Option<&str>) -> Result<String, Trouble> {
    let machines = session.deployment.references("AWS::StepFunctions::StateMachine");
    let name = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
    let named = |asked: &str| machines.iter().find(|arn| **arn == asked || name(arn) == asked);
    let names = || machines.iter().map(|arn| name(arn)).collect::<Vec<_>>().join(", ");
    match (asked, machines.as_slice()) {
        (Some(asked), _) => named(asked)
            .map(|arn| (*arn).to_owned())
            .ok_or_else(|| Trouble::Usage(format!("there is no state machine `{asked}`: there are {}", names()))),
        (None, [only]) => Ok((*only).to_owned()),
        (None, []) => Err(Trouble::Usage(format!(
            "`{}` has neither a pipeline nor a state machine to run",
            session.environment()
        ))),
        (None, _) => Err(Trouble::Usage(format!(
            "`{}` has no pipeline and several state machines: choose one with --state-machine: {}",
            session.environment(),
            names()
        ))),
    }
}

/// The input as it was given: JSON, or the name of a file behind an `@`.
fn input(given: Option<&str>) -> Result<String, Trouble> {
    let text = match given {
        None => return Ok("{}".to_owned()),
        Some(given) => match given.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|error| Trouble::Usage(format!("--input: cannot read `{file}`: {error}")))?,
            None => given.to_owned(),
        },
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Trouble::Usage(format!("--input is no JSON: {error}"))),
    }
}

/// Starts an execution and follows it to its end.
pub(super) async fn execute(session: &Session, options: &ExecutionOptions) -> Result<Ended, Trouble> {
    let machine = machine(session, options.state_machine.as_deref())?;
    let input = input(options.input.as_deref())?;
    let mut journal = session.cloud.journal.follow();
    let asked = json!({"stateMachineArn": machine, "input": input});
    let started = session.call("states", "StartExecution", asked).await?;
    let arn = started["executionArn"].as_str().unwrap_or_default();
    loop {
        let entry = match journal.recv().await {
            Ok(entry) => entry,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return Err(Trouble::Other("the journal is closed".into())),
        };
        if let Happening::ExecutionEnded {
            execution_arn,
            status,
            error,
            cause,
            took,
        } = entry.happening
            && execution_arn == arn
        {
            let succeeded = status == "SUCCEEDED";
            let described = session
                .call("states", "DescribeExecution", json!({"executionArn": arn}))
                .await?;
            let why: Vec<String> = match succeeded {
                true => described["output"].as_str().map(str::to_owned).into_iter().collect(),
                false => [error, cause].into_iter().flatten().collect(),
            };
            let word = if succeeded { "Succeeded" } else { "Failed" };
            let name = machine.rsplit(':').next().unwrap_or_default();
            let last = format!(
                "{word}: state machine {name}, after {}: {}",
                seconds(took),
                why.join(": ")
            );
            return Ok(Ended { succeeded, last });
        }
    }
}
