//! The names of a flow's states, which `Next` and its kind refer to.

use std::collections::HashMap;
use std::sync::Arc;

use super::fields::Fields;
use super::finding::code;

/// What the states of one flow need to know of each other.
pub(crate) struct Names<'n> {
    indexes: HashMap<&'n str, usize>,
}

impl<'n> Names<'n> {
    pub(crate) fn new(names: impl Iterator<Item = &'n Arc<str>>) -> Names<'n> {
        let indexes = names.enumerate().map(|(index, name)| (&**name, index));
        Names {
            indexes: indexes.collect(),
        }
    }

    /// The state of that name; notes it where there is none.
    pub(crate) fn resolve(&self, fields: &Fields<'_>, key: &'static str) -> Option<usize> {
        let name = fields.text(key)?;
        let index = self.indexes.get(name).copied();
        if index.is_none() {
            // AWS says `Next` whichever field it is.
            let word = if key == "StartAt" { key } else { "Next" };
            let message = format!("Missing '{word}' target: {name}");
            fields.findings.error(code::MISSING_TARGET, &fields.at(key), message);
        }
        index
    }

    /// The same for a field that need not be there.
    pub(crate) fn resolve_optional(&self, fields: &Fields<'_>, key: &'static str) -> Option<usize> {
        fields.get(key)?;
        self.resolve(fields, key)
    }
}
