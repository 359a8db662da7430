//! What is kept of how an execution began that began in the midst of its definition.

use serde::{Deserialize, Serialize};
use states_language::{Execution, Json, Object};

/// What an execution that begins in the midst began with: what is kept of it, for those that go on from there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// The variables that had values, as JSON.
    variables: String,
    pub(super) redrive_count: u32,
}

impl Begun {
    /// What this execution began with; nothing if it began at `StartAt`.
    pub(crate) fn of(execution: &Execution) -> Option<Self> {
        let entry = execution.options().entry.as_ref()?;
        Some(Self {
            variables: Json::from(entry.variables.clone()).to_string(),
            redrive_count: entry.redrive_count,
        })
    }

    /// The variables that had values.
    pub(super) fn variables(&self) -> Object {
        match Json::parse(&self.variables) {
            Ok(Json::Object(variables)) => Object::clone(&variables),
            _ => Object::new(),
        }
    }
}
