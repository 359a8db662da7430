//! What the expressions of a tested state see.

use std::cell::OnceCell;
use std::sync::Arc;

use jiff::Timestamp;

use super::context;
use crate::expression::{Context, MapItem, Random, Scope, Variables};
use crate::text::{Json, Object};

/// What the expressions of a tested state see.
#[derive(Debug)]
pub(super) struct View {
    pub(super) input: Json,
    pub(super) context: Object,
    pub(super) variables: Variables,
    pub(super) random: Random,
    pub(super) now: Timestamp,
}

impl View {
    /// Evaluates something; `name` is the state's.
    pub(super) fn evaluate<T>(&self, name: &Arc<str>, seen: Seen<'_>, evaluate: impl FnOnce(&Scope<'_>) -> T) -> T {
        let mut whole = self.context.clone();
        if let Some(item) = seen.item {
            whole.insert("Map", context::item(item.index, &item.value));
        }
        let nothing = Json::Null;
        // The object is made already, so that its parts are not looked at.
        let context = Context {
            execution: &nothing,
            state_machine: &nothing,
            state_name: name,
            entered_at: self.now,
            retry_count: None,
            task_token: None,
            map_item: None,
            made: OnceCell::from(Json::from(whole)),
        };
        evaluate(&Scope {
            input: &self.input,
            context: &context,
            variables: &self.variables,
            state_input: &self.input,
            result: seen.result,
            error_output: None,
            random: &self.random,
            now: self.now,
        })
    }
}

/// What an expression sees beside what all of the state's do.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen<'s> {
    pub(super) result: Option<&'s Json>,
    pub(super) item: Option<&'s MapItem>,
}
