//! What stands in the place of JSONata where the feature `jsonata` is off: a definition in that language is refused
//! (`Fields::query_language`), and so none of its expressions is ever evaluated.

use std::sync::Arc;

use super::failure::StateError;
use super::refusal::Refusal;
use super::scope::Scope;
use crate::text::Json;

/// An expression that was not read.
#[derive(Clone, Debug)]
pub(crate) struct Expression(Arc<str>);

impl Expression {
    /// Takes any text: that the language is not there is said once, and not for each of its expressions.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "as where the feature is on, where a text can be wrong"
    )]
    pub(crate) fn parse(text: &str, _field: &str) -> Result<Expression, Refusal> {
        Ok(Expression(text.into()))
    }

    /// The expression as written, without its delimiters.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Fails, and names the feature.
    pub(crate) fn evaluate(&self, _: &Scope<'_>, field: &str) -> Result<Json, StateError> {
        Err(StateError::Query {
            cause: format!("The JSONata expression '{}' needs the feature `jsonata`", self.0),
            location: Some(field.to_owned()),
        })
    }
}
