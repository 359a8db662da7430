//! AWS's actions, and those that a policy's patterns mean.

use crate::grants::{list, matches, texts};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The actions of the services that the policies name, by service.
fn all() -> BTreeMap<String, Vec<String>> {
    let data: Value = serde_json::from_str(include_str!("actions.json")).expect("actions.json is JSON");
    serde_json::from_value(data["actions"].clone()).expect("actions.json has lists of names")
}

/// The actions that a pattern such as `states:*StateMachine*` means.
pub(crate) fn named(pattern: &str) -> Vec<String> {
    let (service, wanted) = pattern.split_once(':').expect("an action begins with its service");
    let (all, service) = (all(), service.to_lowercase());
    let known = all
        .get(&service)
        .unwrap_or_else(|| panic!("actions.json does not have the service `{service}`"));
    let wanted = wanted.to_lowercase();
    let named: Vec<String> = known
        .iter()
        .filter(|action| matches(&wanted, &action.to_lowercase()))
        .map(|action| format!("{service}:{action}"))
        .collect();
    assert!(!named.is_empty(), "AWS has no action `{pattern}`");
    named
}

/// The actions that the allowing statements of these documents name, each statement kept if `keep` says so.
pub(crate) fn allowed_by(documents: &[Value], keep: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let statements = documents.iter().flat_map(|document| list(&document["Statement"]));
    let allowing = statements.filter(|statement| statement["Effect"] == "Allow" && keep(statement));
    let patterns = allowing.flat_map(|statement| texts(&statement["Action"]));
    patterns.flat_map(|pattern| named(&pattern)).collect()
}
