//! A part of a state machine: from one of its states, with the results that an earlier execution has left, or until one.
//!
//! AWS has nothing like it. It is for the edit loop: what comes before a change is not done again.

pub(crate) mod begun;
mod carry;
pub(crate) mod ready;
mod results;

use super::known::Known;
use super::running::Running;
use crate::states::arn::Arn;
use crate::states::registry::{Registry, StepFunctions};
use begun::Begun;
use jiff::Timestamp;
use platform::ServiceError;
use ready::{Ready, started};
use results::Results;
use states_language::{Entry, Execution, ExecutionType, Json, Refused, StartOptions};
use std::sync::Arc;

/// Which part of a state machine its next execution plays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The state that it begins with, in the place of `StartAt`.
    pub from: Option<String>,
    /// The state after which it is stopped, with [`states_language::STOPPED_AFTER_STATE`].
    pub until: Option<String>,
}

/// Why a part cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// An Express execution leaves no history to go on from.
    #[error("the state machine `{0}` is an Express one, which keeps no results: it runs from its beginning to its end")]
    Express(String),
    /// The definition has no such state to begin with or to stop after.
    #[error("the state machine `{machine}` cannot be played so: {refused}")]
    State {
        /// The state machine's name.
        machine: String,
        /// What the interpreter says of the state.
        refused: Refused,
    },
    /// No execution has left results for the state.
    #[error("no execution of `{machine}` has come to the state `{state}` yet: {}", instead(.reached))]
    NotReached {
        /// The state machine's name.
        machine: String,
        /// The state.
        state: String,
        /// The states that the last execution came to.
        reached: Vec<String>,
    },
    /// What Step Functions says.
    #[error("{0}")]
    Service(#[from] ServiceError),
}

/// What to do in the place of beginning with a state that no execution has come to.
fn instead(reached: &[String]) -> String {
    match reached {
        [] => "run it from its beginning first".to_owned(),
        [before @ .., last] => {
            let before = if before.is_empty() {
                String::new()
            } else {
                format!("{} or ", before.join(", "))
            };
            format!("run it from its beginning, or from {before}{last}")
        }
    }
}

impl StepFunctions {
    /// Has the next execution of a state machine, whoever starts it, play a part. Answers with the execution whose results
    /// it begins with; nothing if it begins at `StartAt`.
    ///
    /// What the results took over from what that execution was started with (its input, its name) is replaced by what the
    /// next one is started with: so a new image takes the place of the old one.
    ///
    /// # Errors
    /// There is no such state in the outermost flow, or no execution has come to it.
    pub fn play_next(&self, machine_arn: &str, part: &Part) -> Result<Option<String>, PartError> {
        let arn = Arn::of_kind(machine_arn, "stateMachine")?;
        let mut registry = self.lock();
        let machine = registry.machine(&arn)?;
        let (machine_arn, name) = (machine.arn.clone(), machine.name.clone());
        if machine.kind == ExecutionType::Express {
            return Err(PartError::Express(name));
        }
        let entry = |state: &String| Entry {
            state: state.as_str().into(),
            ..Entry::default()
        };
        let options = StartOptions {
            entry: part.from.as_ref().map(entry),
            until: part.until.as_deref().map(Arc::from),
            ..StartOptions::default()
        };
        // Whether the states are there is for the interpreter to say.
        if let Err(refused) = Execution::start(machine.current.definition.machine()?, options, "{}", Timestamp::now()) {
            return Err(PartError::State { machine: name, refused });
        }
        let mut ready = Ready {
            until: part.until.as_deref().map(Arc::from),
            ..Ready::default()
        };
        let mut origin = None;
        if let Some(state) = &part.from {
            let found = last_results(&registry, &machine_arn, &name, state)?;
            ready.started = started(&found.input, &found.name, &found.arn);
            ready.entry = Some(Entry {
                state: state.as_str().into(),
                input: found.results.input,
                variables: found.results.variables,
                redrive_count: redrives(&registry, &machine_arn) + 1,
            });
            origin = Some(found.arn);
        }
        registry.known.ready.insert(machine_arn, ready);
        Ok(origin)
    }
}

/// An execution that has come to a state, with its results until then.
struct Found {
    arn: String,
    name: String,
    input: String,
    results: Results,
}

/// The executions of a state machine, the newest first.
fn executions<'r>(registry: &'r Registry<'_>, machine_arn: &str) -> impl Iterator<Item = &'r Known> + use<'r> {
    let known = &registry.known;
    let started = known.started.get(machine_arn).map_or(&[][..], Vec::as_slice);
    started.iter().rev().filter_map(|arn| known.executions.get(arn))
}

/// The results of the newest execution that has come to a state.
fn last_results(registry: &Registry<'_>, machine_arn: &str, name: &str, state: &str) -> Result<Found, PartError> {
    let mut reached = None;
    for known in executions(registry, machine_arn) {
        let events = known.events(0..known.length()?)?;
        let definition = known.machine()["definition"].as_str().map(Json::parse);
        let definition = definition.and_then(Result::ok).unwrap_or_default();
        let begun = begun(known).map(|begun| begun.variables()).unwrap_or_default();
        if let Some(results) = Results::before(state, &definition, &events, begun) {
            let described = known.described();
            let text = |field: &str| described[field].as_str().unwrap_or_default().to_owned();
            return Ok(Found {
                arn: text("executionArn"),
                name: text("name"),
                input: text("input"),
                results,
            });
        }
        reached.get_or_insert_with(|| results::reached(&definition, &events));
    }
    Err(PartError::NotReached {
        machine: name.to_owned(),
        state: state.to_owned(),
        reached: reached.unwrap_or_default(),
    })
}

/// What an execution began with, if it began in the midst.
fn begun(known: &Known) -> Option<Begun> {
    match known {
        Known::Running(running) => Begun::of(&Running::lock(running).execution),
        Known::Past(past) => past.begun().cloned(),
    }
}

/// How often the work of a state machine was begun anew at most: names that are made of the number are taken up to here.
fn redrives(registry: &Registry<'_>, machine_arn: &str) -> u32 {
    let count = |known: &Known| {
        let redriven = known.described()["redriveCount"]
            .as_u64()
            .and_then(|count| u32::try_from(count).ok());
        let begun = begun(known).map_or(0, |begun| begun.redrive_count);
        redriven.unwrap_or_default() + begun
    };
    executions(registry, machine_arn).map(count).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::instead;

    #[test]
    fn what_to_do_instead_is_said() {
        for (reached, expected) in [
            (&[][..], "run it from its beginning first"),
            (&["A"][..], "run it from its beginning, or from A"),
            (&["A", "B", "C"][..], "run it from its beginning, or from A, B or C"),
        ] {
            let reached: Vec<String> = reached.iter().map(|&state| state.to_owned()).collect();
            assert_eq!(instead(&reached), expected);
        }
    }
}
