//! A part that stands ready for the next execution of a state machine.

use super::carry::carried;
use states_language::{Entry, Json, Object, StartOptions};
use std::sync::Arc;

/// What stands ready for the next execution of a state machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ready {
    pub(super) entry: Option<Entry>,
    /// What the execution that left the results was started with.
    pub(super) started: Json,
    pub(super) until: Option<Arc<str>>,
}

impl Ready {
    /// Has an execution with this name and input play the part.
    pub(crate) fn apply(self, options: &mut StartOptions, input: &str) {
        let new = started(input, &options.name, &options.execution_arn());
        options.until = self.until;
        options.entry = self.entry.map(|entry| Entry {
            input: carried(&entry.input, &self.started, &new),
            variables: entry
                .variables
                .iter()
                .map(|(name, value)| (name.clone(), carried(value, &self.started, &new)))
                .collect(),
            ..entry
        });
    }
}

/// What an execution is started with, as far as results can hold it.
pub(super) fn started(input: &str, name: &str, arn: &str) -> Json {
    let mut fields = Object::new();
    fields.insert("input", Json::parse(input).unwrap_or_default());
    fields.insert("name", Json::string(name));
    fields.insert("arn", Json::string(arn));
    fields.into()
}
