//! An expression: read, and evaluated by `jsonata-core`.

use std::fmt;
use std::sync::Arc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;

use super::convert::{to_json, to_jsonata};
use super::functions::{self, MAX_SEQUENCE};
use crate::expression::failure::StateError;
use crate::expression::scope::Scope;
use crate::text::Json;

/// How long an expression may run, as a guard against ones without an end.
const TIMEOUT_MILLISECONDS: u64 = 2_000;
/// How deep an expression may recurse.
const MAX_DEPTH: usize = 1_000;

/// An expression, ready to be evaluated.
#[derive(Clone)]
pub(crate) struct Expression {
    text: Arc<str>,
    tree: Arc<AstNode>,
    /// The names behind `$` in the text: the only variables and functions that it can need.
    names: Vec<Arc<str>>,
    uses_context: bool,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.text)
    }
}

/// The expression within `{% %}`, where a string is one.
pub(crate) fn delimited(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

impl Expression {
    /// Reads an expression, without its delimiters.
    pub(crate) fn parse(text: &str) -> Result<Expression, String> {
        let tree = parser::parse(text).map_err(|error| error.to_string())?;
        let names = text
            .split('$')
            .skip(1)
            .map(|rest| {
                &rest[..rest
                    .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .unwrap_or(rest.len())]
            })
            .filter(|name| !name.is_empty())
            .map(Arc::from);
        Ok(Expression {
            text: text.into(),
            tree: Arc::new(tree),
            names: names.collect(),
            uses_context: text.contains("context") || !text.contains("$states."),
        })
    }

    /// The expression as written, without its delimiters.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The names that it can refer to.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// The expression's value; the field is what an error will name.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Json, StateError> {
        let fail = |what: &str| StateError::Query {
            cause: format!(
                "The JSONata expression '{}' specified for the field '{field}' {what}",
                self.text
            ),
            location: Some(field.to_owned()),
        };
        let value = self.run(scope).map_err(|error| {
            let separator = if error.code().is_some() { ". " } else { ": " };
            fail(&format!(
                "threw an error during evaluation{separator}{}",
                error.message()
            ))
        })?;
        match to_json(&value, 0) {
            Some(Json::Null) if value.is_undefined() => Err(fail("returned nothing (undefined).")),
            Some(value) => Ok(value),
            None if value.is_undefined() => Err(fail("returned nothing (undefined).")),
            None => Err(fail("returned an unsupported result type.")),
        }
    }

    fn run(&self, scope: &Scope<'_>) -> Result<JValue, EvaluatorError> {
        let mut context = Context::new();
        for name in self.names() {
            if name == "states" {
                context.bind("states".to_owned(), self.states(scope));
            } else if let Some(value) = scope.variables.get(name) {
                context.bind(name.to_owned(), to_jsonata(value));
            }
        }
        let options = EvaluatorOptions {
            timeout_ms: Some(TIMEOUT_MILLISECONDS),
            max_stack_depth: Some(MAX_DEPTH),
            max_sequence_length: Some(MAX_SEQUENCE),
            ..EvaluatorOptions::default()
        };
        let mut evaluator = Evaluator::with_options(context, options);
        functions::register(&mut evaluator, self.names(), scope)?;
        evaluator.evaluate(&self.tree, &JValue::Undefined)
    }

    /// `$states`.
    fn states(&self, scope: &Scope<'_>) -> JValue {
        let mut fields = indexmap::IndexMap::new();
        fields.insert("input".to_owned(), to_jsonata(scope.state_input));
        if self.uses_context {
            fields.insert("context".to_owned(), to_jsonata(scope.context.get()));
        }
        if let Some(result) = scope.result {
            fields.insert("result".to_owned(), to_jsonata(result));
        }
        if let Some(error_output) = scope.error_output {
            fields.insert("errorOutput".to_owned(), to_jsonata(error_output));
        }
        JValue::object(fields)
    }
}
