//! A part of a run: `--from` one state of the state machine, `--until` another, and what `--watch` plays after a change.

use super::execute;
use super::options::PartOptions;
use super::session::{Session, Trouble};
use crate::again::{self, Again};
use crate::command;
use platform::journal::Happening;
use serde_json::{Value, json};
use services::states::{Part, PartError};
use states_language::closest;

/// What stands ready to be played.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// The state machine that is run by itself, in the place of the pipeline.
    pub(super) alone: Option<String>,
    /// The input of the execution whose results it begins with.
    pub(super) input: Option<String>,
}

/// Has the next execution of the state machine that is meant play the part that the options ask for.
///
/// `machine` is the state machine that is to be run by itself, where one is.
pub(super) async fn prepare(
    session: &Session,
    options: &PartOptions,
    machine: Option<&str>,
) -> Result<Prepared, Trouble> {
    let mut part = Part {
        from: options.from.clone(),
        until: options.until.clone(),
    };
    let mut alone = machine.map(str::to_owned);
    let again = match &options.after_change {
        Some(files) if !files.is_empty() && part.from.is_none() => {
            let machines = execute::machines(session);
            let machines: Vec<&str> = machines.iter().map(|(_, arn)| *arn).collect();
            let again = again::after(&session.cloud, &machines, files).await;
            again.map_err(|trouble| Trouble::Other(trouble.to_string()))?
        }
        _ => Again::Whole,
    };
    let is_alone = matches!(again, Again::Machine { .. });
    let arn = match again {
        // Whoever asked for one machine by itself goes on with that one.
        Again::Machine { machine, from } | Again::Pipeline { machine, from }
            if alone.as_ref().is_none_or(|alone| *alone == machine) =>
        {
            part.from = Some(from);
            machine
        }
        _ if part == Part::default() => return Ok(Prepared { alone, input: None }),
        _ => match &alone {
            Some(machine) => machine.clone(),
            None => with_states(session, &part).await?,
        },
    };
    if is_alone {
        alone = Some(arn.clone());
    }
    let origin = session.cloud.states.play_next(&arn, &part).map_err(refused)?;
    let mut input = None;
    if let Some(origin) = &origin {
        let described = json!({"executionArn": origin});
        let described = session.call("states", "DescribeExecution", described).await?;
        input = described["input"].as_str().map(str::to_owned);
    }
    session.cloud.journal.record(Happening::Note {
        text: told(&arn, &part, origin.as_deref()),
    });
    Ok(Prepared { alone, input })
}

/// What is to be played, in words.
fn told(machine: &str, part: &Part, origin: Option<&str>) -> String {
    let name = execute::name(machine);
    let mut text = match (&part.from, origin) {
        (Some(from), Some(origin)) => {
            let origin = execute::name(origin);
            format!("{name} begins with the state {from}, with the results of {origin}")
        }
        _ => format!("{name} begins with its first state"),
    };
    if let Some(until) = &part.until {
        text.push_str(&format!(" and is stopped after {until}"));
    }
    text
}

fn refused(error: PartError) -> Trouble {
    match error {
        PartError::Service(error) => Trouble::Service(error),
        error => Trouble::Usage(error.to_string()),
    }
}

/// The one state machine that has the states of a part.
async fn with_states(session: &Session, part: &Part) -> Result<String, Trouble> {
    let wanted: Vec<&String> = [&part.from, &part.until].into_iter().flatten().collect();
    let (mut having, mut known) = (Vec::new(), Vec::new());
    for (_, arn) in execute::machines(session) {
        let states = states(session, arn).await?;
        if wanted.iter().all(|state| states.contains(state)) {
            having.push(arn.to_owned());
        }
        known.extend(states);
    }
    match having.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let wanted: Vec<&str> = wanted.iter().map(|state| state.as_str()).collect();
            let unknown = wanted.iter().find(|state| !known.iter().any(|known| known == *state));
            let close = unknown.and_then(|state| closest(state, known.iter().map(String::as_str)));
            let close = close
                .map(|close| format!(": do you mean `{close}`?"))
                .unwrap_or_default();
            Err(Trouble::Usage(format!(
                "no state machine has the state{} `{}`{close}",
                if wanted.len() > 1 { "s" } else { "" },
                wanted.join("` and `")
            )))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|arn| execute::name(arn)).collect();
            Err(Trouble::Usage(format!(
                "several state machines have this state: choose one with --state-machine: {}",
                names.join(", ")
            )))
        }
    }
}

/// The names of all states of a state machine, those inside of others too.
async fn states(session: &Session, machine: &str) -> Result<Vec<String>, Trouble> {
    let described = json!({"stateMachineArn": machine});
    let described = session.call("states", "DescribeStateMachine", described).await?;
    let definition = described["definition"].as_str().unwrap_or_default();
    let mut names = Vec::new();
    names_in(&serde_json::from_str(definition).unwrap_or_default(), &mut names);
    Ok(names)
}

fn names_in(definition: &Value, names: &mut Vec<String>) {
    for (name, state) in definition["States"].as_object().into_iter().flatten() {
        names.push(name.clone());
        let branches = state["Branches"].as_array().into_iter().flatten();
        for inner in branches.chain([&state["ItemProcessor"], &state["Iterator"]]) {
            names_in(inner, names);
        }
    }
}

/// Says how to go on with an execution that was stopped after a state, where one state is next.
pub(super) async fn say_how_to_go_on(session: &Session, execution: &str, until: &str) -> Result<(), Trouble> {
    let described = json!({"executionArn": execution});
    let described = session
        .call("states", "DescribeStateMachineForExecution", described)
        .await?;
    let definition = described["definition"].as_str().unwrap_or_default();
    let definition: Value = serde_json::from_str(definition).unwrap_or_default();
    if let Some(next) = definition["States"][until]["Next"].as_str() {
        let text = format!("to go on from here: {} run --from {}", command::name(), quoted(next));
        session.cloud.journal.record(Happening::Note { text });
    }
    Ok(())
}

/// A name as a shell takes it.
fn quoted(name: &str) -> String {
    let is_plain = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
    if is_plain && !name.is_empty() {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_played_is_said() {
        let (machine, origin) = ("arn:aws:states:r:1:stateMachine:m", "arn:aws:states:r:1:execution:m:e");
        let part = |from: Option<&str>, until: Option<&str>| Part {
            from: from.map(str::to_owned),
            until: until.map(str::to_owned),
        };
        for (part, origin, expected) in [
            (
                part(Some("A"), None),
                Some(origin),
                "m begins with the state A, with the results of e",
            ),
            (
                part(None, Some("B")),
                None,
                "m begins with its first state and is stopped after B",
            ),
            (
                part(Some("A"), Some("B")),
                Some(origin),
                "m begins with the state A, with the results of e and is stopped after B",
            ),
        ] {
            assert_eq!(told(machine, &part, origin), expected);
        }
    }

    #[test]
    fn names_are_quoted_where_a_shell_needs_it() {
        for (name, expected) in [("Train", "Train"), ("Train it", "'Train it'"), ("it's", "'it'\\''s'")] {
            assert_eq!(quoted(name), expected);
        }
    }
}
