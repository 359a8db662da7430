//! The states of a definition as they are written, at any depth, also where the definition cannot be created.

use std::sync::Arc;

use crate::expression::QueryLanguage;
use crate::text::Json;
use crate::text::pointer::escape;

/// A state as it is written.
#[derive(Debug)]
pub(crate) struct Written<'d> {
    pub(crate) name: Arc<str>,
    pub(crate) pointer: String,
    pub(crate) state: &'d Json,
    pub(crate) language: QueryLanguage,
}

impl<'d> Written<'d> {
    /// The text of a field.
    pub(crate) fn text(&self, field: &str) -> Option<&'d str> {
        self.state.get(field).and_then(Json::as_str)
    }

    /// The field that has the arguments of a call, in the state's language.
    pub(crate) fn arguments_field(&self) -> &'static str {
        match self.language {
            QueryLanguage::JsonPath => "Parameters",
            QueryLanguage::Jsonata => "Arguments",
        }
    }
}

/// All states, each before those within it.
pub(crate) fn states(definition: &Json) -> Vec<Written<'_>> {
    let mut found = Vec::new();
    walk(
        definition,
        "",
        language(definition, QueryLanguage::JsonPath),
        &mut found,
    );
    found
}

fn language(object: &Json, otherwise: QueryLanguage) -> QueryLanguage {
    match object.get("QueryLanguage").and_then(Json::as_str) {
        Some("JSONata") => QueryLanguage::Jsonata,
        Some("JSONPath") => QueryLanguage::JsonPath,
        _ => otherwise,
    }
}

fn walk<'d>(flow: &'d Json, at: &str, of_machine: QueryLanguage, found: &mut Vec<Written<'d>>) {
    let states = flow.get("States").and_then(Json::as_object);
    for (name, state) in states.into_iter().flat_map(|states| states.iter()) {
        let pointer = format!("{at}/States/{}", escape(name));
        let language = language(state, of_machine);
        found.push(Written {
            name: name.clone(),
            pointer: pointer.clone(),
            state,
            language,
        });
        for field in ["ItemProcessor", "Iterator"] {
            if let Some(flow) = state.get(field) {
                walk(flow, &format!("{pointer}/{field}"), of_machine, found);
            }
        }
        let branches = state.get("Branches").and_then(Json::as_array).unwrap_or_default();
        for (index, branch) in branches.iter().enumerate() {
            walk(branch, &format!("{pointer}/Branches/{index}"), of_machine, found);
        }
    }
}
