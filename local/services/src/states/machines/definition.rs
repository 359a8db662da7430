//! A definition of a state machine, as it is kept.

use platform::ServiceError;
use serde::{Deserialize, Serialize};
use states_language::StateMachine;
use std::sync::{Arc, OnceLock};

/// A definition that was valid when it was given. One that an earlier run has left is parsed when somebody first runs it: an
/// account has many versions, and most of them are only kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct Definition {
    text: Arc<str>,
    machine: Arc<OnceLock<StateMachine>>,
}

impl From<String> for Definition {
    fn from(text: String) -> Self {
        Self {
            text: text.into(),
            machine: Arc::default(),
        }
    }
}

impl From<Definition> for String {
    fn from(definition: Definition) -> Self {
        definition.text.as_ref().to_owned()
    }
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// InvalidDefinition.
    pub(crate) fn parse(text: &str) -> Result<Self, ServiceError> {
        let definition = Self::from(text.to_owned());
        definition.machine()?;
        Ok(definition)
    }

    /// As it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What runs.
    ///
    /// # Errors
    /// InvalidDefinition: another build of the command took it, and this one does not.
    pub(crate) fn machine(&self) -> Result<&StateMachine, ServiceError> {
        if let Some(machine) = self.machine.get() {
            return Ok(machine);
        }
        let parsed = StateMachine::parse(&self.text);
        let parsed = parsed.map_err(|error| ServiceError::new("InvalidDefinition", error))?;
        Ok(self.machine.get_or_init(|| parsed))
    }
}

#[cfg(test)]
mod tests {
    use super::Definition;
    use serde_json::json;

    /// What an earlier build took is there to be looked at, also where this one would refuse it: only who runs it is told.
    #[test]
    fn what_was_kept_is_read_whatever_it_says() {
        let kept: Definition = serde_json::from_value(json!("{}")).unwrap();
        assert_eq!(kept.text(), "{}");
        assert_eq!(kept.machine().unwrap_err().code, "InvalidDefinition");
        assert_eq!(serde_json::to_value(&kept).unwrap(), json!("{}"));
        assert_eq!(Definition::parse("{}").unwrap_err().code, "InvalidDefinition");
    }
}
