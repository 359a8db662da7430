//! Substitutions that were not made.

use super::finding::{About, Finding, Place, Severity};
use super::machine::Machine;
use serde_json::Value;
use std::collections::BTreeSet;

/// Fields in which `${Name}` is another's to fill in: a reader's, or a shell's.
const OTHERS: [&str; 10] = [
    "Comment",
    "Command",
    "Commands",
    "commands",
    "EntryPoint",
    "BuildspecOverride",
    "ContainerArguments",
    "ContainerEntrypoint",
    "UserData",
    "Script",
];

/// `${Name}` that the deployment has left. SAM and CloudFormation leave what `DefinitionSubstitutions` does not name, and
/// the state gets the text as it stands.
pub(super) fn look(machine: &Machine) -> Vec<Finding> {
    let definition = serde_json::from_str(&machine.definition).unwrap_or_default();
    let found = names(&definition).into_iter().map(|name| {
        let (line, column) = position(&machine.definition, &format!("${{{name}}}"));
        let place = Place {
            state: None,
            line,
            column,
        };
        let text = format!(
            "`${{{name}}}` stands in the definition, and nothing fills it in: name it in DefinitionSubstitutions"
        );
        machine.finding((About::Substitution, Severity::Warning), place, text)
    });
    found.collect()
}

/// The names in `${…}` that are not another's to fill in.
pub(crate) fn names(definition: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(definition, &mut names);
    names
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => names.extend(placeholders(text)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(fields) => {
            let told = fields
                .iter()
                .filter(|(name, _)| !OTHERS.contains(&name.trim_end_matches(".$")));
            told.for_each(|(_, value)| collect(value, names));
        }
        _ => {}
    }
}

/// The names in `${…}`, as substitutions have them: letters, digits, underscores.
fn placeholders(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split("${").skip(1);
    let names = parts.filter_map(|part| part.split_once('}').map(|(name, _)| name));
    let is_name =
        |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.:".contains(c));
    names.filter(is_name).map(str::to_owned)
}

/// The line and column of a text's first place.
fn position(text: &str, of: &str) -> (usize, usize) {
    let before = text.find(of).map_or("", |at| &text[..at]);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
