//! `stepline run` of a state machine by itself: where no pipeline starts it, or where somebody asks for it.

use super::session::{Session, Trouble};
use crate::display::seconds;
use platform::journal::{Happening, Unheard};
use serde_json::{Value, json};
use states_language::STOPPED_AFTER_STATE;
use std::time::Duration;

/// An execution that has ended.
pub(super) struct Ended {
    /// `Succeeded`, `Failed`, or `Stopped` where it was stopped after the state that was asked for.
    pub(super) status: &'static str,
    /// The line that says how.
    pub(super) last: String,
    /// The execution's ARN; none of one that leaves no history.
    pub(super) execution: Option<String>,
}

/// The state machines of the environment: their logical ids and ARNs.
pub(super) fn machines(session: &Session) -> Vec<(&str, &str)> {
    let stacks = session.deployment.own().flat_map(|stack| &stack.resources);
    stacks
        .filter(|(_, (kind, made))| kind == "AWS::StepFunctions::StateMachine" && !made.is_stand_in)
        .filter_map(|(id, (_, made))| Some((id.as_str(), made.reference.as_str()?)))
        .collect()
}

/// The state machine that is meant: the one that was asked for by its name, its logical id or its ARN, or the only one.
pub(super) fn machine(session: &Session, asked: Option<&str>) -> Result<String, Trouble> {
    let machines = machines(session);
    let named = |asked: &str| {
        let is_it = |(id, arn): &&(&str, &str)| *id == asked || *arn == asked || name(arn) == asked;
        machines.iter().find(is_it).map(|(_, arn)| (*arn).to_owned())
    };
    let names = || machines.iter().map(|(_, arn)| name(arn)).collect::<Vec<_>>().join(", ");
    let environment = session.environment();
    match (asked, machines.as_slice()) {
        (Some(asked), _) => {
            let known = || format!("there is no state machine `{asked}`: there are {}", names());
            named(asked).ok_or_else(|| Trouble::Usage(known()))
        }
        (None, [(_, only)]) => Ok((*only).to_owned()),
        (None, []) => Err(Trouble::Usage(format!(
            "`{environment}` has neither a pipeline nor a state machine to run"
        ))),
        (None, _) => Err(Trouble::Usage(format!(
            "`{environment}` has no pipeline and several state machines: choose one with --state-machine: {}",
            names()
        ))),
    }
}

/// The name in a state machine's ARN, or in an execution's.
pub(super) fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
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

/// Starts an execution and follows it to its end. `taken_over` is its input where none is given.
pub(super) async fn execute(
    session: &Session,
    machine: String,
    given: Option<&str>,
    taken_over: Option<String>,
) -> Result<Ended, Trouble> {
    let input = match (given, taken_over) {
        (None, Some(input)) => input,
        (given, _) => input(given)?,
    };
    let asked = json!({"stateMachineArn": machine, "input": input});
    let described = json!({"stateMachineArn": machine});
    let described = session.call("states", "DescribeStateMachine", described).await?;
    let ended = match described["type"] == "EXPRESS" {
        // What became of it is in its log alone, unless somebody waits for it.
        true => session.call("states", "StartSyncExecution", asked).await?,
        false => standard(session, asked).await?,
    };
    let text = |field: &str| ended[field].as_str().map(str::to_owned);
    let word = match ended["status"].as_str() {
        Some("SUCCEEDED") => "Succeeded",
        Some("ABORTED") if ended["error"] == STOPPED_AFTER_STATE => "Stopped",
        _ => "Failed",
    };
    let said: Vec<String> = match word {
        "Succeeded" => text("output").into_iter().collect(),
        "Stopped" => last_output(session, &ended["executionArn"])
            .await?
            .into_iter()
            .collect(),
        _ => [text("error"), text("cause")].into_iter().flatten().collect(),
    };
    let took = ended["stopDate"].as_f64().unwrap_or_default() - ended["startDate"].as_f64().unwrap_or_default();
    let took = seconds(Duration::try_from_secs_f64(took).unwrap_or_default());
    let last = format!(
        "{word}: state machine {}, after {took}: {}",
        name(&machine),
        said.join(": ")
    );
    let execution = text("executionArn").filter(|_| described["type"] != "EXPRESS");
    Ok(Ended {
        status: word,
        last,
        execution,
    })
}

/// What the last state of an execution left.
async fn last_output(session: &Session, execution: &Value) -> Result<Option<String>, Trouble> {
    let asked = json!({"executionArn": execution, "reverseOrder": true, "maxResults": 2});
    let history = session.call("states", "GetExecutionHistory", asked).await?;
    let mut events = history["events"].as_array().into_iter().flatten();
    let output = events.find_map(|event| event["stateExitedEventDetails"]["output"].as_str());
    Ok(output.map(str::to_owned))
}

/// A standard execution, as DescribeExecution answers when it has ended.
async fn standard(session: &Session, asked: Value) -> Result<Value, Trouble> {
    let mut journal = session.cloud.journal.follow();
    let started = session.call("states", "StartExecution", asked).await?;
    let arn = started["executionArn"].as_str().unwrap_or_default();
    loop {
        match journal.recv().await {
            Ok(entry) => {
                if let Happening::ExecutionEnded { execution_arn, .. } = entry.happening
                    && execution_arn == arn
                {
                    let described = json!({"executionArn": arn});
                    return session.call("states", "DescribeExecution", described).await;
                }
            }
            Err(Unheard::Lagged(_)) => {}
            Err(Unheard::Closed) => return Err(Trouble::Other("the journal is closed".into())),
        }
    }
}
