//! Whether mocks are of states that there are.

use super::states::{InvalidMocks, Mocks, meant};
use crate::calls::states;
use crate::text::Json;

impl Mocks {
    /// Whether all that is mocked is there, in these state machines: each with its name and its definition. Names that
    /// nothing has are refused with the name that was probably meant.
    pub fn check(&self, machines: &[(&str, &str)]) -> Result<(), InvalidMocks> {
        let names = machines.iter().map(|(name, _)| *name);
        let among = self.clone().among(names.clone());
        for mocked in among.machines() {
            if !names.clone().any(|name| among.name_of(name) == Some(mocked)) {
                let meant = meant(mocked, names.clone());
                return Err(InvalidMocks(format!("there is no state machine `{mocked}`{meant}")));
            }
        }
        for (name, definition) in machines {
            among.check_states(name, definition)?;
        }
        self.everywhere.keys().try_for_each(|state| is_task(state, machines))
    }

    /// Whether the states are there that are mocked of this state machine, in any of its test cases.
    pub fn check_states(&self, machine: &str, definition: &str) -> Result<(), InvalidMocks> {
        let cases = self.name_of(machine).and_then(|name| self.machines.get(name));
        let cases = cases.into_iter().flat_map(|cases| cases.values());
        let mut states = cases.flat_map(|case| case.keys());
        states.try_for_each(|state| is_task(state, &[(machine, definition)]))
    }
}

/// Whether one of these state machines has a Task state of this name.
fn is_task(state: &str, machines: &[(&str, &str)]) -> Result<(), InvalidMocks> {
    let mut tasks = Vec::new();
    let mut other = None;
    for (machine, definition) in machines {
        let json = Json::parse(definition).unwrap_or_default();
        for found in states(&json) {
            let kind = found.text("Type").unwrap_or_default().to_owned();
            match (kind.as_str(), &*found.name == state) {
                ("Task", true) => return Ok(()),
                ("Task", false) => tasks.push(found.name.clone()),
                (_, true) => other = Some((*machine, kind)),
                (_, false) => {}
            }
        }
    }
    if let Some((machine, kind)) = other {
        return Err(InvalidMocks(format!(
            "the state `{state}` of `{machine}` is a {kind}: only the work of Task states can be mocked"
        )));
    }
    let machines: Vec<String> = machines.iter().map(|(name, _)| format!("`{name}`")).collect();
    let meant = meant(state, tasks.iter().map(|name| &**name));
    Err(InvalidMocks(format!(
        "there is no state `{state}` in {}{meant}",
        machines.join(", ")
    )))
}
