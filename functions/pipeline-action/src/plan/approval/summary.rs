//! The text of the answer to an approval. CodePipeline allows it only a few characters.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::console;
use shared::ports::code_pipeline::MAX_APPROVAL_SUMMARY;
use shared::time::in_words;

use crate::failure::{Story, clip};
use crate::user_parameters::RESERVED_VARIABLES;

/// The execution succeeded: how long it ran, the output variables, and where it is.
#[must_use]
pub fn approved(variables: &BTreeMap<String, String>, execution_arn: &str, ran: Option<Duration>) -> String {
    let time = ran.map(|ran| format!(" after {}", in_words(ran))).unwrap_or_default();
    let mut text = format!("The execution succeeded{time}.");
    for (name, value) in variables {
        if !RESERVED_VARIABLES.contains(&name.as_str()) {
            text.push_str(&format!("\n{name}: {value}"));
        }
    }
    let place = console::execution_link(execution_arn).unwrap_or_else(|| execution_arn.to_owned());
    let whole = format!("{text}\nExecution: {place}");
    if whole.encode_utf16().count() <= MAX_APPROVAL_SUMMARY {
        return whole;
    }
    // The action's output variables have the execution's ARN: what it found out goes first.
    clip(&text, MAX_APPROVAL_SUMMARY)
}

/// The execution did not succeed, or is waited for no longer: the whole story, as far as it fits.
#[must_use]
pub(crate) fn rejected(story: &Story<'_>) -> String {
    story.tell_within(MAX_APPROVAL_SUMMARY)
}
